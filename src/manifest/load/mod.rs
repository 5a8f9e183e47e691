//! Texts and typed objects to a cluster.

pub(crate) mod fields;
mod kinds;
mod objects;
mod pods;
mod services;
mod workloads;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use self::fields::{At, Faults};
use self::kinds::Kind;
use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::manifest::api_server;
use crate::manifest::tree::{Document, Fault, FaultKind, Format, Hint, Repeated, Tree, Value, from_serialize, read};
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::{Cluster, OtherPolicy, Pod};
use crate::model::objects::Objects;
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::release::Release;
use crate::text::quoted;

/// How many pods that share an address are named.
const MAX_NAMED: usize = 10;

/// Reads named texts and typed objects into a [`Cluster`], and never fails as a whole: each problem is
/// reported with its place, and everything else still loads.
///
/// Read are Namespace, Pod, Node, Service, EndpointSlice, the workloads (Deployment, ReplicaSet,
/// StatefulSet, DaemonSet, Job, CronJob, ReplicationController), NetworkPolicy, and lists of them. Other
/// kinds are counted in [`Loaded::skipped`]; fields that decide no flow are not looked at.
///
/// - A NetworkPolicy loads if the API server of the release would accept it; one that carries a `uid` was
///   accepted once ([K25](crate::semantics#k25)).
/// - No namespace means `default`. The same object twice: the last accepted one wins, with a warning
///   ([K25](crate::semantics#k25)).
/// - An object with only a `generateName` is called `<generateName>*`, the next one `<generateName>*2`:
///   each would become an object of its own.
/// - The text's format follows the ending of its name, see [`Hint::of_name`].
///
/// ```
/// use netpol_oracle::{Loader, Release};
/// let loaded = Loader::new(Release::DEFAULT)
///     .text("pod.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}"#)
///     .text("bad.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}"#)
///     .finish();
/// assert_eq!(loaded.cluster.pods().len(), 1);
/// assert_eq!(
///     loaded.diagnostics[0].to_string(),
///     "bad.json:1 (document 0): error[NP003]: metadata.name: this must be a string, not a number \
///      (help: write it in quotes)"
/// );
/// ```
#[derive(Debug)]
pub struct Loader {
    release: Release,
    builder: ClusterBuilder,
    diagnostics: Vec<Diagnostic>,
    skipped: BTreeMap<String, usize>,
    objects: Vec<LoadedObject>,
    /// Where each accepted object was, by kind and name.
    seen: HashMap<(&'static str, ObjectName), Location>,
    /// How many objects have each `generateName`.
    generated: HashMap<(&'static str, ObjectName), usize>,
    /// How many typed objects came under each name.
    given: HashMap<Arc<str>, usize>,
}

/// What a [`Loader`] has read.
#[derive(Debug)]
pub struct Loaded {
    /// Every object that loaded.
    pub cluster: Cluster,
    /// Every problem, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects of each kind decide no flow and were left out.
    pub skipped: BTreeMap<String, usize>,
    /// Every document and list item, those that were left out or could not be read too; in the order of the
    /// texts. Empty documents have no entry.
    pub objects: Vec<LoadedObject>,
}

/// One document or list item, loaded or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedObject {
    /// Where it is.
    pub location: Location,
    /// Its kind; empty where it could not be read.
    pub kind: String,
    /// Its namespace; empty where it has none or could not be read.
    pub namespace: String,
    /// Its name; empty where it could not be read.
    pub name: String,
    /// Whether nothing is wrong with it (the last of several of a name wins). Of a NetworkPolicy: whether
    /// the API server accepts it. Kinds that are left out are not looked into.
    pub accepted: bool,
    /// The same where unknown and repeated fields are refused, as `kubectl` asks by default.
    pub accepted_strict: bool,
}

/// One object on its way in.
#[derive(Clone, Copy)]
struct Source<'a> {
    location: &'a Location,
    tree: &'a Tree,
    repeated: &'a [Repeated],
    format: Format,
}

