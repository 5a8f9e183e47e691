//! JSON: one value, or objects one after another.

use std::io::Read;

use super::super::tree::json::Reader;
use super::super::tree::{Assumed, Document, Fault, Format, Interest, MAX_BYTES, Tree, Value};
use super::root::{Root, too_large};
use super::sink::Sink;
use super::window::Window;

/// How far a fault's words look ahead.
const AHEAD: usize = 4;

/// Reads every document of the window.
pub(super) fn read<R: Read>(window: &mut Window<R>, sink: &mut dyn Sink) {
    let mut stream = Stream { window, line: 1 };
    let mut objects_only = true;
    for index in 0.. {
        let whole = |root| Document { index, root, repeated: Vec::new(), format: Format::Json };
        let next = stream.step(|reader| reader.next(index, objects_only));
        let read = match next {
            Ok(false) if index == 0 => return sink.document(whole(Ok(Tree::new(Some(stream.line), Value::Null)))),
            Ok(false) => return,
            Ok(true) => stream.document(index, sink),
            Err(fault) => Err(fault),
        };
        match read {
            Ok(Some(is_object)) => objects_only &= is_object,
            // A list that is refused has said so.
            Ok(None) => return,
            Err(fault) => return sink.document(whole(Err(fault))),
        }
    }
}

struct Stream<'w, R> {
    window: &'w mut Window<R>,
    line: usize,
}

impl<R: Read> Stream<'_, R> {
    /// Reads something that begins where the window does; with more of the text, as long as that could change what it is.
    fn step<T>(&mut self, read: impl FnMut(&mut Reader<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        self.attempt(read, |_| true).transpose().unwrap_or_else(|| Err(too_large(Some(self.line))))
    }

    /// The same, as long as the window may grow; none where it may not.
    fn attempt<T>(
        &mut self,
        mut read: impl FnMut(&mut Reader<'_>) -> Result<T, Fault>,
        may_grow: impl Fn(&Window<R>) -> bool,
    ) -> Result<Option<T>, Fault> {
        self.pass_space()?;
        loop {
            let rest = self.window.rest();
            let mut reader = Reader::new(rest, self.line);
            let found = read(&mut reader);
            let (at, line) = reader.position();
            let left = rest.len().saturating_sub(at);
            let is_open = if found.is_ok() { left == 0 } else { left < AHEAD };
            if self.window.is_end() || !is_open {
                if found.is_ok() {
                    self.window.pass(at);
                    self.line = line;
                }
                return found.map(Some);
            }
            if !may_grow(self.window) {
                return Ok(None);
            }
            if rest.len() > MAX_BYTES {
                return Err(too_large(Some(self.line)));
            }
            self.more()?;
        }
    }

    /// Passes blanks, which are no part of an object however many there are.
    fn pass_space(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.window.rest();
            let mut reader = Reader::new(rest, self.line);
            reader.skip_space();
            let (at, line) = reader.position();
            let is_passed = at < rest.len();
            self.window.pass(at);
            self.line = line;
            if is_passed || self.window.is_end() {
                return Ok(());
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), Fault> {
        let line = self.line;
        self.window.more().map_err(|fault| Fault { line: Some(line), ..fault })
    }

    /// Reads a document; whether it is an object. None where it was refused after its first item.
    fn document(&mut self, index: usize, sink: &mut dyn Sink) -> Result<Option<bool>, Fault> {
        let interest = Interest::manifest(Assumed::Nothing);
        let is_object = self.window.rest().first() == Some(&b'{');
        let whole = self.attempt(|reader| reader.value(interest), |window| !(is_object && window.is_full()))?;
        if let Some(read) = whole {
            sink.document(Document { index, root: Ok(read.tree), repeated: read.repeated, format: Format::Json });
            return Ok(Some(is_object));
        }
        let mut root = Root::new(index, Format::Json, self.line);
        let read = self.fields(&mut root, sink);
        let is_read = read.is_ok();
        match read {
            Err(fault) if !root.items_seen => return Err(fault),
            read => root.finish(read, sink),
        }
        Ok(is_read.then_some(true))
    }

    /// Reads an object field by field.
    fn fields(&mut self, root: &mut Root, sink: &mut dyn Sink) -> Result<(), Fault> {
        let mut interest = Interest::manifest(Assumed::Nothing);
        self.step(|reader| Ok(reader.open()))?;
        let mut first = true;
        while self.step(|reader| reader.goes_on(true, first))? {
            first = false;
            let (key, is_list) = self.step(|reader| reader.field())?;
            if is_list && &*key.text == "items" && !root.items_seen {
                root.items(key, Some(self.line))?;
                root.is_in_items = true;
                self.items(root, sink)?;
                root.is_in_items = false;
                continue;
            }
            let asked = interest.field(&key.text);
            let value = self.step(|reader| reader.field_value(asked))?;
            if let Some(kind) = value.tree.as_str().filter(|_| interest.is_kind(&key.text)) {
                if !interest.begin_kind() || !interest.learn(kind) {
                    return Err(Root::given_twice(key.line));
                }
            }
            root.field(key, value)?;
        }
        Ok(())
    }

    /// Reads a list item by item.
    fn items(&mut self, root: &Root, sink: &mut dyn Sink) -> Result<(), Fault> {
        let kind = root.head.kind.as_deref().map_or(Assumed::Nothing, Assumed::of_items);
        self.step(|reader| Ok(reader.open()))?;
        let mut first = true;
        while self.step(|reader| reader.goes_on(false, first))? {
            first = false;
            let item = self.step(|reader| reader.value(Interest::manifest(kind)))?;
            sink.item(&root.head, item)?;
        }
        Ok(())
    }
}
