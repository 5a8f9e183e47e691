//! `netpol reach --exposure`: what pods that are not there yet, and addresses outside, could do.

use std::io::{self, Write};

use netpol_oracle::analysis::Exposure;

use super::{Form, HEADER, verdict};
use crate::table::Cell;

pub(super) fn write(all: &[Exposure], form: Form, out: &mut impl Write) -> io::Result<()> {
    let row = |each: &Exposure| {
        [
            Cell::plain(each.source.to_string()),
            Cell::plain(each.destination.to_string()),
            Cell::plain(each.ports.to_string()),
            verdict(each.verdict),
            Cell::plain(each.rows.to_string()),
        ]
    };
    form.list(&HEADER, all, row, out)
}
