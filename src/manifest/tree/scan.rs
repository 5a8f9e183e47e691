//! The tokens of YAML 1.1.
//!
//! The rules of the YAML 1.1 specification with libyaml's reading of them, which go-yaml v2 took over and which
//! therefore decides what the API server accepts. YAML 1.2 parsers differ in everyday texts: a tab after
//! `key:`, a `]` at the beginning of a line, a line break (U+0085) inside quotes.

mod inside;
mod properties;
mod scalars;

use std::collections::{HashMap, VecDeque};

use super::document::{Fault, FaultKind, MAX_DEPTH};

/// How far a key without `?` may be from its `:`, in characters.
const MAX_KEY: usize = 1_024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamEnd,
    /// `%YAML`, with whether it asks for 1.1.
    Version(bool),
    TagDirective {
        handle: Box<str>,
        prefix: Box<str>,
    },
    DocumentStart,
    DocumentEnd,
    BlockSequence,
    BlockMapping,
    BlockEnd,
    FlowSequence,
    FlowSequenceEnd,
    FlowMapping,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(Box<str>),
    Anchor(Box<str>),
    Tag {
        handle: Box<str>,
        suffix: Box<str>,
    },
    Scalar {
        text: Box<str>,
        plain: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    /// In characters.
    index: usize,
    line: usize,
    column: usize,
}

/// A place where a key may have begun.
#[derive(Debug, Clone, Copy)]
struct SimpleKey {
    possible: bool,
    /// It stands where nothing but a key can.
    required: bool,
    token: usize,
    mark: Mark,
}

#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    mark: Mark,
    tokens: VecDeque<Token>,
    /// How many tokens were handed out.
    taken: usize,
    done: bool,
    /// Whether the text ended inside of quotes.
    cut_off: bool,
    flow_level: usize,
    /// The column of the innermost block collection; -1 outside.
    indent: isize,
    indents: Vec<isize>,
    key_allowed: bool,
    /// One for each flow level, and one below.
    keys: Vec<SimpleKey>,
    /// The level of the key that may begin at a token.
    key_at: HashMap<usize, usize>,
}

impl<'a> Scanner<'a> {
    /// Scans a text without characters that YAML forbids; `line` is the number of its first line.
    pub(super) fn new(text: &'a str, line: usize) -> Self {
        let mark = Mark { index: 0, line, column: 0 };
        let none = SimpleKey { possible: false, required: false, token: 0, mark };
        Self {
            text,
            at: 0,
            mark,
            tokens: VecDeque::new(),
            taken: 0,
            done: false,
            cut_off: false,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            key_allowed: true,
            keys: vec![none],
            key_at: HashMap::new(),
        }
    }

