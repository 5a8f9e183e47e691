//! Tables: as kubectl prints them, as comma-separated values, as Markdown.

use std::io::{self, Write};

use netpol_oracle::Verdict;

use crate::output;

/// A cell; one that says a verdict is in its colour on a terminal.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) verdict: Option<Verdict>,
}

impl Cell {
    pub(crate) fn plain(text: String) -> Self {
        Self { text, verdict: None }
    }
}

/// Columns side by side, with three blanks between; what nothing follows is not filled up.
pub(crate) fn text<const N: usize>(header: &[&str; N], rows: &[[Cell; N]], out: &mut impl Write) -> io::Result<()> {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.chars().count());
        cells.chain(header.get(at).map(|name| name.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let padding = |at: usize, length: usize| {
        let width = widths.get(at).copied().unwrap_or(0);
        if at + 1 == N { String::new() } else { " ".repeat(width.saturating_sub(length) + 3) }
    };
    for (at, name) in header.iter().enumerate() {
        write!(out, "{name}{}", padding(at, name.len()))?;
    }
    writeln!(out)?;
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let is_last = row.iter().skip(at + 1).all(|cell| cell.text.is_empty());
            let padding = if is_last { String::new() } else { padding(at, cell.text.chars().count()) };
            match cell.verdict {
                Some(verdict) => write!(out, "{}{padding}", output::verdict(verdict, &cell.text))?,
                None => write!(out, "{}{padding}", cell.text)?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// RFC 4180: what has a comma, a quote or a line break stands in quotes.
pub(crate) fn csv<const N: usize>(header: &[&str; N], rows: &[[Cell; N]], out: &mut impl Write) -> io::Result<()> {
    let quoted = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    writeln!(out, "{}", header.map(str::to_ascii_lowercase).join(","))?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(&cell.text)).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A table of Markdown.
pub(crate) fn markdown<const N: usize>(header: &[&str; N], rows: &[[Cell; N]], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| {} |", header.map(str::to_ascii_lowercase).join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(N))?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.text.replace('|', "\\|")).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}
