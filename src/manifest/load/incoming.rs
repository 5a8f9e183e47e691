//! Texts of any size: what the reader of streams hands over, object by object.

use super::intake::{Intake, Source};
use super::kinds::Kind;
use super::open_list::OpenList;
use crate::diagnostic::Location;
use crate::located::{Tree, Value};
use crate::manifest::stream::{Head, Sink};
use crate::manifest::tree::{Document, Fault, FaultKind, MAX_NODES, Read, Repeated};

impl Sink for Intake {
    fn document(&mut self, document: Document) {
        Intake::document(self, document);
    }

    fn item(&mut self, list: &Head, item: Read) -> Result<(), Fault> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenList { before: std::mem::take(&mut self.taken), ..OpenList::default() },
        };
        let result = if open.held.is_empty() && is_settled(list, &item.tree) {
            let location = self.location(list.index, None);
            let (kind, version) = (list.kind.as_deref().unwrap_or("List"), list.version.as_deref());
            let repeated = from_the_list(&item.repeated);
            let whole = Source { location: &location, tree: &item.tree, repeated: &repeated, format: list.format };
            self.items(whole, std::slice::from_ref(&item.tree), kind, version, &mut open.count);
            Ok(())
        } else {
            open.held_nodes += nodes(&item.tree);
            open.held.push(item);
            match open.held_nodes > MAX_NODES {
                true => Err(too_many_held(list)),
                false => Ok(()),
            }
        };
        self.open = Some(open);
        result
    }

    fn list(&mut self, list: Document, is_in_item: bool) {
        // A list without items has not begun.
        let OpenList { before, mut count, held, .. } = match self.open.take() {
            Some(open) => open,
            None => OpenList { before: std::mem::take(&mut self.taken), ..OpenList::default() },
        };
        let items = std::mem::replace(&mut self.taken, before);
        let root = match &list.root {
            Ok(root) => root,
            Err(fault) => {
                // Of what is beyond a bound the item is told. Other faults are those of the whole text, where no item is known.
                let is_known = is_in_item && held.is_empty() && fault.kind == FaultKind::Limit;
                let item = is_known.then_some(count);
                let location = Location { item, ..self.location(list.index, fault.line) };
                return self.fault(fault, location);
            }
        };
        let location = self.location(list.index, root.line);
        let whole = Source { location: &location, tree: root, repeated: &list.repeated, format: list.format };
        match self.identify(root, &location, None, None) {
            None => {}
            Some((Kind::List, kind, version)) => {
                self.warn_repeated(&list.repeated, &location);
                self.taken.append(items);
                for item in held {
                    let repeated = from_the_list(&item.repeated);
                    let whole = Source { tree: &item.tree, repeated: &repeated, ..whole };
                    self.items(whole, std::slice::from_ref(&item.tree), kind, version, &mut count);
                }
            }
            Some((kind @ (Kind::Unknown | Kind::OtherPolicy | Kind::Unserved), word, version)) => {
                self.one(whole, kind, word, version);
            }
            Some(_) => {
                let message = "an object that is no list is too large to be read with its `items`";
                let fault = Fault::new(FaultKind::Limit, root.line, message);
                self.refuse(vec![fault.at(location.clone())], location);
            }
        }
    }
}

/// Whether it is known what the item is, whatever else the list will say.
fn is_settled(list: &Head, item: &Tree) -> bool {
    let own = |field| item.get(field).and_then(Tree::as_str).is_some_and(|text| !text.is_empty());
    let (has_kind, has_version) = (own("kind"), own("apiVersion"));
    match list.kind.as_deref() {
        _ if has_kind && has_version => true,
        None => false,
        // The version of a `List` is not its items'.
        Some("List") => true,
        Some(_) => list.version.is_some(),
    }
}

/// Repeated keys of an item with their paths from a list of which it is the only one.
fn from_the_list(repeated: &[Repeated]) -> Vec<Repeated> {
    let path = |repeated: &Repeated| match repeated.path.starts_with('[') {
        true => format!("items[0]{}", repeated.path),
        false => format!("items[0].{}", repeated.path),
    };
    repeated.iter().map(|repeated| Repeated { path: path(repeated), ..repeated.clone() }).collect()
}

fn nodes(tree: &Tree) -> usize {
    let mut open = vec![tree];
    let mut count = 0;
    while let Some(tree) = open.pop() {
        count += 1;
        match &tree.value {
            Value::Sequence(items) => open.extend(items),
            Value::Mapping(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
            _ => {}
        }
    }
    count
}

fn too_many_held(list: &Head) -> Fault {
    let message = format!(
        "the items of document {} have more than {MAX_NODES} values before the list says what they are; its `kind` and \
         `apiVersion` must come before them, or in each",
        list.index
    );
    Fault::new(FaultKind::Limit, None, message)
}
