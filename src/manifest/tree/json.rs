//! JSON with lines, number literals and repeated keys.

use super::builder::{Builder, Key};
use super::document::{Document, Fault, FaultKind, Format, MAX_BYTES, MAX_DEPTH, MAX_NODES, Repeated};
use crate::located::{Tree, Value};

/// Reads the values of a text: one of any kind, or objects one after another.
pub(super) fn read(text: &[u8]) -> Vec<Document> {
    read_lines(text, true)
}

/// Reads one value without lines: text that was made from an object.
pub(super) fn read_value(text: &[u8]) -> Result<Tree, Fault> {
    let mut documents = read_lines(text, false).into_iter();
    documents.next().map_or_else(|| Ok(Tree::new(None, Value::Null)), |document| document.root)
}

fn read_lines(text: &[u8], lines: bool) -> Vec<Document> {
    let mut reader = Reader { text, at: 0, line: 1, lines };
    let mut documents = Vec::new();
    let document = |index, root, repeated| Document { index, root, repeated, format: Format::Json };
    if text.len() > MAX_BYTES {
        let message = format!("the text is larger than {} MiB", MAX_BYTES >> 20);
        return vec![document(0, Err(Fault::new(FaultKind::Limit, None, message)), Vec::new())];
    }
    loop {
        reader.skip_space();
        let index = documents.len();
        if reader.peek().is_none() {
            if index == 0 {
                documents.push(document(0, Ok(reader.leaf(Value::Null)), Vec::new()));
            }
            return documents;
        }
        let objects_only = documents.iter().all(|document: &Document| {
            document.root.as_ref().is_ok_and(|root| matches!(root.value, Value::Mapping(_)))
        });
        if index > 0 && !(objects_only && reader.peek() == Some(b'{')) {
            let fault = reader.unexpected("after the value");
            documents.push(document(index, Err(fault), Vec::new()));
            return documents;
        }
        let (root, repeated) = reader.value();
        let failed = root.is_err();
        documents.push(document(index, root, repeated));
        if failed {
            return documents;
        }
    }
}

#[derive(Debug)]
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    lines: bool,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    /// A value or `]`.
    FirstItem,
    /// A key or `}`.
    FirstKey,
    Key,
    /// A comma or the end of the innermost collection.
    More,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn here(&self) -> Option<usize> {
        self.lines.then_some(self.line)
    }

    fn leaf(&self, value: Value) -> Tree {
        Tree::new(self.here(), value)
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Syntax, self.here(), message)
    }

    fn unexpected(&self, place: &str) -> Fault {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(first) = rest.first() else {
            return self.fault(format!("unexpected end of the json text {place}"));
        };
        if rest.starts_with("\u{FEFF}".as_bytes()) {
            return self.fault(format!("unexpected byte order mark {place}"));
        }
        if first.is_ascii() {
            return self.fault(format!("unexpected character `{}` {place}", first.escape_ascii()));
        }
        let shown: String = lossy(rest.get(..4).unwrap_or(rest)).chars().take(1).collect();
        self.fault(format!("unexpected character `{shown}` {place}"))
    }

    fn value(&mut self) -> (Result<Tree, Fault>, Vec<Repeated>) {
        let mut builder = Builder::for_json();
        let root = self.build(&mut builder);
        let repeated = if root.is_ok() { builder.repeated } else { Vec::new() };
        (root, repeated)
    }

    fn build(&mut self, builder: &mut Builder) -> Result<Tree, Fault> {
        // Whether each open collection is an object.
        let mut open: Vec<bool> = Vec::new();
        let mut expect = Expect::Value;
        let mut nodes = 0usize;
        loop {
            self.skip_space();
            if nodes > MAX_NODES {
                let message = format!("the document has more than {MAX_NODES} values");
                return Err(Fault::new(FaultKind::Limit, self.here(), message));
            }
            let in_object = open.last().copied().unwrap_or(false);
            let done = match (expect, self.peek()) {
                (Expect::Value | Expect::FirstItem, Some(start @ (b'{' | b'['))) => {
                    if open.len() == MAX_DEPTH {
                        let message = format!("the document nests deeper than {MAX_DEPTH} levels");
                        return Err(Fault::new(FaultKind::Limit, self.here(), message));
                    }
                    let is_object = start == b'{';
                    open.push(is_object);
                    if is_object {
                        builder.open_mapping(self.here());
                        expect = Expect::FirstKey;
                    } else {
                        builder.open_sequence(self.here());
                        expect = Expect::FirstItem;
                    }
                    self.at += 1;
                    nodes += 1;
                    continue;
                }
                (Expect::FirstItem, Some(b']'))
                | (Expect::FirstKey, Some(b'}'))
                | (Expect::More, Some(b']' | b'}')) => {
                    let closes_object = self.peek() == Some(b'}');
                    if closes_object != in_object {
                        let place = if in_object { "in an object" } else { "in an array" };
                        return Err(self.unexpected(place));
                    }
                    self.at += 1;
                    open.pop();
                    builder.close()
                }
                (Expect::Value | Expect::FirstItem, _) => {
                    nodes += 1;
                    Some(self.scalar()?)
                }
                (Expect::FirstKey | Expect::Key, Some(b'"')) => {
                    nodes += 1;
                    let line = self.here();
                    let text = self.string()?.into();
                    builder.key(Key { text, line, is_string: true });
                    self.skip_space();
                    if self.peek() != Some(b':') {
                        return Err(self.unexpected("after an object key"));
                    }
                    self.at += 1;
                    expect = Expect::Value;
                    continue;
                }
                (Expect::FirstKey | Expect::Key, _) => {
                    return Err(self.unexpected("where an object key must start"));
                }
                (Expect::More, Some(b',')) => {
                    self.at += 1;
                    expect = if in_object { Expect::Key } else { Expect::Value };
                    continue;
                }
                (Expect::More, _) => {
                    let place = if in_object { "in an object" } else { "in an array" };
                    return Err(self.unexpected(place));
                }
            };
            if let Some(root) = done.and_then(|tree| builder.put(tree)) {
                return Ok(root);
            }
            expect = Expect::More;
        }
    }

    fn scalar(&mut self) -> Result<Tree, Fault> {
        let line = self.here();
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?.into()),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("where a value must start")),
        };
        Ok(Tree::new(line, value))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        let same = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
        self.at += same;
        Err(self.unexpected(&format!("in the literal `{word}`")))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == from { Err(self.unexpected("in a number")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let from = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(lossy(self.text.get(from..self.at).unwrap_or_default()))
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)).unwrap_or(rest.len());
            out.push_str(&lossy(rest.get(..plain).unwrap_or_default()));
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.unexpected("in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.unexpected("in the escape of a string")),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// Four hexadecimal digits after `\u`; two of them for a surrogate pair. One alone is U+FFFD.
    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.hex()?;
        if let Some(found) = char::from_u32(first) {
            return Ok(found);
        }
        let back = self.at;
        if first < 0xDC00 && self.text.get(self.at..).unwrap_or_default().starts_with(b"\\u") {
            self.at += 1;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// At the `u` of an escape.
    fn hex(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in the escape of a string"));
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }
}

/// Bytes as text the way Go's JSON does: each byte that is no part of UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(std::iter::repeat_n('\u{FFFD}', chunk.invalid().len()));
    }
    out
}
