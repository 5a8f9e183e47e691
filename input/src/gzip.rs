//! Texts that are packed by gzip, known by how they begin, whatever their names end with.

use std::io::{self, ErrorKind, Read};

use flate2::read::MultiGzDecoder;

/// How every gzip file begins; no text does.
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// What a reader gives, unpacked where it is packed: as it is read, so that what unpacks to terabytes harms nobody.
pub(crate) fn unpacked(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut first = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut first)?;
    let is_packed = first == MAGIC;
    let all = io::Cursor::new(first).chain(reader);
    Ok(if is_packed { Box::new(Unpacked(MultiGzDecoder::new(all))) } else { Box::new(all) })
}

/// Says of what the faults are.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the gzip data is cut off"),
            _ => io::Error::new(error.kind(), format!("the gzip data is damaged: {error}")),
        })
    }
}
