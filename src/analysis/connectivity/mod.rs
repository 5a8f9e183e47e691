//! Who reaches whom: every connection of a cluster that is not denied.

mod connection;
mod counts;
mod cover;
mod judge;
mod unprotected;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::analysis::connectivity::counts::{Counting, Members, Outside};
use crate::analysis::isolation::Isolation;
use crate::analysis::region::{Placed, Region, regions};
use crate::analysis::search::{Detail, EndSet, Ends, Folding, Search, Selection, Told};
use crate::engine::{EndName, Snapshot};
use crate::model::flow::{Destination, Endpoint, Flow, L4};
use crate::name::Direction;
use crate::net::{AddressRange, Family};
use crate::partition::Who;
use crate::profile::Rows;
use crate::reference::Reference;
use crate::verdict::FlowError;

pub use connection::Connection;
pub use counts::PairCounts;
pub(super) use judge::Judge;
pub use unprotected::Unprotected;

/// Every connection of a snapshot that is not denied, on every port, with its rows: between pods, workloads that stand for
/// pods nobody loaded, nodes and addresses outside the cluster, to Services by each of their ports too.
///
/// Ends are met by their names: two pods by the family that flows between them have ([K22](crate::semantics#k22)), a node by its
/// InternalIP. Nothing is cut off. Ends that no policy tells apart are judged once.
///
/// ```
/// use netpol_oracle::analysis::{Connectivity, Detail};
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile};
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("shop", "web")));
/// builder.pod(Pod::new(ObjectName::new("bank", "db")));
/// let name = ObjectName::new("bank", "deny-all");
/// builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
/// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
///
/// let all = Connectivity::new(&engine).connections(Detail::Namespaces);
/// let to_bank = all.iter().filter(|each| serde_json::to_string(&each.destination).unwrap().contains("bank"));
/// assert_eq!(to_bank.filter(|each| each.ports.intervals().len() > 0).count(), 0);
/// ```
#[derive(Debug)]
pub struct Connectivity {
    search: Search<Judge>,
    snapshot: Snapshot,
    folding: Folding,
}

