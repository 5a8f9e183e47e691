//! Nodes of a YAML document, out of its tokens.

use std::collections::HashMap;

use super::document::{Fault, FaultKind, MAX_DEPTH, MAX_NODES};
use super::scan::{Scanner, Token, TokenKind};

/// A node of the document as written.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar {
        text: Box<str>,
        plain: bool,
        tag: Tag,
    },
    Sequence(Vec<usize>),
    /// Keys and values in turn.
    Mapping(Vec<usize>),
    /// The node it stands for.
    Alias(usize),
}

/// A scalar's tag, as far as it matters.
#[derive(Debug)]
pub(super) enum Tag {
    None,
    /// One of YAML's own: `int` of `!!int`.
    Core(Box<str>),
    /// `!`: the scalar is a string, but a merge key all the same.
    NonSpecific,
    Custom,
}

/// What comes next in a collection that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An entry of a block sequence.
    BlockEntry,
    /// An entry of a block sequence that is indented no further than the key before it.
    IndentlessEntry,
    BlockKey,
    BlockValue,
    /// An entry of a flow sequence, and whether it is the first.
    FlowEntry(bool),
    /// Of a pair without braces in a flow sequence.
    PairKey,
    PairValue,
    PairEnd,
    /// A key of a flow mapping, and whether it is the first.
    FlowKey(bool),
    FlowValue,
    /// After a key that no `?` and no `:` made one.
    NoValue,
}

struct Composer<'a> {
    scanner: Scanner<'a>,
    nodes: Vec<Node>,
    open: Vec<(usize, Expect)>,
    anchors: HashMap<Box<str>, usize>,
    tags: HashMap<Box<str>, Box<str>>,
}

/// The nodes of a document, its root first; none for an empty one. What follows the root is not looked at.
pub(super) fn compose(text: &str, line: usize) -> Result<Vec<Node>, Fault> {
    let mut composer = Composer::new(Scanner::new(text, line));
    composer.document()?;
    Ok(composer.nodes)
}

/// What whole lines of a larger document come to.
pub(super) struct Part {
    /// The document's root, a mapping, with what of it stands in these lines.
    pub(super) nodes: Result<Vec<Node>, Fault>,
    /// Whether something was open where the lines ended.
    pub(super) is_cut_off: bool,
    pub(super) has_anchors: bool,
}

/// The nodes of lines inside of a block mapping, the document's root. Where a column is given, the lines begin inside of the
/// block sequence that starts there and is the value of `key`.
pub(super) fn compose_part(text: &str, line: usize, sequence: Option<(usize, &str)>) -> Part {
    let columns = [Some(0), sequence.map(|(column, _)| column).filter(|column| *column > 0)];
    let columns: Vec<usize> = columns.into_iter().flatten().collect();
    let mut composer = Composer::new(Scanner::inside(text, line, &columns));
    composer.nodes.push(Node { line, kind: NodeKind::Mapping(Vec::new()) });
    composer.open.push((0, Expect::BlockKey));
    if let Some((column, key)) = sequence {
        let key = NodeKind::Scalar { text: key.into(), plain: true, tag: Tag::None };
        let children = vec![1, 2];
        composer.nodes = vec![
            Node { line, kind: NodeKind::Mapping(children) },
            Node { line, kind: key },
            Node { line, kind: NodeKind::Sequence(Vec::new()) },
        ];
        composer.open.push((2, if column > 0 { Expect::BlockEntry } else { Expect::IndentlessEntry }));
    }
    let done = composer.steps();
    Part {
        is_cut_off: composer.scanner.is_cut_off(),
        has_anchors: !composer.anchors.is_empty(),
        nodes: done.map(|()| composer.nodes),
    }
}

fn fault<T>(line: usize, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::new(FaultKind::Syntax, Some(line), message))
}

impl<'a> Composer<'a> {
    fn new(scanner: Scanner<'a>) -> Self {
        Self { scanner, nodes: Vec::new(), open: Vec::new(), anchors: HashMap::new(), tags: HashMap::new() }
    }

    fn peek(&mut self) -> Result<&TokenKind, Fault> {
        Ok(&self.scanner.peek()?.kind)
    }

