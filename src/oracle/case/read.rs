//! Texts to cases: strict, every fault with its line.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use super::case::{Case, CaseFlow};
use super::expected::{Answer, AnswerSide, Expected};
use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, ReadError, Severity};
use crate::located::{At, Faults, FieldFault, Value};
use crate::manifest::load::{Loaded, Loader};
use crate::manifest::tree::{Document, Format, Hint, read};
use crate::model::change::{Change, Object, ObjectId};
use crate::model::cluster::{Cluster, WorkloadKind};
use crate::model::flow::Flow;
use crate::name::ObjectName;
use crate::net::canonical;
use crate::oracle::data_plane::{Observed, Outcome};
use crate::profile::profile::Profile;
use crate::profile::row::{Row, Rows};
use crate::text::{listed, quoted};
use crate::verdict::{Backend, FlowError, NoteCode, Reason, Verdict};

const FIELDS: [&str; 6] = ["name", "source", "profile", "manifests", "changes", "flows"];
const VERDICTS: [(&str, Verdict); 3] =
    [("allow", Verdict::Allow), ("deny", Verdict::Deny), ("undefined", Verdict::Undefined)];
const OUTCOMES: [(&str, Outcome); 2] = [("delivered", Outcome::Delivered), ("dropped", Outcome::Dropped)];

impl Case {
    /// Reads a case: YAML or JSON (by the ending of `name`, as [`Loader`] tells), one document.
    ///
    /// Whether the flows can be judged, and are answered as the case says, is [`Case::stale`]'s to tell.
    ///
    /// # Errors
    /// Every fault of the file, each with its line and field: fields that a case does not have, manifests that do not load,
    /// changes that cannot be made.
    pub fn read(name: &str, text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        let source: Arc<str> = name.into();
        let mut documents = read(text.as_ref(), Hint::of_name(name));
        let reader = Reader { source, diagnostics: Vec::new(), faults: Faults::default() };
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => reader.case(&document).map_err(ReadError::new),
            (last, _) => {
                let count = documents.len() + usize::from(last.is_some());
                let message = format!("{count} documents where a case is one");
                let fault =
                    reader.diagnostic(Code::FieldType, FieldPath::root(), None, message, "keep one case a file");
                Err(ReadError::new(vec![fault]))
            }
        }
    }
}

struct Reader {
    source: Arc<str>,
    /// Faults of parts that have readers of their own.
    diagnostics: Vec<Diagnostic>,
    faults: Faults,
}

impl Reader {
    /// A fault where the case stands.
    fn placed(&self, fault: FieldFault) -> Diagnostic {
        fault.at(Some(&Location { source: self.source.clone(), document: 0, item: None, line: None }))
    }

    fn diagnostic(&self, code: Code, path: FieldPath, line: Option<usize>, message: String, help: &str) -> Diagnostic {
        self.placed(FieldFault { code, path, line, message, help: help.to_owned() })
    }

    fn case(mut self, document: &Document) -> Result<Case, Vec<Diagnostic>> {
        let root = match &document.root {
            Ok(root) => root,
            Err(fault) => {
                let found = self.diagnostic(fault.code(), FieldPath::root(), fault.line, fault.message.clone(), "");
                return Err(vec![found]);
            }
        };
        for twice in &document.repeated {
            let message = format!("the field `{}` is given twice", quoted(&twice.path));
            let path = FieldPath::root().child(&twice.path);
            let fault = self.diagnostic(Code::DuplicateField, path, twice.line, message, "");
            self.diagnostics.push(fault);
        }
        let at = At::root(root);
        let mut case = Case::new(Cluster::default(), Profile::default());
        if matches!(root.value, Value::Mapping(_)) {
            self.faults.unknown_fields(&at, &FIELDS);
            case.name = at.text(&mut self.faults, "name").map(str::to_owned);
            case.source = at.text(&mut self.faults, "source").map(str::to_owned);
            case.profile = self.profile(&at);
            case.cluster = self.manifests(&at, &case.profile, document.format);
            case.changes = self.changes(&at, &case, document.format);
            case.flows = self.flows(&at);
        } else {
            at.wrong_type(&mut self.faults, "an object", "");
        }
        for fault in std::mem::take(&mut self.faults).into_list() {
            let diagnostic = self.placed(fault);
            self.diagnostics.push(diagnostic);
        }
        if self.diagnostics.is_empty() {
            return Ok(case);
        }
        self.diagnostics.sort_by_key(|fault| fault.location.as_ref().and_then(|location| location.line));
        Err(self.diagnostics)
    }

