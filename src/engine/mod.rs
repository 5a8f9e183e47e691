//! The compiled engine: the definition's answers, by the million, on a cluster that changes.
//!
//! Policies cannot tell two pods apart that no selector tells apart, so pods fall into a few [classes](crate::engine::ClassId);
//! what a class's policies say is written out once, as a list of entries for each direction. A verdict is two class
//! look-ups and a run through the egress entries of the one and the ingress entries of the other.
//!
//! What the sources leave open mostly pushes one way. Then three-valued logic needs no third path: the run carries two bits,
//! what passes under every reading and what under any, and they differ exactly where the answer is Undefined. What enters in
//! both senses (U2, U5) is read one way after the other. [`Decide::decide`] judges the same compiled policies in decision
//! diagrams instead, and so knows which rows decide.
//!
//! Memory beside the model is linear: lists of selectors hold at most 64 ids for each distinct set of labels (and 65,536
//! more), entry lists at most 64 entries for each class (and 65,536 more) and 1,024 each, blocks one span more than they have
//! exceptions; updates may double that before everything is compiled anew. What goes beyond is not listed but asked selector
//! by selector and policy by policy: slower, the same answers.

mod blocks;
mod build;
mod class;
mod class_table;
mod connections;
mod cow;
mod ids;
mod intervals;
mod judge;
mod matches;
mod partition;
mod ports;
mod profile_digest;
mod resolve;
mod rules;
mod services;
mod tables;

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use crate::engine::build::Writer;
use crate::engine::ids::SlotIx;
use crate::engine::tables::Tables;
use crate::model::change::{Change, ChangeError};
use crate::model::cluster::Cluster;
use crate::model::flow::{Flow, L4};
use crate::name::ObjectName;
use crate::net::canonical;
use crate::profile::profile::Profile;
use crate::verdict::{Decide, Decision, FlowError, Verdict};

pub use crate::engine::class_table::{Cell, CellPeer, ClassId};
pub(crate) use crate::engine::connections::{Connection, ConnectionEnd, EndName};
pub use crate::engine::ids::PodId;
pub use crate::engine::intervals::{AddressInterval, PortInterval};
pub(crate) use crate::engine::partition::{Distinctions, Member, Partition, PartitionClass};

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
pub struct Engine {
    snapshot: Snapshot,
    writer: Writer,
}

/// One state of an [`Engine`]: cheap to clone, to send and to share; it never changes.
#[derive(Clone)]
pub struct Snapshot {
    tables: Arc<Tables>,
}

impl Engine {
    /// Compiles `cluster` for `profile`. The objects are shared with the cluster, not copied.
    #[must_use]
    pub fn new(cluster: &Cluster, profile: &Profile) -> Self {
        let (tables, writer) = build::build(cluster, profile);
        Self { snapshot: Snapshot { tables: Arc::new(tables) }, writer }
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
        self.writer.apply(Arc::make_mut(&mut self.snapshot.tables), cluster, changes.iter().map(Change::id));
        Ok(())
    }

    /// Compiles everything anew, for an idle moment: what earlier changes have left unused is given back. It happens by itself
    /// once as much lies unused as is in use; answers and ids stay.
    pub fn compact(&mut self) {
        self.writer.compile(Arc::make_mut(&mut self.snapshot.tables));
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

impl Snapshot {
    /// The cluster, as it was when the snapshot was taken.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.tables.cluster
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.tables.profile
    }

    /// The verdict alone: what [`Decide::decide`] says of it, without allocating (an error may allocate its text).
    ///
    /// # Errors
    /// As [`Decide::decide`].
    pub fn verdict(&self, flow: &Flow) -> Result<Verdict, FlowError> {
        self.tables.verdict(flow)
    }

    /// The id of a pod, to ask by id.
    ///
    /// ```
    /// use netpol_oracle::{Cluster, Engine, L4, ObjectName, Pod, Port, Profile, Protocol, Verdict};
    /// let (web, db) = (ObjectName::new("default", "web-0"), ObjectName::new("default", "db-0"));
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(web.clone()));
    /// builder.pod(Pod::new(db.clone()));
    /// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    /// let (web, db) = (engine.pod_id(&web).unwrap(), engine.pod_id(&db).unwrap());
    /// let redis = L4::Port(Protocol::Tcp, Port::new(6379).unwrap());
    /// assert_eq!(engine.verdict_between(web, db, redis)?, Verdict::Allow);
    /// # Ok::<(), netpol_oracle::FlowError>(())
    /// ```
    #[must_use]
    pub fn pod_id(&self, name: &ObjectName) -> Option<PodId> {
        Some(self.id_of_slot(self.tables.pod_slot(name)?))
    }

