//! What a line of a block list is, as far as its beginning says so.

/// Whether it is empty or a comment, whatever is open; tabs are neither.
pub(super) fn is_blank(line: &[u8]) -> bool {
    matches!(line.iter().find(|byte| **byte != b' '), None | Some(b'#'))
}

/// Whether it begins a document and says nothing more.
pub(super) fn is_marker(line: &[u8]) -> bool {
    line.strip_prefix(b"---").is_some_and(ends)
}

/// Whether it begins a block mapping at the line's beginning: a plain word as a key.
pub(super) fn begins_mapping(line: &[u8]) -> bool {
    let word = line.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let is_word = line.first().is_some_and(u8::is_ascii_alphabetic);
    is_word && matches!(line.get(word..), Some([b':'] | [b':', b' ', ..]))
}

/// Whether it is the field that a list's items stand in, with them below.
pub(super) fn is_items_field(line: &[u8]) -> bool {
    line.strip_prefix(b"items:").is_some_and(ends)
}

/// Whether nothing follows but blanks and a comment.
fn ends(rest: &[u8]) -> bool {
    rest.is_empty() || (rest.starts_with(b" ") && is_blank(rest))
}

/// The column of the `-` that it begins with.
pub(super) fn entry_column(line: &[u8]) -> Option<usize> {
    let column = line.iter().take_while(|byte| **byte == b' ').count();
    let is_entry = matches!(line.get(column..), Some([b'-'] | [b'-', b' ' | b'\t', ..]));
    is_entry.then_some(column)
}

/// Whether an entry of the root, or of the list at that column, ends before it, if nothing is open that its beginning
/// does not show.
pub(super) fn ends_entry(line: &[u8], list: Option<usize>) -> bool {
    let is_at_root = !matches!(line.first(), None | Some(b' ' | b'\t' | b'#'));
    match (entry_column(line), list) {
        (Some(column), Some(list)) => column == list,
        (Some(_), None) => false,
        (None, _) => is_at_root,
    }
}

/// Whether it ends the root early: what follows is looked at no more.
pub(super) fn is_directive(line: &[u8]) -> bool {
    line.first() == Some(&b'%')
}
