//! Pods that are not there yet, one for each of the weakest labels that some policy's peers ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::analysis::exposure::weakest::{is_weaker, weakest};
use crate::labels::{LabelValue, Labels, Requirement, Selector};
use crate::model::change::Change;
use crate::model::cluster::{Cluster, NAMESPACE_NAME_LABEL, Namespace, Owner, Pod, WorkloadKind};
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PodPeer};
use crate::name::{Direction, ObjectName};

/// Pods that are not there yet: all that have at least these labels, wherever they are to be. As JSON one of
///
/// ```json
/// {}
/// {"pods": "app=web,tier"}
/// {"namespaces": "team=shop", "pods": "app=web"}
/// {"namespace": "shop", "pods": "app=web"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Newcomers {
    /// Where.
    pub place: NewcomerPlace,
    /// The labels that they have at least, with a value or with any (`Exists`).
    pub pods: Selector,
}

/// Where pods are to be that are not there yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NewcomerPlace {
    /// In namespaces that have at least these labels, and no policies of their own: they may not be there yet either.
    Namespaces(Selector),
    /// In this one, whose policies count for them.
    Namespace(Arc<str>),
}

impl Newcomers {
    /// Whoever comes, wherever to.
    pub(super) fn anybody() -> Self {
        Self { place: NewcomerPlace::Namespaces(Selector::everything()), pods: Selector::everything() }
    }

    /// Whether all whom the other means are meant too.
    pub(super) fn is_weaker(&self, other: &Self, cluster: &Cluster) -> bool {
        let labels = |name: &Arc<str>| cluster.namespace(name).map(|namespace| namespace.labels.clone());
        let is_there = match (&self.place, &other.place) {
            (NewcomerPlace::Namespaces(own), NewcomerPlace::Namespaces(other)) => is_weaker(own, other),
            (NewcomerPlace::Namespaces(own), NewcomerPlace::Namespace(name)) => {
                own.is_everything() || labels(name).is_some_and(|labels| own.matches(&labels))
            }
            (NewcomerPlace::Namespace(own), NewcomerPlace::Namespace(other)) => own == other,
            (NewcomerPlace::Namespace(_), NewcomerPlace::Namespaces(_)) => false,
        };
        is_there && is_weaker(&self.pods, &other.pods)
    }
}

impl fmt::Display for Newcomers {
    /// `any pod`, `pods app=web in namespaces team=shop`, `pods app=web in namespace shop`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pods.is_everything() {
            f.write_str("any pod")?;
        } else {
            write!(f, "pods {}", self.pods)?;
        }
        match &self.place {
            NewcomerPlace::Namespaces(labels) if labels.is_everything() => Ok(()),
            NewcomerPlace::Namespaces(labels) => write!(f, " in namespaces {labels}"),
            NewcomerPlace::Namespace(name) => write!(f, " in namespace {name}"),
        }
    }
}

impl Serialize for Newcomers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.place {
            NewcomerPlace::Namespaces(labels) if labels.is_everything() => {}
            NewcomerPlace::Namespaces(labels) => map.serialize_entry("namespaces", &labels.to_string())?,
            NewcomerPlace::Namespace(name) => map.serialize_entry("namespace", &**name)?,
        }
        if !self.pods.is_everything() {
            map.serialize_entry("pods", &self.pods.to_string())?;
        }
        map.end()
    }
}

/// Selectors of the policies tell more pods apart that are not there yet than are looked through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "NetworkPolicy {policy}: with its selectors {count} pods that are not there yet differ, which are too many to look through"
)]
#[non_exhaustive]
pub struct TooManyNewcomers {
    /// The policy whose selectors are too many, or one too many.
    pub policy: ObjectName,
    /// How many there are, at least.
    pub count: usize,
}

/// More than so many are not looked through.
const MOST: usize = 20_000;

/// Everybody whom some policy may tell from others.
pub(super) fn newcomers(cluster: &Cluster) -> Result<BTreeSet<Newcomers>, TooManyNewcomers> {
    let mut all = BTreeSet::from([Newcomers::anybody()]);
    let mut own: BTreeMap<Arc<str>, BTreeSet<Selector>> = BTreeMap::new();
    let too_many = |policy: &NetworkPolicy, count| TooManyNewcomers { policy: policy.name().clone(), count };
    for policy in cluster.policies().iter() {
        for PodPeer { namespaces, pods } in peers(policy) {
            let pods = weakest(pods, MOST).map_err(|count| too_many(policy, count))?;
            match namespaces {
                Namespaces::Own => own.entry(policy.name().namespace().clone()).or_default().extend(pods),
                Namespaces::Matching(selector) => {
                    let places = weakest(selector, MOST).map_err(|count| too_many(policy, count))?;
                    let places = places.iter().filter_map(|labels| place(cluster, labels));
                    for place in places {
                        all.extend(pods.iter().map(|pods| Newcomers { place: place.clone(), pods: pods.clone() }));
                    }
                }
            }
        }
        if all.len() > MOST {
            return Err(too_many(policy, all.len()));
        }
    }
    for newcomers in &all {
        if let NewcomerPlace::Namespace(name) = &newcomers.place {
            own.entry(name.clone()).or_default().insert(newcomers.pods.clone());
        }
    }
    for policy in cluster.policies().iter() {
        // Where policies count, it may take the labels of those whom they select, too.
        let Some(known) = own.get(policy.name().namespace()) else { continue };
        let subjects = weakest(policy.subject(), MOST).map_err(|count| too_many(policy, count))?;
        let place = NewcomerPlace::Namespace(policy.name().namespace().clone());
        for subject in subjects {
            let with = known.iter().filter_map(|pods| both(pods, &subject));
            all.extend(with.chain([subject.clone()]).map(|pods| Newcomers { place: place.clone(), pods }));
        }
        if all.len() > MOST {
            return Err(too_many(policy, all.len()));
        }
    }
    for (name, known) in own {
        let place = NewcomerPlace::Namespace(name);
        all.extend(known.into_iter().map(|pods| Newcomers { place: place.clone(), pods }));
    }
    Ok(all)
}

