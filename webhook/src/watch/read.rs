//! What the API server sends, as objects of the model: by the library's loader, which looks at nothing that decides no flow.

use kube::core::DynamicObject;
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::manifest::Loaded;
use netpol_oracle::{Loader, Object, Release};
use serde::Deserialize;

use super::kinds::Kind;

/// A page of a list.
pub(super) struct Page {
    pub(super) version: String,
    /// What asks for the next one.
    pub(super) next: Option<String>,
    pub(super) objects: Vec<Object>,
    pub(super) refused: Vec<Refused>,
}

/// An object that the model does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) why: String,
}

/// The bookkeeping of a list.
#[derive(Deserialize)]
struct Head {
    metadata: HeadMetadata,
}

#[derive(Deserialize)]
struct HeadMetadata {
    #[serde(default, rename = "resourceVersion")]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// A page out of its text.
pub(super) fn page(kind: &Kind, release: Release, text: &str) -> Result<Page, String> {
    let Head { metadata } = serde_json::from_str(text).map_err(|error| format!("this is no list: {error}"))?;
    let next = metadata.next.filter(|token| !token.is_empty());
    let loaded = Loader::new(release).text(&format!("{}.json", kind.plural), text).finish();
    let objects = kind.objects(&loaded.cluster);
    let refused = refused(kind, &loaded, &objects)?;
    Ok(Page { version: metadata.resource_version, next, objects, refused })
}

/// What an object of a watch comes to.
pub(super) enum Read {
    Object(Box<Object>),
    /// It decides no flow: an EndpointSlice of no Service.
    LeftOut,
    Refused(String),
}

/// An object of a watch.
pub(super) fn object(kind: &Kind, release: Release, object: &DynamicObject) -> Read {
    let loaded = Loader::new(release).object(kind.plural, object).finish();
    match kind.objects(&loaded.cluster).pop() {
        Some(object) => Read::Object(Box::new(object)),
        None if loaded.objects.iter().all(|record| record.accepted) => Read::LeftOut,
        None => Read::Refused(why(&loaded, |_| true)),
    }
}

/// What stood in the list and is none of the objects.
fn refused(kind: &Kind, loaded: &Loaded, objects: &[Object]) -> Result<Vec<Refused>, String> {
    if loaded.objects.len() == objects.len() {
        return Ok(Vec::new());
    }
    let taken: std::collections::BTreeSet<_> = objects.iter().map(Object::id).collect();
    let mut all = Vec::new();
    for (place, record) in loaded.objects.iter().enumerate() {
        let namespace = Some(record.namespace.clone()).filter(|namespace| !namespace.is_empty());
        if record.name.is_empty() && place == 0 && loaded.objects.len() == 1 {
            // Not one item, but the list itself.
            return Err(format!("this is no list: {}", why(loaded, |_| true)));
        }
        if !record.accepted && !taken.contains(&kind.id(namespace.as_deref(), &record.name)) {
            let location = Some(&record.location);
            let why = why(loaded, |found| found == location);
            all.push(Refused { namespace, name: record.name.clone(), why });
        }
    }
    Ok(all)
}

/// The first error that is there.
fn why(loaded: &Loaded, is_meant: impl Fn(Option<&netpol_oracle::diagnostic::Location>) -> bool) -> String {
    let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let first = errors.filter(|found| is_meant(found.location.as_ref())).map(|found| found.message.clone()).next();
    first.unwrap_or_else(|| "it is none of this kind".to_owned())
}
