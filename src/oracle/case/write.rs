//! Cases to text.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::case::Case;
use crate::manifest::write::{Manifest, ObjectRef, documents, yaml};
use crate::model::change::{Change, Object, ObjectId};
use crate::model::cluster::{Cluster, Namespace};

impl Case {
    /// The case as JSON: a field a line, lists an item a line, so that two cases can be compared by their lines.
    /// [`Case::read`] reads the same case.
    #[must_use]
    pub fn write(&self) -> String {
        let fields: Vec<String> = self
            .fields()
            .into_iter()
            .map(|(name, value)| match value {
                Value::Array(items) if !items.is_empty() => {
                    let items: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
                    format!("  \"{name}\": [\n{}\n  ]", items.join(",\n"))
                }
                value => format!("  \"{name}\": {value}"),
            })
            .collect();
        format!("{{\n{}\n}}\n", fields.join(",\n"))
    }

    /// The case as YAML, for people; every word that YAML 1.1 reads as something else is quoted.
    #[must_use]
    pub fn write_yaml(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.fields() {
            yaml::entry(&mut text, 0, name, &value);
        }
        text
    }

    /// The fields, in the order in which they are written.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = Vec::new();
        for (name, text) in [("name", &self.name), ("source", &self.source)] {
            fields.extend(text.as_ref().map(|text| (name, json!(text))));
        }
        fields.push(("profile", value(&self.profile)));
        fields.push(("manifests", Value::Array(self.manifests().map(|object| value(&object)).collect())));
        if !self.changes.is_empty() {
            let batch = |changes: &Vec<Change>| Value::Array(changes.iter().map(change).collect());
            fields.push(("changes", self.changes.iter().map(batch).collect()));
        }
        fields.push(("flows", self.flows.iter().map(value).collect()));
        fields
    }

    /// The objects to be written: a namespace that another object names and that has no labels of its own comes to exist
    /// by itself (K10), unless it is to be removed.
    fn manifests(&self) -> impl Iterator<Item = ObjectRef<'_>> {
        let removed: BTreeSet<&Arc<str>> = self
            .changes
            .iter()
            .flatten()
            .filter_map(|change| match change {
                Change::Remove(ObjectId::Namespace(name)) => Some(name),
                _ => None,
            })
            .collect();
        let plain = Cluster::default();
        documents(&self.cluster).filter(move |object| match object {
            ObjectRef::Namespace(namespace) => {
                removed.contains(&namespace.name) || !is_implied(namespace, &self.cluster, &plain)
            }
            _ => true,
        })
    }
}

impl Serialize for Case {
    /// As its file has it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

/// Whether the namespace would exist like this if it were not written down.
fn is_implied(namespace: &Namespace, cluster: &Cluster, empty: &Cluster) -> bool {
    let mut without = empty.clone();
    let name = &namespace.name;
    // One object that names it is enough.
    let namer = (cluster.pods().in_namespace(name).next().cloned().map(Object::Pod))
        .or_else(|| cluster.policies().in_namespace(name).next().cloned().map(Object::Policy))
        .or_else(|| cluster.workloads().in_namespace(name).next().cloned().map(Object::Workload))
        .or_else(|| cluster.services().in_namespace(name).next().cloned().map(Object::Service))
        .or_else(|| cluster.endpoint_slices().in_namespace(name).next().cloned().map(Object::EndpointSlice))
        .or_else(|| cluster.endpoints().in_namespace(name).next().cloned().map(Object::Endpoints));
    let Some(namer) = namer else { return false };
    without.apply(&[Change::Put(namer)]).is_ok() && without.namespace(name) == Some(namespace)
}

/// What serialises to JSON always; a manifest cannot fail to.
fn value(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

pub(super) fn manifest(object: &Object) -> Value {
    match object {
        Object::Namespace(object) => value(&Manifest(object)),
        Object::Pod(object) => value(&Manifest(object)),
        Object::Workload(object) => value(&Manifest(object)),
        Object::Node(object) => value(&Manifest(object)),
        Object::Service(object) => value(&Manifest(object)),
        Object::EndpointSlice(object) => value(&Manifest(object)),
        Object::Endpoints(object) => value(&Manifest(object)),
        Object::Policy(object) => value(&Manifest(object)),
    }
}

fn change(change: &Change) -> Value {
    let id = match change {
        Change::Put(object) => return json!({"put": manifest(object)}),
        Change::Remove(id) => id,
    };
    let workload;
    let (kind, namespace, name) = match id {
        ObjectId::Namespace(name) => ("Namespace", None, name),
        ObjectId::Node(name) => ("Node", None, name),
        ObjectId::Pod(name) => ("Pod", Some(name.namespace()), name.name()),
        ObjectId::Workload(kind, name) => {
            workload = kind.to_string();
            (&*workload, Some(name.namespace()), name.name())
        }
        ObjectId::Service(name) => ("Service", Some(name.namespace()), name.name()),
        ObjectId::Endpoints(name) => ("Endpoints", Some(name.namespace()), name.name()),
        ObjectId::EndpointSlice(name) => ("EndpointSlice", Some(name.namespace()), name.name()),
        ObjectId::Policy(name) => ("NetworkPolicy", Some(name.namespace()), name.name()),
    };
    let mut removed = Map::new();
    removed.insert("kind".to_owned(), json!(kind));
    if let Some(namespace) = namespace {
        removed.insert("namespace".to_owned(), json!(namespace));
    }
    removed.insert("name".to_owned(), json!(name));
    json!({"remove": removed})
}
