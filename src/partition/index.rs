//! Pods and workloads by their labels, so that a selector is answered without looking at every pod.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use crate::labels::{Labels, Requirement, Selector};
use crate::model::cluster::{Cluster, ContainerPort, EndpointSlice, Namespace, Pod, Service, SliceEndpoint, Workload};
use crate::model::policy::{Namespaces, NetworkPolicy, PodPeer};
use crate::name::ObjectName;
use crate::partition::controllers::Controllers;

/// A live pod, or a workload that stands for pods nobody loaded (K20, K25).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Object<'c> {
    Pod(&'c Pod),
    Workload(&'c Workload),
}

impl<'c> Object<'c> {
    pub(crate) fn name(self) -> &'c ObjectName {
        match self {
            Self::Pod(pod) => &pod.name,
            Self::Workload(workload) => &workload.name,
        }
    }

    pub(crate) fn labels(self) -> &'c Labels {
        match self {
            Self::Pod(pod) => &pod.labels,
            Self::Workload(workload) => &workload.labels,
        }
    }

    pub(crate) fn ports(self) -> &'c [ContainerPort] {
        match self {
            Self::Pod(pod) => &pod.ports,
            Self::Workload(workload) => &workload.ports,
        }
    }

    pub(crate) fn node(self) -> Option<&'c str> {
        match self {
            Self::Pod(pod) => pod.node.as_deref(),
            Self::Workload(workload) => workload.node.as_deref(),
        }
    }

    pub(crate) fn runtime_class(self) -> Option<&'c str> {
        match self {
            Self::Pod(pod) => pod.runtime_class.as_deref(),
            Self::Workload(workload) => workload.runtime_class.as_deref(),
        }
    }

    pub(crate) fn is_host_network(self) -> bool {
        match self {
            Self::Pod(pod) => pod.host_network,
            Self::Workload(workload) => workload.host_network,
        }
    }

    pub(crate) fn addresses(self) -> &'c [IpAddr] {
        match self {
            Self::Pod(pod) => &pod.addresses,
            Self::Workload(_) => &[],
        }
    }
}

/// The objects of a cluster that selectors can meet, by namespace and name.
#[derive(Debug)]
pub(crate) struct Index<'c> {
    objects: Vec<Object<'c>>,
    namespaces: Vec<(&'c Namespace, Range<usize>)>,
    labelled: HashMap<&'c str, Labelled<'c>>,
}

/// Who has a label, in order.
#[derive(Debug, Default)]
struct Labelled<'c> {
    all: Vec<usize>,
    by_value: HashMap<&'c str, Vec<usize>>,
}

impl<'c> Index<'c> {
    pub(crate) fn new(cluster: &'c Cluster) -> Self {
        let workloads = Self::workloads(cluster);
        let pods = cluster.pods().iter().filter(|pod| pod.is_live()).map(Object::Pod);
        let mut objects: Vec<Object<'c>> = pods.collect();
        if !workloads.is_empty() {
            objects.extend(workloads.into_iter().map(Object::Workload));
            objects.sort_by_key(|object| object.name());
        }
        Self::of(cluster, objects)
    }