/// A finding of the reader itself.
fn finding(severity: Severity, code: Code, message: String, location: Location) -> Diagnostic {
    Diagnostic {
        origin: Origin::Manifest,
        severity,
        code,
        path: FieldPath::root(),
        message,
        help: String::new(),
        location: Some(location),
    }
}

impl Loader {
    /// A loader that judges policies as the API server of `release` does.
    #[must_use]
    pub fn new(release: Release) -> Self {
        Self {
            release,
            builder: Cluster::builder(),
            diagnostics: Vec::new(),
            skipped: BTreeMap::new(),
            objects: Vec::new(),
            seen: HashMap::new(),
            generated: HashMap::new(),
            given: HashMap::new(),
        }
    }

    /// Reads a text, of one or many documents; `name` stands in every location.
    #[must_use]
    pub fn text(mut self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let source: Arc<str> = name.into();
        for document in read(text.as_ref(), Hint::of_name(name)) {
            self.document(&source, document);
        }
        self
    }

    /// Reads a typed object: of k8s-openapi, kube, a `serde_json::Value`, or a list of them. Several objects
    /// of one name count as its documents.
    #[must_use]
    pub fn object<T: Serialize + ?Sized>(mut self, name: &str, object: &T) -> Self {
        let source: Arc<str> = name.into();
        let count = self.given.entry(source.clone()).or_insert(0);
        let index = *count;
        *count += 1;
        let root = from_serialize(object);
        self.document(&source, Document { index, root, repeated: Vec::new(), format: Format::Json });
        self
    }

    /// Reads an object that stands in a larger text, of which it keeps the lines: item `item` of its document.
    #[must_use]
    pub(crate) fn item(mut self, source: &Arc<str>, tree: &Tree, item: usize, format: Format) -> Self {
        let location = Location { source: source.clone(), document: 0, item: Some(item), line: tree.line };
        let whole = Source { location: &location, tree, repeated: &[], format };
        match self.identify(tree, &location, None, None) {
            None => {}
            Some((Kind::List, kind, version)) => self.list(whole, kind, version),
            Some((kind, word, version)) => self.one(whole, kind, word, version),
        }
        self
    }

    /// The cluster, and all that was found.
    #[must_use]
    pub fn finish(mut self) -> Loaded {
        let cluster = self.builder.build();
        let shared = shared_addresses(cluster.pods(), &self.seen);
        self.diagnostics.extend(shared);
        Loaded { cluster, diagnostics: self.diagnostics, skipped: self.skipped, objects: self.objects }
    }

    fn document(&mut self, source: &Arc<str>, document: Document) {
        let at = |line| Location { source: source.clone(), document: document.index, item: None, line };
        let root = match &document.root {
            Ok(root) => root,
            Err(fault) => {
                let location = at(fault.line);
                self.unreadable(location.clone());
                self.diagnostics.push(of_fault(fault, location));
                return;
            }
        };
        if root.is_null() {
            return;
        }
        let location = at(root.line);
        let whole = Source { location: &location, tree: root, repeated: &document.repeated, format: document.format };
        match self.identify(root, &location, None, None) {
            None => {}
            Some((Kind::List, kind, version)) => self.list(whole, kind, version),
            Some((kind, word, version)) => self.one(whole, kind, word, version),
        }
    }

    fn unreadable(&mut self, location: Location) {
        self.objects.push(LoadedObject {
            location,
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            accepted: false,
            accepted_strict: false,
        });
    }