    /// The next token, which stays. After the end of the stream it is the end of the stream again.
    pub(super) fn peek(&mut self) -> Result<&Token, Fault> {
        while !self.done && self.needs_more()? {
            self.fetch()?;
        }
        let line = self.mark.line;
        if self.tokens.is_empty() {
            self.tokens.push_back(Token { line, kind: TokenKind::StreamEnd });
        }
        self.tokens.front().ok_or_else(|| Fault::new(FaultKind::Syntax, Some(line), "unexpected end of the text"))
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Result<Token, Fault> {
        let line = self.peek()?.line;
        self.taken += 1;
        Ok(self.tokens.pop_front().unwrap_or(Token { line, kind: TokenKind::StreamEnd }))
    }

    /// Whether the first token is missing, or could still be the beginning of a key.
    fn needs_more(&mut self) -> Result<bool, Fault> {
        if self.tokens.is_empty() {
            return Ok(true);
        }
        match self.key_at.get(&self.taken).copied() {
            None => Ok(false),
            Some(level) => self.is_key_possible(level),
        }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Syntax, Some(self.mark.line), message)
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn is_end(&self, ahead: usize) -> bool {
        self.at + ahead >= self.text.len()
    }

    /// The length in bytes of the line break there, if any.
    fn break_len(&self, ahead: usize) -> usize {
        match (self.byte(ahead), self.byte(ahead + 1), self.byte(ahead + 2)) {
            (b'\r', b'\n', _) | (0xC2, 0x85, _) => 2,
            (b'\r' | b'\n', ..) => 1,
            (0xE2, 0x80, 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    fn is_break_or_end(&self, ahead: usize) -> bool {
        self.break_len(ahead) > 0 || self.is_end(ahead)
    }

    fn is_space_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Passes one character that is no line break.
    fn skip(&mut self) {
        let width = match self.byte(0) {
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        self.at = (self.at + width).min(self.text.len());
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Passes a line break; what it is worth in a scalar.
    fn skip_break(&mut self) -> &'a str {
        let len = self.break_len(0);
        let found = self.text.get(self.at..self.at + len).unwrap_or_default();
        self.at += len;
        self.mark.index += found.chars().count();
        self.mark.column = 0;
        self.mark.line += 1;
        // U+2028 and U+2029 stay what they are.
        if len == 3 { found } else { "\n" }
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.is_break_or_end(0) {
                self.skip();
            }
        }
    }

    fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    fn push(&mut self, line: usize, kind: TokenKind) {
        self.tokens.push_back(Token { line, kind });
    }

    /// Puts a token before the one with the given number.
    fn insert(&mut self, number: usize, line: usize, kind: TokenKind) {
        // go-yaml hands `[]` out before it knows of a `:` behind it; what would stand before comes last then.
        let place = number.checked_sub(self.taken).unwrap_or(usize::MAX).min(self.tokens.len());
        self.tokens.insert(place, Token { line, kind });
    }

    fn next_number(&self) -> usize {
        self.taken + self.tokens.len()
    }

    fn is_key_possible(&mut self, level: usize) -> Result<bool, Fault> {
        let here = self.mark;
        let Some(key) = self.keys.get_mut(level).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line == here.line && key.mark.index + MAX_KEY >= here.index {
            return Ok(true);
        }
        if key.required {
            let message = "could not find the `:` that must follow a key";
            return Err(Fault::new(FaultKind::Syntax, Some(key.mark.line), message));
        }
        key.possible = false;
        Ok(false)
    }

    /// Notes that a key may begin here.
    fn save_key(&mut self) -> Result<(), Fault> {
        if !self.key_allowed {
            return Ok(());
        }
        self.drop_key()?;
        let required = self.flow_level == 0 && self.indent == self.column();
        let token = self.next_number();
        let level = self.keys.len().saturating_sub(1);
        if let Some(key) = self.keys.last_mut() {
            *key = SimpleKey { possible: true, required, token, mark: self.mark };
        }
        self.key_at.insert(token, level);
        Ok(())
    }

    /// Gives up the key that may have begun on this level.
    fn drop_key(&mut self) -> Result<(), Fault> {
        if let Some(key) = self.keys.last_mut().filter(|key| key.possible) {
            if key.required {
                let message = "could not find the `:` that must follow a key";
                return Err(Fault::new(FaultKind::Syntax, Some(key.mark.line), message));
            }
            key.possible = false;
            self.key_at.remove(&key.token);
        }
        Ok(())
    }

    fn too_deep(&self) -> Fault {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        Fault::new(FaultKind::Limit, Some(self.mark.line), message)
    }

    /// Opens a block collection where the column is further in than the one around it.
    fn indent_to(&mut self, column: usize, number: usize, kind: TokenKind, line: usize) -> Result<(), Fault> {
        let column = isize::try_from(column).unwrap_or(isize::MAX);
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        if self.indents.len() >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.insert(number, line, kind);
        Ok(())
    }

    /// Closes the block collections that are further in than the column.
    fn unindent_to(&mut self, column: isize) {
        while self.flow_level == 0 && self.indent > column {
            self.push(self.mark.line, TokenKind::BlockEnd);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            // Where a key could begin, a tab would be indentation.
            while self.byte(0) == b' ' || (self.byte(0) == b'\t' && (self.flow_level > 0 || !self.key_allowed)) {
                self.skip();
            }
            self.skip_comment();
            if self.break_len(0) == 0 {
                return;
            }
            self.skip_break();
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn is_marker(&self, marker: u8) -> bool {
        self.mark.column == 0 && (0..3).all(|ahead| self.byte(ahead) == marker) && self.is_space_or_end(3)
    }

    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_to_token();
        self.unindent_to(self.column());
        let line = self.mark.line;
        if self.is_end(0) {
            self.unindent_to(-1);
            self.drop_key()?;
            self.done = true;
            self.push(line, TokenKind::StreamEnd);
            return Ok(());
        }
        let is_marker = self.is_marker(b'-') || self.is_marker(b'.');
        let first = self.byte(0);
        if is_marker || (self.mark.column == 0 && first == b'%') {
            self.unindent_to(-1);
            self.drop_key()?;
            self.key_allowed = false;
            if !is_marker {
                return self.directive();
            }
            for _ in 0..3 {
                self.skip();
            }
            let kind = if first == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
            self.push(line, kind);
            return Ok(());
        }
        let in_flow = self.flow_level > 0;
        let spaced = self.is_space_or_end(1);
        match first {
            b'[' => self.open_flow(TokenKind::FlowSequence),
            b'{' => self.open_flow(TokenKind::FlowMapping),
            b']' => self.close_flow(TokenKind::FlowSequenceEnd),
            b'}' => self.close_flow(TokenKind::FlowMappingEnd),
            b',' => {
                self.drop_key()?;
                self.key_allowed = true;
                self.skip();
                self.push(line, TokenKind::FlowEntry);
                Ok(())
            }
            b'-' if spaced => self.block_entry(),
            b'?' if in_flow || spaced => self.key(),
            b':' if in_flow || spaced => self.value(),
            b'*' | b'&' => self.anchor(first == b'&'),
            b'!' => self.tag(),
            b'|' | b'>' if !in_flow => self.block_scalar(first == b'|'),
            b'\'' | b'"' => self.quoted(first == b'\''),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                let shown = char::from(first).escape_debug();
                Err(self.fault(format!("the character `{shown}` cannot begin a value")))
            }
            _ => self.plain(),
        }
    }

    fn open_flow(&mut self, kind: TokenKind) -> Result<(), Fault> {
        self.save_key()?;
        if self.flow_level >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        let token = self.next_number();
        self.keys.push(SimpleKey { possible: false, required: false, token, mark: self.mark });
        self.flow_level += 1;
        self.key_allowed = true;
        let line = self.mark.line;
        self.skip();
        self.push(line, kind);
        Ok(())
    }

    fn close_flow(&mut self, kind: TokenKind) -> Result<(), Fault> {
        self.drop_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            // Where nothing inside could be a key, this forgets that the collection itself could be one.
            if let Some(key) = self.keys.pop() {
                self.key_at.remove(&key.token);
            }
        }
        self.key_allowed = false;
        let line = self.mark.line;
        self.skip();
        self.push(line, kind);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<(), Fault> {
        let mark = self.mark;
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.fault("a block sequence entry cannot stand here"));
            }
            self.indent_to(mark.column, self.next_number(), TokenKind::BlockSequence, mark.line)?;
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.skip();
        self.push(mark.line, TokenKind::BlockEntry);
        Ok(())
    }

    fn key(&mut self) -> Result<(), Fault> {
        let mark = self.mark;
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.fault("a mapping key cannot stand here"));
            }
            self.indent_to(mark.column, self.next_number(), TokenKind::BlockMapping, mark.line)?;
        }
        self.drop_key()?;
        self.key_allowed = self.flow_level == 0;
        self.skip();
        self.push(mark.line, TokenKind::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<(), Fault> {
        let mark = self.mark;
        let level = self.keys.len().saturating_sub(1);
        let key = self.keys.get(level).copied();
        match (self.is_key_possible(level)?, key) {
            (true, Some(key)) => {
                self.insert(key.token, key.mark.line, TokenKind::Key);
                self.indent_to(key.mark.column, key.token, TokenKind::BlockMapping, key.mark.line)?;
                if let Some(key) = self.keys.get_mut(level) {
                    key.possible = false;
                }
                self.key_at.remove(&key.token);
                self.key_allowed = false;
            }
            _ => {
                if self.flow_level == 0 {
                    if !self.key_allowed {
                        return Err(self.fault("a mapping value cannot stand here"));
                    }
                    self.indent_to(mark.column, self.next_number(), TokenKind::BlockMapping, mark.line)?;
                }
                self.key_allowed = self.flow_level == 0;
            }
        }
        self.skip();
        self.push(mark.line, TokenKind::Value);
        Ok(())
    }

    /// Passes characters while they fit; the text passed.
    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        while !self.is_end(0) && fits(self.byte(0)) {
            self.skip();
        }
        self.text.get(from..self.at).unwrap_or_default()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
