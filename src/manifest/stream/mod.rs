//! Texts of any size, object by object: nothing of a text is kept but what stands in a window on it.
//!
//! A document that fits the window is read as a whole. Of a larger one that is a list (JSON whatever the order of its fields,
//! YAML in block style) each item is read by itself, where it begins and ends as in the whole; what else is larger makes
//! the window grow, as far as one object or document may.

mod json;
mod root;
mod sink;
mod window;
#[cfg(feature = "yaml")]
mod yaml;

use std::io;

pub(super) use self::sink::{Head, Sink};
pub(super) use self::window::Window;
use super::tree::Hint;

/// How much of a text is looked at at once, if no object in it is larger.
pub(super) const WINDOW: usize = 1 << 20;

/// Reads every document of a text, as [`read`](super::tree::read) does; only one that does not say what it is and looks like
/// JSON is taken for it. JSON in a file that begins with a byte order mark is read as the YAML that it is too: no body, but what
/// `kubectl` takes.
pub(super) fn read<R: io::Read>(mut window: Window<R>, hint: Hint, sink: &mut dyn Sink) {
    let first = window.rest().iter().find(|byte| !byte.is_ascii_whitespace());
    let looks_like_json = matches!(first, Some(b'{' | b'['));
    match hint {
        #[cfg(feature = "yaml")]
        Hint::Json if is_marked(window.rest()) => yaml::read(&mut window, sink),
        Hint::Json => json::read(&mut window, sink),
        Hint::Auto if looks_like_json => json::read(&mut window, sink),
        #[cfg(feature = "yaml")]
        Hint::Auto | Hint::Yaml => yaml::read(&mut window, sink),
        #[cfg(not(feature = "yaml"))]
        Hint::Auto | Hint::Yaml if first.is_none() || looks_like_json => json::read(&mut window, sink),
        #[cfg(not(feature = "yaml"))]
        Hint::Auto | Hint::Yaml => {
            super::tree::read(window.rest(), hint).into_iter().for_each(|document| sink.document(document));
        }
    }
}

/// It begins with a byte order mark, of UTF-8 or UTF-16.
#[cfg(feature = "yaml")]
fn is_marked(text: &[u8]) -> bool {
    [&b"\xEF\xBB\xBF"[..], b"\xFF\xFE", b"\xFE\xFF"].iter().any(|mark| text.starts_with(mark))
}
