//! A data plane in memory: per pod address a chain of accepting rules over address sets and port ranges, as packet
//! filters have them, and the bugs that such data planes have, to be switched on one at a time.
//!
//! Everything is resolved to addresses and numbers when it is installed, and [`apply`](DataPlane::apply) touches only
//! what the changes touch: what it forgets stays wrong.

mod chain;
mod compile;
mod fault;
mod follow;
mod front;
mod ranges;
mod roster;
mod selectors;
mod sets;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::net::Family;
use netpol_oracle::net::canonical;
use netpol_oracle::oracle::{DataPlane, Observed, Obstacle, Outcome, Probe, ProbeEnd, ProbeWho};
use netpol_oracle::profile::{HostNetwork, IpBlockScope, Rewritten, Support, Unowned};
use netpol_oracle::{Change, Cluster, Direction, ObjectName, Profile};

pub use fault::{Fault, Shows};

use chain::{BlocksSee, Packet, Tables};
use compile::{Chains, Compiler, Program};
use fault::Faulty;
use front::Legs;
use ranges::Ranges;
use roster::{Owner, Roster};
use sets::Sets;

/// The data plane.
#[derive(Debug, Clone, Default)]
pub struct Plane {
    faulty: Faulty,
    profile: Profile,
    cluster: Cluster,
    roster: Roster,
    sets: Sets,
    programs: BTreeMap<ObjectName, Program>,
    /// The chains of each live pod, and the address that each of its packets is told by.
    chains: BTreeMap<ObjectName, Arc<Chains>>,
    dispatch: BTreeMap<IpAddr, Arc<Chains>>,
    /// The address ranges of the profile that are the cluster's.
    in_cluster: Ranges,
}

impl Plane {
    /// One without bugs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One with that bug.
    pub fn with_fault(fault: Fault) -> Self {
        Self { faulty: Faulty(Some(fault)), ..Self::new() }
    }

    /// Whether the two hold the same rules: what they were compiled from, and how, is left out.
    pub fn has_rules_of(&self, other: &Self) -> bool {
        self.roster == other.roster
            && self.sets == other.sets
            && self.programs == other.programs
            && self.chains == other.chains
            && self.dispatch == other.dispatch
    }

    fn compiler(&self) -> Compiler<'_> {
        Compiler { faulty: self.faulty, profile: &self.profile, cluster: &self.cluster }
    }

    /// Which packets tell apart what the probe asks about: an address that is not the end's alone does not.
    fn unobservable(&self, end: &ProbeEnd) -> Result<IpAddr, String> {
        let Some(address) = end.address.map(canonical) else { return Err(Obstacle::NoAddress.to_string()) };
        let owner = self.roster.owner(address);
        let fits = match &end.who {
            ProbeWho::Pod(name) => match self.cluster.pod(name) {
                Some(pod) if pod.host_network => {
                    if self.profile.capabilities().host_network == HostNetwork::Pod {
                        return Err("packets of a hostNetwork pod are its node's".to_owned());
                    }
                    owner == Owner::Node(pod.node.as_deref())
                }
                _ => owner == Owner::Pod(name),
            },
            ProbeWho::Node(name) => owner == Owner::Node(name.as_deref()),
            ProbeWho::Outside => owner == Owner::Nobody,
            _ => return Err("an end of a kind that is not known here".to_owned()),
        };
        if fits { Ok(address) } else { Err("an address is not the end's alone".to_owned()) }
    }

    /// Which addresses an egress block is held against, where a packet was sent to a ClusterIP (C10, U5).
    fn blocks_see(&self, destination: IpAddr) -> BlocksSee {
        let capabilities = self.profile.capabilities();
        if self.roster.owner(destination) != Owner::Nobody {
            match capabilities.cluster_ip {
                Support::Supported => BlocksSee::Translated,
                _ => BlocksSee::Both,
            }
        } else {
            match capabilities.outside_backend {
                Rewritten::Before => BlocksSee::ClusterIp,
                _ => BlocksSee::Translated,
            }
        }
    }

    fn tables(&self, destination: IpAddr) -> Tables<'_> {
        let capabilities = self.profile.capabilities();
        let blocks_see = self.blocks_see(destination);
        let scope = match capabilities.ip_block_scope {
            IpBlockScope::OutsideCluster if self.faulty.has(Fault::BlockReachesPods) => IpBlockScope::Any,
            IpBlockScope::Any if self.faulty.has(Fault::BlockMissesPods) => IpBlockScope::OutsideCluster,
            scope => scope,
        };
        Tables {
            faulty: self.faulty,
            roster: &self.roster,
            sets: &self.sets,
            in_cluster: &self.in_cluster,
            scope,
            other_protocols: capabilities.other_protocols,
            blocks_see,
        }
    }

    fn fate(&self, packet: &Packet, direction: Direction) -> Outcome {
        let subject = match direction {
            Direction::Egress => packet.source,
            Direction::Ingress => packet.destination,
        };
        let unfiltered = Family::of(subject) == Family::V6 && self.profile.capabilities().ipv6 == Support::Unsupported;
        let chain = self.dispatch.get(&subject).and_then(|chains| chains.of(direction)).filter(|_| !unfiltered);
        match chain {
            Some(chain) if !chain.accepts(&self.tables(packet.destination), packet, direction) => Outcome::Dropped,
            _ => Outcome::Delivered,
        }
    }
}

impl DataPlane for Plane {
    type Error = Infallible;

    fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), Infallible> {
        let in_pod_cidrs = profile.capabilities().unowned_pod_address == Unowned::InCluster;
        let pod_cidrs = profile.pod_cidrs().iter().filter(|_| in_pod_cidrs);
        let in_cluster = profile.service_cidrs().iter().chain(pod_cidrs);
        *self = Self {
            faulty: self.faulty,
            profile: profile.clone(),
            cluster: cluster.clone(),
            roster: Roster::of(cluster),
            in_cluster: in_cluster.fold(Ranges::default(), |all, cidr| all.union(&Ranges::of(*cidr))),
            ..Self::new()
        };
        self.install_all();
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], cluster: &Cluster) -> Result<(), Infallible> {
        self.follow(changes, cluster);
        Ok(())
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, Infallible> {
        if let Some(obstacle) = probe.obstacle() {
            return Ok(Observed::NotObservable(obstacle.to_string()));
        }
        let ends = (self.unobservable(&probe.source), self.unobservable(&probe.destination));
        let legs = match ends {
            (Ok(source), Ok(destination)) => self.legs(probe, source, destination),
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        Ok(match legs {
            Ok(Legs { egress, ingress }) => Observed::Sides {
                egress: self.fate(&egress, Direction::Egress),
                ingress: self.fate(&ingress, Direction::Ingress),
            },
            Err(why) => Observed::NotObservable(why),
        })
    }
}
