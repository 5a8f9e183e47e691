//! On which lines a policy's fields stand.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, FieldPath, Location};
use crate::located::{Tree, Value};

/// The lines of a policy's spec by field, so that what is found in the policy can be pointed at in its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldLines(BTreeMap<String, usize>);

impl FieldLines {
    pub(crate) fn of(object: &Tree) -> Self {
        let mut lines = Self::default();
        if let Some(spec) = object.entry("spec") {
            lines.add("spec", spec.line, &spec.value);
        }
        lines
    }

    /// The line of the field, or of the nearest one around it that is written; none for the object itself and where no text
    /// was read.
    #[must_use]
    pub fn line(&self, field: &FieldPath) -> Option<usize> {
        let mut path = field.as_str();
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            (path, _) = path.rsplit_once(['.', '['])?;
        }
    }

    /// What was found about the object, at the line of its field: `at` is where the object was read from.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// use netpol_oracle::{Loader, Profile, Release, admission};
    /// let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec:\n  podSelector: {}\n  ingress:\n  - {}\n";
    /// let loaded = Loader::new(Release::DEFAULT).text("p.yaml", text).finish();
    /// let (object, policy) = (&loaded.objects[0], loaded.cluster.policies().first().unwrap());
    /// let found = admission::review(policy, &Profile::kubernetes(), &loaded.cluster).remove(0);
    /// let found = object.lines.place(found, &object.location);
    /// assert!(found.to_string().starts_with("p.yaml:7 (document 0): warning[NP230]: spec.ingress[0]: "));
    /// # }
    /// ```
    #[must_use]
    pub fn place(&self, mut found: Diagnostic, at: &Location) -> Diagnostic {
        found.location = Some(Location { line: self.line(&found.path).or(at.line), ..at.clone() });
        found
    }

    fn add(&mut self, path: &str, line: Option<usize>, value: &Tree) {
        if let Some(line) = line {
            self.0.insert(path.to_owned(), line);
        }
        match &value.value {
            // What selectors hold is never pointed at.
            Value::Mapping(_) if path.ends_with("Selector") => {}
            Value::Mapping(entries) => {
                for entry in entries {
                    self.add(&format!("{path}.{}", entry.key), entry.line, &entry.value);
                }
            }
            Value::Sequence(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.add(&format!("{path}[{at}]"), item.line, item);
                }
            }
            _ => {}
        }
    }
}
