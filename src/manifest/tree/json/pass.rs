//! Values that nobody asks for: read as strictly as all others, and not kept.

use std::hash::BuildHasher;

use super::{Expect, Reader, place};
use crate::located::{Tree, Value};
use crate::manifest::tree::document::Fault;

/// A collection that is being passed.
struct Open {
    is_object: bool,
    /// Where its keys begin among all.
    keys: usize,
}

impl Reader<'_> {
    /// Passes a value at the given depth; null stands for it. A key that is given twice, or may be, puts it in doubt:
    /// to say where, the keys are needed.
    pub(super) fn pass(&mut self, depth: usize, nodes: &mut usize) -> Result<Tree, Fault> {
        self.skip_space();
        let passed = self.leaf(Value::Null);
        let mut open: Vec<Open> = Vec::new();
        let mut keys: Vec<u64> = Vec::new();
        let hashes = foldhash::fast::FixedState::default();
        let mut expect = Expect::Value;
        loop {
            self.skip_space();
            self.count(*nodes)?;
            let in_object = open.last().is_some_and(|open| open.is_object);
            match (expect, self.peek()) {
                (Expect::Value | Expect::FirstItem, Some(start @ (b'{' | b'['))) => {
                    self.enter(depth + open.len())?;
                    let is_object = start == b'{';
                    open.push(Open { is_object, keys: keys.len() });
                    expect = if is_object { Expect::FirstKey } else { Expect::FirstItem };
                    self.at += 1;
                    *nodes += 1;
                    continue;
                }
                (Expect::FirstItem, Some(b']'))
                | (Expect::FirstKey, Some(b'}'))
                | (Expect::More, Some(b']' | b'}')) => {
                    self.leave(in_object)?;
                    let from = open.pop().map_or(0, |open| open.keys);
                    let own = keys.get_mut(from..).unwrap_or_default();
                    own.sort_unstable();
                    self.in_doubt |= own.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
                    keys.truncate(from);
                }
                (Expect::Value | Expect::FirstItem, first) => {
                    *nodes += 1;
                    match first {
                        Some(b'"') => self.pass_string().map(drop)?,
                        Some(b'-' | b'0'..=b'9') => self.number().map(drop)?,
                        _ => self.scalar().map(drop)?,
                    }
                }
                (Expect::FirstKey | Expect::Key, Some(b'"')) => {
                    *nodes += 1;
                    let key = self.pass_string()?;
                    match key {
                        Some(key) if key.is_ascii() => {
                            keys.push(hashes.hash_one(key));
                        }
                        // Two that are written differently may be one.
                        _ => self.in_doubt = true,
                    }
                    self.colon()?;
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
                (Expect::More, _) => return Err(self.unexpected(place(in_object))),
            }
            if open.is_empty() {
                return Ok(passed);
            }
            expect = Expect::More;
        }
    }
}

impl<'a> Reader<'a> {
    /// Passes the string whose opening quote is next; what it holds, if it stands for itself.
    fn pass_string(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        self.at += 1;
        let first = self.plain();
        let mut is_plain = true;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(is_plain.then_some(first));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                    is_plain = false;
                }
                _ => return Err(self.unexpected("in a string")),
            }
            self.plain();
        }
    }
}
