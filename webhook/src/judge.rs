//! What an admission request asks, and what the cluster would do with it. No network here.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, Operation};
use kube::core::metadata::TypeMeta;
use netpol_oracle::diagnostic::{Code, Diagnostic, Origin, Severity};
use netpol_oracle::{Loader, NetworkPolicy, ObjectName, Profile};

use crate::impact::{Change, Impact, Kind};
use crate::view::{Sight, View};

const API_VERSION: &str = "networking.k8s.io/v1";
const KIND: &str = "NetworkPolicy";

/// Who removes what is left when a namespace or an owner goes: refused, they would try without end.
const CLEANERS: [&str; 2] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
];

/// What every request is judged by.
#[derive(Debug)]
pub struct Judge {
    profile: Profile,
    view: Arc<View>,
    rules: Rules,
}

/// What is refused, and what is worked out.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The codes that deny although they only warn.
    pub denied: BTreeSet<Code>,
    /// The impacts that deny.
    pub denied_impacts: BTreeSet<Kind>,
    /// Impacts are not worked out.
    pub without_impact: bool,
}

/// What a request was found to be.
#[derive(Debug)]
pub struct Findings {
    /// About the policy that would be stored, errors first.
    pub diagnostics: Vec<Diagnostic>,
    /// Which codes deny, errors apart; `None`: nothing does, whatever was found.
    denied: Option<BTreeSet<Code>>,
    /// Which impacts deny.
    denied_impacts: BTreeSet<Kind>,
    /// About the request itself.
    pub note: Option<String>,
    /// The policies before and after; `None` where there is nothing to compare.
    pub change: Option<Change>,
    /// What the cluster was taken to be.
    pub sight: Sight,
}

