//! What of a YAML text is looked at before its meaning is: bytes and characters.

use super::document::{Fault, FaultKind, MAX_BYTES};
use super::split::line_end;

/// What is found wrong first in a document, wherever it stands: bytes, then characters, then syntax, then values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Bytes,
    Characters,
    Syntax,
    Values,
}

/// The text, if its bytes are text and its characters are those that YAML knows.
pub(crate) fn admit(bytes: &[u8], line: usize) -> Result<&str, (Stage, Fault)> {
    let line_at = |at: usize| {
        let (mut passed, mut line) = (0, line);
        loop {
            let (len, next) = line_end(bytes.get(passed..).unwrap_or_default());
            if len == next || passed + next > at {
                return Some(line);
            }
            (passed, line) = (passed + next, line + 1);
        }
    };
    if bytes.len() > MAX_BYTES {
        return Err((Stage::Bytes, too_large(line)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_at(error.valid_up_to());
        (Stage::Bytes, Fault::new(FaultKind::Encoding, line, "the text is not valid UTF-8"))
    })?;
    let forbidden = |found: &char| {
        matches!(*found, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}'
            | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}')
    };
    if let Some((at, found)) = text.char_indices().find(|(_, found)| forbidden(found)) {
        let message = format!("the character U+{:04X} is not allowed", u32::from(found));
        return Err((Stage::Characters, Fault::new(FaultKind::Syntax, line_at(at), message)));
    }
    Ok(text)
}

/// Of a document that begins on the given line.
pub(crate) fn too_large(line: usize) -> Fault {
    Fault::new(FaultKind::Limit, Some(line), format!("larger than {} MiB", MAX_BYTES >> 20))
}
