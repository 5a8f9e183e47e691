//! What an admission request asks, and what the cluster would do with it. No network here.

use std::collections::BTreeSet;

use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, Operation};
use kube::core::metadata::TypeMeta;
use netpol_oracle::diagnostic::{Code, Diagnostic, Origin, Severity};
use netpol_oracle::model::ObjectId;
use netpol_oracle::{Cluster, Loader, NetworkPolicy, ObjectName, Profile, Reference, admission, analysis};

const API_VERSION: &str = "networking.k8s.io/v1";
const KIND: &str = "NetworkPolicy";

/// What every request is judged by; nothing in it changes while the webhook runs.
#[derive(Debug)]
pub struct Judge {
    profile: Profile,
    snapshot: Cluster,
    denied: BTreeSet<Code>,
}

/// What a request was found to be.
#[derive(Debug)]
pub struct Findings {
    /// About the policy that would be stored, errors first.
    pub diagnostics: Vec<Diagnostic>,
    /// Which codes deny, errors apart; `None`: nothing does, whatever was found.
    denied: Option<BTreeSet<Code>>,
    /// About the request itself.
    pub note: Option<String>,
    /// The policies before and after; `None` where there is nothing to compare.
    pub change: Option<Change>,
}

/// One policy's coming, going or changing.
#[derive(Debug)]
pub struct Change {
    before: Option<NetworkPolicy>,
    after: Option<NetworkPolicy>,
}

/// A request that no API server sends.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl Judge {
    /// `denied`: the codes that deny although they only warn.
    pub fn new(profile: Profile, snapshot: Cluster, denied: BTreeSet<Code>) -> Self {
        Self { profile, snapshot, denied }
    }

    /// What the request asks for and what is to be said about it.
    pub fn examine(&self, request: &AdmissionRequest<DynamicObject>) -> Result<Findings, Malformed> {
        let kind = &request.kind;
        if kind.group != "networking.k8s.io" || kind.version != "v1" || kind.kind != KIND {
            let group = if kind.group.is_empty() { "core" } else { &kind.group };
            let asked = format!("{} of {group}/{}", kind.kind, kind.version);
            return Ok(Findings::note(format!("{asked} is not judged here: only {KIND} of {API_VERSION} is")));
        }
        if let Some(sub_resource) = request.sub_resource.as_deref().filter(|name| !name.is_empty()) {
            return Ok(Findings::note(format!("the subresource `{sub_resource}` is not judged here")));
        }
        match request.operation {
            Operation::Create | Operation::Update => self.stored(request),
            Operation::Delete => Ok(self.deleted(request)),
            Operation::Connect => Ok(Findings::note("a connection is not judged here".to_owned())),
        }
    }

    /// A policy that would be stored, in place of `oldObject` where there is one.
    fn stored(&self, request: &AdmissionRequest<DynamicObject>) -> Result<Findings, Malformed> {
        let object = request.object.as_ref().ok_or_else(|| Malformed("`request.object` is missing".to_owned()))?;
        let (policy, faults) = self.read(object, request)?;
        // What stands there now, in the server's own word, is fresher than the snapshot.
        let old = request.old_object.as_ref().and_then(|old| self.read(old, request).ok()?.0);
        let Some(policy) = policy else {
            return Ok(Findings { diagnostics: faults, denied: Some(self.denied.clone()), note: None, change: None });
        };
        let before = old.or_else(|| self.snapshot.policy(policy.name()).cloned());
        let mut diagnostics = faults;
        diagnostics.extend(admission::review(&policy, &self.profile, &self.snapshot));
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
        // A policy that stays as it is, or is on its way out, is not held up: labels and finalizers must be
        // removable from one that was stored before anybody asked here.
        let is_update = request.operation == Operation::Update;
        let stays = is_update && before.as_ref() == Some(&policy);
        let leaves = is_update && object.metadata.deletion_timestamp.is_some();
        let denied = (!stays && !leaves).then(|| self.denied.clone());
        Ok(Findings { diagnostics, denied, note: None, change: Some(Change { before, after: Some(policy) }) })
    }

    /// A policy that would go; nothing denies that.
    fn deleted(&self, request: &AdmissionRequest<DynamicObject>) -> Findings {
        let old = request.old_object.as_ref().and_then(|old| self.read(old, request).ok()?.0);
        let name = ObjectName::new(request.namespace.as_deref().unwrap_or("default"), request.name.as_str());
        match old.or_else(|| self.snapshot.policy(&name).cloned()) {
            Some(before) => {
                let change = Some(Change { before: Some(before), after: None });
                Findings { diagnostics: Vec::new(), denied: None, note: None, change }
            }
            None => Findings::note(format!("{KIND} `{name}` is unknown here: what its removal opens is not known")),
        }
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

    /// What the change opens and closes, in a few lines; none where it changes nothing. May take long.
    pub fn impact(&self, change: &Change) -> Vec<String> {
        let Some(name) = change.name() else { return Vec::new() };
        let before = self.standing(name, change.before.as_ref());
        let after = self.standing(name, change.after.as_ref());
        let impact = analysis::impact(&Reference::new(&before, &self.profile), &Reference::new(&after, &self.profile));
        if impact.is_empty() && !impact.exhausted {
            return Vec::new();
        }
        impact.summary().lines().map(str::to_owned).collect()
    }

    /// The snapshot with `policy` under `name`, or none.
    fn standing(&self, name: &ObjectName, policy: Option<&NetworkPolicy>) -> Cluster {
        let change = match policy {
            Some(policy) => netpol_oracle::Change::Put(policy.clone().into()),
            None => netpol_oracle::Change::Remove(ObjectId::Policy(name.clone())),
        };
        let mut standing = self.snapshot.clone();
        // The only fault there can be is that the policy is not there to be removed: then it is as it should be.
        let _ = standing.apply(&[change]);
        standing
    }
}

impl Change {
    fn name(&self) -> Option<&ObjectName> {
        self.after.as_ref().or(self.before.as_ref()).map(NetworkPolicy::name)
    }

    /// Whether anything changes at all.
    pub fn is_none(&self) -> bool {
        self.before == self.after
    }
}

impl Findings {
    fn note(text: String) -> Self {
        Self { diagnostics: Vec::new(), denied: None, note: Some(text), change: None }
    }

    /// Whether this finding denies the request.
    pub fn denies(&self, diagnostic: &Diagnostic) -> bool {
        let is_error = diagnostic.severity == Severity::Error;
        self.denied.as_ref().is_some_and(|denied| is_error || denied.contains(&diagnostic.code))
    }

    /// Whether the request is denied.
    pub fn is_denial(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| self.denies(diagnostic))
    }
}
