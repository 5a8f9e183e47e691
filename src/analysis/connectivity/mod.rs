//! Who reaches whom: every connection of a cluster that is not denied.

mod connection;
mod fold;
mod fronts;
mod judge;
mod ports;
mod search;
mod selection;
mod sets;

use std::collections::BTreeMap;

use crate::analysis::connectivity::fold::Folding;
use crate::analysis::connectivity::search::{Reached, Search};
use crate::analysis::connectivity::selection::Selection;
use crate::analysis::connectivity::sets::Sources;
use crate::engine::Snapshot;
use crate::model::flow::{Destination, Endpoint};
use crate::net::AddressRange;
use crate::partition::Who;

pub use connection::{Connection, Ends};
pub use fold::Detail;
pub use ports::Ports;

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
    search: Search,
    folding: Folding,
}

impl Connectivity {
    /// Of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let search = Search::new(snapshot);
        let folding = Folding::new(&search.ground);
        Self { search, folding }
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
    /// None where nobody is there.
    ///
    /// ```
    /// use netpol_oracle::analysis::{ConnectionEnds, Connectivity};
    /// use netpol_oracle::{Cluster, Engine, ObjectName, Pod, Profile};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("shop", "web")));
    /// let connectivity = Connectivity::new(&Engine::new(&builder.build(), &Profile::kubernetes()));
    /// let web = connectivity.find(&"shop/web".parse()?);
    /// assert_eq!(web, Some(ConnectionEnds::Pods(vec![ObjectName::new("shop", "web")])));
    /// assert_eq!(connectivity.find(&"shop/db".parse()?), None);
    /// # Ok::<(), netpol_oracle::model::FlowTextError>(())
    /// ```
    #[must_use]
    pub fn find(&self, end: &Destination) -> Option<Ends> {
        let ground = &self.search.ground;
        let cluster = ground.snapshot.cluster();
        match end {
            Destination::Service(name) => cluster.service(name).map(|_| Ends::Service(name.clone())),
            Destination::Endpoint(Endpoint::Named(name) | Endpoint::PodAddress { pod: name, .. }) => {
                if ground.find(&Who::Pod(name.clone())).is_some() {
                    return Some(Ends::Pods(vec![name.clone()]));
                }
                self.folding.named(name).map(|(name, kind)| Ends::Workload(name, kind))
            }
            Destination::Endpoint(Endpoint::Workload { kind, name }) => {
                let is_there = !self.folding.of_workload(ground, name, kind).is_empty();
                is_there.then(|| Ends::Workload(name.clone(), kind.clone()))
            }
            Destination::Endpoint(Endpoint::Node(name) | Endpoint::NodeAddress { node: name, .. }) => {
                ground.find(&Who::Node(name.clone())).map(|_| Ends::Node(name.clone()))
            }
            Destination::Endpoint(Endpoint::Address(address)) => {
                let range = AddressRange::new(*address, *address);
                range.filter(|_| ground.snapshot.is_nobodys(*address)).map(|range| Ends::Addresses(vec![range]))
            }
            Destination::Endpoint(Endpoint::Labelled { .. }) => None,
        }
    }

    fn selection(&self, ends: &Ends) -> Selection {
        Selection::of(&self.search.ground, &self.folding, ends)
    }

    fn search(&self, detail: Detail, from: &Selection, to: &Selection) -> Vec<Connection> {
        let groups = self.search.ground.groups.iter().filter(|group| from.has(group));
        let outside = if from.has_outside() { self.search.open_from_outside(to) } else { Vec::new() };
        let reached = groups.flat_map(|group| self.search.open_to(group, to)).chain(outside);
        let selected = reached.filter_map(|Reached { sources, targets }| {
            let sources = from.sources(sources)?;
            let targets = targets.into_iter().filter_map(|(alike, targets)| Some((alike, to.targets(targets)?)));
            Some(Reached { sources, targets: targets.collect() })
        });
        self.folded(detail, selected)
    }

    /// What goes to the same ends on the same ports with the same outcome is one.
    fn folded(&self, detail: Detail, reached: impl Iterator<Item = Reached>) -> Vec<Connection> {
        let mut alike: BTreeMap<_, Vec<Sources>> = BTreeMap::new();
        for Reached { sources, targets } in reached {
            for ((outcome, ports), to) in targets {
                alike.entry((to, outcome, ports)).or_default().push(sources.clone());
            }
        }
        let ground = &self.search.ground;
        let mut all = Vec::new();
        for ((targets, (verdict, rows), ports), sources) in alike {
            let destinations = self.folding.targets(ground, detail, &targets);
            for source in self.folding.sources(ground, detail, &sources) {
                all.extend(destinations.iter().map(|destination| Connection {
                    source: source.clone(),
                    destination: destination.clone(),
                    ports: ports.clone(),
                    verdict,
                    rows,
                }));
            }
        }
        all.sort_by(Connection::order);
        all
    }
}
