//! The kinds of workloads: Kubernetes' own, and those of other APIs.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::labels::is_dns_subdomain;
use crate::text::quoted;

/// The kinds that stand for their pods ([K25](crate::semantics#k25)); written `Deployment`, those of other APIs with their
/// group: `Rollout.argoproj.io`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum WorkloadKind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    ReplicationController,
    /// A kind of another API that has a pod template: an Argo Rollout, a DeploymentConfig.
    Other(OtherKind),
}

impl WorkloadKind {
    /// Every kind of Kubernetes itself.
    pub const ALL: &'static [Self] = &[
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::ReplicationController,
    ];

    /// The first in their order.
    pub(super) const LEAST: Self = Self::Deployment;

    /// The kind `kind` of the API group `group`, which is empty for the core group.
    ///
    /// ```
    /// use netpol_oracle::model::WorkloadKind;
    /// assert_eq!(WorkloadKind::of("Deployment", "apps"), WorkloadKind::Deployment);
    /// let rollout = WorkloadKind::of("Rollout", "argoproj.io");
    /// assert_eq!((rollout.as_str(), rollout.group()), ("Rollout", "argoproj.io"));
    /// assert_eq!("rollout.argoproj.io".parse(), Ok(rollout));
    /// ```
    #[must_use]
    pub fn of(kind: &str, group: &str) -> Self {
        let own = Self::ALL.iter().find(|own| own.as_str() == kind && own.group() == group);
        own.cloned().unwrap_or_else(|| Self::Other(OtherKind { name: Arc::new((kind.into(), group.into())) }))
    }

    /// The kind as manifests write it: `Deployment`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
            Self::Other(other) => other.kind(),
        }
    }

    /// Its API group: `apps`; empty for the core group, and in a text that leaves the group out.
    #[must_use]
    pub fn group(&self) -> &str {
        match self {
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::Job | Self::CronJob => "batch",
            Self::ReplicationController => "",
            Self::Other(other) => other.group(),
        }
    }

    /// Whether a flow that writes this kind may mean the kind `other`: the group may be left out.
    pub(super) fn may_mean(&self, other: &Self) -> bool {
        let is_word = match self {
            Self::Other(kind) => kind.group().is_empty(),
            _ => true,
        };
        self == other || (is_word && self.as_str().eq_ignore_ascii_case(other.as_str()))
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Other(other) if !other.group().is_empty() => write!(f, ".{}", other.group()),
            _ => Ok(()),
        }
    }
}

impl Serialize for WorkloadKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A kind of workload of another API. Upper and lower case of the kind are the same: flow texts write it in lower case.
#[derive(Clone)]
pub struct OtherKind {
    /// Kind and group; one pointer, since every pod may name the kind of its owner.
    name: Arc<(Box<str>, Box<str>)>,
}

impl OtherKind {
    /// The kind as it was written: `Rollout`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.name.0
    }

    /// Its API group: `argoproj.io`.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.name.1
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.kind().bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl fmt::Debug for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind(), self.group())
    }
}

impl PartialEq for OtherKind {
    fn eq(&self, other: &Self) -> bool {
        self.kind().eq_ignore_ascii_case(other.kind()) && self.group() == other.group()
    }
}

impl Eq for OtherKind {}

impl PartialOrd for OtherKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OtherKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded()).then_with(|| self.group().cmp(other.group()))
    }
}

impl Hash for OtherKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
        self.group().hash(state);
    }
}

/// A text that is no kind of workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a kind of workload such as `Deployment`", quoted(text))]
pub struct WorkloadKindError {
    text: String,
}

impl FromStr for WorkloadKind {
    type Err = WorkloadKindError;

    /// `KIND`, or `KIND.GROUP` of another API. Upper and lower case of the kind are the same. What Kubernetes itself has
    /// under that name and no template in it is no workload.
    fn from_str(text: &str) -> Result<Self, WorkloadKindError> {
        if let Some(own) = Self::ALL.iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text)) {
            return Ok(own.clone());
        }
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        let is_kind = kind.starts_with(|first: char| first.is_ascii_alphabetic())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_pod = group.is_empty() && ["pod", "node", "namespace"].iter().any(|own| kind.eq_ignore_ascii_case(own));
        let is_group = group.is_empty() && !text.ends_with('.') || is_dns_subdomain(group);
        if is_kind && is_group && !is_pod {
            return Ok(Self::of(kind, group));
        }
        Err(WorkloadKindError { text: text.to_owned() })
    }
}
