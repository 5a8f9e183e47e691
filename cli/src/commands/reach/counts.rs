//! `netpol reach --counts`: how many pairs there are, none of them listed.

use std::io::{self, Write};

use netpol_oracle::analysis::PairCounts;

use super::Form;
use crate::table::Cell;

const HEADER: [&str; 6] = ["SOURCE", "DESTINATION", "ALL", "SOME", "UNDEFINED", "DENIED"];

pub(super) fn write(counts: &[PairCounts], form: Form, out: &mut impl Write) -> io::Result<()> {
    let row = |each: &PairCounts| {
        let numbers = [each.all, each.some, each.undefined, each.denied].map(|count| Cell::plain(count.to_string()));
        let [all, some, undefined, denied] = numbers;
        let ends = [&each.source, &each.destination].map(|region| Cell::plain(region.to_string()));
        let [source, destination] = ends;
        [source, destination, all, some, undefined, denied]
    };
    form.list(&HEADER, counts, row, out)
}
