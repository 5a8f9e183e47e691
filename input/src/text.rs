//! Texts that are read as they come.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::files::{STDIN, at};
use crate::gzip;

/// How much of a text is at hand from the beginning.
pub(crate) const HEAD: usize = 1 << 20;

/// A manifest that was opened: a file or standard input, unpacked where it is packed by gzip. Read it to have its bytes.
pub struct Text {
    name: String,
    head: Vec<u8>,
    /// How much of that was read.
    at: usize,
    /// What comes behind; nothing where all of the text is at hand, so that small files are not kept open.
    rest: Box<dyn Read + Send>,
}

impl Text {
    /// Opens what a path names.
    ///
    /// # Errors
    /// It cannot be read, with its path; or standard input is empty.
    pub(crate) fn open(path: PathBuf) -> Result<(PathBuf, Self), String> {
        let is_stdin = path == Path::new(STDIN);
        let path = if is_stdin { PathBuf::from("standard input") } else { path };
        let opened = || {
            let mut rest = match is_stdin {
                true => gzip::unpacked(io::stdin())?,
                false => gzip::unpacked(File::open(&path)?)?,
            };
            let mut head = Vec::new();
            rest.by_ref().take(HEAD as u64 + 1).read_to_end(&mut head)?;
            if head.len() <= HEAD {
                rest = Box::new(io::empty());
            }
            Ok(Self { name: path.display().to_string(), head, at: 0, rest })
        };
        let text = opened().map_err(|error| at(&path, &error))?;
        if is_stdin && text.head.trim_ascii().is_empty() {
            return Err(format!("{}: nothing came", path.display()));
        }
        Ok((path, text))
    }

    /// The path, as it stands in locations.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The beginning: all of a text of [`HEAD`] bytes or less, of another one more than that.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }
}

impl Read for Text {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.head.get(self.at..).unwrap_or_default();
        if left.is_empty() {
            self.head = Vec::new();
            self.at = 0;
            return self.rest.read(into);
        }
        let len = left.len().min(into.len());
        into[..len].copy_from_slice(&left[..len]);
        self.at += len;
        Ok(len)
    }
}
