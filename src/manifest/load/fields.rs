//! Typed access to the fields of a located tree: every fault is noted with its path and line, and reading goes
//! on.

use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnostic::{Code, FieldPath};
use crate::labels::{LabelKey, LabelValue, Labels, is_dns_label, is_dns_subdomain};
use crate::manifest::tree::{Tree, Value};
use crate::name::ObjectName;
use crate::net;
use crate::text::{joined, quoted};

/// How many faults of one object are listed.
const MAX_FAULTS: usize = 1_000;

/// A fault of one object, not yet placed in its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldFault {
    pub(crate) code: Code,
    pub(crate) path: FieldPath,
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// The faults of one object.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<FieldFault>,
    surplus: usize,
}

impl Faults {
    pub(crate) fn note(&mut self, code: Code, at: &At<'_>, message: impl Into<String>, help: &str) {
        if self.list.len() >= MAX_FAULTS {
            self.surplus += 1;
            return;
        }
        let (path, line) = (at.path(), at.tree.line);
        self.list.push(FieldFault { code, path, line, message: message.into(), help: help.to_owned() });
    }

    /// A field that must be there and is not; placed on the line of what should hold it.
    pub(crate) fn missing(&mut self, at: &At<'_>, field: &'static str) {
        let path = at.path().child(field);
        if self.list.len() >= MAX_FAULTS {
            self.surplus += 1;
            return;
        }
        let message = format!("the field `{field}` is missing");
        let (line, help) = (at.tree.line, String::new());
        self.list.push(FieldFault { code: Code::FieldMissing, path, line, message, help });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn into_list(mut self) -> Vec<FieldFault> {
        if self.surplus > 0 {
            self.list.push(FieldFault {
                code: Code::Limit,
                path: FieldPath::root(),
                line: None,
                message: format!("{} more faults are not listed", self.surplus),
                help: String::new(),
            });
        }
        self.list
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

/// A value and the way to it. The path is put into words only where a fault needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) tree: &'a Tree,
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

impl<'a> At<'a> {
    pub(crate) fn root(tree: &'a Tree) -> Self {
        Self { tree, parent: None, step: Step::Root }
    }

    pub(crate) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            steps.push(here.step);
            at = here.parent;
        }
        steps.into_iter().rev().fold(FieldPath::root(), |path, step| match step {
            Step::Root => path,
            Step::Field(name) => path.child(name),
            Step::Item(index) => path.index(index),
        })
    }

    /// A field of an object; nothing where it is absent or null, as the server has it.
    pub(crate) fn field(&'a self, name: &'a str) -> Option<At<'a>> {
        let tree = self.tree.get(name).filter(|tree| !tree.is_null())?;
        Some(At { tree, parent: Some(self), step: Step::Field(name) })
    }

    pub(crate) fn wrong_type(&self, faults: &mut Faults, wanted: &str, help: &str) {
        let found = match self.tree.kind_name() {
            "array" => "a list",
            "object" => "an object",
            "bool" => "a bool",
            "number" => "a number",
            "string" => "a string",
            _ => "null",
        };
        faults.note(Code::FieldType, self, format!("this must be {wanted}, not {found}"), help);
    }

    pub(crate) fn wrong_value(&self, faults: &mut Faults, message: impl Into<String>) {
        faults.note(Code::FieldValue, self, message, "");
    }

