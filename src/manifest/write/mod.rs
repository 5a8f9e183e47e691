//! From the model back to manifests: one object, a whole cluster as a `List`, or object by object.
//!
//! Reading what is written here, with [`Loader`](crate::Loader), yields the same objects again: of every cluster that
//! was loaded, and of every one put together from names and values that the API server takes. Fields that decide no flow
//! are not written, required ones neither (a container's image, a CronJob's schedule): the manifests are to be read, not
//! applied.
//!
//! As YAML, text must be quoted where YAML 1.1 reads it as something else (`y`, `no`, `010`), as the API server does. Some
//! writers of YAML 1.2 leave such words bare; JSON text is YAML, and safe.
//!
//! # What has no manifest
//!
//! A model that was put together by hand can hold what no manifest says. It reads back otherwise, or is reported:
//!
//! - names that no object can have; empty texts (`os_image`, a node's or port's name, ...), which mean the same as
//!   none;
//! - an address twice in one list, an IPv4-mapped address for its IPv4 one ([K22](crate::semantics#k22)), an IPv6
//!   endpoint in an IPv4 slice;
//! - the target of an endpoint that is no pod's name, a slice of no Service; an endpoint of an Endpoints object that has
//!   several addresses or none, or that is not ready and stands before one that is;
//! - `replicas` of a DaemonSet, ordinals of others than a StatefulSet, what is a Job's of others than Jobs, and numbers beyond
//!   2³¹ - 1; a ReplicationController whose selector has expressions, or is
//!   empty where its template has labels ([K25](crate::semantics#k25));
//! - names made from `generateName` (`web-*2`) that are not numbered without gaps: the numbers are given anew.
//!
//! Policies of other kinds are written as far as they are known: kind, version and name. The loader says again that they
//! are not judged.

mod cluster;
mod endpoints;
mod manifest;
mod metadata;
mod node;
mod pod;
mod policy;
mod service;
mod workload;
pub(crate) mod yaml;

pub use self::cluster::{List, ObjectRef, documents, list};
pub use self::manifest::Manifest;