    fn profile(&mut self, root: &At<'_>) -> Profile {
        let Some(at) = root.field("profile") else {
            self.faults.missing(root, "profile");
            return Profile::default();
        };
        Profile::from_located(&at, &mut self.faults).unwrap_or_default()
    }

    /// Takes over the faults of a part, with the way to the part in front of their paths.
    fn below(&mut self, at: &At<'_>, faults: Vec<Diagnostic>) {
        let errors = faults.into_iter().filter(|fault| fault.severity == Severity::Error);
        self.diagnostics.extend(errors.map(|fault| Diagnostic {
            path: if fault.path == FieldPath::root() { at.path() } else { at.path().child(fault.path.as_str()) },
            location: fault.location.map(|location| Location { item: None, ..location }),
            ..fault
        }));
    }

    fn manifests(&mut self, root: &At<'_>, profile: &Profile, format: Format) -> Cluster {
        let Some(list) = root.field("manifests") else {
            self.faults.missing(root, "manifests");
            return Cluster::default();
        };
        let mut loader = Loader::new(profile.release());
        let items = list.items(&mut self.faults);
        for (index, item) in items.iter().enumerate() {
            loader = loader.item(&self.source, item.tree, index, format);
        }
        let Loaded { cluster, diagnostics, .. } = loader.finish();
        for diagnostic in diagnostics {
            let index = diagnostic.location.as_ref().and_then(|location| location.item);
            match index.and_then(|index| items.get(index)) {
                Some(item) => self.below(item, vec![diagnostic]),
                None => self.below(&list, vec![diagnostic]),
            }
        }
        cluster
    }

    fn changes(&mut self, root: &At<'_>, case: &Case, format: Format) -> Vec<Vec<Change>> {
        let Some(at) = root.field("changes") else { return Vec::new() };
        let mut now = case.cluster.clone();
        let mut batches = Vec::new();
        for batch in at.items(&mut self.faults) {
            let before = self.diagnostics.len();
            let mut changes = Vec::new();
            for item in batch.objects(&mut self.faults) {
                changes.extend(self.change(&item, &case.profile, format));
            }
            // What could not be read may be what is missed.
            if let (Err(error), true) =
                (now.apply(&changes), self.diagnostics.len() == before && self.faults.is_empty())
            {
                batch.wrong_value(&mut self.faults, error.to_string());
            }
            batches.push(changes);
        }
        batches
    }

    fn change(&mut self, at: &At<'_>, profile: &Profile, format: Format) -> Option<Change> {
        self.faults.unknown_fields(at, &["put", "remove"]);
        match (at.field("put"), at.field("remove")) {
            (Some(put), None) => self.put(&put, profile, format).map(Change::Put),
            (None, Some(_)) => {
                let remove = at.object(&mut self.faults, "remove")?;
                self.removed(&remove).map(Change::Remove)
            }
            _ => {
                at.wrong_value(&mut self.faults, "a change is one `put` or one `remove`");
                None
            }
        }
    }

    fn put(&mut self, at: &At<'_>, profile: &Profile, format: Format) -> Option<Object> {
        let loaded = Loader::new(profile.release()).item(&self.source, at.tree, 0, format).finish();
        let before = self.diagnostics.len();
        self.below(at, loaded.diagnostics);
        if self.diagnostics.len() > before {
            return None;
        }
        let object = only(&loaded.cluster);
        if object.is_none() {
            at.wrong_value(&mut self.faults, "this must be one object of a kind that decides flows");
        }
        object
    }

