//! Names and texts in messages: one line, bounded.

use std::fmt::Display;

/// How many names a message gives before it counts the rest.
const NAMED: usize = 3;
/// How many characters of a name or text are shown.
const SHOWN: usize = 100;

/// In backticks, escaped, cut.
pub(super) fn quoted(text: impl Display) -> String {
    let text = text.to_string();
    let mut out = String::from("`");
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            out.push('…');
            break;
        }
        match c {
            '`' => out.push_str("\\u{60}"),
            // Quotes need no escape between backticks.
            '\'' | '"' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out.push('`');
    out
}

/// `a`, `b` and 3 more.
pub(super) fn names<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let mut shown: Vec<String> = Vec::new();
    for item in items.by_ref().take(NAMED) {
        shown.push(quoted(item));
    }
    let rest = items.count();
    let text = shown.join(", ");
    if rest == 0 { text } else { format!("{text} and {rest} more") }
}
