//! The profile file of SEMANTICS section 3: read with located errors, written back.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::manifest::tree::{self, Entry, Hint, Tree, Value};
use crate::net::Cidr;
use crate::profile::cce::Edition;
use crate::profile::profile::{Base, Profile, ProfileError, Switch};
use crate::profile::row::Row;
use crate::text::listed;

/// Fields of a profile file, in the order in which they are written.
const FIELDS: [&str; 8] =
    ["model", "version", "switch", "podCIDRs", "serviceCIDRs", "edition", "secureRuntimes", "overrides"];

impl Profile {
    /// Reads a profile file: YAML or JSON, one document.
    ///
    /// ```
    /// use netpol_oracle::Profile;
    /// let profile = Profile::read("cluster.json", r#"{"model": "vpc", "version": "v1.31.6-r0"}"#)
    ///     .map_err(|faults| faults[0].to_string())?;
    /// assert_eq!(profile.release().minor(), 31);
    ///
    /// let faults = Profile::read("cluster.json", r#"{"model": "vcp"}"#).unwrap_err();
    /// assert_eq!(faults[0].path.as_str(), "model");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Every fault of the file, each with its line and field.
    pub fn read(name: &str, text: impl AsRef<[u8]>) -> Result<Self, Vec<Diagnostic>> {
        let source: Arc<str> = name.into();
        let mut reader = Reader { source: Some(source), faults: Vec::new() };
        let documents = tree::read(text.as_ref(), Hint::of_name(name));
        match documents.as_slice() {
            [document] => match &document.root {
                Ok(root) => reader.profile(root),
                Err(fault) => {
                    reader.fault(Code::Syntax, FieldPath::root(), fault.line, &fault.message, "");
                    Err(reader.faults)
                }
            },
            _ => {
                let message = format!("{} documents where a profile is one", documents.len());
                reader.fault(Code::FieldType, FieldPath::root(), None, &message, "keep one profile a file");
                Err(reader.faults)
            }
        }
    }

    /// Reads a profile that stands in a larger text: in its text form, or the mapping of a profile file. Paths of faults
    /// begin at the profile.
    pub(crate) fn from_tree(source: &Arc<str>, tree: &Tree) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader { source: Some(source.clone()), faults: Vec::new() };
        let Value::String(text) = &tree.value else { return reader.profile(tree) };
        text.parse().map_err(|error: ProfileError| {
            reader.fault(Code::FieldValue, FieldPath::root(), tree.line, &error.to_string(), "");
            reader.faults
        })
    }
}

struct Reader {
    source: Option<Arc<str>>,
    faults: Vec<Diagnostic>,
}

impl Reader {
    fn fault(&mut self, code: Code, path: FieldPath, line: Option<usize>, message: &str, help: &str) {
        let location =
            self.source.as_ref().map(|source| Location { source: source.clone(), document: 0, item: None, line });
        self.faults.push(Diagnostic {
            origin: Origin::Manifest,
            severity: Severity::Error,
            code,
            path,
            message: message.to_owned(),
            help: help.to_owned(),
            location,
        });
    }

    fn wrong_type(&mut self, path: FieldPath, tree: &Tree, wanted: &str, help: &str) {
        let message = format!("{} where {wanted} is wanted", tree.kind_name());
        self.fault(Code::FieldType, path, tree.line, &message, help);
    }

    fn profile(mut self, root: &Tree) -> Result<Profile, Vec<Diagnostic>> {
        let Value::Mapping(entries) = &root.value else {
            self.wrong_type(FieldPath::root(), root, "a mapping", "write `model: kubernetes`");
            return Err(self.faults);
        };
        for Entry { key, line, .. } in entries {
            if !FIELDS.contains(&&**key) {
                let message = format!("`{key}` is not a field of a profile");
                let help = format!("its fields are {}", listed(FIELDS));
                self.fault(Code::FieldValue, FieldPath::root().child(key), *line, &message, &help);
            }
        }
        let base = self.base(root);
        let mut profile = Profile::new(base.unwrap_or(Base::Kubernetes(crate::release::Release::DEFAULT)));
        if let Some(on) = self.switch(root) {
            profile = profile.with_switch(if on { Switch::On } else { Switch::Off });
        }
        if let Some(edition) = self.edition(root) {
            profile = profile.with_edition(edition);
        }
        profile = profile.with_pod_cidrs(self.cidrs(root, "podCIDRs"));
        profile = profile.with_service_cidrs(self.cidrs(root, "serviceCIDRs"));
        if given(root, "secureRuntimes").is_some() {
            let classes = self.texts(root, "secureRuntimes");
            profile = profile.with_secure_runtimes(classes.into_iter().map(|(_, _, text)| text));
        }
        let profile = self.overrides(root, profile);
        if self.faults.is_empty() { Ok(profile) } else { Err(self.faults) }
    }

    fn base(&mut self, root: &Tree) -> Option<Base> {
        let Some(model) = given(root, "model") else {
            let help = "write `kubernetes`, `tunnel`, `vpc` or `cn2`";
            self.fault(Code::FieldMissing, FieldPath::root().child("model"), root.line, "`model` is missing", help);
            return None;
        };
        let version = given(root, "version");
        let path = |name| FieldPath::root().child(name);
        let model_text = self.text(path("model"), model, "");
        let help = "put the version in quotes";
        let version_text = version.map(|tree| (tree.line, self.text(path("version"), tree, help)));
        let (line, version_text) = match version_text {
            None => (None, None),
            Some((_, None)) => return None,
            Some((line, Some(text))) => (line, Some(text)),
        };
        match Base::parse(&model_text?, version_text.as_deref()) {
            Ok(base) => Some(base),
            Err(error) => {
                let (field, line) = match error {
                    ProfileError::UnknownModel(_) => ("model", model.line),
                    _ => ("version", line.or(model.line)),
                };
                self.fault(Code::FieldValue, path(field), line, &error.to_string(), "");
                None
            }
        }
    }

