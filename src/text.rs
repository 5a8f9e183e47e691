//! Texts of others in messages: in backticks, on one line, not too long.

use std::fmt::{self, Display};

/// Most characters of somebody's text that a message repeats.
const SHOWN: usize = 80;

/// A text for a message: escaped, so that it stays on one line, and cut.
pub(crate) fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(SHOWN).flat_map(char::escape_debug).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

/// Names or words as a list: `` `a`, `b`, `c` ``.
pub(crate) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    separated(items, ", ")
}

/// The first names of a longer list: `` `a`, `b` and 3 more ``.
pub(crate) fn first_of(items: &[impl Display], most: usize) -> String {
    let mut text = listed(items.iter().take(most));
    if items.len() > most {
        text.push_str(&format!(" and {} more", items.len() - most));
    }
    text
}

/// So many of something: `1 flow`, `2 flows`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let noun = if count == N::from(1) { one } else { many };
    format!("{count} {noun}")
}

/// Things to choose from: `` `a` or `b` ``.
pub(crate) fn choices(items: impl IntoIterator<Item = impl Display>) -> String {
    separated(items, " or ")
}

fn separated(items: impl IntoIterator<Item = impl Display>, separator: &str) -> String {
    items.into_iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(separator)
}

/// Sentences one after another: faults of one value.
pub(crate) fn joined(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Each item on a line of its own.
pub(crate) fn lines(f: &mut fmt::Formatter<'_>, items: &[impl Display]) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { "\n" })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert_eq!(choices([1, 2, 3]), "`1` or `2` or `3`");
        assert_eq!(listed([0; 0]), "");
        assert_eq!(first_of(&["a", "b"], 2), "`a`, `b`");
        assert_eq!(
            [0, 1, 2].map(|count: usize| counted(count, "policy", "policies")),
            ["0 policies", "1 policy", "2 policies"]
        );
        assert_eq!(first_of(&["a", "b", "c", "d"], 2), "`a`, `b` and 2 more");
    }

    #[test]
    fn texts_stay_short_and_on_one_line() {
        assert_eq!(quoted("a\nb"), "a\\nb");
        assert_eq!(quoted(&"é".repeat(80)), "é".repeat(80));
        assert_eq!(quoted(&"é".repeat(81)), "é".repeat(80) + "…");
    }
}
