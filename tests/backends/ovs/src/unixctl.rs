//! The control socket of an Open vSwitch daemon: JSON-RPC, one object after the other without frames.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;

/// A daemon that does not answer for so long has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to it.
#[derive(Debug)]
pub(crate) struct Unixctl {
    stream: UnixStream,
    last_id: u64,
    /// What was read of the answer.
    answer: Vec<u8>,
}

impl Unixctl {
    pub(crate) fn connect(socket: &Path) -> Result<Self, Error> {
        let file = |source| Error::File { path: socket.to_owned(), source };
        let stream = UnixStream::connect(socket).map_err(file)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(file)?;
        Ok(Self { stream, last_id: 0, answer: Vec::new() })
    }

    /// Runs one command; its answer is a text.
    pub(crate) fn call(&mut self, command: &str, arguments: &[&str]) -> Result<String, Error> {
        self.last_id += 1;
        let request = json!({"id": self.last_id, "method": command, "params": arguments});
        self.stream.write_all(request.to_string().as_bytes())?;
        let mut reply = self.reply()?;
        match (reply["error"].take(), reply["result"].take()) {
            (Value::Null, Value::String(text)) => Ok(text),
            (Value::Null, _) => Ok(String::new()),
            (error, _) => Err(Error::Refused {
                command: format!("{command} {}", arguments.join(" ")),
                message: error.as_str().map_or_else(|| error.to_string(), |text| text.trim_end().to_owned()),
            }),
        }
    }

    /// One object; the daemon says nothing unasked.
    fn reply(&mut self) -> Result<Value, Error> {
        self.answer.clear();
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk)? {
                0 => return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()),
                read => self.answer.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            }
            // Cheaper than to parse in vain: an object ends with a brace.
            if self.answer.trim_ascii_end().last() != Some(&b'}') {
                continue;
            }
            match serde_json::from_slice(&self.answer) {
                Err(error) if error.is_eof() => {}
                reply => return Ok(reply?),
            }
        }
    }
}
