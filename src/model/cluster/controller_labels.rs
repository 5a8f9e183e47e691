//! The labels that a workload's controller sets on its pods, over what the template says (K27).

use std::sync::Arc;

use super::workload::Workload;
use super::workload_kind::WorkloadKind;
use crate::labels::LabelKey;
use crate::release::Release;

/// One thing that a controller writes into its pods' labels, under every key that carries it. A pod has one such value: two
/// labels that carry it can only match together ([U7](crate::semantics#u7)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControllerValue {
    /// What it is.
    pub kind: ControllerValueKind,
    /// What it may be.
    pub values: PossibleValues,
    /// The labels that carry it.
    pub labels: Vec<ControllerLabel>,
}

/// What a controller writes into labels; a workload has each of them once at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ControllerValueKind {
    /// Of a StatefulSet: which replica the pod is.
    Ordinal,
    /// Of an indexed Job: which of its completions the pod works for.
    Index,
    /// The name of the pod's Job.
    JobName,
    /// The uid of the pod's Job.
    Uid,
    /// The state of the template that the pod was made from, as a hash.
    Revision,
    /// That state as a number.
    Generation,
}

/// A label that carries a [`ControllerValue`]: its text is the prefix and then the value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControllerLabel {
    /// The key.
    pub key: LabelKey,
    /// What stands before the value: `web-` before a StatefulSet's ordinal.
    pub prefix: Arc<str>,
}

impl ControllerLabel {
    /// The label's text where the value is `value`.
    #[must_use]
    pub fn text(&self, value: &str) -> String {
        format!("{}{value}", self.prefix)
    }

    /// The value where the label's text is `text`; none where no value could give it.
    #[must_use]
    pub fn value<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(&*self.prefix)
    }
}

/// The values that are possible: described, since a StatefulSet may ask for 2³¹ replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PossibleValues {
    /// This one.
    One(Arc<str>),
    /// The numbers from `first` to `last`, both included, without leading zeros. Never one alone.
    Numbers {
        /// The first.
        first: u32,
        /// The last; greater than the first.
        last: u32,
    },
    /// Some number, without leading zeros.
    AnyNumber,
    /// Any text.
    Anything,
}

impl PossibleValues {
    /// `count` numbers from `first` on. Where there is none yet, a pod that comes will have some number.
    fn numbers(first: u32, count: u32) -> Self {
        match count {
            0 => Self::AnyNumber,
            1 => Self::One(first.to_string().into()),
            _ => Self::Numbers { first, last: first.saturating_add(count - 1) },
        }
    }

    /// Whether `value` is one of them.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        let is_number = || {
            !value.is_empty()
                && value.bytes().all(|byte| byte.is_ascii_digit())
                && (value == "0" || !value.starts_with('0'))
        };
        match self {
            Self::One(only) => **only == *value,
            Self::Numbers { first, last } => {
                is_number() && value.parse::<u32>().is_ok_and(|number| (*first..=*last).contains(&number))
            }
            Self::AnyNumber => is_number(),
            Self::Anything => true,
        }
    }

    /// How many there are, where they can be counted.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::One(_) => Some(1),
            Self::Numbers { first, last } => Some(u64::from(*last) - u64::from(*first) + 1),
            Self::AnyNumber | Self::Anything => None,
        }
    }
}

/// From which release on controllers set `apps.kubernetes.io/pod-index` and `batch.kubernetes.io/job-completion-index`.
const INDEX_LABELS: Release = Release::v1(28);
/// From which release on a Job sets its labels under keys of its own group too.
const BATCH_LABELS: Release = Release::v1(27);