    /// Takes the next token if it is the given one.
    fn take(&mut self, kind: &TokenKind) -> Result<Option<usize>, Fault> {
        let token = self.scanner.peek()?;
        if token.kind != *kind {
            return Ok(None);
        }
        Ok(Some(self.scanner.next()?.line))
    }

    fn document(&mut self) -> Result<(), Fault> {
        let mut version_given = false;
        let mut directives = 0;
        loop {
            let line = self.scanner.peek()?.line;
            match self.peek()? {
                TokenKind::Version(_) if version_given => return fault(line, "a second `%YAML` directive"),
                TokenKind::Version(false) => {
                    return fault(line, "the `%YAML` directive asks for another version than 1.1");
                }
                TokenKind::Version(true) => {
                    version_given = true;
                    self.scanner.next()?;
                }
                TokenKind::TagDirective { .. } => {
                    if let TokenKind::TagDirective { handle, prefix } = self.scanner.next()?.kind {
                        if self.tags.insert(handle, prefix).is_some() {
                            return fault(line, "a second `%TAG` directive for the same handle");
                        }
                    }
                }
                _ => break,
            }
            directives += 1;
        }
        let is_explicit = self.take(&TokenKind::DocumentStart)?.is_some();
        let line = self.scanner.peek()?.line;
        let is_empty = match self.peek()? {
            TokenKind::StreamEnd => true,
            TokenKind::Version(_) | TokenKind::TagDirective { .. } => is_explicit,
            TokenKind::DocumentStart | TokenKind::DocumentEnd => is_explicit,
            _ => false,
        };
        if directives > 0 && !is_explicit {
            return fault(line, "a `---` must follow the directives");
        }
        if is_empty {
            return Ok(());
        }
        self.node(true, false)?;
        self.steps()
    }

    /// Reads what is open to its end.
    fn steps(&mut self) -> Result<(), Fault> {
        while let Some((id, expect)) = self.open.last().copied() {
            self.step(id, expect)?;
        }
        // A character that begins no token right behind the document is a fault of it.
        self.scanner.peek()?;
        Ok(())
    }

    fn expect(&mut self, expect: Expect) {
        if let Some(top) = self.open.last_mut() {
            top.1 = expect;
        }
    }

