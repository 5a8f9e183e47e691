//! The fields of a NetworkPolicy and their types, as the API server's decoder knows them.
//!
//! Source: the Go types of `networking.k8s.io/v1` and `meta/v1`. They are the same in every release from
//! 1.31 to 1.37 (the `status` field was gone before).

use crate::manifest::tree::{Tree, Value};

/// What a field holds. `null` is taken anywhere: it leaves the field as if absent.
#[derive(Debug)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// `true` or `false`.
    Bool,
    /// A time in RFC 3339 form.
    Time,
    /// An integer of 32 bits or a string.
    IntOrText,
    /// Kept as it is.
    Anything,
    /// Strings by string keys.
    TextMap,
    /// A list of one shape.
    List(&'static Shape),
    /// An object with these fields; others are unknown.
    Object(&'static Object),
}

impl Shape {
    /// What has fields itself, the value or each of its items; and whether it lists such.
    pub(super) fn inner(&self) -> Option<(&'static Object, bool)> {
        match self {
            Self::Object(inner) => Some((inner, false)),
            Self::List(Self::Object(inner)) => Some((inner, true)),
            _ => None,
        }
    }
}

/// An object's name for people and its fields.
#[derive(Debug)]
pub(super) struct Object {
    /// With its article: `a rule`.
    pub(super) name: &'static str,
    /// The fields by their exact names.
    pub(super) fields: &'static [(&'static str, Shape)],
}

impl Object {
    /// The shape of a field; names are case-sensitive.
    pub(super) fn field(&self, name: &str) -> Option<&'static Shape> {
        self.fields.iter().find_map(|(known, shape)| (*known == name).then_some(shape))
    }
}

impl Shape {
    /// What is wanted, for a message.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Int32 => "an integer of 32 bits".to_owned(),
            Self::Int64 => "an integer of 64 bits".to_owned(),
            Self::Bool => "a bool".to_owned(),
            Self::Time => "a time (`2006-01-02T15:04:05Z`)".to_owned(),
            Self::IntOrText => "an integer of 32 bits or a string".to_owned(),
            Self::Anything => "anything".to_owned(),
            Self::TextMap => "an object of strings".to_owned(),
            Self::List(Self::Object(item)) => format!("a list (each entry {})", item.name),
            Self::List(_) => "a list of strings".to_owned(),
            Self::Object(object) => object.name.to_owned(),
        }
    }

    /// Whether a value that is not null has this shape; of lists and objects only the outermost level.
    pub(super) fn fits(&self, tree: &Tree) -> bool {
        match (self, &tree.value) {
            (_, Value::Null)
            | (Self::Anything, _)
            | (Self::Text | Self::IntOrText, Value::String(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::TextMap | Self::Object(_), Value::Mapping(_))
            | (Self::List(_), Value::Sequence(_)) => true,
            (Self::Int32 | Self::IntOrText, Value::Number(literal)) => literal.parse::<i32>().is_ok(),
            (Self::Int64, Value::Number(literal)) => literal.parse::<i64>().is_ok(),
            (Self::Time, Value::String(text)) => super::time::is_rfc3339(text),
            _ => false,
        }
    }

    /// Whether the decoder sees the key at `path` (dots and indices, from this shape down) as a field of
    /// its own types, so that it notices when the key is repeated.
    pub(super) fn knows(&self, path: &str) -> bool {
        match self {
            Self::TextMap => true,
            Self::Object(object) => {
                let end = path.find(['.', '[']).unwrap_or(path.len());
                let (name, rest) = path.split_at(end);
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                object.field(name).is_some_and(|shape| rest.is_empty() || shape.knows(rest))
            }
            Self::List(item) => path
                .strip_prefix('[')
                .and_then(|path| path.split_once(']'))
                .is_some_and(|(_, rest)| item.knows(rest.strip_prefix('.').unwrap_or(rest))),
            _ => false,
        }
    }
}

const TEXTS: Shape = Shape::List(&Shape::Text);

/// The whole object.
pub(super) static NETWORK_POLICY: Object = Object {
    name: "a NetworkPolicy",
    fields: &[
        ("kind", Shape::Text),
        ("apiVersion", Shape::Text),
        ("metadata", Shape::Object(&METADATA)),
        ("spec", Shape::Object(&SPEC)),
    ],
};

