//! JSON with lines, number literals and repeated keys.

mod bytes;
mod pass;

use super::builder::{Builder, Key};
use super::document::{Document, Fault, FaultKind, Format, MAX_BYTES, MAX_DEPTH, MAX_NODES, Repeated};
use super::interest::Interest;
use crate::located::{Tree, Value};

/// Reads the values of a text: one of any kind, or objects one after another.
pub(super) fn read(text: &[u8]) -> Vec<Document> {
    let mut reader = Reader::new(text, 1);
    let mut documents = Vec::new();
    let document = |index, root, repeated| Document { index, root, repeated, format: Format::Json };
    if text.len() > MAX_BYTES {
        let message = format!("larger than {} MiB", MAX_BYTES >> 20);
        return vec![document(0, Err(Fault::new(FaultKind::Limit, None, message)), Vec::new())];
    }
    let mut objects_only = true;
    loop {
        let index = documents.len();
        match reader.next(index, objects_only) {
            Ok(true) => {}
            Ok(false) => {
                if index == 0 {
                    documents.push(document(0, Ok(reader.leaf(Value::Null)), Vec::new()));
                }
                return documents;
            }
            Err(fault) => {
                documents.push(document(index, Err(fault), Vec::new()));
                return documents;
            }
        }
        let (root, repeated) = match reader.value(Interest::WHOLE) {
            Ok(value) => (Ok(value.tree), value.repeated),
            Err(fault) => (Err(fault), Vec::new()),
        };
        objects_only &= root.as_ref().is_ok_and(|root| matches!(root.value, Value::Mapping(_)));
        let failed = root.is_err();
        documents.push(document(index, root, repeated));
        if failed {
            return documents;
        }
    }
}

/// Reads one value without lines: text that was made from an object.
pub(super) fn read_value(text: &[u8]) -> Result<Tree, Fault> {
    let mut reader = Reader { lines: false, ..Reader::new(text, 1) };
    reader.value(Interest::WHOLE).map(|value| value.tree)
}

/// A value as it was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) tree: Tree,
    /// The keys given more than once, with their paths from here.
    pub(crate) repeated: Vec<Repeated>,
}

/// Reads JSON from the beginning of a text.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    lines: bool,
    /// Whether a value that was left out must be read after all: to tell what is wrong in it.
    in_doubt: bool,
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

fn place(in_object: bool) -> &'static str {
    if in_object { "in an object" } else { "in an array" }
}

impl<'a> Reader<'a> {
    /// A reader of a text that begins on the given line.
    pub(crate) fn new(text: &'a [u8], line: usize) -> Self {
        Self { text, at: 0, line, lines: true, in_doubt: false }
    }

    /// How many bytes were read, and the line that it came to.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.at, self.line)
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn here(&self) -> Option<usize> {
        self.lines.then_some(self.line)
    }

