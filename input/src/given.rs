//! What paths come to, loaded.

use std::path::PathBuf;

use netpol_oracle::Loader;
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::manifest::Loaded;

use crate::{Manifest, Text, manifests};

/// How many texts are open at once: side by side on many cores, and few enough for any limit on open files.
const AT_ONCE: usize = 32;

/// What came of paths.
#[derive(Debug)]
pub struct Given {
    /// What was read.
    pub loaded: Loaded,
    /// The names of the texts, in their order.
    pub texts: Vec<String>,
    /// What was passed over as it should be, and what to do about it.
    pub skipped: Vec<String>,
    /// What could not be read at all, with its path. What could not be read to its end is a diagnostic ([`Code::Unread`]).
    pub unread: Vec<String>,
}

/// Loads the manifests of paths, as [`manifests`] finds them: item by item, whatever their size.
#[must_use]
pub fn load(mut loader: Loader, paths: &[PathBuf]) -> Given {
    let (mut texts, mut skipped, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let mut open: Vec<(String, Text)> = Vec::new();
    for found in manifests(paths) {
        match found {
            Manifest::Text(text) => {
                texts.push(text.name().to_owned());
                open.push((text.name().to_owned(), text));
            }
            Manifest::Skipped(said) => skipped.push(said),
            Manifest::Unread(error) => unread.push(error),
        }
        if open.len() == AT_ONCE {
            loader = loader.readers(open.drain(..));
        }
    }
    let loaded = loader.readers(open).finish();
    Given { loaded, texts, skipped, unread }
}

impl Given {
    /// The first thing that could not be read, at all or to its end.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        self.unread.first().cloned().or_else(|| self.cut_off().next().map(ToString::to_string))
    }

    /// Whether no text was read to its end: nothing that is said of the cluster would hold.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.texts.len() == self.cut_off().count()
    }

    fn cut_off(&self) -> impl Iterator<Item = &Diagnostic> {
        self.loaded.diagnostics.iter().filter(|found| found.code == Code::Unread)
    }
}
