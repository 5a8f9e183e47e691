//! The loader: documents to objects, and what each is.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::kinds::Kind;
use super::loaded::{Loaded, LoadedObject};
use super::shared_addresses::{shared_addresses, shared_node_addresses};
use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::located::{At, Faults, FieldFault, Tree, Value};
use crate::manifest::lines::FieldLines;
use crate::manifest::tree::{Document, Format, Hint, Repeated, from_serialize, read};
use crate::model::builder::ClusterBuilder;
use crate::model::cluster::Cluster;
use crate::name::ObjectName;
use crate::release::Release;

/// Reads named texts and typed objects into a [`Cluster`], and never fails as a whole: each problem is
/// reported with its place, and everything else still loads.
///
/// Read are Namespace, Pod, Node, Service, EndpointSlice, Endpoints, the workloads (Deployment, ReplicaSet,
/// StatefulSet, DaemonSet, Job, CronJob, ReplicationController, and any kind of another API that has a pod template),
/// NetworkPolicy, and lists of them. Other kinds are counted in [`Loaded::skipped`]; fields that decide no flow are not looked at.
///
/// - A NetworkPolicy loads if the API server of the release would accept it; one that carries a `uid` was
///   accepted once ([K25](crate::semantics#k25)).
/// - A kind of Kubernetes itself in a version that the release does not serve is an error, as one in another case is
///   ([K25](crate::semantics#k25)). Of an OpenShift Template those objects are read that need no parameter.
/// - No namespace means `default`, or what [`Loader::namespace`] says. The same object twice: the last accepted one wins, with a warning
///   ([K25](crate::semantics#k25)).
/// - An object with only a `generateName` is called `<generateName>*`, the next one `<generateName>*2`:
///   each would become an object of its own.
/// - The ending of a text's name says its format: `.json`, `.yaml` or `.yml`. Any other says nothing: JSON where the text
///   starts with `{` or `[` and is valid JSON, else YAML.
///
/// Reading takes time and memory linear in the text. A document is refused with [`Code::Limit`] beyond 1,000 levels,
/// 10,000,000 values (aliases expanded), 64 MiB of text repeated through aliases, the share of aliased values that the API
/// server's parser allows, or 512 MiB of text.
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
    pub(super) release: Release,
    /// Where objects are that name no namespace, if not in `default`.
    pub(super) namespace: Option<Box<str>>,
    pub(super) builder: ClusterBuilder,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) skipped: BTreeMap<String, usize>,
    pub(super) objects: Vec<LoadedObject>,
    /// Where each accepted object was, by kind and name.
    pub(super) seen: HashMap<(Cow<'static, str>, ObjectName), Location>,
    /// How many objects have each `generateName`.
    pub(super) generated: HashMap<(&'static str, ObjectName), usize>,
    /// How many typed objects came under each name.
    pub(super) given: HashMap<Arc<str>, usize>,
}

/// One object on its way in.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) location: &'a Location,
    pub(super) tree: &'a Tree,
    pub(super) repeated: &'a [Repeated],
    pub(super) format: Format,
}

/// A finding of the reader itself.
pub(super) fn finding(severity: Severity, code: Code, message: String, location: Location) -> Diagnostic {
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
            namespace: None,
            builder: Cluster::builder(),
            diagnostics: Vec::new(),
            skipped: BTreeMap::new(),
            objects: Vec::new(),
            seen: HashMap::new(),
            generated: HashMap::new(),
            given: HashMap::new(),
        }
    }

    /// Where objects are that name no namespace, in what is read from here on: `default` without it. Cluster-wide kinds have
    /// none.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.into());
        self
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
        self.diagnostics.extend(shared_addresses(cluster.pods(), &self.seen));
        self.diagnostics.extend(shared_node_addresses(&cluster, &self.seen));
        Loaded { cluster, diagnostics: self.diagnostics, skipped: self.skipped, objects: self.objects }
    }

    fn document(&mut self, source: &Arc<str>, document: Document) {
        let at = |line| Location { source: source.clone(), document: document.index, item: None, line };
        let root = match &document.root {
            Ok(root) => root,
            Err(fault) => {
                let location = at(fault.line);
                self.unreadable(location.clone());
                self.diagnostics.push(fault.at(location));
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

    pub(super) fn unreadable(&mut self, location: Location) {
        self.objects.push(LoadedObject {
            location,
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            accepted: false,
            accepted_strict: false,
            lines: FieldLines::default(),
        });
    }

    /// What an object is; reports one that does not say.
    /// The defaults are what the list around it says of its items.
    pub(super) fn identify<'a>(
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
                    found = Some((Kind::of(version, kind, has_items, self.release), kind, version));
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

    pub(super) fn place(&mut self, faults: Vec<FieldFault>, location: &Location) {
        self.diagnostics.extend(faults.into_iter().map(|fault| fault.at(Some(location))));
    }
}
