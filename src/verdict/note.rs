//! What an answer may hang on and was not given (K28).

use std::fmt;

use serde::{Serialize, Serializer};

use crate::text::counted;

/// What is said beside an answer; it changes no verdict ([K28](crate::semantics#k28)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Note {
    /// What kind of thing it is.
    pub code: NoteCode,
    /// It in words.
    pub message: String,
    /// What it is about: the name of the code's object.
    pub object: String,
}

impl Note {
    /// The namespace was not loaded, so nothing but its name is known of it.
    pub(crate) fn namespace_not_loaded(namespace: &str) -> Self {
        let message = format!("namespace `{namespace}` was not loaded: selectors know its name alone");
        Self { code: NoteCode::NamespaceNotLoaded, message, object: namespace.to_owned() }
    }

    /// No namespace that was loaded has what the selector asks for.
    pub(crate) fn no_namespace_matches(selector: &str) -> Self {
        let message = format!("no namespace that was loaded matches `{selector}`, which a rule asks for");
        Self { code: NoteCode::NoNamespaceMatches, message, object: selector.to_owned() }
    }

    /// Nothing isolates anything: no policy was loaded.
    pub(crate) fn no_policies() -> Self {
        let message = "no NetworkPolicy was loaded".to_owned();
        Self { code: NoteCode::NoPolicies, message, object: "NetworkPolicy".to_owned() }
    }

    /// Policies of the namespace were rejected.
    pub(crate) fn rejected_policies(namespace: &str, count: usize) -> Self {
        let policies = counted(count, "policy", "policies");
        let take = if count == 1 { "was rejected and takes" } else { "were rejected and take" };
        let message = format!("{policies} of `{namespace}` {take} no part");
        Self { code: NoteCode::RejectedPolicies, message, object: namespace.to_owned() }
    }

    /// Policies of a kind that is not judged; `kind` with its group: `GlobalNetworkPolicy.crd.example.org`.
    pub(crate) fn other_policies(kind: &str, count: usize) -> Self {
        let message = if count == 1 {
            format!("1 {kind} is not judged: answers ignore it")
        } else {
            format!("{count} {kind} are not judged: answers ignore them")
        };
        Self { code: NoteCode::OtherPolicies, message, object: kind.to_owned() }
    }

    /// The end has no address, and the verdict hangs on one (U6).
    pub(crate) fn no_address(end: &str) -> Self {
        let message = format!(
            "`{end}` has no address, and the verdict hangs on it: load its pods with their addresses, or name the pod CIDRs of its \
             families (which say nothing of what shares its node's network)"
        );
        Self { code: NoteCode::NoAddress, message, object: end.to_owned() }
    }

    /// A selector asks for a key that the workload's template lacks, and its controller may add labels (K25).
    pub(crate) fn label_not_modelled(workload: &str, key: &str) -> Self {
        let message =
            format!("a selector asks for `{key}`, which the template of `{workload}` lacks; its controller may add it");
        Self { code: NoteCode::LabelNotModelled, message, object: workload.to_owned() }
    }
}

/// The kinds of notes ([K28](crate::semantics#k28)); in JSON their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoteCode {
    /// `namespace-not-loaded`: the namespace of an end; object: its name.
    NamespaceNotLoaded,
    /// `no-namespace-matches`: the namespace selector of a rule that nearly matches; object: the selector.
    NoNamespaceMatches,
    /// `no-policies`: no NetworkPolicy at all; object: `NetworkPolicy`.
    NoPolicies,
    /// `rejected-policies`: policies of an end's namespace; object: the namespace.
    RejectedPolicies,
    /// `other-policies`: policies of a kind that is not judged; object: the kind with its group.
    OtherPolicies,
    /// `no-address`: an end without an address ([U6](crate::semantics#u6)); object: the end.
    NoAddress,
    /// `label-not-modelled`: a label that a controller of another API may add ([K25](crate::semantics#k25)); object: the
    /// workload.
    LabelNotModelled,
}

impl NoteCode {
    /// Every code.
    pub(crate) const ALL: [Self; 7] = [
        Self::NamespaceNotLoaded,
        Self::NoNamespaceMatches,
        Self::NoPolicies,
        Self::RejectedPolicies,
        Self::OtherPolicies,
        Self::NoAddress,
        Self::LabelNotModelled,
    ];

    /// The stable word: `namespace-not-loaded`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NamespaceNotLoaded => "namespace-not-loaded",
            Self::NoNamespaceMatches => "no-namespace-matches",
            Self::NoPolicies => "no-policies",
            Self::RejectedPolicies => "rejected-policies",
            Self::OtherPolicies => "other-policies",
            Self::NoAddress => "no-address",
            Self::LabelNotModelled => "label-not-modelled",
        }
    }
}

impl fmt::Display for NoteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for NoteCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
