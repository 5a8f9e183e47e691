//! The loader: what texts and objects hold, put into one cluster in their order.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::Arc;

use serde::Serialize;

use super::findings::finding;
use super::intake::{Intake, Setting};
use super::loaded::{Loaded, LoadedObject};
use super::names;
use super::seen::Seen;
use super::shared_addresses::{shared_addresses, shared_node_addresses};
use super::taken::{Made, Taken, Takings};
use super::texts;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::located::Tree;
use crate::manifest::tree::{Document, Format, from_serialize};
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
/// - No namespace means `default`, or what [`Loader::namespace`] says. The same object twice: the last accepted one wins, with
///   a warning
///   ([K25](crate::semantics#k25)).
/// - An object with only a `generateName` is called `<generateName>*`, the next one `<generateName>*2`:
///   each would become an object of its own.
/// - The ending of a text's name says its format: `.json`, `.yaml` or `.yml`, each with or without a `.gz` behind it (what is
///   given is unpacked all the same). Any other says nothing: JSON where the text
///   starts with `{` or `[` and is valid JSON, else YAML.
///
/// Texts may be of any size. Of a list larger than 1 MiB nothing is kept but the objects that it holds: item by item in
/// JSON, and in YAML whose `items` are a list in block style, as `kubectl` writes it. Bounds are those of one item, of
/// one document of a YAML text, and of one that is not such a list (in flow style, with an alias of another item's
/// anchor): refused with [`Code::Limit`] is what has more than 1,000 levels, 10,000,000 values (aliases expanded), 64
/// MiB of text repeated through aliases, the share of aliased values that the API server's parser allows, or 512 MiB of
/// text. So is a list larger than 1 MiB that gives `kind`, `apiVersion` or `items` twice. A document with a fault is
/// refused as a whole, large or small. What nobody asks for (managed fields, variables, volumes) is read as strictly as
/// the rest, and never built.
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
    setting: Setting,
    builder: ClusterBuilder,
    diagnostics: Vec<Diagnostic>,
    skipped: BTreeMap<String, usize>,
    objects: Vec<LoadedObject>,
    /// Which of them were accepted.
    seen: Seen,
    /// How many objects have each `generateName`, by kind.
    generated: HashMap<(String, ObjectName), usize>,
    /// How many typed objects came under each name.
    given: HashMap<Arc<str>, usize>,
}

impl Loader {
    /// A loader that judges policies as the API server of `release` does.
    #[must_use]
    pub fn new(release: Release) -> Self {
        Self {
            setting: Setting { release, namespace: "default".into() },
            builder: Cluster::builder(),
            diagnostics: Vec::new(),
            skipped: BTreeMap::new(),
            objects: Vec::new(),
            seen: Seen::default(),
            generated: HashMap::new(),
            given: HashMap::new(),
        }
    }