    fn switch(&mut self, root: &Tree) -> Option<bool> {
        let tree = given(root, "switch")?;
        match tree.value {
            Value::Bool(on) => Some(on),
            _ => {
                self.wrong_type(FieldPath::root().child("switch"), tree, "a boolean", "write `true` or `false`");
                None
            }
        }
    }

    fn edition(&mut self, root: &Tree) -> Option<Edition> {
        let tree = given(root, "edition")?;
        // `edition: 2026` is a number to YAML; nobody should have to quote it.
        let text = match &tree.value {
            Value::String(text) | Value::Number(text) => &**text,
            _ => "",
        };
        let edition = Edition::ALL.into_iter().find(|edition| edition.as_str() == text);
        if edition.is_none() {
            let path = FieldPath::root().child("edition");
            self.fault(Code::FieldValue, path, tree.line, "not an edition", "write `seed`, `seed-prose` or `2026`");
        }
        edition
    }

    fn cidrs(&mut self, root: &Tree, field: &str) -> Vec<Cidr> {
        let mut cidrs = Vec::new();
        for (path, line, text) in self.texts(root, field) {
            match text.parse() {
                Ok(cidr) => cidrs.push(cidr),
                Err(_) => {
                    let message = format!("`{text}` is not a CIDR");
                    self.fault(Code::FieldValue, path, line, &message, "write `10.0.0.0/16` or `2001:db8::/32`");
                }
            }
        }
        cidrs
    }

    fn texts(&mut self, root: &Tree, field: &str) -> Vec<(FieldPath, Option<usize>, String)> {
        let path = FieldPath::root().child(field);
        let Some(tree) = given(root, field) else { return Vec::new() };
        let Value::Sequence(items) = &tree.value else {
            self.wrong_type(path, tree, "a list", "");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            if let Some(text) = self.text(path.clone(), item, "put it in quotes") {
                texts.push((path, item.line, text));
            }
        }
        texts
    }

    fn text(&mut self, path: FieldPath, tree: &Tree, help: &str) -> Option<String> {
        match &tree.value {
            Value::String(text) => Some(text.to_string()),
            _ => {
                self.wrong_type(path, tree, "a string", help);
                None
            }
        }
    }

    fn overrides(&mut self, root: &Tree, mut profile: Profile) -> Profile {
        let path = FieldPath::root().child("overrides");
        let Some(tree) = given(root, "overrides") else { return profile };
        let Value::Mapping(entries) = &tree.value else {
            self.wrong_type(path, tree, "a mapping", "write `C14: unknown`");
            return profile;
        };
        for Entry { key, line, value } in entries {
            let path = path.child(key);
            let Ok(row) = key.parse::<Row>() else {
                let message = format!("`{key}` is not a row");
                self.fault(Code::FieldValue, path, *line, &message, "rows are `C1` to `C14` and `U1` to `U6`");
                continue;
            };
            let Some(word) = self.text(path.clone(), value, "") else { continue };
            match profile.clone().with_override(row, &word) {
                Ok(changed) => profile = changed,
                Err(error) => self.fault(Code::FieldValue, path, value.line, &error.to_string(), ""),
            }
        }
        profile
    }
}

/// A field that is there and not null.
fn given<'t>(root: &'t Tree, field: &str) -> Option<&'t Tree> {
    root.get(field).filter(|tree| tree.value != Value::Null)
}

impl<'de> Deserialize<'de> for Profile {
    /// The mapping of a profile file, or its text form (`vpc:v1.31.6-r0`).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if let serde_json::Value::String(text) = &value {
            return text.parse().map_err(serde::de::Error::custom);
        }
        let tree = tree::from_serialize(&value).map_err(serde::de::Error::custom)?;
        Reader { source: None, faults: Vec::new() }.profile(&tree).map_err(|faults| {
            let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
            serde::de::Error::custom(texts.join("; "))
        })
    }
}

impl Serialize for Profile {
    /// The mapping of a profile file; what is as by default is left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let default = Self::new(self.base());
        let mut map = serializer.serialize_map(None)?;
        let (model, version) = match self.base() {
            Base::Kubernetes(release) => ("kubernetes", release.to_string()),
            Base::Cce(model, version) => (model.as_str(), version.to_string()),
        };
        map.serialize_entry("model", model)?;
        map.serialize_entry("version", &version)?;
        if self.switch() == Switch::Off {
            map.serialize_entry("switch", &false)?;
        }
        for (field, cidrs) in [("podCIDRs", self.pod_cidrs()), ("serviceCIDRs", self.service_cidrs())] {
            if !cidrs.is_empty() {
                let texts: Vec<String> = cidrs.iter().map(ToString::to_string).collect();
                map.serialize_entry(field, &texts)?;
            }
        }
        if self.edition() != default.edition() {
            map.serialize_entry("edition", self.edition().as_str())?;
        }
        if self.secure_runtimes() != default.secure_runtimes() {
            map.serialize_entry("secureRuntimes", self.secure_runtimes())?;
        }
        if !self.overrides().is_empty() {
            map.serialize_entry("overrides", self.overrides())?;
        }
        map.end()
    }
}
