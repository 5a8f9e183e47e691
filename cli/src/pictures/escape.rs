//! Names come from manifests and may hold anything: how each form keeps them from being read as its own markup.

use std::fmt::Write as _;

/// As text of XML and HTML, and in their attributes. Characters that XML 1.0 cannot hold are replaced.
pub(super) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() || matches!(control, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON that stands in a `<script>`: nothing in it ends the element or begins a comment, and JavaScript reads it too.
pub(super) fn script(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// In a quoted string of Graphviz: what is neither a quote nor a backslash stands for itself, but a line break.
pub(super) fn dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\r', "").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_text() {
        let hostile = "</script><img src=x onerror='alert(1)'>&\"\u{1}";
        assert_eq!(xml(hostile), "&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;\u{FFFD}");
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = script(&json);
        assert!(!escaped.contains(['<', '>', '&']), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
        assert_eq!(dot("a\"];x->y\\\n"), "a\\\"];x->y\\\\\\n");
    }
}