    pub(crate) fn leaf(&self, value: Value) -> Tree {
        Tree::new(self.here(), value)
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
            // Most lines are indented.
            self.at += bytes::spaces(self.rest());
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Syntax, self.here(), message)
    }

    fn unexpected(&self, place: &str) -> Fault {
        let rest = self.rest();
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

    /// Whether there is one more document.
    pub(crate) fn next(&mut self, index: usize, objects_only: bool) -> Result<bool, Fault> {
        self.skip_space();
        match self.peek() {
            None => Ok(false),
            Some(first) if index > 0 && !(objects_only && first == b'{') => Err(self.unexpected("after the value")),
            Some(_) => Ok(true),
        }
    }

    /// One value, of which only what is asked for is kept.
    pub(crate) fn value(&mut self, interest: Interest) -> Result<Read, Fault> {
        let (at, line) = (self.at, self.line);
        self.in_doubt = false;
        let mut builder = Builder::for_json();
        let mut tree = self.build(&mut builder, interest)?;
        if self.in_doubt {
            (self.at, self.line) = (at, line);
            builder = Builder::for_json();
            tree = self.build(&mut builder, Interest::WHOLE)?;
        }
        Ok(Read { tree, repeated: builder.repeated })
    }

    fn build(&mut self, builder: &mut Builder, interest: Interest) -> Result<Tree, Fault> {
        // Whether each open collection is an object, and what is asked for of it.
        let mut open: Vec<(bool, Interest)> = Vec::new();
        let mut expect = Expect::Value;
        let mut nodes = 0usize;
        // Of the value that comes next, and whether it is its manifest's kind.
        let (mut interest, mut is_kind) = (interest, false);
        loop {
            self.skip_space();
            self.count(nodes)?;
            let in_object = open.last().is_some_and(|open| open.0);
            let done = match (expect, self.peek()) {
                (Expect::Value | Expect::FirstItem, Some(start @ (b'{' | b'['))) => {
                    self.enter(open.len())?;
                    let is_object = start == b'{';
                    if let Some((false, list)) = open.last() {
                        interest = list.item();
                    }
                    open.push((is_object, interest));
                    is_kind = false;
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
                    self.leave(in_object)?;
                    open.pop();
                    builder.close()
                }
                (Expect::Value | Expect::FirstItem, _) => {
                    nodes += 1;
                    let scalar = self.scalar()?;
                    if let (true, Some(kind), Some((_, manifest))) = (is_kind, scalar.as_str(), open.last_mut()) {
                        self.in_doubt |= !manifest.learn(kind);
                    }
                    Some(scalar)
                }
                (Expect::FirstKey | Expect::Key, Some(b'"')) => {
                    nodes += 1;
                    let line = self.here();
                    let text = self.string()?;
                    self.colon()?;
                    let around = open.last().map_or(Interest::WHOLE, |open| open.1);
                    let asked = around.field(&text);
                    is_kind = around.is_kind(&text);
                    if let (true, Some((_, manifest))) = (is_kind, open.last_mut()) {
                        self.in_doubt |= !manifest.begin_kind();
                    }
                    builder.key(Key { text, line, is_string: true });
                    match asked {
                        Some(asked) => {
                            interest = asked;
                            expect = Expect::Value;
                            continue;
                        }
                        None => Some(self.pass(open.len(), &mut nodes)?),
                    }
                }
                (Expect::FirstKey | Expect::Key, _) => {
                    return Err(self.unexpected("where an object key must start"));
                }
                (Expect::More, Some(b',')) => {
                    self.at += 1;
                    expect = if in_object { Expect::Key } else { Expect::Value };
                    continue;
                }
                (Expect::More, _) => return Err(self.unexpected(place(in_object))),
            };
            if let Some(root) = done.and_then(|tree| builder.put(tree)) {
                return Ok(root);
            }
            expect = Expect::More;
        }
    }

    /// What comes next in a collection that is read piece by piece: its end, or the next of it.
    pub(crate) fn goes_on(&mut self, in_object: bool, first: bool) -> Result<bool, Fault> {
        self.skip_space();
        if self.peek() == Some(if in_object { b'}' } else { b']' }) {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            if self.peek() != Some(b',') {
                return Err(self.unexpected(place(in_object)));
            }
            self.at += 1;
            self.skip_space();
        }
        Ok(true)
    }

    /// A key of an object, up to its value; and whether the value is a list.
    pub(crate) fn field(&mut self) -> Result<(Key, bool), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("where an object key must start"));
        }
        let line = self.here();
        let text = self.string()?;
        self.colon()?;
        self.skip_space();
        Ok((Key { text, line, is_string: true }, self.peek() == Some(b'[')))
    }

    /// Passes the beginning of a collection.
    pub(crate) fn open(&mut self) -> Tree {
        let tree = self.leaf(Value::Sequence(Vec::new()));
        self.at += 1;
        tree
    }

    /// The value of a field, of which only what is asked for is kept.
    pub(crate) fn field_value(&mut self, asked: Option<Interest>) -> Result<Read, Fault> {
        let Some(asked) = asked else {
            let (at, line) = (self.at, self.line);
            self.in_doubt = false;
            let tree = self.pass(1, &mut 0)?;
            if !self.in_doubt {
                return Ok(Read { tree, repeated: Vec::new() });
            }
            (self.at, self.line) = (at, line);
            return self.value(Interest::WHOLE);
        };
        self.value(asked)
    }

    fn count(&self, nodes: usize) -> Result<(), Fault> {
        if nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values");
            return Err(Fault::new(FaultKind::Limit, self.here(), message));
        }
        Ok(())
    }

    /// Whether one more collection may open.
    fn enter(&self, depth: usize) -> Result<(), Fault> {
        if depth == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new(FaultKind::Limit, self.here(), message));
        }
        Ok(())
    }

    /// Passes the end of a collection.
    fn leave(&mut self, in_object: bool) -> Result<(), Fault> {
        if (self.peek() == Some(b'}')) != in_object {
            return Err(self.unexpected(place(in_object)));
        }
        self.at += 1;
        Ok(())
    }

    fn colon(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("after an object key"));
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<Tree, Fault> {
        let line = self.here();
        let value = match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(lossy(self.number()?).into()),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("where a value must start")),
        };
        Ok(Tree::new(line, value))
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        let rest = self.rest();
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

    fn number(&mut self) -> Result<&'a [u8], Fault> {
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
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<Box<str>, Fault> {
        self.at += 1;
        let first = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(std::str::from_utf8(first).map_or_else(|_| lossy(first).into(), Into::into));
        }
        let mut out = lossy(first);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return Err(self.unexpected("in a string")),
            }
            out.push_str(&lossy(self.plain()));
        }
    }

    /// Passes what stands for itself in a string.
    fn plain(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = bytes::plain(rest);
        self.at += len;
        rest.get(..len).unwrap_or_default()
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
        if first < 0xDC00 && self.rest().starts_with(b"\\u") {
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
