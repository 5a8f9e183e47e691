//! Names as manifests write them.

use crate::located::Tree;
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

/// The beginning of a name that the server would complete.
pub(super) fn generate_name(tree: &Tree) -> Option<&str> {
    let metadata = tree.get("metadata")?;
    let text = |field: &str| metadata.get(field).and_then(Tree::as_str).filter(|text| !text.is_empty());
    if text("name").is_some() { None } else { text("generateName") }
}

pub(super) fn renamed(policy: &NetworkPolicy, name: ObjectName) -> NetworkPolicy {
    NetworkPolicy::new(
        name,
        policy.subject().clone(),
        policy.types(),
        policy.written_rules(Direction::Ingress).to_vec(),
        policy.written_rules(Direction::Egress).to_vec(),
    )
}
