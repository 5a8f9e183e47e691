//! What is read of a text, handed over piece by piece.

use super::super::tree::{Document, Fault, Format, Read};

/// Takes what is read.
pub(crate) trait Sink {
    /// A document as a whole; the next one may come.
    fn document(&mut self, document: Document);

    /// The next item of a list that is too large to be read as a whole, while nothing behind it was read.
    ///
    /// # Errors
    /// The list is refused.
    fn item(&mut self, list: &Head, item: Read) -> Result<(), Fault>;

    /// The end of a list whose items came one by one: the list with no items, or why all of it is refused; and whether that was
    /// found in the next item.
    fn list(&mut self, list: Document, is_in_item: bool);
}

/// What is known of a list while its items are read.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) index: usize,
    pub(crate) format: Format,
    pub(crate) kind: Option<Box<str>>,
    pub(crate) version: Option<Box<str>>,
}