    /// What an object is; reports one that does not say.
    /// The defaults are what the list around it says of its items.
    fn identify<'a>(
        &mut self,
        tree: &'a Tree,
        location: &Location,
        default_kind: Option<&'a str>,
        default_version: Option<&'a str>,
    ) -> Option<(Kind, &'a str, Option<&'a str>)> {
        let at = At::root(tree);
        let mut faults = Faults::default();
        let mut found = None;
        if matches!(tree.value, Value::Mapping(_)) {
            let kind = at.text(&mut faults, "kind").or(default_kind);
            let version = at.text(&mut faults, "apiVersion").or(default_version);
            let is_silent = at.field("kind").is_none_or(|kind| kind.tree.as_str() == Some(""));
            match kind {
                Some(kind) => {
                    let has_items = tree.get("items").is_some();
                    found = Some((Kind::of(version, kind, has_items), kind, version));
                }
                None if is_silent => faults.missing(&at, "kind"),
                None => {}
            }
        } else {
            let message = format!("a manifest must be an object, not a value of type `{}`", tree.kind_name());
            faults.note(Code::FieldType, &at, message, "");
        }
        let faults = faults.into_list();
        if faults.is_empty() {
            return found;
        }
        self.unreadable(location.clone());
        self.place(faults, location);
        None
    }

    /// Every item of a list, those of lists in it too, counted through.
    fn list<'a>(&mut self, list: Source<'a>, kind: &'a str, version: Option<&'a str>) {
        let mut repeated = by_item(list.repeated);
        self.warn_repeated(repeated.remove("").unwrap_or_default().as_slice(), list.location);
        let none = Vec::new();
        let mut count = 0;
        // Lists that are being read: what their items are, the items left, the path so far.
        let mut open =
            vec![(item_kind(kind), version, self.items(list.tree, list.location).iter().enumerate(), String::new())];
        while let Some((kind, version, items, path)) = open.last_mut() {
            let Some((index, tree)) = items.next() else {
                open.pop();
                continue;
            };
            // A list's own version is not its items': `v1` of a `List` says nothing.
            let (kind, version) = (*kind, kind.and(*version));
            let location = Location { item: Some(count), line: tree.line, ..list.location.clone() };
            // The path is needed only where a key was repeated.
            let path = if repeated.is_empty() { String::new() } else { format!("{path}items[{index}].") };
            let repeated = repeated.get(path.as_str()).unwrap_or(&none);
            let item = Source { location: &location, tree, repeated, format: list.format };
            match self.identify(tree, &location, kind, version) {
                Some((Kind::List, kind, version)) => {
                    let items = self.items(tree, &location).iter().enumerate();
                    open.push((item_kind(kind), version, items, path));
                }
                Some((kind, word, version)) => {
                    self.one(item, kind, word, version);
                    count += 1;
                }
                None => count += 1,
            }
        }
    }

    fn items<'a>(&mut self, list: &'a Tree, location: &Location) -> &'a [Tree] {
        match list.get("items").map(|items| &items.value) {
            None | Some(Value::Null) => &[],
            Some(Value::Sequence(items)) => items,
            Some(_) => {
                let at = At::root(list);
                let mut faults = Faults::default();
                if let Some(items) = at.field("items") {
                    items.items(&mut faults);
                }
                self.unreadable(location.clone());
                self.place(faults.into_list(), location);
                &[]
            }
        }
    }

    fn one(&mut self, object: Source<'_>, kind: Kind, word: &str, version: Option<&str>) {
        let mut faults = Faults::default();
        let at = At::root(object.tree);
        let from = &mut faults;
        match kind {
            Kind::List => {}
            Kind::Unknown => self.leave_out(object, word),
            Kind::OtherPolicy => self.other_policy(object, word, version.unwrap_or_default()),
            Kind::ForeignNetworkPolicy => {
                self.leave_out(object, word);
                let version = quoted(version.unwrap_or_default());
                let message = format!("a NetworkPolicy of `{version}` is not judged: answers ignore it");
                let mut warning = finding(Severity::Warning, Code::OtherPolicyKind, message, object.location.clone());
                warning.help = "the version that is read is `networking.k8s.io/v1`".to_owned();
                self.diagnostics.push(warning);
            }
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
            Kind::EndpointSlice => match services::endpoint_slice(&at, from) {
                Some(None) if faults.is_empty() => self.leave_out(object, word),
                made => {
                    let made = made.flatten();
                    let name = made.as_ref().map(|made| made.name.clone());
                    if self.admit(object, "EndpointSlice", name, faults) {
                        made.map(|made| self.builder.endpoint_slice(made));
                    }
                }
            },
            Kind::Workload(kind) => {
                let made = workloads::workload(&at, from, kind);
                let name = made.as_ref().map(|made| made.name.clone());
                if self.admit(object, kind.as_str(), name, faults) {
                    made.map(|made| self.builder.workload(made));
                }
            }
        }
    }

    /// Counts an object of a kind that decides no flow.
    fn leave_out(&mut self, object: Source<'_>, kind: &str) {
        *self.skipped.entry(kind.to_owned()).or_insert(0) += 1;
        self.note_unread(object, kind);
    }

    /// Takes note of an object that is not looked into.
    fn note_unread(&mut self, object: Source<'_>, kind: &str) {
        let metadata = object.tree.get("metadata");
        let text = |field| metadata.and_then(|metadata| metadata.get(field)).and_then(Tree::as_str);
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: kind.to_owned(),
            namespace: text("namespace").unwrap_or_default().to_owned(),
            name: text("name").or_else(|| text("generateName")).unwrap_or_default().to_owned(),
            accepted: true,
            accepted_strict: true,
        });
    }

    /// Takes note of an object; whether it may go into the cluster.
    fn admit(&mut self, object: Source<'_>, kind: &'static str, name: Option<ObjectName>, faults: Faults) -> bool {
        let faults = faults.into_list();
        let accepted = faults.is_empty() && name.is_some();
        let shown = name.clone().unwrap_or_else(|| written_name(object.tree));
        self.objects.push(LoadedObject {
            location: object.location.clone(),
            kind: kind.to_owned(),
            namespace: shown.namespace().to_string(),
            name: shown.name().to_string(),
            accepted,
            accepted_strict: accepted && object.repeated.is_empty(),
        });
        self.warn_repeated(object.repeated, object.location);
        self.place(faults, object.location);
        if let Some(name) = name.filter(|_| accepted) {
            self.remember(kind, name, object.location);
        }
        accepted
    }

    /// Warns where an object of that name was accepted before (K25).
    fn remember(&mut self, kind: &'static str, name: ObjectName, location: &Location) {
        let shown = if name.namespace().is_empty() { name.name().to_string() } else { name.to_string() };
        if let Some(earlier) = self.seen.insert((kind, name), location.clone()) {
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
        let judged = api_server::judge_tree(
            object.tree,
            object.location.document,
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
        });
        for mut diagnostic in judged.diagnostics {
            let line = diagnostic.location.and_then(|location| location.line).or(object.location.line);
            diagnostic.location = Some(Location { line, ..object.location.clone() });
            self.diagnostics.push(diagnostic);
        }
        if let Some(policy) = policy {
            self.remember("NetworkPolicy", name, object.location);
            self.builder.policy(policy);
        }
    }

    fn other_policy(&mut self, object: Source<'_>, kind: &str, version: &str) {
        self.note_unread(object, kind);
        let written = written_name(object.tree);
        let name = if kinds::is_namespaced(version, kind) { written.to_string() } else { written.name().to_string() };
        let message = format!("{} `{}` is not judged: answers ignore it", quoted(kind), quoted(&name));
        let warning = finding(Severity::Warning, Code::OtherPolicyKind, message, object.location.clone());
        self.diagnostics.push(warning);
        let other = OtherPolicy { kind: kind.to_owned(), api_version: version.to_owned(), name };
        self.builder.other_policy(other);
    }

    fn warn_repeated(&mut self, repeated: &[Repeated], location: &Location) {
        for repeated in repeated {
            let location = Location { line: repeated.line.or(location.line), ..location.clone() };
            let message = format!("the field `{}` is given twice; the last one counts", quoted(&repeated.path));
            let mut warning = finding(Severity::Warning, Code::DuplicateField, message, location);
            warning.path = FieldPath::root().child(&repeated.path);
            self.diagnostics.push(warning);
        }
    }

    fn place(&mut self, faults: Vec<fields::FieldFault>, location: &Location) {
        for fault in faults {
            let location = Location { line: fault.line.or(location.line), ..location.clone() };
            let mut diagnostic = finding(Severity::Error, fault.code, fault.message, location);
            diagnostic.path = fault.path;
            diagnostic.help = fault.help;
            self.diagnostics.push(diagnostic);
        }
    }
}

