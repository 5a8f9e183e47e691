//! Whether ports and peers of a rule match (K6 to K16, C4, C5, C9, C10, C14, U6).

use netpol_oracle::model::{Namespaces, Peer, Peers, PortMatch, PortSpec, Ports, Rule};
use netpol_oracle::net::{Cidr, IpBlock};
use netpol_oracle::profile::{EndPort, IpBlockScope, Support, UnaddressedPod, Unowned};
use netpol_oracle::{Direction, L4, NetworkPolicy, Port, Row};

use super::blocks::{Share, held, in_range, share};
use super::ends::Party;
use super::labels::{given, selects};
use super::resolution::{Open, Place, Resolve, Tip, Which, ask};
use super::route::{Crossing, Sent};
use super::seen::Seen;

impl<'a> Crossing<'a> {
    pub(super) fn port_matches(&self, ports: &Ports, seen: &Seen<'a>, resolve: &mut Resolve<'_>) -> bool {
        let Ports::Of(entries) = ports else { return true };
        let L4::Port(protocol, port) = seen.l4 else { return false };
        entries.iter().any(|entry| entry.protocol == protocol && self.one_port(entry, port, seen, resolve))
    }

    fn one_port(&self, entry: &PortMatch, port: Port, seen: &Seen<'a>, resolve: &mut Resolve<'_>) -> bool {
        let port = port.get();
        match &entry.port {
            PortSpec::Any => true,
            PortSpec::Number(number) => number.get() == port,
            PortSpec::Range(range) => {
                let (first, last) = (range.first().get(), range.last().get());
                port == first
                    || (first..=last).contains(&port)
                        && match self.profile.capabilities().end_port {
                            EndPort::Supported => true,
                            EndPort::SinglePort => false,
                            EndPort::Unknown => ask(resolve, Row::C14),
                            _ => unreachable!("a reading that this evaluation does not know"),
                        }
            }
            // Names are looked up on the destination pod, but not where the source is seen to send to something else (U5).
            PortSpec::Name(_) if seen.before => false,
            PortSpec::Name(name) => self.visible(&self.destination, resolve).is_some_and(|pod| {
                let mut declared = pod.ports.iter().filter(|declared| declared.name.as_ref() == Some(name));
                declared.any(|declared| declared.protocol == entry.protocol && declared.port.get() == port)
            }),
        }
    }

    pub(super) fn any_peer_matches(
        &self,
        direction: Direction,
        policy: &NetworkPolicy,
        rule: usize,
        written: &Rule,
        seen: &Seen<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        let Peers::Of(peers) = &written.peers else { return true };
        let tip = Tip::subject(direction).other();
        peers.iter().enumerate().any(|(peer, entry)| {
            let place = Place { direction, policy: policy.name().clone(), rule, peer };
            match entry {
                Peer::Pods(pods) => {
                    if direction == Direction::Egress && self.labels_do_not_limit() {
                        return ask(resolve, Row::C10);
                    }
                    let Some(pod) = self.visible(&seen.party, resolve) else { return false }; // K16
                    let home = match &pods.namespaces {
                        Namespaces::Own => *pod.namespace == **policy.name().namespace(),
                        Namespaces::Matching(selector) => selects(selector, |key| match key {
                            "kubernetes.io/metadata.name" => Some(pod.namespace.into()), // K10
                            _ => self.cluster.namespace(pod.namespace).and_then(|found| given(&found.labels, key)),
                        }),
                    };
                    home && self.selects_end(&pods.pods, tip, pod, resolve)
                }
                Peer::IpBlock(block) => self.block_matches(direction, block, place, seen, resolve),
            }
        })
    }

    /// C10: the destination is a ClusterIP in front of something in the cluster.
    fn labels_do_not_limit(&self) -> bool {
        matches!(self.sent, Sent::ClusterIp(_))
            && !matches!(self.destination, Party::World(_))
            && self.profile.capabilities().cluster_ip != Support::Supported
    }

    fn block_matches(
        &self,
        direction: Direction,
        block: &IpBlock,
        place: Place,
        seen: &Seen<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        let can = self.profile.capabilities();
        let (row, support) = match direction {
            Direction::Ingress => (Row::C4, can.ingress_ip_block),
            Direction::Egress => (Row::C5, can.egress_ip_block),
        };
        if support != Support::Supported {
            return ask(resolve, row);
        }
        match (&self.sent, direction) {
            // C10: a block over the ClusterIP matches; where nobody says that, or the block is over the backend only,
            // nobody knows.
            (Sent::ClusterIp(Some(address)), Direction::Egress) if self.labels_do_not_limit() => {
                self.block_holds(block, place.clone(), &Party::ClusterIp(Some(*address)), resolve)
                    || self.block_holds(block, place, &seen.party, resolve) && ask(resolve, Row::C10)
            }
            (Sent::ClusterIp(None), Direction::Egress) if self.labels_do_not_limit() => ask(resolve, Row::C10),
            _ => self.block_holds(block, place, &seen.party, resolve),
        }
    }

    /// Whether the block holds the party's address, as far as its scope goes (C9).
    fn block_holds(&self, block: &IpBlock, place: Place, party: &Party<'a>, resolve: &mut Resolve<'_>) -> bool {
        let can = self.profile.capabilities();
        let outside_only = can.ip_block_scope == IpBlockScope::OutsideCluster;
        let address = match party {
            Party::World(address) => *address,
            _ if outside_only => return false,
            Party::Machine(_, address) | Party::ClusterIp(Some(address)) | Party::Pod(_, Some(address)) => {
                return held(block, *address);
            }
            // U5: a ClusterIP that nobody says.
            Party::ClusterIp(None) => return resolve(Open { row: Row::U5, which: Which::Peer(place) }, 2) == 1,
            Party::Pod(pod, None) => {
                if can.unaddressed_pod == UnaddressedPod::Never {
                    return false;
                }
                // A hostNetwork pod gets its node's, which the pod CIDRs say nothing about.
                let known = if pod.host_network { &[] } else { self.profile.pod_cidrs() };
                return match share(block, known, self.family) {
                    Share::All => true,
                    Share::None => false,
                    Share::Some => resolve(Open { row: Row::U6, which: Which::Peer(place) }, 2) == 1,
                };
            }
        };
        if !held(block, address) {
            return false;
        }
        if can.ip_block_scope == IpBlockScope::Any {
            return true;
        }
        let within = |cidrs: &[Cidr]| cidrs.iter().any(|cidr| in_range(cidr, address));
        let inside = if within(self.profile.service_cidrs()) {
            true
        } else if within(self.profile.pod_cidrs()) {
            match can.unowned_pod_address {
                Unowned::InCluster => true,
                Unowned::Unknown => return ask(resolve, Row::C9),
                _ => unreachable!("a reading that this evaluation does not know"),
            }
        } else {
            false
        };
        inside != outside_only
    }
}
