//! `netpol reach --unprotected`: whom no policy isolates.

use std::io::{self, Write};

use netpol_oracle::Verdict;
use netpol_oracle::analysis::{Isolation, Unprotected};

use super::Form;
use crate::table::Cell;

const HEADER: [&str; 4] = ["ENDS", "INGRESS", "EGRESS", "ROWS"];

pub(super) fn write(all: &[Unprotected], form: Form, out: &mut impl Write) -> io::Result<()> {
    let row = |each: &Unprotected| {
        let ends = Cell::plain(each.ends.to_string());
        [ends, word(each.ingress), word(each.egress), Cell::plain(each.rows.to_string())]
    };
    form.list(&HEADER, all, row, out)
}

/// As JSON says it; who is free is in the colour of what is wrong.
fn word(isolation: Isolation) -> Cell {
    let (text, verdict) = match isolation {
        Isolation::Isolated => ("isolated", None),
        Isolation::Free => ("free", Some(Verdict::Deny)),
        _ => ("undefined", Some(Verdict::Undefined)),
    };
    Cell { text: text.to_owned(), verdict }
}
