//! Lists, and keys that are given twice in their items.

use std::collections::HashMap;

use super::intake::{Intake, Source, at_places};
use super::kinds::Kind;
use crate::diagnostic::Location;
use crate::located::{At, Faults, Tree, Value};
use crate::manifest::tree::Repeated;

impl Intake {
    /// Every item of a list, those of lists in it too, counted through.
    pub(super) fn list(&mut self, list: Source<'_>, kind: &str, version: Option<&str>) {
        self.warn_repeated(&outside_of_items(list.repeated), list.location);
        let items = self.items_of(list.tree, list.location);
        self.items(list, items, kind, version, &mut 0);
    }

    /// Items of a list; `count` were before them.
    pub(super) fn items<'a>(
        &mut self,
        list: Source<'a>,
        items: &'a [Tree],
        kind: &'a str,
        version: Option<&'a str>,
        count: &mut usize,
    ) {
        let repeated = by_item(list.repeated);
        let none = Vec::new();
        // Lists that are being read: what their items are, the items left, the path so far.
        let mut open = vec![(item_kind(kind), version, items.iter().enumerate(), String::new())];
        while let Some((kind, version, items, path)) = open.last_mut() {
            let Some((index, tree)) = items.next() else {
                open.pop();
                continue;
            };
            // A list's own version is not its items': `v1` of a `List` says nothing.
            let (kind, version) = (*kind, kind.and(*version));
            let location = Location { item: Some(*count), line: tree.line, ..list.location.clone() };
            // The path is needed only where a key was repeated.
            let path = if repeated.is_empty() { String::new() } else { format!("{path}items[{index}].") };
            let repeated = repeated.get(path.as_str()).unwrap_or(&none);
            let item = Source { location: &location, tree, repeated, format: list.format };
            match self.identify(tree, &location, kind, version) {
                Some((Kind::List, kind, version)) => {
                    let items = self.items_of(tree, &location).iter().enumerate();
                    open.push((item_kind(kind), version, items, path));
                }
                Some((kind, word, version)) => {
                    self.one(item, kind, word, version);
                    *count += 1;
                }
                None => *count += 1,
            }
        }
    }

    fn items_of<'a>(&mut self, list: &'a Tree, location: &Location) -> &'a [Tree] {
        match list.get("items").map(|items| &items.value) {
            None | Some(Value::Null) => &[],
            Some(Value::Sequence(items)) => items,
            Some(_) => {
                let at = At::root(list);
                let mut faults = Faults::default();
                if let Some(items) = at.field("items") {
                    items.items(&mut faults);
                }
                self.refuse(at_places(faults.into_list(), location), location.clone());
                &[]
            }
        }
    }
}

/// What the items of a list are, where its kind says so: `Pod` of `PodList`.
fn item_kind(list: &str) -> Option<&str> {
    list.strip_suffix("List").filter(|kind| !kind.is_empty())
}

/// The beginning of a repeated key's path that leads to an item, of lists in lists too: `items[3].`, and the rest of it.
fn way_to_item(path: &str) -> (&str, &str) {
    let mut rest = path;
    while let Some((_, inner)) = rest
        .strip_prefix("items[")
        .and_then(|inner| inner.split_once("]."))
        .filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()))
    {
        rest = inner;
    }
    path.split_at(path.len() - rest.len())
}

/// The repeated keys of a list that are in none of its items.
fn outside_of_items(repeated: &[Repeated]) -> Vec<Repeated> {
    repeated.iter().filter(|one| way_to_item(&one.path).0.is_empty()).cloned().collect()
}

/// Repeated keys by the item they are in, with their paths from there.
fn by_item(repeated: &[Repeated]) -> HashMap<&str, Vec<Repeated>> {
    let mut by_item: HashMap<&str, Vec<Repeated>> = HashMap::new();
    for one in repeated {
        let (way, rest) = way_to_item(&one.path);
        by_item.entry(way).or_default().push(Repeated { path: rest.to_owned(), ..one.clone() });
    }
    by_item
}