    /// The verdict of the flow between two pods given by name, the names resolved before: the fastest way to ask.
    ///
    /// # Errors
    /// As [`Decide::decide`]; [`FlowError::GonePod`] where a pod of the two is no longer there.
    #[inline]
    pub fn verdict_between(&self, source: PodId, destination: PodId, l4: L4) -> Result<Verdict, FlowError> {
        self.tables.between(source, destination, l4)
    }

    /// The verdict of the flow between two observed addresses, as [`Endpoint::Address`](crate::Endpoint::Address) means
    /// them.
    ///
    /// ```
    /// use netpol_oracle::{Cluster, Engine, L4, ObjectName, Pod, Port, Profile, Protocol, Verdict};
    /// let mut web = Pod::new(ObjectName::new("default", "web-0"));
    /// web.addresses = vec!["10.0.0.1".parse()?];
    /// let mut builder = Cluster::builder();
    /// builder.pod(web);
    /// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    /// let https = L4::Port(Protocol::Tcp, Port::new(443).unwrap());
    /// assert_eq!(engine.verdict_of_addresses("10.0.0.1".parse()?, "192.0.2.7".parse()?, https)?, Verdict::Allow);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Decide::decide`].
    pub fn verdict_of_addresses(&self, source: IpAddr, destination: IpAddr, l4: L4) -> Result<Verdict, FlowError> {
        self.tables.verdict_of_addresses(canonical(source), canonical(destination), l4)
    }

    /// The verdicts of many flows, in their order.
    ///
    /// With the feature `rayon`, `par_verdicts` spreads them over all cores.
    #[must_use]
    pub fn verdicts(&self, flows: &[Flow]) -> Vec<Result<Verdict, FlowError>> {
        flows.iter().map(|flow| self.verdict(flow)).collect()
    }

    /// The verdicts of many flows, in their order, found on all cores.
    #[cfg(feature = "rayon")]
    #[must_use]
    pub fn par_verdicts(&self, flows: &[Flow]) -> Vec<Result<Verdict, FlowError>> {
        use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
        flows.par_iter().with_min_len(256).map(|flow| self.verdict(flow)).collect()
    }

    /// The verdicts between many pairs of pods, in their order.
    #[must_use]
    pub fn verdicts_between(&self, pairs: &[(PodId, PodId, L4)]) -> Vec<Result<Verdict, FlowError>> {
        pairs.iter().map(|(source, destination, l4)| self.verdict_between(*source, *destination, *l4)).collect()
    }

    fn id_of_slot(&self, slot: SlotIx) -> PodId {
        PodId { slot, generation: self.tables.slot(slot).generation() }
    }
}

impl Decide for Snapshot {
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        self.tables.decide(flow)
    }
}

impl Decide for Engine {
    fn decide(&self, flow: &Flow) -> Result<Decision, FlowError> {
        self.tables.decide(flow)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = self.cluster();
        f.debug_struct("Snapshot")
            .field("pods", &cluster.pods().len())
            .field("policies", &cluster.policies().len())
            .field("classes", &self.classes().count())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.snapshot).finish()
    }
}
