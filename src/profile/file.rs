//! The profile file of SEMANTICS section 3: read with located errors, written back.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::{Code, FieldPath, Location, ReadError};
use crate::located::{At, Faults, FieldFault, Tree, Value};
use crate::manifest::tree::{self, Hint, Repeated};
use crate::net::Cidr;
use crate::profile::cce::{Edition, MODEL_WORDS};
use crate::profile::profile::{Base, Profile, ProfileError, Switch};
use crate::profile::row::Row;
use crate::release::Release;
use crate::text::quoted;

/// Fields of a profile file, in the order in which they are written.
const FIELDS: [&str; 8] =
    ["model", "version", "switch", "podCIDRs", "serviceCIDRs", "edition", "secureRuntimes", "overrides"];

impl Profile {
    /// Reads a profile file: YAML or JSON, one document.
    ///
    /// ```
    /// use netpol_oracle::Profile;
    /// let profile = Profile::read("cluster.json", r#"{"model": "vpc", "version": "v1.31.6-r0"}"#)?;
    /// assert_eq!(profile.release().minor(), 31);
    ///
    /// let faults = Profile::read("cluster.json", r#"{"model": "vcp"}"#).unwrap_err();
    /// assert_eq!(faults[0].path.as_str(), "model");
    /// # Ok::<(), netpol_oracle::diagnostic::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// Every fault of the file, each with its line and field.
    pub fn read(name: &str, text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        let location = Location { source: name.into(), document: 0, item: None, line: None };
        let fault = |code, line, message, help: &str| {
            let fault = FieldFault { code, path: FieldPath::root(), line, message, help: help.to_owned() };
            Err(ReadError::new(vec![fault.at(Some(&location))]))
        };
        let documents = tree::read(text.as_ref(), Hint::of_name(name));
        match documents.as_slice() {
            [document] => match &document.root {
                Ok(root) => read_mapping(root, &document.repeated).map_err(|faults| {
                    ReadError::new(faults.into_iter().map(|fault| fault.at(Some(&location))).collect())
                }),
                Err(unread) => fault(unread.code(), unread.line, unread.message.clone(), ""),
            },
            _ => {
                let message = format!("{} documents where a profile is one", documents.len());
                fault(Code::FieldType, None, message, "keep one profile a file")
            }
        }
    }

    /// Reads a profile that stands in a larger text: in its text form, or the mapping of a profile file. None where it has
    /// faults.
    pub(crate) fn from_located(at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        let Value::String(text) = &at.tree.value else { return mapping(at, faults) };
        let profile: Result<Self, ProfileError> = text.parse();
        profile.map_err(|error| at.wrong_value(faults, error.to_string())).ok()
    }
}

fn read_mapping(tree: &Tree, repeated: &[Repeated]) -> Result<Profile, Vec<FieldFault>> {
    let mut faults = Faults::default();
    // Which of the two is meant nobody knows.
    for again in repeated {
        let (code, path) = (Code::RepeatedField, FieldPath::root().child(&again.path));
        let message = format!("the field `{}` is given twice", quoted(&again.key));
        faults.push(FieldFault { code, path, line: again.line, message, help: "keep one of them".to_owned() });
    }
    let profile = mapping(&At::root(tree), &mut faults);
    if faults.is_empty() { profile.ok_or_else(Vec::new) } else { Err(faults.into_list()) }
}

/// The mapping of a profile file; none where it has faults.
fn mapping(root: &At<'_>, faults: &mut Faults) -> Option<Profile> {
    if !matches!(root.tree.value, Value::Mapping(_)) {
        root.wrong_type(faults, "an object", "write `model: kubernetes`");
        return None;
    }
    let before = faults.count();
    faults.unknown_fields(root, &FIELDS);
    let base = base(root, faults);
    let mut profile = Profile::new(base.unwrap_or(Base::Kubernetes(Release::DEFAULT)));
    if let Some(on) = root.optional_flag(faults, "switch") {
        profile = profile.with_switch(if on { Switch::On } else { Switch::Off });
    }
    if let Some(edition) = edition(root, faults) {
        profile = profile.with_edition(edition);
    }
    profile = profile.with_pod_cidrs(cidrs(root, faults, "podCIDRs"));
    profile = profile.with_service_cidrs(cidrs(root, faults, "serviceCIDRs"));
    if let Some(classes) = root.field("secureRuntimes") {
        let items = classes.items(faults);
        let texts: Vec<&str> = items.iter().filter_map(|item| item.as_text(faults)).collect();
        profile = profile.with_secure_runtimes(texts);
    }
    let profile = overrides(root, faults, profile);
    (faults.count() == before).then_some(profile)
}

