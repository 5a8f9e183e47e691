//! What differs between two clusters.

mod change;
mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::diff::judge::Judge;
use crate::analysis::isolation::{Isolation, IsolationChange};
use crate::analysis::region::{Region, regions};
use crate::analysis::search::{Detail, EndSet, Ends, Folding, Search, Selection, Told};
use crate::engine::Snapshot;
use crate::model::flow::{Endpoint, Flow, L4, OtherProtocol};
use crate::name::Direction;
use crate::net::AddressRange;
use crate::partition::{Group, Roster, Who, faces_alone};
use crate::reference::Reference;
use crate::verdict::Verdict;

pub use change::ConnectionChange;

/// What differs between two snapshots, of one cluster that changes or of two: every connection that opens, closes, becomes or
/// stops being undefined, on every port, each once with a witness. Nothing is cut off.
///
/// Ends are those of [`Connectivity`](crate::analysis::Connectivity), by their names. Ends that one of the two alone has are
/// [gone](Self::gone) and [come](Self::come), and no connection of theirs is listed. An address that somebody has in either is not
/// outside.
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
    folding: Arc<Folding>,
}

impl Diff {
    /// Of two snapshots; fastest where the second came of the first by changes. Who tries several changes of policies keeps a
    /// [`Baseline`](crate::analysis::Baseline).
    #[must_use]
    pub fn new(before: &Snapshot, after: &Snapshot) -> Self {
        let judge = Judge { before: before.clone(), after: after.clone() };
        let search = Search::new(&[before, after], judge);
        let folding = Arc::new(Folding::new(&search.ground));
        Self { search, folding }
    }

    /// The same, of two that came by changes of policies of a third that was searched alone; none where more has changed.
    pub(in crate::analysis) fn between(
        (search, roster, folding): (&Search<()>, &Roster, &Arc<Folding>),
        [before, after]: [&Snapshot; 2],
    ) -> Option<Self> {
        let judge = Judge { before: before.clone(), after: after.clone() };
        Some(Self { search: search.between(roster, [before, after], judge)?, folding: folding.clone() })
    }

    /// Every connection that changes, in order. No two of them say something of one source, destination and port.
    #[must_use]
    pub fn changes(&self, detail: Detail) -> Vec<ConnectionChange> {
        self.changes_while(detail, &|| true).unwrap_or_default()
    }

    /// The same, for as long as somebody waits for it: none once `is_wanted` says no. It is asked often.
    #[must_use]
    pub fn changes_while(&self, detail: Detail, is_wanted: &dyn Fn() -> bool) -> Option<Vec<ConnectionChange>> {
        let everybody = (&Selection::Everybody, &Selection::Everybody);
        let told = self.search.told_while(&self.folding, detail, everybody, is_wanted)?;
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
        Some(all)
    }

    /// Who becomes isolated or free, or may, in order; pods and workloads of both snapshots.
    ///
    /// ```
    /// # use netpol_oracle::labels::Selector;
    /// # use netpol_oracle::model::PolicyTypes;
    /// use netpol_oracle::analysis::{Detail, Diff, Isolation};
    /// use netpol_oracle::{Change, Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
    /// let before = Engine::new(&builder.build(), &Profile::kubernetes());
    /// let name = ObjectName::new("default", "deny-all");
    /// let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
    /// // To try a change, it is applied to a clone.
    /// let mut after = before.clone();
    /// after.apply(&[Change::Put(policy.into())])?;
    ///
    /// let isolation = Diff::new(&before, &after).isolation(Detail::Pods);
    /// assert_eq!(isolation[0].ends.to_string(), "default/db-0");
    /// assert_eq!((isolation[0].before, isolation[0].after), (Isolation::Free, Isolation::Isolated));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn isolation(&self, detail: Detail) -> Vec<IsolationChange> {
        let ground = &self.search.ground;
        let mut alike: BTreeMap<(Direction, Isolation, Isolation), EndSet> = BTreeMap::new();
        for group in &ground.groups {
            let Some(first) = group.members.first().and_then(|at| ground.end(*at)) else { continue };
            if matches!(first.who, Who::Node(_)) {
                continue;
            }
            for direction in [Direction::Ingress, Direction::Egress] {
                let Some([before, after]) = self.isolation_of(group, &first.who.endpoint(), direction) else {
                    continue;
                };
                if before != after {
                    let alike = alike.entry((direction, before, after)).or_insert_with(|| EndSet::none(ground));
                    group.members.iter().for_each(|at| alike.add(*at));
                }
            }
        }
        let named = |((direction, before, after), ends): (_, EndSet)| {
            let folded = self.folding.ends(ground, detail, &ends).into_iter();
            folded.map(move |folded| IsolationChange { ends: folded.ends, direction, before, after })
        };
        let mut all: Vec<IsolationChange> = alike.into_iter().flat_map(named).collect();
        all.sort_unstable();
        all
    }

    /// Before and after; none where it cannot differ.
    fn isolation_of(&self, group: &Group, end: &Endpoint, direction: Direction) -> Option<[Isolation; 2]> {
        let ground = &self.search.ground;
        let (rows, is_changed) = match direction {
            Direction::Egress => (ground.egress(group), group.change.egress),
            Direction::Ingress => (ground.ingress(group), group.change.ingress),
        };
        let is_free = rows.iter().all(|row| !row.isolated);
        if is_free || ground.has_same_surroundings && !is_changed && !group.change.itself {
            return None;
        }
        let of = |snapshot: &Snapshot| {
            Isolation::of(Reference::new(snapshot.cluster(), snapshot.profile()).isolation(end, direction).0)
        };
        let Judge { before, after } = &self.search.judge;
        Some([of(before), of(after)])
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

    /// Pods, workloads and nodes that were there before alone, Services, and addresses that led to one: whoever sends to these goes
    /// outside now, but for what [`changes`](Self::changes) lists.
    #[must_use]
    pub fn gone(&self) -> Vec<Ends> {
        self.alone(0)
    }

    /// Pods, workloads and nodes that are there after alone, Services, and addresses that lead to one.
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
        let snapshot = |at: usize| ground.views.get(at).map(|view| &view.snapshot);
        let faces = snapshot(at).zip(snapshot(1 - at)).map(|(own, other)| faces_alone(own, other));
        let faces = faces.into_iter().flatten().filter_map(|address| AddressRange::new(address, address));
        let faces = faces.map(|face| Ends::Addresses(vec![face]));
        ends.chain(services.map(|service| Ends::Service(service.name.clone()))).chain(faces).collect()
    }
}