    /// Where objects are that name no namespace, in what is read from here on: `default` without it. Cluster-wide kinds have
    /// none.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.setting.namespace = namespace.into();
        self
    }

    /// Reads a text, of one or many documents; `name` stands in every location.
    #[must_use]
    pub fn text(mut self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let takings = texts::of_text(&self.setting, name, text.as_ref());
        self.put(takings);
        self
    }

    /// Reads a text of any size, of one or many documents, as [`Loader::text`] does: of a large list item by item, and
    /// nothing of it is kept but what goes into the cluster. What the reader fails with is a diagnostic
    /// ([`Code::Unread`]) of the document it happened in, which is refused.
    ///
    /// A text of more than 1 MiB whose name does not say its format is JSON where it starts with `{` or `[`, else YAML.
    ///
    /// ```
    /// use netpol_oracle::{Loader, Release};
    /// let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: web}}\n";
    /// let loaded = Loader::new(Release::DEFAULT).reader("pods.yaml", text.as_bytes()).finish();
    /// assert_eq!(loaded.cluster.pods().len(), 1);
    /// ```
    #[must_use]
    pub fn reader(mut self, name: &str, text: impl Read) -> Self {
        let takings = texts::of_reader(&self.setting, name, text);
        self.put(takings);
        self
    }

    /// Reads several texts, each as [`Loader::reader`] does, side by side with the feature `rayon`. What is found stands in
    /// their order all the same.
    ///
    /// ```
    /// use netpol_oracle::{Loader, Release};
    /// let texts = [("a.yaml", "kind: Pod\nmetadata: {name: a}"), ("b.json", r#"{"kind": "Pod", "metadata": {"name": "b"}}"#)];
    /// let texts = texts.map(|(name, text)| (name, text.as_bytes()));
    /// let loaded = Loader::new(Release::DEFAULT).readers(texts).finish();
    /// assert_eq!(loaded.cluster.pods().len(), 2);
    /// ```
    #[must_use]
    pub fn readers<N: AsRef<str> + Send, R: Read + Send>(mut self, texts: impl IntoIterator<Item = (N, R)>) -> Self {
        for takings in texts::of_readers(&self.setting, texts) {
            self.put(takings);
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
        let mut intake = Intake::new(&self.setting, source);
        intake.document(Document { index, root, repeated: Vec::new(), format: Format::Json });
        self.put(intake.finish());
        self
    }

    /// Reads an object that stands in a larger text, of which it keeps the lines: item `item` of its document.
    #[must_use]
    pub(crate) fn item(mut self, source: &Arc<str>, tree: &Tree, item: usize, format: Format) -> Self {
        let mut intake = Intake::new(&self.setting, source.clone());
        intake.item(tree, item, format);
        self.put(intake.finish());
        self
    }

    /// The cluster, and all that was found.
    #[must_use]
    pub fn finish(mut self) -> Loaded {
        let cluster = self.builder.build();
        let location = |kind: &str, name: &ObjectName| {
            let place = self.seen.place(&self.objects, (kind, name.namespace(), name.name()))?;
            self.objects.get(place).map(|record| record.location.clone())
        };
        let mut shared = shared_addresses(cluster.pods(), |pod| location("Pod", pod));
        shared.extend(shared_node_addresses(&cluster, |node| location("Node", node)));
        self.diagnostics.extend(shared);
        Loaded { cluster, diagnostics: self.diagnostics, skipped: self.skipped, objects: self.objects }
    }

    pub(super) fn put(&mut self, takings: Takings) {
        for Taken { mut record, diagnostics, made } in takings.into_iter() {
            self.diagnostics.extend(diagnostics);
            let object = match made {
                Made::Nothing => None,
                Made::LeftOut => {
                    let kind = record.as_ref().map(|record| record.kind.clone());
                    *self.skipped.entry(kind.unwrap_or_default()).or_insert(0) += 1;
                    None
                }
                Made::OtherPolicy(policy) => {
                    self.builder.other_policy(policy);
                    None
                }
                Made::RejectedPolicy(name) => {
                    self.builder.rejected_policy(name);
                    None
                }
                Made::Object(object) => Some(object),
                Made::Unnamed(object) => {
                    let name = record.as_mut().map(|record| self.generated_name(record));
                    name.and_then(|name| Some(names::renamed(object?, name)))
                }
            };
            self.objects.extend(record);
            if let Some(object) = object {
                self.remember();
                self.builder.object(object);
            }
        }
    }

    /// `web-*` for the first object of the prefix `web-`, then `web-*2`, ...; in the record too.
    fn generated_name(&mut self, record: &mut LoadedObject) -> ObjectName {
        let prefix = ObjectName::new(&*record.namespace, &*record.name);
        let count = self.generated.entry((record.kind.clone(), prefix)).or_insert(0);
        *count += 1;
        record.name.push('*');
        if *count > 1 {
            record.name.push_str(&count.to_string());
        }
        ObjectName::new(&*record.namespace, &*record.name)
    }

    /// Takes note of the last record as accepted; warns where an object of its name was before (K25).
    fn remember(&mut self) {
        let place = self.objects.len().saturating_sub(1);
        let Some(earlier) = self.seen.insert(&self.objects, place) else {
            return;
        };
        if let (Some(earlier), Some(record)) = (self.objects.get(earlier), self.objects.get(place)) {
            let slash = if record.namespace.is_empty() { "" } else { "/" };
            let shown = format!("{}{slash}{}", record.namespace, record.name);
            let message =
                format!("{} `{shown}` was given before, at {}; this one counts", record.kind, earlier.location);
            let warning = finding(Severity::Warning, Code::DuplicateObject, message, record.location.clone());
            self.diagnostics.push(warning);
        }
    }
}
