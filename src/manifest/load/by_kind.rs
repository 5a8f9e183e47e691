//! Objects by their kinds, and the record of each.

use super::findings::{empty_rules, finding, given_twice};
use super::intake::{Intake, Source, at_places};
use super::kinds::{self, Kind};
use super::loaded::LoadedObject;
use super::names::{generate_name, placed, written_name};
use super::nulls::silent_nulls;
use super::served::{group_of, meant, mend};
use super::taken::{Made, Taken};
use super::{endpoints, objects, pods, services, workloads};
use crate::diagnostic::{Code, Location, Severity};
use crate::located::{At, Faults, Tree};
use crate::manifest::api_server;
use crate::manifest::lines::FieldLines;
use crate::model::change::Object;
use crate::model::cluster::{OtherPolicy, WorkloadKind};
use crate::name::ObjectName;
use crate::text::quoted;

impl Intake {
    pub(super) fn one(&mut self, object: Source<'_>, kind: Kind, word: &str, version: Option<&str>) {
        let is_asked = &*self.setting.namespace != "default" && kind.is_namespaced(version, word, object.tree);
        match is_asked.then(|| placed(object.tree, &self.setting.namespace)).flatten() {
            Some(tree) => self.placed(Source { tree: &tree, ..object }, kind, word, version),
            None => self.placed(object, kind, word, version),
        }
    }

    /// An object that names its namespace, unless that is `default`.
    fn placed(&mut self, object: Source<'_>, kind: Kind, word: &str, version: Option<&str>) {
        let mut faults = Faults::default();
        let at = At::root(object.tree);
        let from = &mut faults;
        match kind {
            Kind::List => {}
            Kind::Unknown => match kinds::workload_of_another_api(version, word, object.tree) {
                Some(kind) => self.workload(object, kind),
                None => self.leave_out(object, word),
            },
            Kind::OtherPolicy => self.other_policy(object, word, version.unwrap_or_default()),
            Kind::Unserved => self.unserved(object, word, version),
            Kind::Template => self.template(object),
            Kind::NetworkPolicy => self.network_policy(object),
            Kind::Namespace => {
                let made = objects::namespace(&at, from);
                let made = made.map(|made| (ObjectName::new("", made.name.clone()), made.into()));
                self.admit(object, "Namespace", made, false, faults);
            }
            Kind::Node => {
                let made = objects::node(&at, from);
                let made = made.map(|made| (ObjectName::new("", made.name.clone()), made.into()));
                self.admit(object, "Node", made, false, faults);
            }
            Kind::Pod => {
                let made = pods::pod(&at, from);
                let is_generated = made.as_ref().is_some_and(|(_, is_generated)| *is_generated);
                let made = made.map(|(made, _)| (made.name.clone(), made.into()));
                self.admit(object, "Pod", made, is_generated, faults);
            }
            Kind::Service => {
                let made = services::service(&at, from);
                let made = made.map(|made| (made.name.clone(), made.into()));
                self.admit(object, "Service", made, false, faults);
            }
            Kind::EndpointSlice => match endpoints::endpoint_slice(&at, from) {
                Some(None) if faults.is_empty() => self.leave_out(object, word),
                made => {
                    let made = made.flatten().map(|made| (made.name.clone(), made.into()));
                    self.admit(object, "EndpointSlice", made, false, faults);
                }
            },
            Kind::Endpoints => {
                let made = endpoints::endpoints(&at, from);
                let made = made.map(|made| (made.name.clone(), made.into()));
                self.admit(object, "Endpoints", made, false, faults);
            }
            Kind::Workload(kind) => self.workload(object, kind),
        }
    }

    fn workload(&mut self, object: Source<'_>, kind: WorkloadKind) {
        let mut faults = Faults::default();
        let shown = kind.to_string();
        let made = workloads::workload(&At::root(object.tree), &mut faults, kind);
        let made = made.map(|made| (made.name.clone(), made.into()));
        self.admit(object, &shown, made, false, faults);
    }

    /// Refuses an object whose kind the release does not have so, in the words of `kubectl` (K25).
    fn unserved(&mut self, object: Source<'_>, kind: &str, version: Option<&str>) {
        let name = written_name(object.tree);
        let record = record(object.location, kind, &name, false, false);
        let version = version.map_or_else(String::new, |version| format!(" in version \"{}\"", quoted(version)));
        let message = format!("no matches for kind \"{}\"{version}", quoted(kind));
        let mut error = finding(Severity::Error, Code::UnservedKind, message, object.location.clone());
        error.help = mend(kind, self.setting.release);
        // It takes no part, and answers say so (K28).
        let made = if meant(kind) == Some("NetworkPolicy") { Made::RejectedPolicy(name) } else { Made::Nothing };
        self.push(Taken { record: Some(record), diagnostics: vec![error], made });
    }