    /// The workloads that stand for pods nobody loaded, by name, then kind.
    pub(crate) fn workloads(cluster: &'c Cluster) -> Vec<&'c Workload> {
        if cluster.workloads().is_empty() {
            return Vec::new();
        }
        // A workload whose pods are there says nothing that they do not say better; what no controller made is its by labels.
        let controllers = Controllers::new(cluster);
        let loose = cluster.pods().iter().filter(|pod| pod.owner.is_none()).map(Object::Pod).collect();
        let loose = Self::of(cluster, loose);
        let stands_alone = |workload: &&Workload| {
            let own = loose.own(workload.name.namespace());
            let has_loose = workload.selects_loose_pods() && !loose.select(&[own], &workload.selector).is_empty();
            controllers.leave_alone(cluster, workload) && !has_loose
        };
        cluster.workloads().iter().filter(stands_alone).collect()
    }

    fn of(cluster: &'c Cluster, objects: Vec<Object<'c>>) -> Self {
        let mut labelled: HashMap<&str, Labelled<'c>> = HashMap::new();
        for (at, object) in objects.iter().enumerate() {
            for (key, value) in object.labels().iter() {
                let entry = labelled.entry(key.as_str()).or_default();
                entry.all.push(at);
                entry.by_value.entry(value.as_str()).or_default().push(at);
            }
        }
        let range = |namespace: &'c Namespace| {
            let start = objects.partition_point(|object| **object.name().namespace() < *namespace.name);
            let end = objects.partition_point(|object| **object.name().namespace() <= *namespace.name);
            (namespace, start..end)
        };
        let namespaces = cluster.namespaces().iter().map(range).collect();
        Self { objects, namespaces, labelled }
    }

    pub(crate) fn objects(&self) -> &[Object<'c>] {
        &self.objects
    }

    /// Where the pod `name` stands, else the first workload of that name.
    pub(crate) fn place(&self, name: &ObjectName) -> Option<usize> {
        let at = self.objects.partition_point(|object| object.name() < name);
        self.objects.get(at).is_some_and(|object| object.name() == name).then_some(at)
    }

    /// The objects of a set, in the order of their names.
    pub(crate) fn of_set<'a>(&'a self, set: &'a Bits) -> impl Iterator<Item = Object<'c>> + 'a {
        set.iter().filter_map(|at| self.objects.get(at).copied())
    }

    /// Every object.
    pub(crate) fn all(&self) -> Bits {
        let mut bits = Bits::new(self.objects.len());
        bits.set_range(0..self.objects.len());
        bits
    }

    /// What a policy's `podSelector` selects (K1), hostNetwork pods too.
    pub(crate) fn subjects(&self, policy: &NetworkPolicy) -> Bits {
        self.in_namespace(policy.name().namespace(), policy.subject())
    }

    /// What a selector peer of a policy in `own` selects (K7), hostNetwork pods too.
    pub(crate) fn peers(&self, own: &str, peer: &PodPeer) -> Bits {
        self.select(&self.spaces(own, &peer.namespaces), &peer.pods)
    }

    /// The pods and workloads behind a Service: those its EndpointSlices name where it has any, else its Endpoints, else those
    /// its selector selects, ready or not.
    pub(crate) fn backends(&self, cluster: &Cluster, service: &Service) -> Bits {
        let mut found = Bits::new(self.objects.len());
        if let Some(listed) = listed(cluster, service) {
            let targets = listed.into_iter().filter_map(|endpoint| endpoint.target.as_ref());
            targets.filter_map(|target| self.place(target)).for_each(|at| found.set(at));
            return found;
        }
        if service.selector.is_empty() {
            return found;
        }
        self.in_namespace(service.name.namespace(), &Selector::new(service.selector.clone(), Vec::new()))
    }

    /// Whether the peer's namespaces are there at all.
    pub(crate) fn has_namespace(&self, own: &str, namespaces: &Namespaces) -> bool {
        match namespaces {
            Namespaces::Own => self.namespaces.iter().any(|(namespace, _)| *namespace.name == *own),
            Namespaces::Matching(selector) => self.namespaces.iter().any(|(n, _)| selector.matches(&n.labels)),
        }
    }

    fn own(&self, name: &str) -> Range<usize> {
        let at = self.namespaces.binary_search_by(|(namespace, _)| (*namespace.name).cmp(name));
        at.ok().and_then(|at| self.namespaces.get(at)).map_or(0..0, |(_, range)| range.clone())
    }

    fn spaces(&self, own: &str, namespaces: &Namespaces) -> Vec<Range<usize>> {
        match namespaces {
            Namespaces::Own => vec![self.own(own)],
            Namespaces::Matching(selector) => {
                let matching = self.namespaces.iter().filter(|(namespace, _)| selector.matches(&namespace.labels));
                matching.map(|(_, range)| range.clone()).collect()
            }
        }
    }

    fn with_value(&self, key: &str, value: &str) -> &[usize] {
        self.labelled.get(key).and_then(|entry| entry.by_value.get(value)).map_or(&[], Vec::as_slice)
    }

    fn with_key(&self, key: &str) -> &[usize] {
        self.labelled.get(key).map_or(&[], |entry| entry.all.as_slice())
    }

    /// What `selector` matches in the namespace `own`.
    pub(crate) fn in_namespace(&self, own: &str, selector: &Selector) -> Bits {
        self.select(&[self.own(own)], selector)
    }

    /// The objects of these namespaces that `selector` matches (K9).
    fn select(&self, spaces: &[Range<usize>], selector: &Selector) -> Bits {
        let mut found = Bits::new(self.objects.len());
        // Whatever matches is in each of these lists: the shortest is looked through.
        let labels =
            selector.match_labels().iter().map(|(key, value)| vec![self.with_value(key.as_str(), value.as_str())]);
        let positive = selector.expressions().iter().filter_map(|requirement| match requirement {
            Requirement::In { key, values } => {
                Some(values.iter().map(|value| self.with_value(key.as_str(), value.as_str())).collect())
            }
            Requirement::Exists { key } => Some(vec![self.with_key(key.as_str())]),
            Requirement::NotIn { .. } | Requirement::DoesNotExist { .. } => None,
        });
        let shortest =
            labels.chain(positive).min_by_key(|lists: &Vec<&[usize]>| lists.iter().map(|l| l.len()).sum::<usize>());
        if let Some(lists) = shortest {
            for at in lists.into_iter().flatten().copied() {
                let space = spaces.partition_point(|space| space.end <= at);
                let inside = spaces.get(space).is_some_and(|space| space.contains(&at));
                if inside && self.objects.get(at).is_some_and(|object| selector.matches(object.labels())) {
                    found.set(at);
                }
            }
            return found;
        }
        for space in spaces {
            found.set_range(space.clone());
        }
        for requirement in selector.expressions() {
            match requirement {
                Requirement::NotIn { key, values } => {
                    for value in values {
                        found.clear_all(self.with_value(key.as_str(), value.as_str()));
                    }
                }
                Requirement::DoesNotExist { key } => found.clear_all(self.with_key(key.as_str())),
                Requirement::In { .. } | Requirement::Exists { .. } => {}
            }
        }
        found
    }
}

