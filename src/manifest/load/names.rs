//! Names as manifests write them.

use crate::located::{Entry, Tree, Value};
use crate::model::change::Object;
use crate::model::cluster::Pod;
use crate::model::policy::NetworkPolicy;
use crate::name::{Direction, ObjectName};

/// Name and namespace as written, for an object that may be faulty.
pub(super) fn written_name(tree: &Tree) -> ObjectName {
    let text = |field: &str| {
        let metadata = tree.get("metadata")?;
        metadata.get(field).and_then(Tree::as_str).filter(|text| !text.is_empty())
    };
    let name = text("name").or_else(|| text("generateName")).unwrap_or_default();
    ObjectName::new(text("namespace").unwrap_or("default"), name)
}

/// The object in that namespace, where it names none.
pub(super) fn placed(tree: &Tree, namespace: &str) -> Option<Tree> {
    let metadata = tree.get("metadata")?;
    if !metadata.get("namespace").is_none_or(|named| named.is_null() || named.as_str() == Some("")) {
        return None;
    }
    let mut placed = tree.clone();
    let Value::Mapping(fields) = &mut placed.value else { return None };
    let metadata = fields.iter_mut().find(|field| &*field.key == "metadata")?;
    let line = metadata.line;
    let Value::Mapping(fields) = &mut metadata.value.value else { return None };
    fields.retain(|field| &*field.key != "namespace");
    let value = Tree::new(line, Value::String(namespace.into()));
    fields.push(Entry { key: "namespace".into(), line, value });
    Some(placed)
}

/// The beginning of a name that the server would complete.
pub(super) fn generate_name(tree: &Tree) -> Option<&str> {
    let metadata = tree.get("metadata")?;
    let text = |field: &str| metadata.get(field).and_then(Tree::as_str).filter(|text| !text.is_empty());
    if text("name").is_some() { None } else { text("generateName") }
}

/// The object under a name that is its own.
pub(super) fn renamed(object: Object, name: ObjectName) -> Object {
    match object {
        Object::Pod(pod) => Pod { name, ..pod }.into(),
        Object::Policy(policy) => NetworkPolicy::new(
            name,
            policy.subject().clone(),
            policy.types(),
            policy.written_rules(Direction::Ingress).to_vec(),
            policy.written_rules(Direction::Egress).to_vec(),
        )
        .into(),
        // The names of others stay what they are.
        other => other,
    }
}