fn of_fault(fault: &Fault, location: Location) -> Diagnostic {
    let code = match fault.kind {
        FaultKind::Limit => Code::Limit,
        _ => Code::Syntax,
    };
    finding(Severity::Error, code, fault.message.clone(), location)
}

/// What the items of a list are, where its kind says so: `Pod` of `PodList`.
fn item_kind(list: &str) -> Option<&str> {
    list.strip_suffix("List").filter(|kind| !kind.is_empty())
}

/// Repeated keys by the item they are in (`items[3].`), with their paths from there.
fn by_item(repeated: &[Repeated]) -> HashMap<&str, Vec<Repeated>> {
    let mut by_item: HashMap<&str, Vec<Repeated>> = HashMap::new();
    for one in repeated {
        let mut rest = one.path.as_str();
        while let Some((_, inner)) = rest
            .strip_prefix("items[")
            .and_then(|inner| inner.split_once("]."))
            .filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()))
        {
            rest = inner;
        }
        let prefix = one.path.get(..one.path.len() - rest.len()).unwrap_or_default();
        by_item.entry(prefix).or_default().push(Repeated { path: rest.to_owned(), ..one.clone() });
    }
    by_item
}

/// Name and namespace as written, for an object that may be faulty.
fn written_name(tree: &Tree) -> ObjectName {
    let text = |field: &str| {
        let metadata = tree.get("metadata")?;
        metadata.get(field).and_then(Tree::as_str).filter(|text| !text.is_empty())
    };
    let name = text("name").or_else(|| text("generateName")).unwrap_or_default();
    ObjectName::new(text("namespace").unwrap_or("default"), name)
}