    /// Takes note of an object that is not looked into.
    pub(super) fn note_unread(&mut self, object: Source<'_>, kind: &str) {
        self.push(Taken { record: Some(unread(object, kind)), diagnostics: Vec::new(), made: Made::Nothing });
    }

    /// Counts an object of a kind that decides no flow.
    pub(super) fn leave_out(&mut self, object: Source<'_>, kind: &str) {
        self.push(Taken { record: Some(unread(object, kind)), diagnostics: Vec::new(), made: Made::LeftOut });
    }

    /// Takes an object that goes into the cluster, if nothing is wrong with it.
    fn admit(
        &mut self,
        object: Source<'_>,
        kind: &str,
        made: Option<(ObjectName, Object)>,
        is_generated: bool,
        faults: Faults,
    ) {
        let faults = faults.into_list();
        let accepted = faults.is_empty() && made.is_some();
        let (shown, made) = match made {
            None => (written_name(object.tree), Made::Nothing),
            Some((name, _)) if is_generated && !accepted => (name, Made::Unnamed(None)),
            Some((name, made)) if is_generated => (name, Made::Unnamed(Some(made))),
            Some((name, _)) if !accepted => (name, Made::Nothing),
            Some((name, made)) => (name, Made::Object(made)),
        };
        let record = record(object.location, kind, &shown, accepted, accepted && object.repeated.is_empty());
        let mut diagnostics = given_twice(object.repeated, object.location);
        diagnostics.extend(at_places(faults, object.location));
        self.push(Taken { record: Some(record), diagnostics, made });
    }

    fn network_policy(&mut self, object: Source<'_>) {
        let judged = api_server::judge(
            object.tree,
            object.location,
            object.repeated,
            object.format,
            self.setting.release,
            api_server::Intake::Stored,
        );
        let prefix = generate_name(object.tree);
        let (name, made) = match (judged.policy, prefix) {
            (None, _) => {
                let name = written_name(object.tree);
                (name.clone(), Made::RejectedPolicy(name))
            }
            (Some(policy), None) => (policy.name().clone(), Made::Object(policy.into())),
            (Some(policy), Some(prefix)) => {
                let prefix = ObjectName::new(policy.name().namespace().clone(), prefix);
                (prefix, Made::Unnamed(Some(policy.into())))
            }
        };
        let mut diagnostics = judged.diagnostics;
        if !matches!(made, Made::RejectedPolicy(_)) {
            diagnostics.extend(empty_rules(object.tree, object.location));
            diagnostics.extend(silent_nulls(object.tree, object.location));
        }
        let record = record(object.location, "NetworkPolicy", &name, judged.accepted, judged.accepted_strict);
        let record = LoadedObject { lines: FieldLines::of(object.tree), ..record };
        self.push(Taken { record: Some(record), diagnostics, made });
    }

    fn other_policy(&mut self, object: Source<'_>, kind: &str, version: &str) {
        let written = written_name(object.tree);
        let name = if kinds::is_namespaced(version, kind) { written.to_string() } else { written.name().to_string() };
        let message = format!(
            "{}.{} `{}` is not judged: answers ignore it",
            quoted(kind),
            quoted(group_of(version)),
            quoted(&name)
        );
        let warning = finding(Severity::Warning, Code::OtherPolicyKind, message, object.location.clone());
        let made = Made::OtherPolicy(OtherPolicy { kind: kind.to_owned(), api_version: version.to_owned(), name });
        self.push(Taken { record: Some(unread(object, kind)), diagnostics: vec![warning], made });
    }
}

fn record(location: &Location, kind: &str, name: &ObjectName, accepted: bool, accepted_strict: bool) -> LoadedObject {
    LoadedObject {
        location: location.clone(),
        kind: kind.to_owned(),
        namespace: name.namespace().to_string(),
        name: name.name().to_string(),
        accepted,
        accepted_strict,
        lines: FieldLines::default(),
    }
}

/// The record of an object that is not looked into.
fn unread(object: Source<'_>, kind: &str) -> LoadedObject {
    let metadata = object.tree.get("metadata");
    let text = |field| metadata.and_then(|metadata| metadata.get(field)).and_then(Tree::as_str);
    let name = text("name").or_else(|| text("generateName")).unwrap_or_default();
    let name = ObjectName::new(text("namespace").unwrap_or_default(), name);
    record(object.location, kind, &name, true, true)
}
