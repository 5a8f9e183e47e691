//! Lists, and keys that are given twice in their items.

use std::collections::HashMap;

use super::kinds::Kind;
use super::loader::{Loader, Source, finding};
use crate::diagnostic::{Code, FieldPath, Location, Severity};
use crate::located::{At, Faults, Tree, Value};
use crate::manifest::tree::Repeated;
use crate::text::quoted;

impl Loader {
    /// Every item of a list, those of lists in it too, counted through.
    pub(super) fn list<'a>(&mut self, list: Source<'a>, kind: &'a str, version: Option<&'a str>) {
        let mut repeated = by_item(list.repeated);
        self.warn_repeated(repeated.remove("").unwrap_or_default().as_slice(), list.location);
        let none = Vec::new();
        let mut count = 0;
        // Lists that are being read: what their items are, the items left, the path so far.
        let mut open =
            vec![(item_kind(kind), version, self.items(list.tree, list.location).iter().enumerate(), String::new())];
        while let Some((kind, version, items, path)) = open.last_mut() {
            let Some((index, tree)) = items.next() else {
                open.pop();
                continue;
            };
            // A list's own version is not its items': `v1` of a `List` says nothing.
            let (kind, version) = (*kind, kind.and(*version));
            let location = Location { item: Some(count), line: tree.line, ..list.location.clone() };
            // The path is needed only where a key was repeated.
            let path = if repeated.is_empty() { String::new() } else { format!("{path}items[{index}].") };
            let repeated = repeated.get(path.as_str()).unwrap_or(&none);
            let item = Source { location: &location, tree, repeated, format: list.format };
            match self.identify(tree, &location, kind, version) {
                Some((Kind::List, kind, version)) => {
                    let items = self.items(tree, &location).iter().enumerate();
                    open.push((item_kind(kind), version, items, path));
                }
                Some((kind, word, version)) => {
                    self.one(item, kind, word, version);
                    count += 1;
                }
                None => count += 1,
            }
        }
    }

    fn items<'a>(&mut self, list: &'a Tree, location: &Location) -> &'a [Tree] {
        match list.get("items").map(|items| &items.value) {
            None | Some(Value::Null) => &[],
            Some(Value::Sequence(items)) => items,
            Some(_) => {
                let at = At::root(list);
                let mut faults = Faults::default();
                if let Some(items) = at.field("items") {
                    items.items(&mut faults);
                }
                self.unreadable(location.clone());
                self.place(faults.into_list(), location);
                &[]
            }
        }
    }

    pub(super) fn warn_repeated(&mut self, repeated: &[Repeated], location: &Location) {
        for repeated in repeated {
            let location = Location { line: repeated.line.or(location.line), ..location.clone() };
            let message = format!("the field `{}` is given twice; the last one counts", quoted(&repeated.path));
            let mut warning = finding(Severity::Warning, Code::DuplicateField, message, location);
            warning.path = FieldPath::root().child(&repeated.path);
            self.diagnostics.push(warning);
        }
    }
}

/// What the items of a list are, where its kind says so: `Pod` of `PodList`.
fn item_kind(list: &str) -> Option<&str> {
    list.strip_suffix("List").filter(|kind| !kind.is_empty())
}

/// Repeated keys by the item they are in (`items[3].`), with their paths from there.
fn by_item(repeated: &[Repeated]) -> HashMap<&str, Vec<Repeated>> {
    let mut by_item: HashMap<&str, Vec<Repeated>> = HashMap::new();
    for one in repeated {
        let mut rest = one.path.as_str();
        while let Some((_, inner)) = rest
            .strip_prefix("items[")
            .and_then(|inner| inner.split_once("]."))
            .filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()))
        {
            rest = inner;
        }
        let prefix = one.path.get(..one.path.len() - rest.len()).unwrap_or_default();
        by_item.entry(prefix).or_default().push(Repeated { path: rest.to_owned(), ..one.clone() });
    }
    by_item
}
