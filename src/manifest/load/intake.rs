//! Objects by their kinds into the cluster, and the record of each.

use std::borrow::Cow;

use super::kinds::{self, Kind};
use super::loaded::LoadedObject;
use super::loader::{Loader, Source, finding};
use super::names::{generate_name, placed, renamed, written_name};
use super::served::{group_of, mend};
use super::{endpoints, objects, pods, services, workloads};
use crate::diagnostic::{Code, FieldPath, Location, Severity};
use crate::located::{At, Faults, Tree, Value};
use crate::manifest::api_server;
use crate::manifest::lines::FieldLines;
use crate::model::cluster::{OtherPolicy, WorkloadKind};
use crate::name::ObjectName;
use crate::text::quoted;

impl Loader {
    pub(super) fn one(&mut self, object: Source<'_>, kind: Kind, word: &str, version: Option<&str>) {
        let namespace = self.namespace.as_deref().filter(|_| kind.is_namespaced(version, word, object.tree));
        match namespace.and_then(|namespace| placed(object.tree, namespace)) {
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
                let name = made.as_ref().map(|made| ObjectName::new("", made.name.clone()));
                if self.admit(object, "Namespace", name, faults) {
                    made.map(|made| self.builder.namespace(made));
                }
            }
            Kind::Node => {
                let made = objects::node(&at, from);
                let name = made.as_ref().map(|made| ObjectName::new("", made.name.clone()));
                if self.admit(object, "Node", name, faults) {
                    made.map(|made| self.builder.node(made));
                }
            }
            Kind::Pod => {
                let made = pods::pod(&at, from);
                let made = made.map(|(mut pod, is_generated)| {
                    if is_generated {
                        pod.name = self.generated_name("Pod", &pod.name);
                    }
                    pod
                });
                let name = made.as_ref().map(|made| made.name.clone());
                if self.admit(object, "Pod", name, faults) {
                    made.map(|made| self.builder.pod(made));
                }
            }
            Kind::Service => {
                let made = services::service(&at, from);
                let name = made.as_ref().map(|made| made.name.clone());
                if self.admit(object, "Service", name, faults) {
                    made.map(|made| self.builder.service(made));
                }
            }
            Kind::EndpointSlice => match endpoints::endpoint_slice(&at, from) {
                Some(None) if faults.is_empty() => self.leave_out(object, word),
                made => {
                    let made = made.flatten();
                    let name = made.as_ref().map(|made| made.name.clone());
                    if self.admit(object, "EndpointSlice", name, faults) {
                        made.map(|made| self.builder.endpoint_slice(made));
                    }
                }
            },
            Kind::Endpoints => {
                let made = endpoints::endpoints(&at, from);
                let name = made.as_ref().map(|made| made.name.clone());
                if self.admit(object, "Endpoints", name, faults) {
                    made.map(|made| self.builder.endpoints(made));
                }
            }
            Kind::Workload(kind) => self.workload(object, kind),
        }
    }

    fn workload(&mut self, object: Source<'_>, kind: WorkloadKind) {
        let mut faults = Faults::default();
        let shown = kind.to_string();
        let made = workloads::workload(&At::root(object.tree), &mut faults, kind);
        let name = made.as_ref().map(|made| made.name.clone());
        if self.admit(object, shown, name, faults) {
            made.map(|made| self.builder.workload(made));
        }
    }

    /// Refuses an object whose kind the release does not have so, in the words of `kubectl` (K25).
    fn unserved(&mut self, object: Source<'_>, kind: &str, version: Option<&str>) {
        let name = written_name(object.tree);
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: kind.to_owned(),
            namespace: name.namespace().to_string(),
            name: name.name().to_string(),
            accepted: false,
            accepted_strict: false,
            lines: FieldLines::default(),
        });
        let version = version.map_or_else(String::new, |version| format!(" in version \"{}\"", quoted(version)));
        let message = format!("no matches for kind \"{}\"{version}", quoted(kind));
        let mut error = finding(Severity::Error, Code::UnservedKind, message, object.location.clone());
        error.help = mend(kind, self.release);
        self.diagnostics.push(error);
    }

    /// Counts an object of a kind that decides no flow.
    pub(super) fn leave_out(&mut self, object: Source<'_>, kind: &str) {
        *self.skipped.entry(kind.to_owned()).or_insert(0) += 1;
        self.note_unread(object, kind);
    }

    /// Takes note of an object that is not looked into.
    pub(super) fn note_unread(&mut self, object: Source<'_>, kind: &str) {
        let metadata = object.tree.get("metadata");
        let text = |field| metadata.and_then(|metadata| metadata.get(field)).and_then(Tree::as_str);
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: kind.to_owned(),
            namespace: text("namespace").unwrap_or_default().to_owned(),
            name: text("name").or_else(|| text("generateName")).unwrap_or_default().to_owned(),
            accepted: true,
            accepted_strict: true,
            lines: FieldLines::default(),
        });
    }

    /// Takes note of an object; whether it may go into the cluster.
    fn admit(
        &mut self,
        object: Source<'_>,
        kind: impl Into<Cow<'static, str>>,
        name: Option<ObjectName>,
        faults: Faults,
    ) -> bool {
        let kind = kind.into();
        let faults = faults.into_list();
        let accepted = faults.is_empty() && name.is_some();
        let shown = name.clone().unwrap_or_else(|| written_name(object.tree));
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: kind.to_string(),
            namespace: shown.namespace().to_string(),
            name: shown.name().to_string(),
            accepted,
            accepted_strict: accepted && object.repeated.is_empty(),
            lines: FieldLines::default(),
        });
        self.warn_repeated(object.repeated, object.location);
        self.place(faults, object.location);
        if let Some(name) = name.filter(|_| accepted) {
            self.remember(kind, name, object.location);
        }
        accepted
    }

    /// Warns where an object of that name was accepted before (K25).
    fn remember(&mut self, kind: Cow<'static, str>, name: ObjectName, location: &Location) {
        let shown = if name.namespace().is_empty() { name.name().to_string() } else { name.to_string() };
        if let Some(earlier) = self.seen.insert((kind.clone(), name), location.clone()) {
            let message = format!("{kind} `{shown}` was given before, at {earlier}; this one counts");
            let warning = finding(Severity::Warning, Code::DuplicateObject, message, location.clone());
            self.diagnostics.push(warning);
        }
    }

    /// `web-*` for the first object of the prefix `web-`, then `web-*2`, ...
    fn generated_name(&mut self, kind: &'static str, prefix: &ObjectName) -> ObjectName {
        let count = self.generated.entry((kind, prefix.clone())).or_insert(0);
        *count += 1;
        let number = if *count == 1 { String::new() } else { count.to_string() };
        ObjectName::new(prefix.namespace().clone(), format!("{}*{number}", prefix.name()))
    }

    fn network_policy(&mut self, object: Source<'_>) {
        let judged = api_server::judge(
            object.tree,
            object.location,
            object.repeated,
            object.format,
            self.release,
            api_server::Intake::Stored,
        );
        let written = written_name(object.tree);
        let policy = judged.policy.map(|policy| match generate_name(object.tree) {
            None => policy,
            Some(prefix) => {
                let prefix = ObjectName::new(policy.name().namespace().clone(), prefix);
                renamed(&policy, self.generated_name("NetworkPolicy", &prefix))
            }
        });
        let name = policy.as_ref().map_or(written, |policy| policy.name().clone());
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: "NetworkPolicy".to_owned(),
            namespace: name.namespace().to_string(),
            name: name.name().to_string(),
            accepted: judged.accepted,
            accepted_strict: judged.accepted_strict,
            lines: FieldLines::of(object.tree),
        });
        self.diagnostics.extend(judged.diagnostics);
        match policy {
            Some(policy) => {
                self.warn_empty_egress(object);
                self.remember("NetworkPolicy".into(), name, object.location);
                self.builder.policy(policy);
            }
            None => {
                self.builder.rejected_policy(name);
            }
        }
    }

    /// Warns of `egress: []` where only `policyTypes` would make it a denial (K3).
    fn warn_empty_egress(&mut self, object: Source<'_>) {
        let Some(spec) = object.tree.get("spec") else { return };
        let is_empty = |tree: &Tree| matches!(&tree.value, Value::Sequence(items) if items.is_empty());
        let declared = spec.get("policyTypes").is_some_and(|types| !types.is_null() && !is_empty(types));
        let Some(egress) = spec.entry("egress").filter(|entry| is_empty(&entry.value)) else { return };
        if declared {
            return;
        }
        let location = Location { line: egress.line.or(object.location.line), ..object.location.clone() };
        let message = "`egress: []` without `policyTypes` restricts nothing".to_owned();
        let mut warning = finding(Severity::Warning, Code::EmptyEgress, message, location);
        warning.path = FieldPath::root().child("spec").child("egress");
        warning.help = "to deny all egress, add `policyTypes: [Ingress, Egress]`".to_owned();
        self.diagnostics.push(warning);
    }

    fn other_policy(&mut self, object: Source<'_>, kind: &str, version: &str) {
        self.note_unread(object, kind);
        let written = written_name(object.tree);
        let name = if kinds::is_namespaced(version, kind) { written.to_string() } else { written.name().to_string() };
        let message = format!(
            "{}.{} `{}` is not judged: answers ignore it",
            quoted(kind),
            quoted(group_of(version)),
            quoted(&name)
        );
        let warning = finding(Severity::Warning, Code::OtherPolicyKind, message, object.location.clone());
        self.diagnostics.push(warning);
        let other = OtherPolicy { kind: kind.to_owned(), api_version: version.to_owned(), name };
        self.builder.other_policy(other);
    }
}
