//! YAML: documents one after another, and of a large list in block style item by item.
//!
//! Lines are told apart by where they begin. A line that begins no further in than the items of a list ends an item, unless
//! a flow collection or quotes are open there; then the item is read again with more lines. So an item is read just as
//! if all lines above it were there, but for anchors, which are looked for in it alone.

mod lines;

use std::io;
use std::ops::ControlFlow;

use self::lines::{begins_mapping, ends_entry, entry_column, is_blank, is_directive, is_items_field, is_marker};
use super::super::tree::admit::{Stage, admit, too_large};
use super::super::tree::split::{Cut, Splitter, line_end};
use super::super::tree::yaml;
use super::super::tree::yaml::part::{Part, PartFault, read_part};
use super::super::tree::{Assumed, Fault, FaultKind, Format, Interest, Key, MAX_BYTES, Read, Tree, Value};
use super::root::Root;
use super::sink::Sink;
use super::window::Window;

/// Reads every document of the window.
pub(super) fn read<R: io::Read>(window: &mut Window<R>, sink: &mut dyn Sink) {
    let rest = window.rest();
    if rest.starts_with(b"\xFF\xFE") || rest.starts_with(b"\xFE\xFF") {
        return utf_16(window, sink);
    }
    if rest.starts_with("\u{FEFF}".as_bytes()) {
        window.pass("\u{FEFF}".len());
    }
    let mut stream = Stream {
        window,
        line: 1,
        seen: Place::default(),
        end: None,
        is_begun: false,
        failed: None,
        splitter: Splitter::default(),
    };
    let mut index = 0;
    while stream.document(&mut index, sink).is_continue() {}
}

/// A text in UTF-16 is read as a whole.
fn utf_16<R: io::Read>(window: &mut Window<R>, sink: &mut dyn Sink) {
    while !window.is_end() {
        let fault = match window.more() {
            Ok(()) if window.rest().len() <= MAX_BYTES => continue,
            Ok(()) => too_large(1),
            Err(fault) => fault,
        };
        return sink.document(yaml::document(0, Err(fault)));
    }
    yaml::read(window.rest()).into_iter().for_each(|document| sink.document(document));
}

/// A place in the window, which begins where the current document does or where it was passed.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    bytes: usize,
    lines: usize,
}

/// Where a document ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Text,
    Cut(Cut),
}

struct Stream<'w, R> {
    window: &'w mut Window<R>,
    splitter: Splitter,
    /// The number of the window's first line.
    line: usize,
    /// How far the lines were told apart.
    seen: Place,
    /// Whether the document ends there.
    end: Option<End>,
    /// Whether the splitter knows the next line: it ended the document before.
    is_begun: bool,
    /// Why nothing behind a document that is refused could be read.
    failed: Option<Fault>,
}

/// What comes next of a document.
enum Next {
    /// A line of so many bytes, and with its break.
    Line(usize, usize),
    End,
    /// More than the window.
    More,
}

/// Why no more is read of a document.
enum Refused {
    /// Its lines are bad.
    Part(PartFault),
    /// It is beyond a bound, or the text fails.
    Whole(Fault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Whole(fault)
    }
}