    fn step(&mut self, id: usize, expect: Expect) -> Result<(), Fault> {
        let line = self.scanner.peek()?.line;
        match expect {
            Expect::BlockEntry => self.block_entry(line),
            Expect::IndentlessEntry => match self.take(&TokenKind::BlockEntry)? {
                None => {
                    self.open.pop();
                    Ok(())
                }
                Some(line) => {
                    let ends = |kind: &TokenKind| {
                        use TokenKind::{BlockEnd, BlockEntry, Key, Value};
                        matches!(kind, BlockEntry | Key | Value | BlockEnd)
                    };
                    if ends(self.peek()?) { self.empty(line) } else { self.node(true, false) }
                }
            },
            Expect::BlockKey => self.block_key(line),
            Expect::BlockValue => {
                self.expect(Expect::BlockKey);
                match self.take(&TokenKind::Value)? {
                    None => self.empty(line),
                    Some(line) if self.ends_block_pair()? => self.empty(line),
                    Some(_) => self.node(true, true),
                }
            }
            Expect::FlowEntry(first) => self.flow_entry(id, first),
            Expect::PairKey => {
                self.expect(Expect::PairValue);
                match self.peek()? {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                        self.scanner.next()?;
                        self.empty(line)
                    }
                    _ => self.node(false, false),
                }
            }
            Expect::PairValue => {
                self.expect(Expect::PairEnd);
                self.flow_value(&TokenKind::FlowSequenceEnd)
            }
            Expect::PairEnd => {
                self.open.pop();
                Ok(())
            }
            Expect::FlowKey(first) => self.flow_key(first),
            Expect::FlowValue => {
                self.expect(Expect::FlowKey(false));
                self.flow_value(&TokenKind::FlowMappingEnd)
            }
            Expect::NoValue => {
                self.expect(Expect::FlowKey(false));
                self.empty(line)
            }
        }
    }

    fn block_entry(&mut self, line: usize) -> Result<(), Fault> {
        if let Some(line) = self.take(&TokenKind::BlockEntry)? {
            return match self.peek()? {
                TokenKind::BlockEntry | TokenKind::BlockEnd => self.empty(line),
                _ => self.node(true, false),
            };
        }
        if self.take(&TokenKind::BlockEnd)?.is_none() {
            return fault(line, "a block sequence goes on with something else than `-`");
        }
        self.open.pop();
        Ok(())
    }

    fn ends_block_pair(&mut self) -> Result<bool, Fault> {
        Ok(matches!(self.peek()?, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd))
    }

    fn block_key(&mut self, line: usize) -> Result<(), Fault> {
        if let Some(line) = self.take(&TokenKind::Key)? {
            self.expect(Expect::BlockValue);
            return if self.ends_block_pair()? { self.empty(line) } else { self.node(true, true) };
        }
        if self.take(&TokenKind::BlockEnd)?.is_none() {
            return fault(line, "a block mapping goes on with something else than a key");
        }
        self.open.pop();
        Ok(())
    }

    /// The end of a flow collection, or the comma before its next entry.
    fn flow_end(&mut self, end: &TokenKind, first: bool, shown: &str) -> Result<bool, Fault> {
        if self.take(end)?.is_none() {
            if first {
                return Ok(false);
            }
            self.check_end()?;
            let line = self.scanner.peek()?.line;
            if self.take(&TokenKind::FlowEntry)?.is_none() {
                return fault(line, format!("could not find the expected `,` or `{shown}`"));
            }
            if self.take(end)?.is_none() {
                return Ok(false);
            }
        }
        self.open.pop();
        Ok(true)
    }

    /// A flow collection without an end is a fault where it begins.
    fn check_end(&mut self) -> Result<(), Fault> {
        let at_end = *self.peek()? == TokenKind::StreamEnd;
        match self.open.last() {
            Some((id, Expect::FlowEntry(_) | Expect::FlowKey(_) | Expect::FlowValue | Expect::NoValue)) if at_end => {
                let line = self.nodes.get(*id).map_or(0, |node| node.line);
                fault(line, "the flow collection has no end")
            }
            _ => Ok(()),
        }
    }

    fn flow_entry(&mut self, id: usize, first: bool) -> Result<(), Fault> {
        if self.flow_end(&TokenKind::FlowSequenceEnd, first, "]")? {
            return Ok(());
        }
        self.expect(Expect::FlowEntry(false));
        match self.take(&TokenKind::Key)? {
            None => self.node(false, false),
            Some(line) => {
                let pair = self.add(line, NodeKind::Mapping(Vec::new()), Some(id))?;
                self.enter(pair, Expect::PairKey, line)
            }
        }
    }

    fn flow_key(&mut self, first: bool) -> Result<(), Fault> {
        if self.flow_end(&TokenKind::FlowMappingEnd, first, "}")? {
            return Ok(());
        }
        if self.take(&TokenKind::Key)?.is_none() {
            self.expect(Expect::NoValue);
            return self.node(false, false);
        }
        self.expect(Expect::FlowValue);
        let line = self.scanner.peek()?.line;
        match self.peek()? {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => self.empty(line),
            _ => self.node(false, false),
        }
    }

    fn flow_value(&mut self, end: &TokenKind) -> Result<(), Fault> {
        let given = self.take(&TokenKind::Value)?.is_some();
        let line = self.scanner.peek()?.line;
        let kind = self.peek()?;
        if !given || *kind == TokenKind::FlowEntry || kind == end { self.empty(line) } else { self.node(false, false) }
    }

    fn add(&mut self, line: usize, kind: NodeKind, parent: Option<usize>) -> Result<usize, Fault> {
        let id = self.nodes.len();
        if id >= MAX_NODES {
            let message = format!("more than {MAX_NODES} values");
            return Err(Fault::new(FaultKind::Limit, Some(line), message));
        }
        self.nodes.push(Node { line, kind });
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            if let NodeKind::Sequence(children) | NodeKind::Mapping(children) = &mut parent.kind {
                children.push(id);
            }
        }
        Ok(id)
    }

    fn enter(&mut self, id: usize, expect: Expect, line: usize) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new(FaultKind::Limit, Some(line), message));
        }
        self.open.push((id, expect));
        Ok(())
    }

    /// A value that is not written: null.
    fn empty(&mut self, line: usize) -> Result<(), Fault> {
        let parent = self.open.last().map(|open| open.0);
        let kind = NodeKind::Scalar { text: "".into(), plain: true, tag: Tag::None };
        self.add(line, kind, parent).map(drop)
    }

    /// The tag that a token means.
    fn tag(&self, line: usize, handle: &str, suffix: &str) -> Result<Tag, Fault> {
        let whole = if handle.is_empty() {
            suffix.to_owned()
        } else {
            let given = self.tags.get(handle).map(|prefix| &**prefix);
            let usual = match handle {
                "!" => Some("!"),
                "!!" => Some("tag:yaml.org,2002:"),
                _ => None,
            };
            match given.or(usual) {
                Some(prefix) => format!("{prefix}{suffix}"),
                None => return fault(line, "the handle of the tag was never declared"),
            }
        };
        if let Some(name) = whole.strip_prefix("tag:yaml.org,2002:") {
            return Ok(Tag::Core(name.into()));
        }
        Ok(match whole.as_str() {
            "" => Tag::None,
            "!" => Tag::NonSpecific,
            _ => Tag::Custom,
        })
    }

    /// A node, with the tag and anchor before it.
    fn node(&mut self, block: bool, indentless: bool) -> Result<(), Fault> {
        let parent = self.open.last().map(|open| open.0);
        let start = self.scanner.peek()?.line;
        if let TokenKind::Alias(_) = self.peek()? {
            if let Token { line, kind: TokenKind::Alias(name) } = self.scanner.next()? {
                let Some(target) = self.anchors.get(&name).copied() else {
                    let message = format!("the anchor `{name}` does not exist");
                    return Err(Fault::new(FaultKind::Anchor, Some(line), message));
                };
                self.add(line, NodeKind::Alias(target), parent)?;
            }
            return Ok(());
        }
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.peek()? {
                TokenKind::Anchor(_) if anchor.is_none() => {
                    if let TokenKind::Anchor(name) = self.scanner.next()?.kind {
                        anchor = Some(name);
                    }
                }
                TokenKind::Tag { .. } if tag.is_none() => {
                    if let Token { line, kind: TokenKind::Tag { handle, suffix } } = self.scanner.next()? {
                        tag = Some(self.tag(line, &handle, &suffix)?);
                    }
                }
                _ => break,
            }
        }
        let is_marked = anchor.is_some() || matches!(tag, Some(Tag::Core(_) | Tag::NonSpecific | Tag::Custom));
        let tag = tag.unwrap_or(Tag::None);
        let line = self.scanner.peek()?.line;
        // What is to be read of the collection, and whether its first token stays.
        let opened = match self.peek()? {
            TokenKind::BlockEntry if indentless => Some((false, Expect::IndentlessEntry, true)),
            TokenKind::FlowSequence => Some((false, Expect::FlowEntry(true), false)),
            TokenKind::FlowMapping => Some((true, Expect::FlowKey(true), false)),
            TokenKind::BlockSequence if block => Some((false, Expect::BlockEntry, false)),
            TokenKind::BlockMapping if block => Some((true, Expect::BlockKey, false)),
            TokenKind::Scalar { .. } => None,
            _ if is_marked => {
                let kind = NodeKind::Scalar { text: "".into(), plain: true, tag };
                let id = self.add(start, kind, parent)?;
                self.anchors.extend(anchor.map(|name| (name, id)));
                return Ok(());
            }
            _ => {
                self.check_end()?;
                return fault(line, "could not find the expected value");
            }
        };
        let Some((is_mapping, expect, keeps_token)) = opened else {
            if let TokenKind::Scalar { text, plain } = self.scanner.next()?.kind {
                let id = self.add(start, NodeKind::Scalar { text, plain, tag }, parent)?;
                self.anchors.extend(anchor.map(|name| (name, id)));
            }
            return Ok(());
        };
        if !keeps_token {
            self.scanner.next()?;
        }
        let kind = if is_mapping { NodeKind::Mapping(Vec::new()) } else { NodeKind::Sequence(Vec::new()) };
        let id = self.add(start, kind, parent)?;
        self.anchors.extend(anchor.map(|name| (name, id)));
        self.enter(id, expect, start)
    }
}