/// The endpoints that somebody wrote down for a Service; none where its selector says (K23).
pub(crate) fn listed<'c>(cluster: &'c Cluster, service: &Service) -> Option<Vec<&'c SliceEndpoint>> {
    let name = &service.name;
    let of_service = |slice: &&EndpointSlice| slice.service == *name.name();
    let mut slices = cluster.endpoint_slices().in_namespace(name.namespace()).filter(of_service).peekable();
    if slices.peek().is_some() {
        return Some(slices.flat_map(|slice| &slice.endpoints).collect());
    }
    let endpoints = cluster.endpoints_of(name)?;
    Some(endpoints.subsets.iter().flat_map(|subset| &subset.endpoints).collect())
}

/// A set of places in [`Index::objects`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    pub(crate) fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn set_range(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let word = at / 64;
            let next = ((word + 1) * 64).min(range.end);
            if let Some(bits) = self.0.get_mut(word) {
                *bits |= (u64::MAX >> (64 - (next - at))) << (at % 64);
            }
            at = next;
        }
    }

    fn clear_all(&mut self, places: &[usize]) {
        for at in places {
            if let Some(word) = self.0.get_mut(at / 64) {
                *word &= !(1 << (at % 64));
            }
        }
    }

    pub(crate) fn contains(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    pub(crate) fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    /// Whether something is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    at * 64 + bit
                })
            })
        })
    }
}