fn base(root: &At<'_>, faults: &mut Faults) -> Option<Base> {
    let Some(model) = root.field("model") else {
        let help = format!("write `kubernetes`, {MODEL_WORDS}");
        faults.missing_with_help(root, "model", &help);
        return None;
    };
    let model_text = model.as_text(faults);
    let version = root.field("version");
    let version_text = match &version {
        Some(version) => Some(version.as_text(faults)?),
        None => None,
    };
    match Base::parse(model_text?, version_text) {
        Ok(base) => Some(base),
        Err(error @ ProfileError::UnknownModel(_)) => {
            model.wrong_value(faults, error.to_string());
            None
        }
        Err(error) => {
            // A version that is not there is missed where the model stands.
            let (path, line) = (root.path().child("version"), version.map_or(model.tree.line, |at| at.tree.line));
            let (message, help) = (error.to_string(), String::new());
            faults.push(FieldFault { code: Code::FieldValue, path, line, message, help });
            None
        }
    }
}

fn edition(root: &At<'_>, faults: &mut Faults) -> Option<Edition> {
    let at = root.field("edition")?;
    // `edition: 2026` is a number to YAML; nobody should have to quote it.
    let text = match &at.tree.value {
        Value::String(text) | Value::Number(text) => &**text,
        _ => "",
    };
    let edition = Edition::ALL.into_iter().find(|edition| edition.as_str() == text);
    if edition.is_none() {
        faults.note(Code::FieldValue, &at, "not an edition", "write `seed`, `seed-prose`, `2026` or `otc`");
    }
    edition
}

fn cidrs(root: &At<'_>, faults: &mut Faults, field: &str) -> Vec<Cidr> {
    let Some(at) = root.field(field) else { return Vec::new() };
    let mut cidrs = Vec::new();
    for item in at.items(faults) {
        let Some(text) = item.as_text(faults) else { continue };
        match text.parse() {
            Ok(cidr) => cidrs.push(cidr),
            Err(_) => {
                let message = format!("`{}` is not a CIDR", quoted(text));
                faults.note(Code::FieldValue, &item, message, "write `10.0.0.0/16` or `2001:db8::/32`");
            }
        }
    }
    cidrs
}

fn overrides(root: &At<'_>, faults: &mut Faults, mut profile: Profile) -> Profile {
    let Some(at) = root.field("overrides") else { return profile };
    if !matches!(at.tree.value, Value::Mapping(_)) {
        at.wrong_type(faults, "an object", "write `C14: unknown`");
        return profile;
    }
    for entry in at.tree.entries() {
        let word = at.entry(entry);
        let Ok(row) = entry.key.parse::<Row>() else {
            let message = format!("`{}` is not a row", quoted(&entry.key));
            faults.note(Code::FieldValue, &word, message, "rows are `C1` to `C14` and `U1` to `U9`");
            continue;
        };
        let Some(text) = word.as_text(faults) else { continue };
        match profile.clone().with_override(row, text) {
            Ok(changed) => profile = changed,
            Err(error) => word.wrong_value(faults, error.to_string()),
        }
    }
    profile
}

impl<'de> Deserialize<'de> for Profile {
    /// The mapping of a profile file, or its text form (`vpc:v1.31.6-r0`).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if let serde_json::Value::String(text) = &value {
            return text.parse().map_err(serde::de::Error::custom);
        }
        let tree = tree::from_serialize(&value).map_err(serde::de::Error::custom)?;
        read_mapping(&tree, &[]).map_err(|faults| {
            let texts: Vec<String> = faults.into_iter().map(|fault| fault.at(None).to_string()).collect();
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
