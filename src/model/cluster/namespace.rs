//! Namespaces.

use std::sync::Arc;

use crate::labels::Labels;

/// The label every namespace carries, whatever its manifest says ([K10](crate::semantics#k10)).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels; the cluster adds `kubernetes.io/metadata.name` ([K10](crate::semantics#k10)).
    pub labels: Labels,
}

impl Namespace {
    /// A namespace without labels of its own.
    ///
    /// ```
    /// use netpol_oracle::Cluster;
    /// use netpol_oracle::model::Namespace;
    /// let mut builder = Cluster::builder();
    /// builder.namespace(Namespace::new("shop"));
    /// let cluster = builder.build();
    /// let labels = &cluster.namespace("shop").unwrap().labels;
    /// assert_eq!(labels.get("kubernetes.io/metadata.name").unwrap().as_str(), "shop");
    /// ```
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), labels: Labels::new() }
    }
}