/// The beginning of a name that the server would complete.
fn generate_name(tree: &Tree) -> Option<&str> {
    let metadata = tree.get("metadata")?;
    let text = |field: &str| metadata.get(field).and_then(Tree::as_str).filter(|text| !text.is_empty());
    if text("name").is_some() { None } else { text("generateName") }
}

fn renamed(policy: &NetworkPolicy, name: ObjectName) -> NetworkPolicy {
    use crate::name::Direction;
    NetworkPolicy::new(
        name,
        policy.subject().clone(),
        policy.types(),
        policy.written_rules(Direction::Ingress).to_vec(),
        policy.written_rules(Direction::Egress).to_vec(),
    )
}

/// A warning for each address that two live pods claim; hostNetwork pods claim none (K20).
fn shared_addresses(pods: Objects<'_, Pod>, seen: &HashMap<(&'static str, ObjectName), Location>) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<IpAddr, Vec<&ObjectName>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.is_live() && !pod.host_network) {
        for address in &pod.addresses {
            owners.entry(*address).or_default().push(&pod.name);
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    let warning = |(address, owners): (IpAddr, Vec<&ObjectName>)| {
        let shown: Vec<String> = owners.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
        let more = match owners.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("the address `{address}` is claimed by the live pods {}{more}", shown.join(", "));
        let location = owners.last().and_then(|name| seen.get(&("Pod", (*name).clone())));
        Diagnostic {
            origin: Origin::Manifest,
            severity: Severity::Warning,
            code: Code::SharedAddress,
            path: FieldPath::root(),
            message,
            help: "a flow that names the address has no answer; name a pod".to_owned(),
            location: location.cloned(),
        }
    };
    owners.into_iter().map(warning).collect()
}