static METADATA: Object = Object {
    name: "an object's metadata",
    fields: &[
        ("name", Shape::Text),
        ("generateName", Shape::Text),
        ("namespace", Shape::Text),
        ("selfLink", Shape::Text),
        ("uid", Shape::Text),
        ("resourceVersion", Shape::Text),
        ("generation", Shape::Int64),
        ("creationTimestamp", Shape::Time),
        ("deletionTimestamp", Shape::Time),
        ("deletionGracePeriodSeconds", Shape::Int64),
        ("labels", Shape::TextMap),
        ("annotations", Shape::TextMap),
        ("ownerReferences", Shape::List(&Shape::Object(&OWNER))),
        ("finalizers", TEXTS),
        ("managedFields", Shape::List(&Shape::Object(&MANAGED_FIELDS))),
    ],
};

static OWNER: Object = Object {
    name: "an owner reference",
    fields: &[
        ("apiVersion", Shape::Text),
        ("kind", Shape::Text),
        ("name", Shape::Text),
        ("uid", Shape::Text),
        ("controller", Shape::Bool),
        ("blockOwnerDeletion", Shape::Bool),
    ],
};

static MANAGED_FIELDS: Object = Object {
    name: "an entry of managed fields",
    fields: &[
        ("manager", Shape::Text),
        ("operation", Shape::Text),
        ("apiVersion", Shape::Text),
        ("time", Shape::Time),
        ("fieldsType", Shape::Text),
        ("fieldsV1", Shape::Anything),
        ("subresource", Shape::Text),
    ],
};

static SPEC: Object = Object {
    name: "a policy's spec",
    fields: &[
        ("podSelector", Shape::Object(&SELECTOR)),
        ("ingress", Shape::List(&Shape::Object(&INGRESS))),
        ("egress", Shape::List(&Shape::Object(&EGRESS))),
        ("policyTypes", TEXTS),
    ],
};

static SELECTOR: Object = Object {
    name: "a label selector",
    fields: &[("matchLabels", Shape::TextMap), ("matchExpressions", Shape::List(&Shape::Object(&EXPRESSION)))],
};

static EXPRESSION: Object =
    Object { name: "a requirement", fields: &[("key", Shape::Text), ("operator", Shape::Text), ("values", TEXTS)] };

static INGRESS: Object = Object {
    name: "an ingress rule",
    fields: &[("ports", Shape::List(&Shape::Object(&PORT))), ("from", Shape::List(&Shape::Object(&PEER)))],
};

static EGRESS: Object = Object {
    name: "an egress rule",
    fields: &[("ports", Shape::List(&Shape::Object(&PORT))), ("to", Shape::List(&Shape::Object(&PEER)))],
};

static PORT: Object = Object {
    name: "a port entry",
    fields: &[("protocol", Shape::Text), ("port", Shape::IntOrText), ("endPort", Shape::Int32)],
};

static PEER: Object = Object {
    name: "a peer",
    fields: &[
        ("podSelector", Shape::Object(&SELECTOR)),
        ("namespaceSelector", Shape::Object(&SELECTOR)),
        ("ipBlock", Shape::Object(&BLOCK)),
    ],
};

static BLOCK: Object = Object { name: "an ip block", fields: &[("cidr", Shape::Text), ("except", TEXTS)] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_are_noticed_in_typed_places_only() {
        let root = Shape::Object(&NETWORK_POLICY);
        for path in [
            "kind",
            "metadata.name",
            "metadata.labels.a",
            "metadata.labels.a.b/c[0]",
            "metadata.ownerReferences[1].uid",
            "metadata.managedFields[0].manager",
            "spec.ingress[0].from[1].ipBlock.cidr",
            "spec.ingress[10].ports[0].port",
            "spec.podSelector.matchExpressions[0].key",
        ] {
            assert!(root.knows(path), "{path}");
        }
        for path in [
            "status",
            "status.a",
            "Kind",
            "metadata.managedFields[0].fieldsV1.a",
            "spec.ingress[0].to",
            "spec.podselector.a",
            "spec.ingress[0].ports[0].port.a",
            "metadata.name.a",
        ] {
            assert!(!root.knows(path), "{path}");
        }
    }
}
