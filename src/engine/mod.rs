//! The compiled engine: the definition's answers, by the million, on a cluster that changes.
//!
//! Policies cannot tell two pods apart that no selector tells apart, so pods fall into a few [classes](crate::engine::ClassId);
//! what a class's policies say is written out once, as a list of entries for each direction. A verdict is two class
//! look-ups and a run through the egress entries of the one and the ingress entries of the other.
//!
//! What the sources leave open mostly pushes one way. Then three-valued logic needs no third path: the run carries two
//! bits, what passes under every reading and what under any, and they differ exactly where the answer is Undefined.
//! What enters in both senses ([U2](crate::semantics#u2), [U5](crate::semantics#u5), [U7](crate::semantics#u7) to
//! [U9](crate::semantics#u9)) is read one way after the other.
//! [`Decide::decide`] judges the same compiled policies in decision diagrams instead, and so knows which rows decide.
//!
//! Memory beside the model is linear: lists of selectors hold at most 64 ids for each distinct set of labels (and 65,536
//! more), entry lists at most 64 entries for each class (and 65,536 more) and 1,024 each, blocks one span more than they have
//! exceptions; updates may double that before everything is compiled anew. What goes beyond is not listed but asked selector
//! by selector and policy by policy: slower, the same answers.
//!
//! What is large in one way costs no more than it must. Faces of Services ([K26](crate::semantics#k26)) are found by address, and
//! by port of all nodes at once. Of the nodes that may have passed a connection on ([U9](crate::semantics#u9)) one is asked for each
//! interval that the backend's ipBlocks make, however many there are. Of the labels that a controller may have set
//! ([K27](crate::semantics#k27), [U7](crate::semantics#u7)) those are tried that selectors of the two ends' namespaces name, and
//! one more for all others, however many replicas there are: with `n` and `m` of them at the two ends, `n * m` judgements.

mod build;
mod classes;
mod cow;
mod ends;
mod ids;
mod judge;
mod snapshot;
mod spaces;
mod tables;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::engine::build::Writer;
use crate::model::change::{Change, ChangeError};
use crate::model::cluster::Cluster;
use crate::model::flow::Flow;
use crate::profile::profile::Profile;
use crate::verdict::{Decide, Decision, FlowError};

pub use crate::engine::classes::intervals::AddressInterval;
pub(crate) use crate::engine::classes::met::Met;
pub(crate) use crate::engine::classes::nearness::{Nearness, Whereabouts};
pub(crate) use crate::engine::classes::partition::{ClassTraits, Distinctions, Member, Partition, PartitionClass};
pub(crate) use crate::engine::classes::selected::ClassesByNamespace;
pub use crate::engine::classes::table::{Cell, CellPeer, ClassId};
pub(crate) use crate::engine::ends::connections::{Connection, ConnectionEnd, ConnectionFront, EndName};
pub(crate) use crate::engine::ends::faces::FaceKind;
pub(crate) use crate::engine::ends::sent::PassedOn;
pub use crate::engine::ids::PodId;
pub(crate) use crate::engine::judge::side_says::SideSays;
pub use crate::engine::snapshot::Snapshot;

/// The compiled engine of one cluster, and its writer: it answers, and it follows changes.
///
/// It answers what the [`Reference`](crate::Reference) answers, in verdict, rows, reasons and errors. Reading is
/// [`Snapshot`]'s: everything a snapshot can do an engine can do (it dereferences to its latest one).
///
/// ```
/// use netpol_oracle::{Change, Cluster, Decide, Engine, Flow, NetworkPolicy, Object, ObjectName, Pod};
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Profile, Verdict};
///
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
/// builder.pod(Pod::new(ObjectName::new("default", "db-0")));
/// let mut engine = Engine::new(&builder.build(), &Profile::kubernetes());
///
/// let flow: Flow = "default/web-0 -> default/db-0:6379/tcp".parse()?;
/// assert_eq!(engine.verdict(&flow)?, Verdict::Allow);
///
/// let before = engine.snapshot();
/// let name = ObjectName::new("default", "deny-all");
/// let deny = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
/// engine.apply(&[Change::Put(Object::Policy(deny))])?;
/// assert_eq!(engine.verdict(&flow)?, Verdict::Deny);
/// assert_eq!(before.verdict(&flow)?, Verdict::Allow, "a snapshot stays as it was");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A clone is an engine of its own, to try what a change would do: it shares what neither changes.
#[derive(Clone)]
pub struct Engine {
    snapshot: Snapshot,
    writer: Arc<Writer>,
}

impl Engine {
    /// Compiles `cluster` for `profile`. The objects are shared with the cluster, not copied.
    #[must_use]
    pub fn new(cluster: &Cluster, profile: &Profile) -> Self {
        let (tables, writer) = build::build(cluster, profile);
        Self { snapshot: Snapshot { tables: Arc::new(tables) }, writer: Arc::new(writer) }
    }

    /// Follows `changes`, all or none; afterwards the engine answers as one that was built anew. Snapshots taken before
    /// stay as they are. A change costs what it touches; now and then, when as much lies unused as is in use, everything
    /// is compiled anew ([`Self::compact`]).
    ///
    /// # Errors
    /// Something is to be removed that is not there; nothing has changed then.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), ChangeError> {
        let mut cluster = self.snapshot.tables.cluster.clone();
        cluster.apply(changes)?;
        let tables = Arc::make_mut(&mut self.snapshot.tables);
        Arc::make_mut(&mut self.writer).apply(tables, cluster, changes.iter().map(Change::id));
        Ok(())
    }

    /// Compiles everything anew, for an idle moment: what earlier changes have left unused is given back. It happens by itself
    /// once as much lies unused as is in use; answers and ids stay.
    pub fn compact(&mut self) {
        Arc::make_mut(&mut self.writer).compile(Arc::make_mut(&mut self.snapshot.tables));
    }

    /// The state of this moment, to be read elsewhere while the engine goes on changing.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }
}

impl Deref for Engine {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Decide for Engine {
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        self.tables.decide(flow)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.snapshot).finish()
    }
}
