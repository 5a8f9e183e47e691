//! The data plane as the oracle drives it.

use std::net::IpAddr;

use netpol_oracle::oracle::{DataPlane, Observed, Probe};
use netpol_oracle::{Change, Cluster, Direction, Profile};

use crate::compile::{Addresses, Input, Numbers, compile};
use crate::encode::Tables;
use crate::fault::Fault;
use crate::kernel::{Kernel, KernelError};
use crate::legs::Leg;
use crate::packet::packet;

/// What can go wrong with the data plane itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneError {
    /// The kernel does not play along.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Nothing is installed that could be changed or probed.
    #[error("nothing is installed")]
    NotInstalled,
    /// The two ends have addresses of different families.
    #[error("no packet goes from {source_address} to {destination}: their families differ")]
    Families {
        /// The source's address.
        source_address: IpAddr,
        /// The destination's.
        destination: IpAddr,
    },
}

/// eBPF programs that enforce policies.
pub struct EbpfPlane {
    kernel: Kernel,
    numbers: Numbers,
    fault: Option<Fault>,
    state: Option<State>,
}

/// What is installed.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) cluster: Cluster,
    pub(crate) profile: Profile,
    pub(crate) addresses: Addresses,
}

impl EbpfPlane {
    /// Loads the programs.
    ///
    /// # Errors
    /// The machine lacks something ([`missing`](crate::missing) tells beforehand), or the kernel refuses them.
    pub fn load() -> Result<Self, PlaneError> {
        Ok(Self { kernel: Kernel::load()?, numbers: Numbers::default(), fault: None, state: None })
    }

    /// Plants a bug, or none; it takes effect with the next [`install`](DataPlane::install).
    pub fn plant(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// The bug that is planted.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// How many map entries were written or deleted so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.kernel.writes()
    }

    /// How many map entries there are.
    #[must_use]
    pub fn entries(&self) -> usize {
        let Tables { config: _, endpoints, ipcache, blocks, own_node, subjects, policy } = self.kernel.installed();
        endpoints.len() + ipcache.len() + blocks.len() + own_node.len() + subjects.len() + policy.len()
    }

    fn compiled(&mut self, cluster: &Cluster, profile: &Profile) -> Tables {
        compile(&Input { cluster, profile, fault: self.fault }, &mut self.numbers)
    }
}

impl DataPlane for EbpfPlane {
    type Error = PlaneError;

    fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), PlaneError> {
        self.kernel.hold(&Tables::default())?;
        self.numbers = Numbers::default();
        let tables = self.compiled(cluster, profile);
        self.kernel.hold(&tables)?;
        self.state =
            Some(State { cluster: cluster.clone(), profile: profile.clone(), addresses: Addresses::of(cluster) });
        Ok(())
    }

    /// Writes the map entries that differ. Numbers of what stays are kept, those of what goes are given to what comes.
    fn apply(&mut self, _changes: &[Change], cluster: &Cluster) -> Result<(), PlaneError> {
        let mut state = self.state.take().ok_or(PlaneError::NotInstalled)?;
        let seen = match self.fault {
            Some(Fault::StaleAfterRelabel) => with_old_labels(cluster, &state.cluster),
            _ => cluster.clone(),
        };
        let tables = self.compiled(&seen, &state.profile);
        state.cluster = seen;
        state.addresses = Addresses::of(cluster);
        self.state = Some(state);
        Ok(self.kernel.hold(&tables)?)
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, PlaneError> {
        let state = self.state.as_ref().ok_or(PlaneError::NotInstalled)?;
        let legs = match state.legs(probe, self.fault) {
            Ok(legs) => legs,
            Err(reason) => return Ok(Observed::NotObservable(reason)),
        };
        let bytes = |Leg { source, destination, l4 }: Leg| {
            packet(source, destination, l4).ok_or(PlaneError::Families { source_address: source, destination })
        };
        let (egress, ingress) = (bytes(legs.egress)?, bytes(legs.ingress)?);
        Ok(Observed::Sides {
            egress: self.kernel.run(Direction::Egress, &egress)?,
            ingress: self.kernel.run(Direction::Ingress, &ingress)?,
        })
    }
}

/// `now` with the labels that its pods had in `before`.
fn with_old_labels(now: &Cluster, before: &Cluster) -> Cluster {
    let mut stale = now.clone();
    let relabelled = now.pods().iter().filter_map(|pod| {
        let labels = before.pod(&pod.name)?.labels.clone();
        let mut pod = pod.clone();
        pod.labels = labels;
        Some(Change::Put(pod.into()))
    });
    // Only pods that are there are put: nothing can be missing.
    if stale.apply(&relabelled.collect::<Vec<_>>()).is_err() { now.clone() } else { stale }
}
