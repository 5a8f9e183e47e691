//! A window on a text that is read from its beginning to its end.

use std::io::{ErrorKind, Read};

use super::super::tree::{Fault, FaultKind, MAX_BYTES};
use crate::text::quoted;

/// What the first piece of a text takes at most: small texts take no more than they need.
const FIRST: usize = 8 << 10;

/// What was read of a text and not yet passed.
#[derive(Debug)]
pub(crate) struct Window<R> {
    reader: R,
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    /// How much is read at once.
    size: usize,
    is_end: bool,
    /// What the reader said, to be told where its text was needed.
    failed: Option<Fault>,
}

impl<R: Read> Window<R> {
    /// On the beginning of a text.
    pub(crate) fn new(reader: R, size: usize) -> Self {
        let bytes = Vec::new();
        let mut window = Self { reader, bytes, from: 0, to: 0, size: size.max(1), is_end: false, failed: None };
        window.fill(window.size);
        window
    }

    /// What is there of the text from where it was passed.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }

    /// Whether nothing comes behind what is there.
    pub(crate) fn is_end(&self) -> bool {
        self.is_end
    }

    /// Whether it holds as much as it ever does without need.
    pub(super) fn is_full(&self) -> bool {
        self.to - self.from >= self.size
    }

    /// Passes that many bytes.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.from = (self.from + bytes).min(self.to);
    }

    /// Reads on: until it is full, or where it is, until it holds twice as much; or to the end.
    ///
    /// # Errors
    /// What the reader says.
    pub(super) fn more(&mut self) -> Result<(), Fault> {
        self.bytes.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        if let Some(fault) = self.failed.take() {
            // Nothing is asked for again.
            self.is_end = true;
            return Err(fault);
        }
        // No more than shows that an object is too large.
        let wanted = (2 * self.to).max(self.size).min(MAX_BYTES.max(self.to) + 1);
        if self.bytes.len() > 4 * wanted {
            // An object was large, and the next ones are not.
            self.bytes.truncate(wanted);
            self.bytes.shrink_to_fit();
        }
        self.fill(wanted);
        Ok(())
    }

    fn fill(&mut self, wanted: usize) {
        while self.to < wanted && !self.is_end {
            if self.bytes.len() < wanted && self.to == self.bytes.len() {
                self.bytes.resize((2 * self.to).clamp(FIRST.min(wanted), wanted), 0);
            }
            let free = self.bytes.get_mut(self.to..).unwrap_or_default();
            let room = free.len();
            match self.reader.read(free) {
                Ok(0) => self.is_end = true,
                Ok(read) => self.to += read.min(room),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let message = format!("the text cannot be read to its end: {}", quoted(&error.to_string()));
                    self.failed = Some(Fault::new(FaultKind::Unread, None, message));
                    return;
                }
            }
        }
    }
}
