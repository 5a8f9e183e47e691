//! OpenShift Templates: objects with places for parameters in them (K25).

use std::collections::BTreeSet;

use super::findings::finding;
use super::intake::{Intake, Source};
use super::kinds::Kind;
use super::names::written_name;
use super::taken::{Made, Taken};
use crate::diagnostic::{Code, Location, Severity};
use crate::located::{Tree, Value};
use crate::text::{counted, listed, quoted};

impl Intake {
    /// Loads the objects that need no parameter; one warning names what the others need.
    pub(super) fn template(&mut self, template: Source<'_>) {
        self.note_unread(template, "Template");
        self.warn_repeated(template.repeated, template.location);
        let Some(Value::Sequence(objects)) = template.tree.get("objects").map(|objects| &objects.value) else { return };
        let (mut count, mut needed) = (0_usize, BTreeSet::new());
        for (index, tree) in objects.iter().enumerate() {
            let parameters = parameters(tree);
            if !parameters.is_empty() {
                count += 1;
                needed.extend(parameters);
                continue;
            }
            let item = template.location.item.or(Some(index));
            let location = Location { item, line: tree.line, ..template.location.clone() };
            let object = Source { location: &location, tree, repeated: &[], format: template.format };
            match self.identify(tree, &location, None, None) {
                // Objects stand in a template one by one.
                Some((Kind::List | Kind::Template, kind, _)) => self.leave_out(object, kind),
                Some((kind, word, version)) => self.one(object, kind, word, version),
                None => {}
            }
        }
        if count > 0 {
            let objects = counted(count, "object needs", "objects need");
            let left = if count == 1 { "is left out" } else { "are left out" };
            let name = written_name(template.tree);
            let message = format!(
                "Template `{}`: {objects} parameters and {left}: {}",
                quoted(&name.to_string()),
                listed(needed)
            );
            let mut warning = finding(Severity::Warning, Code::TemplateParameters, message, template.location.clone());
            warning.help = "load what `oc process` makes of it".to_owned();
            self.push(Taken { record: None, diagnostics: vec![warning], made: Made::Nothing });
        }
    }
}

/// The names in `${NAME}` and `${{NAME}}`, in keys and values.
fn parameters(tree: &Tree) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open = vec![tree];
    while let Some(tree) = open.pop() {
        match &tree.value {
            Value::String(text) => found.extend(named(text)),
            Value::Sequence(items) => open.extend(items),
            Value::Mapping(entries) => {
                found.extend(entries.iter().flat_map(|entry| named(&entry.key)));
                open.extend(entries.iter().map(|entry| &entry.value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let (name, _) = rest.trim_start_matches('{').split_once('}')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then_some(name)
    })
}