    fn removed(&mut self, at: &At<'_>) -> Option<ObjectId> {
        self.faults.unknown_fields(at, &["kind", "namespace", "name"]);
        let mut needed = |field| {
            if at.field(field).is_none() {
                self.faults.missing(at, field);
            }
            at.text(&mut self.faults, field)
        };
        let (kind, name) = (needed("kind"), needed("name"));
        let namespace = at.text(&mut self.faults, "namespace").unwrap_or("default");
        let (kind, name) = (kind?, name?);
        let named = || ObjectName::new(namespace, name);
        Some(match kind {
            "Namespace" => ObjectId::Namespace(name.into()),
            "Node" => ObjectId::Node(name.into()),
            "Pod" => ObjectId::Pod(named()),
            "Service" => ObjectId::Service(named()),
            "Endpoints" => ObjectId::Endpoints(named()),
            "EndpointSlice" => ObjectId::EndpointSlice(named()),
            "NetworkPolicy" => ObjectId::Policy(named()),
            other => match WorkloadKind::from_str(other) {
                // A kind of another API has its group, or anything would be one.
                Ok(kind) if WorkloadKind::ALL.contains(&kind) || !kind.group().is_empty() => {
                    ObjectId::Workload(kind, named())
                }
                _ => {
                    let kind = at.field("kind");
                    let message = format!("`{}` is no kind that decides flows", quoted(other));
                    kind.as_ref().unwrap_or(at).wrong_value(&mut self.faults, message);
                    return None;
                }
            },
        })
    }

    fn flows(&mut self, root: &At<'_>) -> Vec<CaseFlow> {
        let Some(at) = root.field("flows") else {
            self.faults.missing(root, "flows");
            return Vec::new();
        };
        let items = at.objects(&mut self.faults);
        items.iter().filter_map(|item| self.flow(item)).collect()
    }

    fn flow(&mut self, at: &At<'_>) -> Option<CaseFlow> {
        self.faults.unknown_fields(at, &["flow", "backend", "expected", "observed"]);
        let flow = self.flow_text(at);
        let backend =
            at.field("backend").and_then(|backend| backend.as_text(&mut self.faults).map(|text| (backend, text)));
        let backend = backend.and_then(|(backend, text)| match text.parse::<IpAddr>() {
            Ok(address) => Some(canonical(address)),
            Err(_) => {
                backend.wrong_value(&mut self.faults, format!("`{}` is no ip address", quoted(text)));
                None
            }
        });
        let expected = at.needed_object(&mut self.faults, "expected").and_then(|at| self.expected(&at));
        let observed = at.object(&mut self.faults, "observed").and_then(|at| self.observed(&at));
        Some(CaseFlow { flow: flow?, backend, expected: expected?, observed })
    }

    fn flow_text(&mut self, at: &At<'_>) -> Option<Flow> {
        let Some(field) = at.field("flow") else {
            self.faults.missing(at, "flow");
            return None;
        };
        match field.as_text(&mut self.faults)?.parse() {
            Ok(flow) => Some(flow),
            Err(error) => {
                field.wrong_value(&mut self.faults, format!("{error}"));
                None
            }
        }
    }

    fn expected(&mut self, at: &At<'_>) -> Option<Expected> {
        self.faults
            .unknown_fields(at, &["verdict", "rows", "egress", "ingress", "reasons", "backends", "notes", "error"]);
        if let Some(error) = at.field("error") {
            if at.tree.entries().len() > 1 {
                error.wrong_value(&mut self.faults, "what cannot be judged has no answer: `error` stands alone");
            }
            return self.code(at, "error", FlowError::CODES).map(Expected::Error);
        }
        if at.field("verdict").is_none() {
            self.faults.missing(at, "verdict");
        }
        let verdict = self.word(at, "verdict", &VERDICTS);
        let rows = at.field("rows").map(|rows| {
            let items = rows.items(&mut self.faults);
            items.iter().filter_map(|item| self.row(item)).collect::<Rows>()
        });
        let reasons = at.object(&mut self.faults, "reasons");
        if let Some(reasons) = &reasons {
            self.faults.unknown_fields(reasons, &["egress", "ingress"]);
        }
        let mut side = |name| AnswerSide {
            verdict: self.word(at, name, &VERDICTS),
            reason: reasons.as_ref().and_then(|reasons| self.code(reasons, name, Reason::CODES)),
        };
        let (egress, ingress) = (side("egress"), side("ingress"));
        let backends = at.object(&mut self.faults, "backends").map(|at| self.backends(&at));
        let notes = at.field("notes").map(|notes| {
            let items = notes.items(&mut self.faults);
            items.iter().filter_map(|item| self.note(item)).collect()
        });
        Some(Expected::Answer(Answer { verdict: verdict?, rows, egress, ingress, backends, notes }))
    }

