//! YAML 1.1 as sigs.k8s.io/yaml (go-yaml v2) reads it and turns it into JSON.
//!
//! The text becomes tokens, the tokens become [`Node`]s, and the nodes, aliases and merge keys resolved, become
//! a [`Tree`].

pub(crate) mod part;
mod pass;

use std::borrow::Cow;
use std::ops::Range;

use super::admit::admit;
use super::builder::{Builder, Key};
use super::compose::{Node, NodeKind, Tag, compose};
use super::document::{Document, Fault, FaultKind, Format, MAX_ALIASED_BYTES, MAX_DEPTH, MAX_NODES};
use super::go::{self, Scalar};
use super::interest::Interest;
use super::json::{Read, lossy};
use super::split::split;
use crate::located::{Tree, Value};

/// Reads every document of a text.
pub(crate) fn read(text: &[u8]) -> Vec<Document> {
    let text = match decode_utf16(text) {
        Some(Ok(text)) => Cow::Owned(text.into_bytes()),
        Some(Err(fault)) => return vec![document(0, Err(fault))],
        None => Cow::Borrowed(text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text)),
    };
    let chunk = |(index, chunk): (usize, super::split::Chunk)| {
        let bytes = text.get(chunk.bytes).unwrap_or_default();
        document(index, read_document(bytes, chunk.line, Interest::WHOLE))
    };
    split(&text).into_iter().enumerate().map(chunk).collect()
}

pub(crate) fn document(index: usize, read: Result<Read, Fault>) -> Document {
    let (root, repeated) = match read {
        Ok(read) => (Ok(read.tree), read.repeated),
        Err(fault) => (Err(fault), Vec::new()),
    };
    Document { index, root, repeated, format: Format::Yaml }
}

/// A text in UTF-16, told by its byte order mark.
fn decode_utf16(text: &[u8]) -> Option<Result<String, Fault>> {
    let (unit, body): (fn([u8; 2]) -> u16, _) = match text {
        [0xFF, 0xFE, body @ ..] => (u16::from_le_bytes, body),
        [0xFE, 0xFF, body @ ..] => (u16::from_be_bytes, body),
        _ => return None,
    };
    let fault = |line| Fault::new(FaultKind::Encoding, Some(line), "the text is not valid UTF-16");
    let units = body.chunks_exact(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0,
    });
    let mut decoded = String::with_capacity(body.len());
    for found in char::decode_utf16(units) {
        match found {
            Ok(found) => decoded.push(found),
            Err(_) => return Some(Err(fault(1 + decoded.matches('\n').count()))),
        }
    }
    if body.len() % 2 != 0 {
        return Some(Err(fault(1 + decoded.matches('\n').count())));
    }
    Some(Ok(decoded))
}

/// Reads one document whose first line has the given number.
pub(crate) fn read_document(bytes: &[u8], line: usize, interest: Interest) -> Result<Read, Fault> {
    let text = admit(bytes, line).map_err(|(_, fault)| fault)?;
    let nodes = compose(text, line)?;
    if nodes.is_empty() {
        return Ok(Read { tree: Tree::new(Some(line), Value::Null), repeated: Vec::new() });
    }
    expand(&nodes, interest)
}

fn expand(nodes: &[Node], interest: Interest) -> Result<Read, Fault> {
    let mut expansion = Expansion::new(nodes);
    let mut tree = expansion.run(interest)?;
    if expansion.in_doubt {
        expansion = Expansion::new(nodes);
        tree = expansion.run(Interest::WHOLE)?;
    }
    Ok(Read { tree, repeated: expansion.builder.repeated })
}

/// A collection that is being resolved.
#[derive(Debug)]
struct Frame {
    node: usize,
    /// The child that comes next; of a list of merged mappings, counted from its end.
    next: usize,
    kind: FrameKind,
    /// The alias nodes through which this node was reached.
    aliases: Range<usize>,
    /// What is asked for of it.
    interest: Interest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Sequence,
    Mapping,
    /// A mapping whose entries go into the mapping around it.
    Merged,
    /// A list of such mappings.
    MergedList,
}