impl<R: io::Read> Stream<'_, R> {
    /// Reads a document, if there is one more; whether another may follow.
    fn document(&mut self, index: &mut usize, sink: &mut dyn Sink) -> ControlFlow<()> {
        let mut may_grow = false;
        loop {
            match self.next(may_grow) {
                Ok(Next::Line(..)) => {}
                Ok(Next::End) => break,
                Ok(Next::More) => match self.opening() {
                    Ok(Some(opening)) => {
                        self.pass(opening);
                        self.list(*index, sink);
                        *index += 1;
                        return self.leave(*index, sink);
                    }
                    Ok(None) => may_grow = true,
                    Err(fault) => return self.refuse(index, fault, sink),
                },
                Err(fault) => return self.refuse(index, fault, sink),
            }
        }
        let is_document = match self.end {
            Some(End::Cut(cut)) => cut != Cut::Dropped,
            _ => self.splitter.ends_document(),
        };
        if is_document {
            let bytes = self.window.rest().get(..self.seen.bytes).unwrap_or_default();
            let read = yaml::read_document(bytes, self.line, Interest::manifest(Assumed::Nothing));
            sink.document(yaml::document(*index, read));
            *index += 1;
        }
        self.leave(*index, sink)
    }

    /// Refuses a document that is read as a whole.
    fn refuse(&mut self, index: &mut usize, fault: Fault, sink: &mut dyn Sink) -> ControlFlow<()> {
        sink.document(yaml::document(*index, Err(fault)));
        *index += 1;
        self.pass(self.seen);
        self.rest(|_, _| {});
        self.leave(*index, sink)
    }

    /// Leaves a document at its end.
    fn leave(&mut self, next: usize, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.pass(self.seen);
        if let Some(fault) = self.failed.take() {
            sink.document(yaml::document(next, Err(fault)));
        }
        match self.end.take() {
            Some(End::Cut(_)) => ControlFlow::Continue(()),
            Some(End::Text) | None => ControlFlow::Break(()),
        }
    }

    fn pass(&mut self, place: Place) {
        self.window.pass(place.bytes);
        self.line += place.lines;
        self.seen.bytes -= place.bytes.min(self.seen.bytes);
        self.seen.lines -= place.lines.min(self.seen.lines);
    }

    /// Tells one more line apart.
    fn next(&mut self, may_grow: bool) -> Result<Next, Fault> {
        loop {
            if self.end.is_some() {
                return Ok(Next::End);
            }
            let rest = self.window.rest().get(self.seen.bytes..).unwrap_or_default();
            let (len, whole) = line_end(rest);
            // A break may go on behind the window, and the line may.
            if whole == rest.len() && !self.window.is_end() {
                if !may_grow && self.window.is_full() {
                    return Ok(Next::More);
                }
                self.more()?;
                continue;
            }
            if rest.is_empty() {
                self.end = Some(End::Text);
                continue;
            }
            let line = rest.get(..len).unwrap_or_default();
            let cut = if self.is_begun { None } else { self.splitter.line(line) };
            self.is_begun = cut == Some(Cut::Before);
            self.end = cut.map(End::Cut);
            if self.is_begun {
                continue;
            }
            self.seen.bytes += whole;
            self.seen.lines += 1;
            return Ok(Next::Line(len, whole));
        }
    }

    fn more(&mut self) -> Result<(), Fault> {
        if self.window.rest().len() > MAX_BYTES {
            return Err(too_large(self.line));
        }
        let line = self.line + self.seen.lines;
        self.window.more().map_err(|fault| {
            // Half a line is left, which is no text.
            self.end = Some(End::Text);
            Fault { line: Some(line), ..fault }
        })
    }

    /// A line of the document from its place on; with its break where it ends.
    fn line_at(&mut self, place: Place) -> Result<Option<(&[u8], Place)>, Fault> {
        let (len, whole) = if place.bytes < self.seen.bytes {
            line_end(self.window.rest().get(place.bytes..).unwrap_or_default())
        } else {
            match self.next(true)? {
                Next::Line(len, whole) => (len, whole),
                Next::End | Next::More => return Ok(None),
            }
        };
        let line = self.window.rest().get(place.bytes..place.bytes + len).unwrap_or_default();
        Ok(Some((line, Place { bytes: place.bytes + whole, lines: place.lines + 1 })))
    }

    /// Where the root of a document begins that is a block mapping for sure, and as far as is seen a list.
    fn opening(&mut self) -> Result<Option<Place>, Fault> {
        let mut place = Place::default();
        let mut markers = 0;
        while let Some((line, next)) = self.line_at(place)? {
            match line {
                line if is_blank(line) => {}
                line if is_marker(line) && markers == 0 => markers += 1,
                line => {
                    let begins = begins_mapping(line);
                    return Ok((begins && self.is_list(place)).then_some(place));
                }
            }
            place = next;
        }
        Ok(None)
    }

    /// Whether the field with the items is among the lines that were told apart.
    fn is_list(&self, mut place: Place) -> bool {
        while place.bytes < self.seen.bytes {
            let rest = self.window.rest().get(place.bytes..).unwrap_or_default();
            let (len, whole) = line_end(rest);
            if is_items_field(rest.get(..len).unwrap_or_default()) {
                return true;
            }
            place.bytes += whole;
        }
        false
    }

    /// Where the items of the field begin that the window begins with, and their column.
    fn items_begin(&mut self) -> Result<Option<(Place, usize)>, Fault> {
        let mut place = match self.line_at(Place::default())? {
            Some((line, next)) if is_items_field(line) => next,
            _ => return Ok(None),
        };
        while let Some((line, next)) = self.line_at(place)? {
            if !is_blank(line) {
                return Ok(entry_column(line).map(|column| (place, column)));
            }
            place = next;
        }
        Ok(None)
    }

    /// Reads the rest of a document, whose root is a block mapping, entry by entry.
    fn list(&mut self, index: usize, sink: &mut dyn Sink) {
        let mut root = Root::new(index, Format::Yaml, self.line);
        let mut reading = Reading::default();
        let read = loop {
            match self.entries(&mut root, &mut reading, sink) {
                Ok(true) => {}
                Ok(false) => break reading.worst.map_or(Ok(()), |worst| Err(worst.fault)),
                Err(Refused::Whole(fault)) => {
                    self.rest(|_, _| {});
                    break Err(fault);
                }
                Err(Refused::Part(found)) => {
                    // What is found wrong first in the whole may stand further below.
                    let mut worst = found;
                    self.rest(|bytes, line| {
                        if let Err((stage, fault)) = admit(bytes, line) {
                            if stage < worst.stage {
                                worst = PartFault { stage, fault, is_cut_off: false };
                            }
                        }
                    });
                    break Err(worst.fault);
                }
            }
        };
        root.finish(read, sink);
    }

    /// Reads no more of the text.
    fn fail(&mut self, fault: Fault) {
        self.end = Some(End::Text);
        self.failed = Some(fault);
    }

    /// Passes what is left of a document, after a look at it.
    fn rest(&mut self, mut look: impl FnMut(&[u8], usize)) {
        loop {
            let next = self.next(false);
            let is_line = matches!(next, Ok(Next::Line(..)));
            if !is_line || self.window.is_full() {
                look(self.window.rest().get(..self.seen.bytes).unwrap_or_default(), self.line);
                self.pass(self.seen);
            }
            match next {
                Ok(Next::Line(..)) => {}
                Ok(Next::More) if !self.window.is_full() => {}
                // A line as large as that.
                Ok(Next::More) => {
                    if let Err(fault) = self.next(true) {
                        return self.fail(fault);
                    }
                }
                Ok(Next::End) => return,
                Err(fault) => return self.fail(fault),
            }
        }
    }

    /// Reads the entry of the root that the window begins with, or the items of the list; false at the document's end.
    fn entries(&mut self, root: &mut Root, reading: &mut Reading, sink: &mut dyn Sink) -> Result<bool, Refused> {
        if self.line_at(Place::default())?.is_none() {
            return Ok(false);
        }
        if reading.list.is_none() && !root.items_seen {
            if let Some((place, column)) = self.items_begin()? {
                let (key_line, line) = (self.line, self.line + place.lines);
                self.pass(place);
                root.items(Key { text: "items".into(), line: Some(key_line), is_string: true }, Some(line))?;
                reading.list = Some(column);
            }
        }
        if let Some((line, _)) = self.line_at(Place::default())? {
            // Behind its last item a list is over.
            if entry_column(line) != reading.list {
                reading.list = None;
            }
        }
        // A fault in an item may be told behind all of them.
        if reading.worst.is_none() {
            root.is_in_items = reading.list.is_some();
        }
        let interest = match reading.list {
            Some(_) => Interest::list_of(root.head.kind.as_deref().map_or(Assumed::Nothing, Assumed::of_items)),
            None => Interest::manifest(Assumed::Nothing),
        };
        let (read, passed) = self.part(reading, interest)?;
        self.pass(passed);
        match read {
            Ok(read) if reading.worst.is_none() => self.take(read, root, reading, sink)?,
            Ok(_) => {}
            Err(fault) if fault.stage < Stage::Values => return Err(Refused::Part(fault)),
            Err(fault) => {
                reading.worst.get_or_insert(fault);
            }
        }
        Ok(true)
    }

    /// Hands over what was read of the root.
    fn take(&mut self, read: Read, root: &mut Root, reading: &Reading, sink: &mut dyn Sink) -> Result<(), Fault> {
        let Value::Mapping(entries) = read.tree.value else {
            return Ok(());
        };
        let mut repeated = read.repeated;
        for entry in entries {
            let key = Key { text: entry.key, line: entry.line, is_string: true };
            match entry.value.value {
                Value::Sequence(items) if reading.list.is_some() && &*key.text == "items" => {
                    for (at, tree) in items.into_iter().enumerate() {
                        let way = format!("items[{at}]");
                        let (mut own, others) =
                            repeated.into_iter().partition::<Vec<_>, _>(|one| one.path.starts_with(&way));
                        for one in &mut own {
                            let path = one.path.get(way.len()..).unwrap_or_default();
                            one.path = path.strip_prefix('.').unwrap_or(path).to_owned();
                        }
                        repeated = others;
                        sink.item(&root.head, Read { tree, repeated: own })?;
                    }
                }
                value => {
                    let tree = Tree::new(entry.value.line, value);
                    root.field(key, Read { tree, repeated: Vec::new() })?;
                }
            }
        }
        root.repeat(repeated)
    }

    /// Reads one entry of the root or of the list, with as many behind it as it takes; and where it ends.
    fn part(&mut self, reading: &mut Reading, interest: Interest) -> Result<(Result<Read, PartFault>, Place), Fault> {
        let mut take = 1;
        loop {
            let (end, is_last) = self.entry_end(reading.list, take)?;
            let bytes = self.window.rest().get(..end.bytes).unwrap_or_default();
            let Part { mut root, has_anchors } = read_part(bytes, self.line, reading.list, interest);
            match &mut root {
                Err(fault) if fault.is_cut_off && !is_last => {
                    take *= 2;
                    continue;
                }
                Err(PartFault { fault, .. }) if fault.kind == FaultKind::Anchor && reading.has_anchors => {
                    fault.kind = FaultKind::Limit;
                    fault.message =
                        "an alias of another item, in a list that is too large to be read at once".to_owned();
                }
                _ => {}
            }
            reading.has_anchors |= has_anchors;
            return Ok((root, end));
        }
    }

    /// Where that many entries end, and whether the document does.
    fn entry_end(&mut self, list: Option<usize>, mut take: usize) -> Result<(Place, bool), Fault> {
        let mut place = Place::default();
        let mut ends_early = false;
        while let Some((line, next)) = self.line_at(place)? {
            if place.bytes > 0 && !ends_early && ends_entry(line, list) {
                take -= 1;
                if take == 0 {
                    return Ok((place, false));
                }
            }
            ends_early |= is_directive(line);
            place = next;
        }
        Ok((place, true))
    }
}

/// How far a list is read.
#[derive(Debug, Default)]
struct Reading {
    /// The column of its items, while they are read.
    list: Option<usize>,
    /// Whether any of it had an anchor so far.
    has_anchors: bool,
    /// What is wrong with it, if the syntax is not.
    worst: Option<PartFault>,
}