    /// A field that holds an object.
    pub(crate) fn object(&'a self, faults: &mut Faults, name: &'a str) -> Option<At<'a>> {
        let at = self.field(name)?;
        if matches!(at.tree.value, Value::Mapping(_)) {
            return Some(at);
        }
        at.wrong_type(faults, "an object", "");
        None
    }

    /// The same, where it must be there.
    pub(crate) fn needed_object(&'a self, faults: &mut Faults, name: &'static str) -> Option<At<'a>> {
        if self.field(name).is_none() {
            faults.missing(self, name);
            return None;
        }
        self.object(faults, name)
    }

    /// The items of a list of objects; null items are left out.
    pub(crate) fn objects(&'a self, faults: &mut Faults) -> Vec<At<'a>> {
        let items = self.items(faults);
        items
            .into_iter()
            .filter(|item| match item.tree.value {
                Value::Mapping(_) => true,
                Value::Null => false,
                _ => {
                    item.wrong_type(faults, "an object", "");
                    false
                }
            })
            .collect()
    }

    /// The items of a list.
    pub(crate) fn items(&'a self, faults: &mut Faults) -> Vec<At<'a>> {
        let Value::Sequence(items) = &self.tree.value else {
            self.wrong_type(faults, "a list", "");
            return Vec::new();
        };
        let item = |(index, tree)| At { tree, parent: Some(self), step: Step::Item(index) };
        items.iter().enumerate().map(item).collect()
    }

    /// This value as a string.
    pub(crate) fn as_text(&self, faults: &mut Faults) -> Option<&'a str> {
        let text = self.tree.as_str();
        if text.is_none() {
            self.wrong_type(faults, "a string", self.quote_help());
        }
        text
    }

    fn quote_help(&self) -> &'static str {
        match self.tree.value {
            Value::Bool(_) | Value::Number(_) => "write it in quotes",
            _ => "",
        }
    }

    /// A string field; an empty one counts as absent, as with the server's `omitempty`.
    pub(crate) fn text(&self, faults: &mut Faults, name: &str) -> Option<&'a str> {
        let tree: &'a Tree = self.tree.get(name).filter(|tree| !tree.is_null())?;
        if let Some(text) = tree.as_str() {
            return Some(text).filter(|text| !text.is_empty());
        }
        let at = At { tree, parent: Some(self), step: Step::Field(name) };
        at.wrong_type(faults, "a string", at.quote_help());
        None
    }

    /// A bool field; absent is false.
    pub(crate) fn flag(&self, faults: &mut Faults, name: &str) -> bool {
        self.optional_flag(faults, name).unwrap_or(false)
    }

    /// A bool field.
    pub(crate) fn optional_flag(&self, faults: &mut Faults, name: &str) -> Option<bool> {
        let at = self.field(name)?;
        match at.tree.value {
            Value::Bool(value) => Some(value),
            _ => {
                at.wrong_type(faults, "a bool", "");
                None
            }
        }
    }

    /// This value as a whole number.
    pub(crate) fn as_number(&self, faults: &mut Faults) -> Option<i64> {
        let Value::Number(text) = &self.tree.value else {
            self.wrong_type(faults, "a number", "");
            return None;
        };
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong_value(faults, format!("`{}` is no whole number", quoted(text)));
        }
        number
    }

    /// This value as a port's number.
    pub(crate) fn as_port(&self, faults: &mut Faults) -> Option<net::Port> {
        let number = self.as_number(faults)?;
        let port = u16::try_from(number).ok().and_then(net::Port::new);
        if port.is_none() {
            self.wrong_value(faults, format!("`{number}` is no port; ports are 1 to 65535"));
        }
        port
    }

    /// A port field that must be there.
    pub(crate) fn needed_port(&self, faults: &mut Faults, name: &'static str) -> Option<net::Port> {
        match self.field(name) {
            Some(at) => at.as_port(faults),
            None => {
                faults.missing(self, name);
                None
            }
        }
    }

    /// This value as a port's name.
    pub(crate) fn as_port_name(&self, faults: &mut Faults) -> Option<net::PortName> {
        let text = self.as_text(faults)?;
        match net::PortName::new(text) {
            Ok(name) => Some(name),
            Err(found) => {
                let why = joined(&found);
                self.wrong_value(faults, format!("`{}` is no port name: {why}", quoted(text)));
                None
            }
        }
    }

    /// A protocol field; absent is TCP. None where it is wrong.
    pub(crate) fn protocol(&self, faults: &mut Faults) -> Option<net::Protocol> {
        let Some(at) = self.field("protocol") else {
            return Some(net::Protocol::Tcp);
        };
        let text = at.as_text(faults)?;
        match text.parse() {
            Ok(protocol) => Some(protocol),
            Err(_) => {
                let message = format!("`{}` is no protocol; it must be `TCP`, `UDP` or `SCTP`", quoted(text));
                at.wrong_value(faults, message);
                None
            }
        }
    }

    /// This value as an address; IPv4-mapped IPv6 is the IPv4 it stands for (K22).
    pub(crate) fn as_address(&self, faults: &mut Faults) -> Option<IpAddr> {
        let text = self.as_text(faults)?;
        match text.parse() {
            Ok(address) => Some(net::canonical(address)),
            Err(_) => {
                self.wrong_value(faults, format!("`{}` is no ip address", quoted(text)));
                None
            }
        }
    }

    /// Addresses as `LIST: [{ip: ..}]`, or where that is absent or empty as `SINGLE: ..`.
    pub(crate) fn addresses(&self, faults: &mut Faults, list: &str, single: &str) -> Vec<IpAddr> {
        let mut found = Vec::new();
        if let Some(list) = self.field(list) {
            for item in list.objects(faults) {
                if item.text(faults, "ip").is_some() {
                    found.extend(item.field("ip").and_then(|at| at.as_address(faults)));
                }
            }
        }
        let list_given = self.field(list).is_some_and(|at| at.tree.value != Value::Sequence(Vec::new()));
        if !list_given && self.text(faults, single).is_some() {
            found.extend(self.field(single).and_then(|at| at.as_address(faults)));
        }
        distinct(found)
    }

    /// A field that holds labels.
    pub(crate) fn labels(&self, faults: &mut Faults, name: &str) -> Labels {
        let mut labels = Labels::new();
        let Some(at) = self.field(name) else {
            return labels;
        };
        if !matches!(at.tree.value, Value::Mapping(_)) {
            at.wrong_type(faults, "an object", "");
            return labels;
        }
        for entry in at.tree.entries() {
            // The server names the map, not the key; the line is the entry's own.
            let place = At { tree: &entry.value, ..at };
            let key = match LabelKey::new(&entry.key) {
                Ok(key) => Some(key),
                Err(found) => {
                    let why = joined(&found);
                    place.wrong_value(faults, format!("`{}` is no label key: {why}", quoted(&entry.key)));
                    None
                }
            };
            let text = match &entry.value.value {
                Value::Null => "",
                Value::String(text) => text,
                _ => {
                    let message = format!("the value of the label `{}` must be a string", quoted(&entry.key));
                    faults.note(Code::FieldType, &place, message, place.quote_help());
                    continue;
                }
            };
            match (key, LabelValue::new(text)) {
                (Some(key), Ok(value)) => {
                    labels.insert(key, value);
                }
                (None, Ok(_)) => {}
                (_, Err(found)) => {
                    let why = joined(&found);
                    place.wrong_value(faults, format!("`{}` is no label value: {why}", quoted(text)));
                }
            }
        }
        labels
    }
}