/// A request that no API server sends.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl Judge {
    /// Judges by what is in `view`.
    #[must_use]
    pub fn new(profile: Profile, view: Arc<View>, rules: Rules) -> Self {
        Self { profile, view, rules }
    }

    /// What is known of the cluster.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// What the request asks for and what is to be said about it.
    ///
    /// # Errors
    /// The request holds no object where it must, or one of another kind.
    pub fn examine(&self, request: &AdmissionRequest<DynamicObject>) -> Result<Findings, Malformed> {
        let kind = &request.kind;
        if kind.group != "networking.k8s.io" || kind.version != "v1" || kind.kind != KIND {
            let group = if kind.group.is_empty() { "core" } else { &kind.group };
            let asked = format!("{} of {group}/{}", kind.kind, kind.version);
            return Ok(self.note(format!("{asked} is not judged here: only {KIND} of {API_VERSION} is")));
        }
        if let Some(sub_resource) = request.sub_resource.as_deref().filter(|name| !name.is_empty()) {
            return Ok(self.note(format!("the subresource `{sub_resource}` is not judged here")));
        }
        match request.operation {
            Operation::Create | Operation::Update => self.stored(request),
            Operation::Delete => Ok(self.deleted(request)),
            Operation::Connect => Ok(self.note("a connection is not judged here".to_owned())),
        }
    }

    /// A policy that would be stored, in place of `oldObject` where there is one.
    fn stored(&self, request: &AdmissionRequest<DynamicObject>) -> Result<Findings, Malformed> {
        let object = request.object.as_ref().ok_or_else(|| Malformed("`request.object` is missing".to_owned()))?;
        let (policy, faults) = self.read(object, request)?;
        let is_update = request.operation == Operation::Update;
        // What stands there now the server itself says: nothing before a creation, whatever the view holds.
        let old = request.old_object.as_ref().filter(|_| is_update);
        let old = old.and_then(|old| self.read(old, request).ok()?.0);
        let findings = self.nothing();
        let Some(policy) = policy else {
            return Ok(Findings { diagnostics: faults, denied: Some(self.rules.denied.clone()), ..findings });
        };
        let before = old.or_else(|| findings.sight.cluster.policy(policy.name()).filter(|_| is_update).cloned());
        let mut diagnostics = faults;
        diagnostics.extend(self.review(&policy, &findings.sight));
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
        // A policy that stays as it is, or is on its way out, is not held up: labels and finalizers must be
        // removable from one that was stored before anybody asked here.
        let stays = is_update && before.as_ref() == Some(&policy);
        let leaves = is_update && object.metadata.deletion_timestamp.is_some();
        let may_be_refused = !stays && !leaves;
        let denied = may_be_refused.then(|| self.rules.denied.clone());
        let change = Some(Change { before, after: Some(policy), may_be_refused });
        Ok(Findings { diagnostics, denied, change, ..findings })
    }

    /// What is said of a policy. That nobody is selected an old view cannot know.
    fn review(&self, policy: &NetworkPolicy, sight: &Sight) -> Vec<Diagnostic> {
        let mut found = sight.review(policy, &self.profile);
        let is_absence = |code| matches!(code, Code::SubjectSelectsNothing | Code::PeerSelectsNothing);
        found.retain(|diagnostic| !sight.is_old || !is_absence(diagnostic.code));
        found
    }

    /// A policy that would go; nothing but its impact denies that.
    fn deleted(&self, request: &AdmissionRequest<DynamicObject>) -> Findings {
        let findings = self.nothing();
        let old = request.old_object.as_ref().and_then(|old| self.read(old, request).ok()?.0);
        let name = ObjectName::new(request.namespace.as_deref().unwrap_or("default"), request.name.as_str());
        let Some(before) = old.or_else(|| findings.sight.cluster.policy(&name).cloned()) else {
            return self.note(format!("{KIND} `{name}` is unknown here: what its removal opens is not known"));
        };
        let user = request.user_info.username.as_deref().unwrap_or_default();
        let may_be_refused = !CLEANERS.contains(&user);
        Findings { change: Some(Change { before: Some(before), after: None, may_be_refused }), ..findings }
    }

    /// The policy of an object of the request. What the server itself warns about is left to the server.
    fn read(
        &self,
        object: &DynamicObject,
        request: &AdmissionRequest<DynamicObject>,
    ) -> Result<(Option<NetworkPolicy>, Vec<Diagnostic>), Malformed> {
        let mut object = object.clone();
        let types = object.types.get_or_insert_with(|| TypeMeta { api_version: API_VERSION.into(), kind: KIND.into() });
        if types.api_version != API_VERSION || types.kind != KIND {
            let said = format!("{} of {}", types.kind, types.api_version);
            return Err(Malformed(format!("the request is about a {KIND} of {API_VERSION} and holds a {said}")));
        }
        if object.metadata.namespace.is_none() {
            object.metadata.namespace = request.namespace.clone();
        }
        // Bookkeeping of the server, often larger than the rest.
        object.metadata.managed_fields = None;
        let loaded = Loader::new(self.profile.release()).object("request.object", &object).finish();
        let ours =
            |diagnostic: &Diagnostic| diagnostic.origin != Origin::ApiServer || diagnostic.severity == Severity::Error;
        let mut diagnostics: Vec<Diagnostic> = loaded.diagnostics.into_iter().filter(ours).collect();
        for diagnostic in &mut diagnostics {
            diagnostic.location = None;
        }
        Ok((loaded.cluster.policies().first().cloned(), diagnostics))
    }

    /// The impact, where it is known at once; none where it is to be [worked out](crate::impact::work_out).
    #[must_use]
    pub fn known_impact(&self, findings: &Findings) -> Option<Impact> {
        match &findings.change {
            _ if self.rules.without_impact => Some(Impact::Off),
            Some(change) if !change.is_none() => findings.sight.is_missing.then_some(Impact::Unseen),
            _ => Some(Impact::None),
        }
    }

    /// The change was admitted: from now on it counts.
    pub fn admitted(&self, change: &Change) {
        if let Some(name) = change.name() {
            self.view.admit(name, change.after.as_ref());
        }
    }

    fn nothing(&self) -> Findings {
        Findings {
            diagnostics: Vec::new(),
            denied: None,
            denied_impacts: self.rules.denied_impacts.clone(),
            note: None,
            change: None,
            sight: self.view.look(),
        }
    }

    fn note(&self, text: String) -> Findings {
        Findings { note: Some(text), ..self.nothing() }
    }
}

impl Findings {
    /// Whether this finding denies the request.
    #[must_use]
    pub fn denies(&self, diagnostic: &Diagnostic) -> bool {
        let is_error = diagnostic.severity == Severity::Error;
        self.denied.as_ref().is_some_and(|denied| is_error || denied.contains(&diagnostic.code))
    }

    /// Whether the request is denied for what was found.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| self.denies(diagnostic))
    }

    /// The kinds of the impact that deny the request.
    #[must_use]
    pub fn denied_by(&self, impact: &Impact) -> Vec<Kind> {
        let may_be_refused = self.change.as_ref().is_some_and(|change| change.may_be_refused && !change.is_none());
        let kinds = impact.kinds().into_iter().filter(|kind| may_be_refused && self.denied_impacts.contains(kind));
        kinds.collect()
    }
}
