//! Namespaces, with what is in them that is not looked up across namespaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::ids::{ClassIx, Id as _, Namespaces, PodSelectorId, Pods, PolicyIx};
use crate::engine::tables::asked::AskedLabels;
use crate::engine::tables::endpoints::CompiledSlice;
use crate::engine::tables::matches::{Matches, Selectors};
use crate::engine::tables::policy::CompiledPolicy;
use crate::engine::tables::workloads::Workloads;
use crate::labels::Labels;
use crate::model::cluster::Service;
use crate::name::ObjectName;

/// The subsets of an Endpoints object.
pub(in crate::engine) type Subsets = Arc<[Arc<CompiledSlice>]>;

/// A namespace: its policies, its Services and the classes of its pods.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct NamespaceEntry {
    pub(in crate::engine) name: Arc<str>,
    pub(in crate::engine) labels: Labels,
    /// The namespace selectors that match it.
    pub(in crate::engine) matches: Matches<Namespaces>,
    /// Its policies, by name.
    pub(in crate::engine) policies: Arc<Vec<Arc<CompiledPolicy>>>,
    /// Pairs of a subject selector and a place in `policies`, in order.
    pub(in crate::engine) by_subject: Arc<Vec<(PodSelectorId, PolicyIx)>>,
    /// What its policies ask of labels that controllers set (K27).
    pub(in crate::engine) asked: Arc<AskedLabels>,
    /// Its Services by name, with their selectors; none of a Service that selects nothing.
    pub(in crate::engine) services: Arc<Vec<(Arc<Service>, Option<PodSelectorId>)>>,
    /// Its EndpointSlices, by Service, then by name.
    pub(in crate::engine) slices: Arc<Vec<Arc<CompiledSlice>>>,
    /// The subsets of its Endpoints objects, by Service.
    pub(in crate::engine) endpoints: Arc<BTreeMap<Arc<str>, Subsets>>,
    pub(in crate::engine) workloads: Arc<Workloads>,
    /// The classes that its pods and workloads are or were of.
    pub(in crate::engine) classes: Arc<Vec<ClassIx>>,
}

impl NamespaceEntry {
    /// Where connections to one of its Services go: the slices where there are any, else the subsets of its Endpoints. None where
    /// there is neither.
    pub(in crate::engine) fn slices_of(&self, service: &str) -> Option<&[Arc<CompiledSlice>]> {
        let from = self.slices.partition_point(|slice| *slice.service < *service);
        let to = self.slices.partition_point(|slice| *slice.service <= *service);
        match self.slices.get(from..to) {
            Some(slices) if !slices.is_empty() => Some(slices),
            _ => self.endpoints.get(service).map(|subsets| &**subsets),
        }
    }

    /// The policies whose subject selectors match, by name.
    pub(in crate::engine) fn selecting(
        &self,
        labels: &Matches<Pods>,
        selectors: &Selectors<Pods>,
    ) -> Vec<&Arc<CompiledPolicy>> {
        let selects = |(subject, _): &&(PodSelectorId, PolicyIx)| labels.holds(*subject, selectors);
        let positive = self.by_subject.partition_point(|(subject, _)| !subject.is_negative());
        let (positive, negative) = self.by_subject.split_at(positive);
        let mut found: Vec<PolicyIx> = negative.iter().filter(selects).map(|(_, policy)| *policy).collect();
        match labels {
            Matches::Listed(list) if list.len() < positive.len() => {
                let listed = list.iter().filter(|id| !id.is_negative());
                let all = [PodSelectorId::EVERYTHING];
                found.extend(all.iter().chain(listed).flat_map(|subject| self.with_subject(*subject)));
            }
            _ => found.extend(positive.iter().filter(selects).map(|(_, policy)| *policy)),
        }
        found.sort_unstable();
        found.into_iter().filter_map(|policy| self.policy(policy)).collect()
    }

    pub(in crate::engine) fn policy_named(&self, name: &ObjectName) -> Option<&CompiledPolicy> {
        let at = self.policies.binary_search_by(|policy| policy.source.name().cmp(name)).ok()?;
        self.policies.get(at).map(|policy| &**policy)
    }

    /// None of an id that is not there, which is a mistake of ours: a debug assertion says so.
    fn policy(&self, id: PolicyIx) -> Option<&Arc<CompiledPolicy>> {
        let policy = self.policies.get(id.index() as usize);
        debug_assert!(policy.is_some(), "no policy of {} has the id {id:?}", self.name);
        policy
    }

    fn with_subject(&self, subject: PodSelectorId) -> impl Iterator<Item = PolicyIx> + '_ {
        let from = self.by_subject.partition_point(|(each, _)| *each < subject);
        let same = self.by_subject.iter().skip(from).take_while(move |(each, _)| *each == subject);
        same.map(|(_, policy)| *policy)
    }
}