/// What identifies an object, and its labels.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The name is only a beginning: `generateName`.
    pub(crate) is_generated: bool,
    pub(crate) labels: Labels,
}

impl Metadata {
    /// The metadata of an object; none where it has no usable name.
    pub(crate) fn read(root: &At<'_>, faults: &mut Faults, form: NameForm) -> Option<Self> {
        let metadata = root.needed_object(faults, "metadata")?;
        let labels = metadata.labels(faults, "labels");
        let namespace = metadata.text(faults, "namespace").unwrap_or("default");
        let namespace_fits = form.is_cluster_wide() || fits(namespace, NameForm::Label);
        if let Some(at) = metadata.field("namespace").filter(|_| !namespace_fits) {
            at.wrong_value(faults, format!("`{}` is no namespace's name", quoted(namespace)));
        }
        let before = faults.list.len() + faults.surplus;
        let given = metadata.text(faults, "name");
        let name_faulty = faults.list.len() + faults.surplus > before;
        let generated = metadata.text(faults, "generateName");
        let (name, is_generated) = match (given, generated) {
            (Some(name), _) => (name, false),
            (None, Some(prefix)) => (prefix, true),
            (None, None) => {
                if !name_faulty {
                    faults.missing(&metadata, "name");
                }
                return None;
            }
        };
        let checked = if is_generated { name.trim_end_matches('-') } else { name };
        if !fits(checked, form) {
            let field = if is_generated { "generateName" } else { "name" };
            if let Some(at) = metadata.field(field) {
                at.wrong_value(faults, format!("`{}` is no name of an object of this kind", quoted(name)));
            }
            return None;
        }
        Some(Self { namespace: namespace.into(), name: name.into(), is_generated, labels })
    }

    pub(crate) fn object_name(&self) -> ObjectName {
        ObjectName::new(self.namespace.clone(), self.name.clone())
    }
}

/// What the name of a kind's objects looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameForm {
    /// A lower case DNS subdomain, in a namespace.
    Subdomain,
    /// A lower case DNS label, in a namespace.
    Label,
    /// A lower case DNS subdomain, in no namespace.
    ClusterSubdomain,
    /// A lower case DNS label, in no namespace.
    ClusterLabel,
}

impl NameForm {
    fn is_cluster_wide(self) -> bool {
        matches!(self, Self::ClusterSubdomain | Self::ClusterLabel)
    }
}

fn fits(name: &str, form: NameForm) -> bool {
    match form {
        NameForm::Subdomain | NameForm::ClusterSubdomain => name.len() <= 253 && is_dns_subdomain(name),
        NameForm::Label | NameForm::ClusterLabel => name.len() <= 63 && is_dns_label(name),
    }
}

pub(crate) fn distinct(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    addresses
}