impl Connectivity {
    /// Of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let search = Search::new(&[snapshot], Judge::new(snapshot));
        let folding = Folding::new(&search.ground);
        Self { search, folding, snapshot: snapshot.clone() }
    }

    /// Every connection, in order. No two of them say something of one source, destination and port.
    #[must_use]
    pub fn connections(&self, detail: Detail) -> Vec<Connection> {
        self.search(detail, &Selection::Everybody, &Selection::Everybody)
    }

    /// The connections that some ends may open.
    #[must_use]
    pub fn from(&self, sources: &Ends, detail: Detail) -> Vec<Connection> {
        self.search(detail, &self.selection(sources), &Selection::Everybody)
    }

    /// The connections that may be opened to some ends.
    #[must_use]
    pub fn to(&self, destinations: &Ends, detail: Detail) -> Vec<Connection> {
        self.search(detail, &Selection::Everybody, &self.selection(destinations))
    }

    /// The connections between some ends and some others.
    #[must_use]
    pub fn between(&self, sources: &Ends, destinations: &Ends, detail: Detail) -> Vec<Connection> {
        self.search(detail, &self.selection(sources), &self.selection(destinations))
    }

    /// Whom an end of a flow's text means: a pod, a workload with all its pods, a node, a Service, an address outside the cluster.
    /// None where nobody is there, and of an address that somebody has: who is in the cluster is met by name.
    ///
    /// ```
    /// use netpol_oracle::analysis::{Ends, Connectivity};
    /// use netpol_oracle::{Cluster, Engine, ObjectName, Pod, Profile};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("shop", "web")));
    /// let connectivity = Connectivity::new(&Engine::new(&builder.build(), &Profile::kubernetes()));
    /// let web = connectivity.find(&"shop/web".parse()?);
    /// assert_eq!(web, Some(Ends::Pods(vec![ObjectName::new("shop", "web")])));
    /// assert_eq!(connectivity.find(&"shop/db".parse()?), None);
    /// # Ok::<(), netpol_oracle::model::FlowTextError>(())
    /// ```
    #[must_use]
    pub fn find(&self, end: &Destination) -> Option<Ends> {
        let ground = &self.search.ground;
        let cluster = self.snapshot.cluster();
        match end {
            Destination::Service(name) => cluster.service(name).map(|_| Ends::Service(name.clone())),
            Destination::Endpoint(Endpoint::Named(name)) => {
                if ground.find(&Who::Pod(name.clone())).is_some() {
                    return Some(Ends::Pods(vec![name.clone()]));
                }
                self.folding.named(name).map(|(name, kind)| Ends::Workload(name, kind))
            }
            Destination::Endpoint(Endpoint::Workload { kind, name }) => {
                let is_there = !self.folding.of_workload(ground, name, kind).is_empty();
                is_there.then(|| Ends::Workload(name.clone(), kind.clone()))
            }
            Destination::Endpoint(Endpoint::Node(name)) => {
                ground.find(&Who::Node(name.clone())).map(|_| Ends::Node(name.clone()))
            }
            Destination::Endpoint(Endpoint::Address(address)) => {
                let range = AddressRange::new(*address, *address);
                let nobodys = range.filter(|_| self.snapshot.is_nobodys(*address));
                nobodys.map(|range| Ends::Addresses(vec![range])).or_else(|| self.owner(*address))
            }
            Destination::Endpoint(
                Endpoint::PodAddress { .. } | Endpoint::NodeAddress { .. } | Endpoint::Labelled { .. },
            ) => None,
        }
    }

    /// Whose an address is, as who sends from it; a Service does not.
    fn owner(&self, address: IpAddr) -> Option<Ends> {
        let somewhere = self.search.ground.outside.any(Family::of(address))?;
        let flow = Flow::new(Endpoint::Address(address), Destination::Endpoint(Endpoint::Address(somewhere)), L4::Icmp);
        match self.snapshot.connections(&flow) {
            Ok(connections) => match &connections.first()?.source.name {
                EndName::Pod(name) => Some(Ends::Pods(vec![(*name).clone()])),
                EndName::Node(Some(name)) => self.find(&Endpoint::Node((*name).into()).into()),
                _ => None,
            },
            Err(FlowError::ServiceAsSource(name)) => Some(Ends::Service(name)),
            Err(_) => None,
        }
    }

    /// Everybody in a namespace; none where nobody is.
    #[must_use]
    pub fn find_namespace(&self, name: &str) -> Option<Ends> {
        self.folding.has_namespace(name).then(|| Ends::Namespace(name.into()))
    }

    /// Every region that anybody is in, and who: ends of one each. Services are destinations alone; what is outside is one end.
    #[must_use]
    pub fn regions(&self, detail: Detail) -> BTreeMap<Region, Vec<Ends>> {
        regions(&self.search.ground, detail)
    }

    /// How many pairs of ends there are between every two regions, by how much of their connections is allowed; none is listed.
    /// Only those of some sources, of some destinations.
    ///
    /// ```
    /// use netpol_oracle::analysis::{Connectivity, Detail};
    /// use netpol_oracle::labels::Selector;
    /// use netpol_oracle::model::PolicyTypes;
    /// use netpol_oracle::{Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile};
    /// let mut builder = Cluster::builder();
    /// for (namespace, pod) in [("shop", "web"), ("shop", "cart"), ("bank", "db")] {
    ///     builder.pod(Pod::new(ObjectName::new(namespace, pod)));
    /// }
    /// let name = ObjectName::new("bank", "deny-all");
    /// builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
    /// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    ///
    /// let counts = Connectivity::new(&engine).counts(None, None, Detail::Namespaces);
    /// let between = |from: &str, to: &str| {
    ///     let found = counts.iter().find(|each| each.source.to_string() == from && each.destination.to_string() == to);
    ///     found.map(|each| (each.all, each.denied))
    /// };
    /// assert_eq!(between("namespace:shop", "namespace:bank"), Some((0, 2)));
    /// assert_eq!(between("namespace:bank", "namespace:shop"), Some((2, 0)));
    /// assert_eq!(between("namespace:shop", "namespace:shop"), Some((2, 0)), "a pod and itself are no pair");
    /// assert_eq!(between("namespace:shop", "outside"), Some((2, 0)));
    /// ```
    #[must_use]
    pub fn counts(&self, sources: Option<&Ends>, destinations: Option<&Ends>, detail: Detail) -> Vec<PairCounts> {
        let ground = &self.search.ground;
        let selection = |ends: Option<&Ends>| ends.map_or(Selection::Everybody, |ends| self.selection(ends));
        let outside = |ends: Option<&Ends>, free: &dyn Fn(AddressRange) -> Vec<AddressRange>| match ends {
            Some(Ends::Addresses(ranges)) => ranges.clone(),
            _ => [Family::V4, Family::V6].into_iter().flat_map(|family| free(AddressRange::all(family))).collect(),
        };
        let outside_sources = outside(sources, &|range| ground.outside.free(range));
        let outside_destinations = outside(destinations, &|range| ground.outside.free_as_destination(range));
        let (from, to) = (selection(sources), selection(destinations));
        let placed = Placed::new(ground, detail);
        let members = (Members::sources(ground, &placed, &from), Members::destinations(ground, &placed, &to));
        let outside = Outside { sources: &outside_sources, destinations: &outside_destinations };
        let mut lines = self.search.gathered(&from, &to);
        lines.retain(|line| !line.ports.intervals().is_empty());
        Counting::new((&self.snapshot, ground), members, outside, &lines).counts()
    }

    /// Pods and workloads that policies do not isolate in both directions ([K1](crate::semantics#k1)), as far as the cluster
    /// enforces policies at all: by address and port nothing is asked. hostNetwork pods are among them
    /// ([K17](crate::semantics#k17), [U2](crate::semantics#u2)).
    ///
    /// ```
    /// use netpol_oracle::analysis::{Connectivity, Detail, Isolation};
    /// use netpol_oracle::{Cluster, Engine, ObjectName, Pod, Profile};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("shop", "web")));
    /// let found = Connectivity::new(&Engine::new(&builder.build(), &Profile::kubernetes())).unprotected(Detail::Pods);
    /// assert_eq!((found[0].ingress, found[0].egress), (Isolation::Free, Isolation::Free));
    /// ```
    #[must_use]
    pub fn unprotected(&self, detail: Detail) -> Vec<Unprotected> {
        let ground = &self.search.ground;
        let reference = Reference::new(self.snapshot.cluster(), self.snapshot.profile());
        let mut alike: BTreeMap<(Isolation, Isolation, Rows), EndSet> = BTreeMap::new();
        for group in &ground.groups {
            let Some(first) = group.members.first().and_then(|at| ground.end(*at)) else { continue };
            if matches!(first.who, Who::Node(_)) {
                continue;
            }
            let of = |direction| reference.isolation(&first.who.endpoint(), direction);
            let ((ingress, by_ingress), (egress, by_egress)) = (of(Direction::Ingress), of(Direction::Egress));
            let (ingress, egress) = (Isolation::of(ingress), Isolation::of(egress));
            if (ingress, egress) != (Isolation::Isolated, Isolation::Isolated) {
                let alike = alike.entry((ingress, egress, by_ingress.union(by_egress)));
                let alike = alike.or_insert_with(|| EndSet::none(ground));
                group.members.iter().for_each(|at| alike.add(*at));
            }
        }
        let folded = alike.into_iter().flat_map(|((ingress, egress, rows), ends)| {
            let ends = self.folding.ends(ground, detail, &ends).into_iter();
            ends.map(move |folded| Unprotected { ends: folded.ends, ingress, egress, rows })
        });
        let mut all: Vec<Unprotected> = folded.collect();
        all.sort_by(|one, other| one.ends.cmp(&other.ends));
        all
    }

    fn selection(&self, ends: &Ends) -> Selection {
        Selection::of(&self.search.ground, &self.folding, ends)
    }

    fn search(&self, detail: Detail, from: &Selection, to: &Selection) -> Vec<Connection> {
        let told = self.search.told(&self.folding, detail, from, to);
        let mut all: Vec<Connection> = told
            .into_iter()
            .map(|Told { source, destination, ports, outcome: (verdict, rows) }| Connection {
                source: source.ends,
                destination: destination.ends,
                ports,
                verdict,
                rows,
            })
            .collect();
        all.sort_by(Connection::order);
        all
    }
}
