//! The data plane as the oracle drives it.

use std::net::IpAddr;

use netpol_oracle::net::canonical;
use netpol_oracle::oracle::{DataPlane, Observed, Probe, ProbeEnd, ProbeWho};
use netpol_oracle::profile::{Rewritten, ServiceHairpin, Support};
use netpol_oracle::{Change, Cluster, Destination, Direction, Profile};

use crate::compile::{Addresses, Input, Numbers, Owner, compile, host_network_are_pods};
use crate::encode::Tables;
use crate::fault::Fault;
use crate::kernel::{Kernel, KernelError};
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

#[derive(Debug)]
struct State {
    cluster: Cluster,
    profile: Profile,
    addresses: Addresses,
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
        let (source, destination) = match (state.end(&probe.source), state.end(&probe.destination)) {
            (Ok(source), Ok(destination)) => (source, destination),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Observed::NotObservable(reason.to_owned())),
        };
        if let Some(reason) = state.hides(probe) {
            return Ok(Observed::NotObservable(reason.to_owned()));
        }
        let packet = packet(source, destination, probe.l4)
            .ok_or(PlaneError::Families { source_address: source, destination })?;
        let egress = self.kernel.run(Direction::Egress, &packet)?;
        let ingress = self.kernel.run(Direction::Ingress, &packet)?;
        Ok(Observed::Sides { egress, ingress })
    }
}

impl State {
    /// The address that stands for the end in a packet, or why none does.
    fn end(&self, end: &ProbeEnd) -> Result<IpAddr, &'static str> {
        let address = canonical(end.address.ok_or("an end has no address")?);
        let owner = self.addresses.owner(address);
        let stands = match &end.who {
            ProbeWho::Workload(..) | ProbeWho::Replica(_) | ProbeWho::Labelled(..) => {
                return Err("no pod that is loaded has an address");
            }
            ProbeWho::Pod(name) => match self.cluster.pod(name).filter(|pod| pod.host_network) {
                Some(_) if host_network_are_pods(&self.profile) => {
                    return Err("a hostNetwork pod has its node's address (U2)");
                }
                // Of another node where pods tell different things about their hosts.
                Some(pod) => matches!(owner, Some(Owner::Node(node)) if *node == pod.node),
                None => matches!(owner, Some(Owner::Pod(owner)) if owner == name),
            },
            ProbeWho::Node(_) => matches!(owner, Some(Owner::Node(_))),
            ProbeWho::Outside => owner.is_none(),
            _ => return Err("an end of a kind that is not known here"),
        };
        if stands { Ok(address) } else { Err("the address leads to somebody else") }
    }

    /// Why a flow by a Service cannot be told after translation.
    fn hides(&self, probe: &Probe) -> Option<&'static str> {
        if probe.sent_to.is_none() && !matches!(probe.flow.destination, Destination::Service(_)) {
            return None;
        }
        let capabilities = self.profile.capabilities();
        let hairpin = matches!((&probe.source.who, &probe.destination.who),
            (ProbeWho::Pod(source), ProbeWho::Pod(destination)) if source == destination);
        if capabilities.cluster_ip != Support::Supported {
            Some("the ClusterIP is not translated before policies see it (C10)")
        } else if hairpin && capabilities.service_hairpin == ServiceHairpin::Judged {
            Some("after translation a hairpin through a Service is a plain one (U4)")
        } else if probe.destination.who == ProbeWho::Outside && capabilities.outside_backend == Rewritten::Before {
            Some("the address before translation is not seen (U5)")
        } else {
            None
        }
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