fn peers(policy: &NetworkPolicy) -> impl Iterator<Item = &PodPeer> {
    let rules = [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| policy.rules(direction));
    let peers = rules.flat_map(|rule| match &rule.peers {
        Peers::Any => &[],
        Peers::Of(peers) => peers.as_slice(),
    });
    peers.filter_map(|peer| match peer {
        Peer::Pods(peer) => Some(peer),
        Peer::IpBlock(_) => None,
    })
}

/// The namespaces with these labels, whose own names are labels too (K10); none where there is one of that name without them.
fn place(cluster: &Cluster, labels: &Selector) -> Option<NewcomerPlace> {
    let Some(name) = labels.match_labels().get(NAMESPACE_NAME_LABEL) else {
        let is_else = |each: &&Requirement| each.key().as_str() != NAMESPACE_NAME_LABEL;
        let others = labels.expressions().iter().filter(is_else).cloned().collect();
        return Some(NewcomerPlace::Namespaces(Selector::new(labels.match_labels().clone(), others)));
    };
    match cluster.namespace(name.as_str()) {
        Some(known) => labels.matches(&known.labels).then(|| NewcomerPlace::Namespace(known.name.clone())),
        None => Some(NewcomerPlace::Namespaces(labels.clone())),
    }
}

/// What asks for as much as the two do; none where they contradict each other.
fn both(one: &Selector, other: &Selector) -> Option<Selector> {
    let labels: Labels = one.match_labels().iter().chain(other.match_labels().iter()).map(cloned).collect();
    let expressions = [one.expressions(), other.expressions()].concat();
    weakest(&Selector::new(labels, expressions), 1).ok()?.pop().filter(|both| is_weaker(one, both))
}

fn cloned<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

/// Everybody as a pod of the cluster, and what brings them in: no workload is theirs, no node, no address.
pub(super) fn arrivals(cluster: &Cluster, all: BTreeSet<Newcomers>) -> (BTreeMap<ObjectName, Newcomers>, Vec<Change>) {
    let values = Values::of(cluster);
    let (mut pods, mut changes) = (BTreeMap::new(), Vec::new());
    let mut namespaces: BTreeMap<NewcomerPlace, Arc<str>> = BTreeMap::new();
    for (at, newcomers) in all.into_iter().enumerate() {
        let namespace = match &newcomers.place {
            NewcomerPlace::Namespace(name) => name.clone(),
            NewcomerPlace::Namespaces(labels) => {
                let made = namespaces.entry(newcomers.place.clone()).or_insert_with(|| {
                    let named = labels.match_labels().get(NAMESPACE_NAME_LABEL);
                    let name =
                        named.map_or_else(|| free(at, |name| is_namespace(cluster, name)), |name| name.as_str().into());
                    let mut namespace = Namespace::new(name.clone());
                    namespace.labels = values.labels(labels);
                    changes.push(Change::Put(namespace.into()));
                    name.into()
                });
                made.clone()
            }
        };
        let name = free(at, |name| cluster.pod(&ObjectName::new(namespace.clone(), name)).is_some());
        let mut pod = Pod::new(ObjectName::new(namespace, name));
        pod.labels = values.labels(&newcomers.pods);
        pod.owner = Some(Owner::new(WorkloadKind::of("Newcomer", "netpol.invalid"), "newcomers"));
        changes.push(Change::Put(pod.clone().into()));
        pods.insert(pod.name, newcomers);
    }
    (pods, changes)
}

fn is_namespace(cluster: &Cluster, name: &str) -> bool {
    cluster.namespace(name).is_some()
}

/// A name that is not taken.
fn free(at: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = format!("newcomer-{at}");
    while is_taken(&name) {
        name.push('x');
    }
    name
}

/// A value that no selector names.
struct Values {
    of_none: Option<LabelValue>,
}

impl Values {
    fn of(cluster: &Cluster) -> Self {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for policy in cluster.policies().iter() {
            let of_peers = peers(policy).flat_map(|peer| match &peer.namespaces {
                Namespaces::Own => vec![&peer.pods],
                Namespaces::Matching(selector) => vec![selector, &peer.pods],
            });
            for selector in of_peers.chain([policy.subject()]) {
                named.extend(selector.match_labels().iter().map(|(_, value)| value.as_str()));
                named.extend(
                    selector.expressions().iter().filter_map(Requirement::values).flatten().map(LabelValue::as_str),
                );
            }
        }
        let mut of_none = String::from("any");
        let mut next = 0_u32;
        while named.contains(of_none.as_str()) {
            next += 1;
            of_none = format!("any-{next}");
        }
        Self { of_none: LabelValue::new(&of_none).ok() }
    }

    /// Labels as weak as the selector lets them be.
    fn labels(&self, selector: &Selector) -> Labels {
        let values = self.of_none.iter();
        let there =
            values.flat_map(|value| selector.expressions().iter().map(|each| (each.key().clone(), value.clone())));
        selector.match_labels().iter().map(cloned).chain(there).collect()
    }
}
