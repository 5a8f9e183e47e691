//! What identifies an object.

use std::sync::Arc;

use crate::labels::{Labels, is_dns_label, is_dns_subdomain};
use crate::located::{At, Faults};
use crate::name::ObjectName;
use crate::text::quoted;

/// What identifies an object, and its labels.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The name is only a beginning: `generateName`.
    pub(crate) is_generated: bool,
    /// It has a `deletionTimestamp`.
    pub(crate) is_terminating: bool,
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
        let before = faults.count();
        let given = metadata.text(faults, "name");
        let name_faulty = faults.count() > before;
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
        let is_terminating = metadata.text(faults, "deletionTimestamp").is_some();
        Some(Self { namespace: namespace.into(), name: name.into(), is_generated, is_terminating, labels })
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
