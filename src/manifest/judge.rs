//! Texts and objects judged as if they were posted as NetworkPolicies.

use std::sync::Arc;

use serde::Serialize;

use super::api_server::{self, Intake};
use super::lines::FieldLines;
use super::tree::{Document, Fault, FaultKind, Format, Hint, Tree, from_serialize, read};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::policy::NetworkPolicy;
use crate::release::Release;

/// What the API server makes of one document that is posted as a NetworkPolicy ([K25](crate::semantics#k25)).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// Where the document is.
    pub location: Location,
    /// The kind that the document names, whatever it is judged as; empty where it names none.
    pub kind: String,
    /// The policy's namespace. Of a refused document the one it names, empty where it names none.
    pub namespace: String,
    /// The policy's name. Of a refused document the one it names, empty where it names none.
    pub name: String,
    /// The policy, iff it is accepted. In namespace `default` where none is given; one that is named by
    /// generateName alone bears the kept prefix and `xxxxx`.
    pub policy: Option<NetworkPolicy>,
    /// Whether it is accepted by the server's default, which only warns about unknown and repeated fields.
    pub accepted: bool,
    /// Whether it is accepted under strict field validation, `kubectl`'s default, which refuses those.
    pub accepted_strict: bool,
    /// Where its fields stand.
    pub lines: FieldLines,
    /// Every fault and warning at its field and line, in the server's order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Judges every document of a text, whatever its kind, as the API server of `release` would if it were posted to
/// `networkpolicies` of `networking.k8s.io/v1` ([K25](crate::semantics#k25)).
///
/// Decoding, defaults and validation are the server's, and so are the texts, word for word, but for what cannot be decoded
/// ([`Code::Decode`](crate::diagnostic::Code::Decode)): there the decision and the place are the server's and the words are ours, since
/// it names the first such fault only. They were measured of 1.31, 1.34 and 1.37, see [`Release`].
///
/// `name` stands in every location, and its ending says the format, as for [`Loader::text`](crate::Loader::text). A `.json`
/// text is one body: with anything after its value it is refused. An empty document is refused too.
///
/// What stands in a cluster is read by [`Loader`](crate::Loader), which keeps what an older release once accepted.
///
/// ```
/// use netpol_oracle::Release;
/// use netpol_oracle::manifest::judge_text;
///
/// let text = r#"{"metadata": {"name": "web"}, "spec": {"ingress": [{"ports": [{"port": 0}]}]}}"#;
/// let judgements = judge_text(Release::DEFAULT, "policy.json", text);
/// assert_eq!((judgements.len(), judgements[0].accepted), (1, false));
///
/// let fault = &judgements[0].diagnostics[0];
/// assert_eq!(fault.path.as_str(), "spec.ingress[0].ports[0].port");
/// assert_eq!(
///     fault.message,
///     "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
/// );
/// ```
#[must_use]
pub fn judge_text(release: Release, name: &str, text: impl AsRef<[u8]>) -> Vec<Judgement> {
    let source: Arc<str> = name.into();
    let hint = Hint::of_name(name);
    let mut documents = read(text.as_ref(), hint);
    if hint == Hint::Json && documents.len() > 1 {
        documents.truncate(1);
        for document in &mut documents {
            document.root = Err(Fault::new(FaultKind::Syntax, None, "there is something after the JSON value"));
        }
    }
    documents.iter().map(|document| judged(release, &source, document)).collect()
}

/// Judges a serialisable object, of k8s-openapi, kube, a `serde_json::Value`, as [`judge_text`] judges a document.
///
/// ```
/// use netpol_oracle::Release;
/// use netpol_oracle::manifest::judge_object;
///
/// let object = serde_json::json!({"metadata": {"name": "web"}, "spec": {"podSelecter": {}}});
/// let judgement = judge_object(Release::DEFAULT, "request", &object);
/// assert_eq!((judgement.accepted, judgement.accepted_strict), (true, false));
/// assert_eq!(judgement.diagnostics[0].message, r#"unknown field "spec.podSelecter""#);
/// assert_eq!(judgement.policy.unwrap().name().to_string(), "default/web");
/// ```
#[must_use]
pub fn judge_object<T: Serialize + ?Sized>(release: Release, name: &str, object: &T) -> Judgement {
    let root = from_serialize(object);
    judged(release, &name.into(), &Document { index: 0, root, repeated: Vec::new(), format: Format::Json })
}

fn judged(release: Release, source: &Arc<str>, document: &Document) -> Judgement {
    let at = |line| Location { source: source.clone(), document: document.index, item: None, line };
    let tree = match &document.root {
        Ok(tree) => tree,
        Err(fault) => return unread(fault, at(fault.line)),
    };
    let location = at(tree.line);
    let answer = api_server::judge(tree, &location, &document.repeated, document.format, release, Intake::Posted);
    let written = |object: Option<&Tree>, field| {
        object.and_then(|object| object.get(field)).and_then(Tree::as_str).unwrap_or_default().to_owned()
    };
    let (namespace, name) = match &answer.policy {
        Some(policy) => (policy.name().namespace().to_string(), policy.name().name().to_string()),
        None => (written(tree.get("metadata"), "namespace"), written(tree.get("metadata"), "name")),
    };
    Judgement {
        location,
        kind: written(Some(tree), "kind"),
        namespace,
        name,
        policy: answer.policy,
        accepted: answer.accepted,
        accepted_strict: answer.accepted_strict,
        lines: FieldLines::of(tree),
        diagnostics: answer.diagnostics,
    }
}

/// Of a document that could not be read.
fn unread(fault: &Fault, location: Location) -> Judgement {
    Judgement {
        diagnostics: vec![fault.at(location.clone())],
        location,
        lines: FieldLines::default(),
        kind: String::new(),
        namespace: String::new(),
        name: String::new(),
        policy: None,
        accepted: false,
        accepted_strict: false,
    }
}