/// How far go-yaml lets aliases multiply a document: by the share of values that come out of aliases.
fn too_many_aliases(aliased: usize, all: usize) -> bool {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    if aliased <= 100 || all <= 1_000 {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let share = aliased as f64 / all as f64;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let allowed = match all {
        ..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((all - LOW) as f64 / (HIGH - LOW) as f64),
    };
    share > allowed
}

/// Resolves nodes into a tree.
struct Expansion<'a> {
    nodes: &'a [Node],
    builder: Builder,
    frames: Vec<Frame>,
    /// The aliases through which the open frames were reached, outermost first.
    aliases: Vec<usize>,
    /// Whether each node is in `aliases`.
    is_active: Vec<bool>,
    visited: usize,
    aliased: usize,
    aliased_bytes: usize,
    /// Whether a value that was left out must be read after all: to tell what is wrong in it.
    in_doubt: bool,
}

impl<'a> Expansion<'a> {
    fn new(nodes: &'a [Node]) -> Self {
        Self {
            nodes,
            builder: Builder::default(),
            frames: Vec::new(),
            aliases: Vec::new(),
            is_active: vec![false; nodes.len()],
            // go-yaml counts the document too.
            visited: 1,
            aliased: 0,
            aliased_bytes: 0,
            in_doubt: false,
        }
    }