    fn backends(&mut self, at: &At<'_>) -> BTreeMap<Backend, Verdict> {
        let mut backends = BTreeMap::new();
        for entry in at.tree.entries() {
            let each = at.entry(entry);
            let Some(backend) = backend(&entry.key) else {
                each.wrong_value(
                    &mut self.faults,
                    "a backend is `NAMESPACE/NAME`, `NAMESPACE/KIND/NAME` or an address",
                );
                continue;
            };
            if let Some(verdict) = self.word(at, &entry.key, &VERDICTS) {
                backends.insert(backend, verdict);
            }
        }
        backends
    }

    fn code(&mut self, at: &At<'_>, field: &str, codes: &[&'static str]) -> Option<&'static str> {
        let words: Vec<_> = codes.iter().map(|code| (*code, *code)).collect();
        self.word(at, field, &words)
    }

    fn note(&mut self, at: &At<'_>) -> Option<NoteCode> {
        let text = at.as_text(&mut self.faults)?;
        let code = NoteCode::ALL.iter().copied().find(|code| code.as_str() == text);
        if code.is_none() {
            let known = listed(NoteCode::ALL.iter().map(|code| code.as_str()));
            at.wrong_value(&mut self.faults, format!("`{}` is no code of a note; the codes are {known}", quoted(text)));
        }
        code
    }

    fn row(&mut self, at: &At<'_>) -> Option<Row> {
        let text = at.as_text(&mut self.faults)?;
        let row = text.parse().ok();
        if row.is_none() {
            at.wrong_value(&mut self.faults, format!("`{}` is no row", quoted(text)));
        }
        row
    }

    fn word<T: Copy>(&mut self, at: &At<'_>, field: &str, words: &[(&str, T)]) -> Option<T> {
        let text = at.text(&mut self.faults, field)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("`{}` is none of {}", quoted(text), listed(words.iter().map(|(word, _)| word)));
            at.field(field).as_ref().unwrap_or(at).wrong_value(&mut self.faults, message);
        }
        found
    }

    fn observed(&mut self, at: &At<'_>) -> Option<Observed> {
        self.faults.unknown_fields(at, &["end-to-end", "sides", "not-observable"]);
        if let Some(why) = at.text(&mut self.faults, "not-observable") {
            return Some(Observed::NotObservable(why.to_owned()));
        }
        if let Some(sides) = at.object(&mut self.faults, "sides") {
            self.faults.unknown_fields(&sides, &["egress", "ingress"]);
            let egress = self.word(&sides, "egress", &OUTCOMES);
            let ingress = self.word(&sides, "ingress", &OUTCOMES);
            for (field, side) in [("egress", egress), ("ingress", ingress)] {
                if side.is_none() && sides.field(field).is_none() {
                    self.faults.missing(&sides, field);
                }
            }
            return Some(Observed::Sides { egress: egress?, ingress: ingress? });
        }
        if at.field("end-to-end").is_none() {
            at.wrong_value(&mut self.faults, "write one of `end-to-end`, `sides` and `not-observable`");
        }
        self.word(at, "end-to-end", &OUTCOMES).map(Observed::EndToEnd)
    }
}

/// The one object of a cluster that was loaded from one manifest; the namespace that it names comes by itself.
fn only(cluster: &Cluster) -> Option<Object> {
    // Namespaces come first.
    cluster.objects().last()
}

/// As [`Backend`] is written.
fn backend(text: &str) -> Option<Backend> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Backend::Address(canonical(address)));
    }
    let (namespace, rest) = text.split_once('/')?;
    match rest.split_once('/') {
        None => Some(Backend::Object(ObjectName::new(namespace, rest))),
        Some((kind, name)) => Some(Backend::Workload(ObjectName::new(namespace, name), kind.parse().ok()?)),
    }
}
