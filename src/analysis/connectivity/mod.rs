//! Who reaches whom: every connection of a cluster that is not denied.

mod connection;
mod judge;

use crate::analysis::connectivity::judge::Judge;
use crate::analysis::search::{Detail, Ends, Folding, Search, Selection, Told, gathered};
use crate::engine::Snapshot;
use crate::model::flow::{Destination, Endpoint};
use crate::net::AddressRange;
use crate::partition::Who;

pub use connection::Connection;

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
                range.filter(|_| self.snapshot.is_nobodys(*address)).map(|range| Ends::Addresses(vec![range]))
            }
            Destination::Endpoint(
                Endpoint::PodAddress { .. } | Endpoint::NodeAddress { .. } | Endpoint::Labelled { .. },
            ) => None,
        }
    }

    /// Everybody in a namespace; none where nobody is.
    #[must_use]
    pub fn find_namespace(&self, name: &str) -> Option<Ends> {
        self.folding.has_namespace(name).then(|| Ends::Namespace(name.into()))
    }

    fn selection(&self, ends: &Ends) -> Selection {
        Selection::of(&self.search.ground, &self.folding, ends)
    }

    fn search(&self, detail: Detail, from: &Selection, to: &Selection) -> Vec<Connection> {
        let told = gathered(&self.search, &self.folding, detail, from, to);
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