    fn node(&self, id: usize) -> Result<&'a Node, Fault> {
        self.nodes.get(id).ok_or_else(|| Fault::new(FaultKind::Syntax, None, "an unfinished node"))
    }

    fn run(&mut self, interest: Interest) -> Result<Tree, Fault> {
        if let Some(root) = self.enter(0, interest)? {
            return Ok(root);
        }
        while let Some(frame) = self.frames.last_mut() {
            let (kind, next, interest) = (frame.kind, frame.next, frame.interest);
            let children: &'a [usize] = match self.nodes.get(frame.node).map(|node| &node.kind) {
                Some(NodeKind::Sequence(children) | NodeKind::Mapping(children)) => children,
                _ => &[],
            };
            let found = match kind {
                FrameKind::MergedList => {
                    // The earlier mapping wins, so it comes last.
                    frame.next += 1;
                    let last = children.len().checked_sub(next + 1);
                    last.and_then(|at| children.get(at)).map(|child| (*child, None))
                }
                FrameKind::Sequence => {
                    frame.next += 1;
                    children.get(next).map(|child| (*child, None))
                }
                FrameKind::Mapping | FrameKind::Merged => {
                    frame.next += 2;
                    let key = children.get(next);
                    key.zip(children.get(next + 1)).map(|(key, value)| (*value, Some(*key)))
                }
            };
            let done = match (kind, found) {
                (_, None) => self.leave(),
                (FrameKind::MergedList, Some((child, _))) => {
                    self.merge(child, false)?;
                    None
                }
                (_, Some((value, Some(key)))) if self.is_merge(key)? => {
                    self.in_doubt = true;
                    self.merge(value, true)?;
                    None
                }
                (_, Some((value, None))) => self.enter(value, interest.item())?,
                (_, Some((value, Some(key)))) => {
                    let key = self.key(key)?;
                    let asked = interest.field(&key.text);
                    if interest.is_kind(&key.text) {
                        self.learn_kind(value);
                    }
                    self.builder.key(key);
                    match asked {
                        Some(asked) => self.enter(value, asked)?,
                        None => self.pass(value)?,
                    }
                }
            };
            if let Some(root) = done {
                return Ok(root);
            }
        }
        Err(Fault::new(FaultKind::Syntax, None, "an unfinished document"))
    }

    fn count(&mut self, line: usize, in_alias: bool) -> Result<(), Fault> {
        self.visited += 1;
        self.aliased += usize::from(in_alias);
        let message = if too_many_aliases(self.aliased, self.visited) {
            "aliases repeat too much of the document".to_owned()
        } else if self.visited > MAX_NODES {
            format!("more than {MAX_NODES} values, aliases expanded")
        } else {
            return Ok(());
        };
        Err(Fault::new(FaultKind::Limit, Some(line), message))
    }

    /// Follows aliases to a node; the aliases stay on the stack from the returned length on.
    fn follow(&mut self, mut id: usize) -> Result<(usize, usize), Fault> {
        let from = self.aliases.len();
        loop {
            let node = self.node(id)?;
            self.count(node.line, !self.aliases.is_empty())?;
            let NodeKind::Alias(target) = node.kind else {
                return Ok((id, from));
            };
            match self.is_active.get_mut(id) {
                Some(active) if !*active => *active = true,
                _ => {
                    let message = "an anchor's value contains an alias to itself";
                    return Err(Fault::new(FaultKind::Value, Some(node.line), message));
                }
            }
            self.aliases.push(id);
            id = target;
        }
    }

    fn forget_aliases(&mut self, from: usize) {
        for id in self.aliases.drain(from..) {
            if let Some(active) = self.is_active.get_mut(id) {
                *active = false;
            }
        }
    }

    /// Takes a value in; the root where it is finished at once.
    fn enter(&mut self, id: usize, interest: Interest) -> Result<Option<Tree>, Fault> {
        let (id, from) = self.follow(id)?;
        let node = self.node(id)?;
        let line = Some(node.line);
        let kind = match &node.kind {
            NodeKind::Scalar { text, plain, tag } => {
                if !self.aliases.is_empty() {
                    self.count_bytes(text, node.line)?;
                }
                self.forget_aliases(from);
                let tree = Tree::new(line, scalar_value(text, *plain, tag, node.line)?);
                return Ok(self.builder.put(tree));
            }
            NodeKind::Sequence(_) => {
                self.builder.open_sequence(line);
                FrameKind::Sequence
            }
            NodeKind::Mapping(_) => {
                self.builder.open_mapping(line);
                FrameKind::Mapping
            }
            NodeKind::Alias(_) => return Ok(None),
        };
        self.push(id, kind, from, interest)?;
        Ok(None)
    }

    fn push(&mut self, node: usize, kind: FrameKind, from: usize, interest: Interest) -> Result<(), Fault> {
        let line = self.node(node)?.line;
        // Merges nest frames without opening anything in the builder.
        if self.builder.depth().max(self.frames.len()) > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels, aliases expanded");
            return Err(Fault::new(FaultKind::Limit, Some(line), message));
        }
        self.frames.push(Frame { node, next: 0, kind, aliases: from..self.aliases.len(), interest });
        Ok(())
    }

    fn leave(&mut self) -> Option<Tree> {
        let frame = self.frames.pop()?;
        self.forget_aliases(frame.aliases.start);
        match frame.kind {
            FrameKind::Merged | FrameKind::MergedList => None,
            FrameKind::Sequence | FrameKind::Mapping => {
                let tree = self.builder.close()?;
                self.builder.put(tree)
            }
        }
    }

    fn count_bytes(&mut self, text: &str, line: usize) -> Result<(), Fault> {
        self.aliased_bytes += text.len();
        if self.aliased_bytes > MAX_ALIASED_BYTES {
            let message = format!("aliases repeat more than {} MiB of text", MAX_ALIASED_BYTES >> 20);
            return Err(Fault::new(FaultKind::Limit, Some(line), message));
        }
        Ok(())
    }

    fn is_merge(&self, id: usize) -> Result<bool, Fault> {
        Ok(match &self.node(id)?.kind {
            NodeKind::Scalar { text, plain, tag } => {
                &**text == "<<"
                    && match tag {
                        Tag::None => *plain,
                        Tag::NonSpecific => true,
                        Tag::Core(name) => &**name == "merge",
                        Tag::Custom => false,
                    }
            }
            _ => false,
        })
    }

    /// Puts the entries of a mapping, or of each of a list of mappings, into the innermost one.
    fn merge(&mut self, id: usize, list_allowed: bool) -> Result<(), Fault> {
        let written = self.node(id)?;
        let line = written.line;
        let refused = || {
            let message = "a merge key needs a mapping or a list of mappings";
            Err(Fault::new(FaultKind::Value, Some(line), message))
        };
        match &written.kind {
            NodeKind::Sequence(_) if list_allowed => {
                // go-yaml counts the list's mappings but not the list.
                let from = self.aliases.len();
                return self.push(id, FrameKind::MergedList, from, Interest::WHOLE);
            }
            NodeKind::Mapping(_) => {}
            NodeKind::Alias(target) => {
                if !matches!(self.node(*target)?.kind, NodeKind::Mapping(_)) {
                    return refused();
                }
            }
            _ => return refused(),
        }
        let (id, from) = self.follow(id)?;
        self.push(id, FrameKind::Merged, from, Interest::WHOLE)
    }

    /// The text of a key.
    fn key(&mut self, id: usize) -> Result<Key, Fault> {
        let written = self.node(id)?.line;
        let (id, from) = self.follow(id)?;
        let node = self.node(id)?;
        let refused = |what: &str| {
            let message = format!("a key must be a string, a number or a bool; this is {what}");
            Err(Fault::new(FaultKind::Value, Some(written), message))
        };
        let (text, plain, tag) = match &node.kind {
            NodeKind::Scalar { text, plain, tag } => (text, *plain, tag),
            NodeKind::Sequence(_) => return refused("a sequence"),
            NodeKind::Mapping(_) | NodeKind::Alias(_) => return refused("a mapping"),
        };
        if !self.aliases.is_empty() {
            self.count_bytes(text, node.line)?;
        }
        self.forget_aliases(from);
        let is_bare = |meaning: &Scalar| !matches!(meaning, Scalar::String | Scalar::Timestamp);
        let meaning = scalar(text, plain, tag, node.line)?;
        let is_string = !is_bare(&meaning);
        let text: Box<str> = match meaning {
            Scalar::Null => return refused("null"),
            // The conversion to JSON knows no key of this type.
            Scalar::Int(value) if value > i128::from(i64::MAX) => {
                return refused("a number above 9223372036854775807");
            }
            Scalar::Bool(value) => value.to_string().into(),
            Scalar::Int(value) => value.to_string().into(),
            Scalar::Float(value) => go::key_float(value).into(),
            Scalar::String | Scalar::Timestamp => string(text, tag, node.line)?,
        };
        Ok(Key { text, line: Some(written), is_string })
    }
}

