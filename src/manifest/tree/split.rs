//! Where the documents of a YAML text begin and end.
//!
//! A line that starts with `---` begins a document and one that starts with `...` ends it, wherever they
//! stand: YAML lets neither be content. So the lines can be told apart before anything is parsed, and a
//! fault in one document does not hide the next.

use std::ops::Range;

/// A document's bytes and the line they start on, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) bytes: Range<usize>,
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Blank, a comment, a directive: what may stand before a document.
    Prefix,
    Start,
    End,
    Content,
}

/// Where a document ends that a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the line, which begins the next one.
    Before,
    /// Behind the line.
    Behind,
    /// Behind the line too, and what came since the last document is none.
    Dropped,
}

/// Tells the documents of a text apart, line by line.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// Whether the document has more than what may stand before one.
    started: bool,
    /// Whether an earlier one has ended.
    any: bool,
}

impl Splitter {
    /// Takes the next line, without its break.
    pub(crate) fn line(&mut self, line: &[u8]) -> Option<Cut> {
        match classify(line) {
            Line::Prefix => None,
            Line::Content => {
                self.started = true;
                None
            }
            Line::Start => {
                let cut = self.started.then_some(Cut::Before);
                self.any |= self.started;
                self.started = true;
                cut
            }
            Line::End => {
                // An end without a document is a fault of a text that has no other, which parsing finds.
                let cut = if self.ends_document() { Cut::Behind } else { Cut::Dropped };
                self.started = false;
                self.any = true;
                Some(cut)
            }
        }
    }

    /// Whether there is a document where the text ends.
    pub(crate) fn ends_document(&self) -> bool {
        self.started || !self.any
    }
}

/// The documents of a text, at least one.
pub(super) fn split(text: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut splitter = Splitter::default();
    let mut from = (0, 1);
    let mut at = 0;
    let mut number = 1;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let (len, next) = line_end(rest);
        let cut = splitter.line(rest.get(..len).unwrap_or_default());
        let end = if cut == Some(Cut::Before) { (at, number) } else { (at + next, number + 1) };
        if matches!(cut, Some(Cut::Before | Cut::Behind)) {
            chunks.push(Chunk { bytes: from.0..end.0, line: from.1 });
        }
        if cut.is_some() {
            from = end;
        }
        at += next;
        number += 1;
    }
    if splitter.ends_document() {
        chunks.push(Chunk { bytes: from.0..text.len(), line: from.1 });
    }
    chunks
}

/// The lengths of the first line, without and with its break.
pub(crate) fn line_end(text: &[u8]) -> (usize, usize) {
    let mut from = 0;
    while let Some(found) =
        text.get(from..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2)))
    {
        let at = from + found;
        let len = match text.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] | [0xC2, 0x85, ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
            _ => 0,
        };
        if len > 0 {
            return (at, at + len);
        }
        from = at + 1;
    }
    (text.len(), text.len())
}

/// A line without its break.
fn classify(line: &[u8]) -> Line {
    let line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
    let is_marker = |marker: &[u8]| {
        line.strip_prefix(marker).is_some_and(|rest| rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t')))
    };
    if is_marker(b"---") {
        return Line::Start;
    }
    if is_marker(b"...") {
        return Line::End;
    }
    match line.iter().find(|byte| !matches!(byte, b' ' | b'\t')) {
        _ if line.first() == Some(&b'%') => Line::Prefix,
        None | Some(b'#') => Line::Prefix,
        Some(_) => Line::Content,
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn parts(text: &str) -> Vec<(&str, usize)> {
        split(text.as_bytes()).into_iter().map(|chunk| (&text[chunk.bytes], chunk.line)).collect()
    }

    #[test]
    fn documents_are_told_apart_by_their_markers() {
        assert_eq!(parts(""), [("", 1)]);
        assert_eq!(parts("# c\n\n"), [("# c\n\n", 1)]);
        assert_eq!(parts("...\na"), [("...\n", 1), ("a", 2)]);
        assert_eq!(parts("a\n...\n# c\n...\n"), [("a\n...\n", 1)]);
        assert_eq!(parts("a\u{85}---\u{2028}b"), [("a\u{85}", 1), ("---\u{2028}b", 2)]);
        assert_eq!(parts("a"), [("a", 1)]);
        assert_eq!(parts("---\na"), [("---\na", 1)]);
        assert_eq!(parts("# c\n---\na"), [("# c\n---\na", 1)]);
        assert_eq!(parts("a\n---\nb\n"), [("a\n", 1), ("---\nb\n", 2)]);
        assert_eq!(parts("a\r\n---\r\nb\r\n"), [("a\r\n", 1), ("---\r\nb\r\n", 2)]);
        assert_eq!(parts("a\r---\rb"), [("a\r", 1), ("---\rb", 2)]);
        assert_eq!(parts("---\n---\n"), [("---\n", 1), ("---\n", 2)]);
        assert_eq!(parts("a\n---\n---\nb"), [("a\n", 1), ("---\n", 2), ("---\nb", 3)]);
        assert_eq!(parts("a\n...\n"), [("a\n...\n", 1)]);
        assert_eq!(parts("a\n...\nb"), [("a\n...\n", 1), ("b", 3)]);
        assert_eq!(parts("a\n...\n---\nb"), [("a\n...\n", 1), ("---\nb", 3)]);
        assert_eq!(parts("%YAML 1.1\n---\na"), [("%YAML 1.1\n---\na", 1)]);
        assert_eq!(parts("--- a\n---b\n"), [("--- a\n---b\n", 1)]);
        assert_eq!(parts("a: |\n  x\n---\nb"), [("a: |\n  x\n", 1), ("---\nb", 3)]);
        assert_eq!(parts("\u{FEFF}---\na\n---\nb"), [("\u{FEFF}---\na\n", 1), ("---\nb", 3)]);
    }
}
