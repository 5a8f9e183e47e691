//! Warnings in the form in which the API server lets them through.

use netpol_input::counted;

/// The longest warning, in bytes.
pub const LONGEST: usize = 256;
/// All warnings of a response together, in bytes.
pub const TOTAL: usize = 4096;
/// Kept for the line that says how many were left out.
const RESERVE: usize = 64;
const ELLIPSIS: char = '…';

/// What of `warnings`, most telling first, reaches the client.
///
/// The server drops a warning that holds a line break or tab without a word, and cuts or drops what is too
/// long: so each is one line of at most [`LONGEST`] bytes, repeats are left out, and where all would pass
/// [`TOTAL`] the last one says how many are missing.
pub fn fit(warnings: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for warning in warnings {
        let line = cut(one_line(&warning));
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.iter().map(String::len).sum::<usize>() <= TOTAL {
        return lines;
    }
    let mut room = TOTAL - RESERVE;
    let kept = lines.iter().take_while(|line| {
        let fits = line.len() <= room;
        room = room.saturating_sub(line.len());
        fits
    });
    let kept = kept.count();
    let missing = lines.len() - kept;
    lines.truncate(kept);
    lines.push(format!("{} left out", counted(missing, "more warning is", "more warnings are")));
    lines
}

/// The text with every run of spaces, line breaks and other control characters as one space.
pub fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The line, at most [`LONGEST`] bytes of it.
#[must_use]
pub fn cut(mut line: String) -> String {
    if line.len() > LONGEST {
        let mut end = LONGEST - ELLIPSIS.len_utf8();
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push(ELLIPSIS);
    }
    line
}