impl Workload {
    /// What its controller writes into the labels of its pods on a cluster of that release, over whatever its template says
    /// ([K27](crate::semantics#k27)). Empty of kinds of other APIs, where nobody knows.
    ///
    /// ```
    /// use netpol_oracle::labels::Labels;
    /// use netpol_oracle::model::{ControllerValueKind, PossibleValues, Workload, WorkloadKind};
    /// use netpol_oracle::{ObjectName, Release};
    /// let mut web = Workload::new(WorkloadKind::StatefulSet, ObjectName::new("shop", "web"), Labels::new());
    /// web.replicas = Some(3);
    /// let values = web.controller_values(Release::DEFAULT);
    /// let ordinal = &values[0];
    /// assert_eq!(ordinal.kind, ControllerValueKind::Ordinal);
    /// assert_eq!(ordinal.values, PossibleValues::Numbers { first: 0, last: 2 });
    /// let texts = ordinal.labels.iter().map(|label| format!("{}={}", label.key, label.text("2")));
    /// assert_eq!(
    ///     texts.collect::<Vec<_>>(),
    ///     ["statefulset.kubernetes.io/pod-name=web-2", "apps.kubernetes.io/pod-index=2"]
    /// );
    /// ```
    #[must_use]
    pub fn controller_values(&self, release: Release) -> Vec<ControllerValue> {
        use ControllerValueKind::{Generation, Ordinal, Revision};
        let name = self.name.name();
        let unknown =
            |kind, key| ControllerValue { kind, values: PossibleValues::Anything, labels: vec![label(key, "")] };
        match self.kind {
            WorkloadKind::StatefulSet => {
                let mut labels = vec![label("statefulset.kubernetes.io/pod-name", &format!("{name}-"))];
                if release >= INDEX_LABELS {
                    labels.push(label("apps.kubernetes.io/pod-index", ""));
                }
                let values = PossibleValues::numbers(self.first_ordinal, self.replicas.unwrap_or(1));
                vec![ControllerValue { kind: Ordinal, values, labels }, unknown(Revision, "controller-revision-hash")]
            }
            WorkloadKind::Deployment => vec![unknown(Revision, "pod-template-hash")],
            WorkloadKind::DaemonSet => {
                vec![unknown(Revision, "controller-revision-hash"), unknown(Generation, "pod-template-generation")]
            }
            WorkloadKind::Job => {
                let uid = self.job.uid.clone().map_or(PossibleValues::Anything, PossibleValues::One);
                self.of_job(release, "", PossibleValues::One(name.clone()), uid)
            }
            WorkloadKind::CronJob => {
                self.of_job(release, &format!("{name}-"), PossibleValues::AnyNumber, PossibleValues::Anything)
            }
            WorkloadKind::ReplicaSet | WorkloadKind::ReplicationController | WorkloadKind::Other(_) => Vec::new(),
        }
    }

    fn of_job(
        &self,
        release: Release,
        prefix: &str,
        names: PossibleValues,
        uids: PossibleValues,
    ) -> Vec<ControllerValue> {
        use ControllerValueKind::{Index, JobName, Uid};
        let mut found = Vec::new();
        if !self.job.manual_selector {
            let keys = |keys: [&'static str; 2], prefix: &str| {
                let count = if release >= BATCH_LABELS { 2 } else { 1 };
                keys.into_iter().take(count).map(|key| label(key, prefix)).collect()
            };
            let labels = keys(["job-name", "batch.kubernetes.io/job-name"], prefix);
            found.push(ControllerValue { kind: JobName, values: names, labels });
            let labels = keys(["controller-uid", "batch.kubernetes.io/controller-uid"], "");
            found.push(ControllerValue { kind: Uid, values: uids, labels });
        }
        if let Some(count) = self.job.indexes.filter(|_| release >= INDEX_LABELS) {
            let values = PossibleValues::numbers(0, count);
            found.push(ControllerValue {
                kind: Index,
                values,
                labels: vec![label("batch.kubernetes.io/job-completion-index", "")],
            });
        }
        found
    }
}

fn label(key: &'static str, prefix: &str) -> ControllerLabel {
    ControllerLabel { key: LabelKey::known(key), prefix: prefix.into() }
}
