//! Snapshots: what answers.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ids::PodId;
use crate::engine::tables::Tables;
use crate::model::cluster::Cluster;
use crate::model::flow::{Flow, L4};
use crate::name::ObjectName;
use crate::net::canonical;
use crate::profile::profile::Profile;
use crate::verdict::{Decide, Decision, FlowError, Verdict};

/// One state of an [`Engine`](crate::Engine): cheap to clone, to send and to share; it never changes.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) tables: Arc<Tables>,
}

impl Snapshot {
    /// Whether both are one: nothing was applied in between.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tables, &other.tables)
    }

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

    /// The verdict alone: what [`Decide::decide`] says of it, without allocating (an error may allocate its text, and so may a
    /// Service whose more than 64 slice endpoints differ, or which hands connections at its nodePort to a node's own backends).
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
        Some(self.tables.id_of_slot(self.tables.pod_slot(name)?))
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
}

impl Decide for Snapshot {
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
