//! Parts of a larger text.

use super::Scanner;

impl<'a> Scanner<'a> {
    /// Scans a part of a larger text: whole lines inside of block collections that begin at the given columns.
    pub(in crate::manifest::tree) fn inside(text: &'a str, line: usize, columns: &[usize]) -> Self {
        let mut scanner = Self::new(text, line);
        for column in columns {
            scanner.indents.push(scanner.indent);
            scanner.indent = isize::try_from(*column).unwrap_or(isize::MAX);
        }
        scanner
    }

    /// Whether something was open where the text ended: a flow collection, quotes. More text may read otherwise.
    pub(in crate::manifest::tree) fn is_cut_off(&self) -> bool {
        self.cut_off || (self.done && self.flow_level > 0)
    }
}
