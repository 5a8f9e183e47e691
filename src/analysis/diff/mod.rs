//! What differs between two clusters.

mod change;
mod judge;

use std::collections::BTreeMap;

use crate::analysis::diff::judge::Judge;
use crate::analysis::region::{Region, regions};
use crate::analysis::search::{Detail, Ends, Folding, Search, Selection, Told};
use crate::engine::Snapshot;
use crate::model::flow::{Flow, L4, OtherProtocol};
use crate::partition::Who;
use crate::verdict::Verdict;

pub use change::ConnectionChange;

/// What differs between two snapshots, of one cluster that changes or of two: every connection that opens, closes, becomes or
/// stops being undefined, on every port, each once with a witness. Nothing is cut off.
///
/// Ends are those of [`Connectivity`](crate::analysis::Connectivity), by their names. Ends that one of the two alone has are
/// [gone](Self::gone) and [come](Self::come), and no connection of theirs is listed.
///
/// ```
/// use netpol_oracle::analysis::{Detail, Diff};
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile, Verdict};
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
/// let before = Engine::new(&builder.clone().build(), &Profile::kubernetes());
/// let name = ObjectName::new("default", "deny-all");
/// builder.policy(NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]));
/// let after = Engine::new(&builder.build(), &Profile::kubernetes());
///
/// let diff = Diff::new(&before, &after);
/// let changes = diff.changes(Detail::Pods);
/// assert!(changes.iter().all(|change| change.before == Verdict::Allow));
/// assert!(changes.iter().any(|change| change.witness.to_string() == "default/db-0 -> default/web-0:1/tcp"));
/// assert!(Diff::new(&after, &after).is_empty());
/// ```
#[derive(Debug)]
pub struct Diff {
    search: Search<Judge>,
    folding: Folding,
}

impl Diff {
    /// Of two snapshots; fastest where the second came of the first by changes.
    #[must_use]
    pub fn new(before: &Snapshot, after: &Snapshot) -> Self {
        let judge = Judge { before: before.clone(), after: after.clone() };
        let search = Search::new(&[before, after], judge);
        let folding = Folding::new(&search.ground);
        Self { search, folding }
    }

    /// Every connection that changes, in order. No two of them say something of one source, destination and port.
    #[must_use]
    pub fn changes(&self, detail: Detail) -> Vec<ConnectionChange> {
        let everybody = Selection::Everybody;
        let told = self.search.told(&self.folding, detail, &everybody, &everybody);
        let change = |Told { source, destination, ports, outcome: (before, after) }: Told<(Verdict, Verdict)>| {
            let l4 = match ports.intervals().first() {
                Some(interval) => (*interval).into(),
                None if ports.has_icmp() => L4::Icmp,
                None => L4::Other(OtherProtocol::new(47)?),
            };
            let (from, to) = source.pair(&self.search.ground, &destination)?;
            let witness = Flow::new(from, to, l4);
            Some(ConnectionChange { source: source.ends, destination: destination.ends, ports, before, after, witness })
        };
        let mut all: Vec<ConnectionChange> = told.into_iter().filter_map(change).collect();
        all.sort_by(ConnectionChange::order);
        all
    }

    /// Whether no connection changes and nobody comes or goes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone().is_empty() && self.come().is_empty() && self.changes(Detail::Namespaces).is_empty()
    }

    /// Every region that anybody of both snapshots is in, and who: ends of one each, pods by the workloads they have after.
    #[must_use]
    pub fn regions(&self, detail: Detail) -> BTreeMap<Region, Vec<Ends>> {
        regions(&self.search.ground, detail)
    }

    /// Pods, workloads and nodes that were there before alone, and Services.
    #[must_use]
    pub fn gone(&self) -> Vec<Ends> {
        self.alone(0)
    }

    /// Pods, workloads and nodes that are there after alone, and Services.
    #[must_use]
    pub fn come(&self) -> Vec<Ends> {
        self.alone(1)
    }

    fn alone(&self, at: usize) -> Vec<Ends> {
        let ground = &self.search.ground;
        let ends = ground.alone.get(at).into_iter().flatten().map(|who| match who {
            Who::Pod(name) => Ends::Pods(vec![name.clone()]),
            Who::Workload(name, kind) => Ends::Workload(name.clone(), kind.clone()),
            Who::Node(name) => Ends::Node(name.clone()),
        });
        let cluster = |at: usize| ground.views.get(at).map(|view| view.snapshot.cluster());
        let services = cluster(at).into_iter().flat_map(|cluster| cluster.services().iter());
        let services =
            services.filter(|service| cluster(1 - at).is_some_and(|other| other.service(&service.name).is_none()));
        ends.chain(services.map(|service| Ends::Service(service.name.clone()))).collect()
    }
}