fn scalar(text: &str, plain: bool, tag: &Tag, line: usize) -> Result<Scalar, Fault> {
    match tag {
        Tag::None if plain => Ok(go::resolve(text)),
        Tag::None | Tag::NonSpecific | Tag::Custom => Ok(Scalar::String),
        Tag::Core(name) => {
            go::resolve_tagged(name, text).map_err(|message| Fault::new(FaultKind::Value, Some(line), message))
        }
    }
}

fn scalar_value(text: &str, plain: bool, tag: &Tag, line: usize) -> Result<Value, Fault> {
    Ok(match scalar(text, plain, tag, line)? {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => Value::Number(value.to_string().into()),
        Scalar::Float(value) => {
            let text = go::json_float(value).ok_or_else(|| {
                let message = format!("json has no number for `{}`", text.escape_debug());
                Fault::new(FaultKind::Value, Some(line), message)
            })?;
            Value::Number(text.into())
        }
        Scalar::String | Scalar::Timestamp => Value::String(string(text, tag, line)?),
    })
}

/// The text of a string; `!!binary` is base64.
fn string(text: &str, tag: &Tag, line: usize) -> Result<Box<str>, Fault> {
    match tag {
        Tag::Core(name) if &**name == "binary" => match go::base64(text) {
            Some(bytes) => Ok(lossy(&bytes).into()),
            None => {
                let message = "the `!!binary` value is no base64";
                Err(Fault::new(FaultKind::Value, Some(line), message))
            }
        },
        _ => Ok(text.into()),
    }
}
