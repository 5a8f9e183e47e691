//! Typed objects as trees.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use super::document::{Fault, FaultKind, MAX_BYTES, MAX_DEPTH};
use super::json;
use crate::located::Tree;

/// The tree of any serialisable object: k8s-openapi's and kube's types, `serde_json::Value`, ...
///
/// # Errors
///
/// What JSON cannot hold, and the limits of the module.
pub(crate) fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Tree, Fault> {
    let mut text = Bounded(Vec::new());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Depth(0));
    value.serialize(&mut serializer).map_err(|error| {
        let kind = if error.is_io() { FaultKind::Limit } else { FaultKind::Value };
        let message = error.to_string().replace(['\n', '\r'], " ");
        Fault::new(kind, None, message)
    })?;
    json::read_value(&text.0)
}

/// Text that refuses to grow beyond the limit.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::Error::other(format!("the object is larger than {} MiB", MAX_BYTES >> 20)));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stops the serialisation before its recursion gets deep.
struct Depth(usize);

impl Depth {
    fn enter<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.0 += 1;
        if self.0 > MAX_DEPTH {
            return Err(io::Error::other(format!("the object nests deeper than {MAX_DEPTH} levels")));
        }
        writer.write_all(bracket)
    }

    fn leave<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.0 = self.0.saturating_sub(1);
        writer.write_all(bracket)
    }
}

impl Formatter for Depth {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(writer, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave(writer, b"]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter(writer, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.leave(writer, b"}")
    }
}
