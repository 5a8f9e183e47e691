//! Nodes: whose an address is (K20), which one is a pod's own (K18, U8), and who passes connections on (U9).

use std::collections::BTreeSet;
use std::net::IpAddr;

use netpol_oracle::labels::Labels;
use netpol_oracle::model::{Node, Peer, Peers};
use netpol_oracle::net::{Family, IpBlock};
use netpol_oracle::profile::UnsaidNode;
use netpol_oracle::{Cluster, Direction, Row};

use super::blocks::{address, edges, held, last_of};
use super::ends::{Party, Someone};
use super::resolution::{Open, Resolve, Tip, Which};
use super::route::Crossing;
use super::seen::Seen;

/// The node that has the address: its name, as far as it is said. Two nodes: nobody can tell (K20).
pub(super) fn node_of_address(cluster: &Cluster, address: IpAddr) -> Result<Option<Option<&str>>, &'static str> {
    let by_object = cluster.nodes().iter().filter(|node| has(node, address)).map(|node| &*node.name);
    let reports = |live: bool| {
        let all = cluster.pods().iter().filter(move |pod| !live || pod.is_live());
        all.filter(move |pod| {
            pod.host_addresses.contains(&address)
                || pod.is_live() && pod.host_network && pod.addresses.contains(&address)
        })
    };
    let by_live = reports(true).filter_map(|pod| pod.node.as_deref());
    let names: BTreeSet<&str> = by_object.chain(by_live).collect();
    if names.len() > 1 {
        return Err("shared-node-address");
    }
    if let Some(name) = names.into_iter().next() {
        return Ok(Some(Some(name)));
    }
    Ok(reports(false).next().map(|pod| pod.node.as_deref()))
}

fn has(node: &Node, address: IpAddr) -> bool {
    node.addresses.iter().any(|each| each.address == address)
}

/// A node as one can be told from another: by its name, else by an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot<'a> {
    Named(&'a str),
    At(IpAddr),
}

impl<'a> Spot<'a> {
    fn of_machine(name: Option<&'a str>, address: IpAddr) -> Self {
        name.map_or(Self::At(address), Self::Named)
    }

    /// Where somebody says that he runs: by the node's name, else by its address that he reports or, sharing the node's
    /// network, has (K17); whose that is, K20 says.
    pub(super) fn of(cluster: &'a Cluster, who: &Someone<'a>) -> Option<Self> {
        if let Some(name) = who.node {
            return Some(Self::Named(name));
        }
        let address = who.reported_address()?;
        Some(Self::of_machine(node_of_address(cluster, address).ok().flatten().flatten(), address))
    }
}

/// Whether that node may be the pod's: a loaded one that the pod's nodeSelector does not admit is not (U8).
pub(super) fn admits(cluster: &Cluster, selector: Option<&Labels>, spot: Spot<'_>) -> bool {
    let Spot::Named(name) = spot else { return true };
    let (Some(node), Some(selector)) = (cluster.node(name), selector) else { return true };
    selector.iter().all(|(key, value)| node.labels.get(key.as_str()) == Some(value))
}

/// The nodeSelectors ask one key for two values: no node fits both.
fn ask_against(one: Option<&Labels>, other: Option<&Labels>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    one.iter().any(|(key, value)| other.get(key.as_str()).is_some_and(|wanted| wanted != value))
}

/// Whether a pod says that it runs on the node of that name and address.
pub(super) fn runs_on(cluster: &Cluster, who: &Someone<'_>, name: Option<&str>, address: Option<IpAddr>) -> bool {
    if name.is_some() && name == who.node {
        return true;
    }
    let Some(address) = address else { return false };
    let own = who.node.and_then(|name| cluster.node(name));
    who.host_addresses.contains(&address) || own.is_some_and(|node| has(node, address))
}

/// Whether a pod says that it runs on that node, which has the address: by names where both have one (K20).
pub(super) fn says_it_runs_on(cluster: &Cluster, who: &Someone<'_>, name: Option<&str>, address: IpAddr) -> bool {
    match (who.node, name) {
        (Some(own), Some(name)) => own == name,
        _ => runs_on(cluster, who, name, Some(address)),
    }
}

impl<'a> Crossing<'a> {
    /// What is seen is the own node of the end at `tip`: an address of it, or one of its hostNetwork pods (K18). Under
    /// every reading of U2: K18 names hostNetwork pods as such.
    pub(super) fn is_own_node(
        &self,
        tip: Tip,
        subject: &Someone<'a>,
        seen: &Seen<'a>,
        resolve: &mut Resolve<'_>,
    ) -> bool {
        if let Some(near) = seen.near {
            return near;
        }
        let name = match &seen.party {
            Party::Pod(other, _) if other.host_network => other.node,
            Party::Machine(name, _) => *name,
            _ => return false,
        };
        if runs_on(self.cluster, subject, name, seen.party.address()) {
            return true;
        }
        if self.profile.capabilities().unsaid_node == UnsaidNode::Elsewhere {
            return false;
        }
        match &seen.party {
            Party::Pod(other, _) => match (Spot::of(self.cluster, subject), Spot::of(self.cluster, other)) {
                (Some(_), Some(_)) => false,
                (Some(own), None) => self.runs_at(tip.other(), own, resolve),
                (None, Some(its)) => self.runs_at(tip, its, resolve),
                (None, None) => self.run_together(resolve),
            },
            Party::Machine(name, address) if subject.says_no_node() => {
                self.runs_at(tip, Spot::of_machine(*name, *address), resolve)
            }
            _ => false,
        }
    }

    /// The nodes that the end at `tip` may run on and that it matters for, where it says none.
    fn spots(&self, tip: Tip) -> Vec<Spot<'a>> {
        let Some(who) = self.someone(tip).filter(|who| who.says_no_node()) else { return Vec::new() };
        let mut found = Vec::new();
        for party in [Some(self.party(tip.other())), self.sent.machine()].into_iter().flatten() {
            found.extend(match party {
                Party::Machine(name, address) => Some(Spot::of_machine(*name, *address)),
                Party::Pod(other, _) if other.host_network || who.host_network => Spot::of(self.cluster, other),
                _ => None,
            });
        }
        found.dedup();
        found.retain(|spot| admits(self.cluster, who.node_selector, *spot));
        found
    }

    /// Both ends say no node, and one shares its node's network: they may be on one.
    fn may_be_together(&self) -> bool {
        match (self.someone(Tip::Source), self.someone(Tip::Destination)) {
            (Some(a), Some(b)) => {
                let unsaid = a.says_no_node() && b.says_no_node() && (a.host_network || b.host_network);
                unsaid && !ask_against(a.node_selector, b.node_selector)
            }
            _ => false,
        }
    }

    /// Where the end at `tip` runs: elsewhere, at one of its spots, or (of the destination) where the source does.
    fn place(&self, tip: Tip, resolve: &mut Resolve<'_>) -> (Option<Spot<'a>>, bool) {
        let spots = self.spots(tip);
        let together = tip == Tip::Destination && self.may_be_together();
        let ways = 1 + spots.len() + usize::from(together);
        let way = resolve(Open { row: Row::U8, which: Which::Spot(tip) }, ways);
        match way {
            0 => (None, false),
            _ if way <= spots.len() => (Some(spots[way - 1]), false),
            _ => {
                let of_source = self.place(Tip::Source, resolve).0;
                let selector = self.someone(tip).and_then(|who| who.node_selector);
                let is_possible = of_source.is_none_or(|spot| admits(self.cluster, selector, spot));
                if is_possible { (of_source, true) } else { (None, false) }
            }
        }
    }

    fn runs_at(&self, tip: Tip, spot: Spot<'a>, resolve: &mut Resolve<'_>) -> bool {
        self.spots(tip).contains(&spot) && self.place(tip, resolve).0 == Some(spot)
    }

    fn run_together(&self, resolve: &mut Resolve<'_>) -> bool {
        let (at, together) = self.place(Tip::Destination, resolve);
        together || at.is_some() && at == self.place(Tip::Source, resolve).0
    }

    /// Who may have passed the connection on, each with whether it is the backend's own node where U9 says so (U9).
    pub(super) fn passers(&self) -> Vec<(Party<'a>, Option<bool>)> {
        let family = self.family;
        let addresses_of = |node: &'a Node| {
            let live = self.cluster.pods().iter().filter(|pod| pod.is_live() && pod.node.as_ref() == Some(&node.name));
            let reported = live.flat_map(|pod| pod.host_addresses.iter().copied());
            let all: BTreeSet<IpAddr> = node.addresses.iter().map(|each| each.address).chain(reported).collect();
            all.into_iter().filter(|each| Family::of(*each) == family).collect::<Vec<_>>()
        };
        let Some(backend) = self.someone(Tip::Destination) else { return Vec::new() };
        let mut found = Vec::new();
        if let Some((name, address)) = self.sent.node_named() {
            match name.and_then(|name| self.cluster.node(name)) {
                Some(node) => {
                    let mut all = addresses_of(node);
                    if !all.contains(&address) {
                        all.push(address);
                    }
                    found.extend(all.into_iter().map(|each| (Party::Machine(name, each), None)));
                }
                None => found.extend(self.any_address().into_iter().map(|each| (Party::Machine(name, each), None))),
            }
            return found;
        }
        let unsaid = backend.says_no_node();
        for node in self.cluster.nodes() {
            let admitted = admits(self.cluster, backend.node_selector, Spot::Named(&node.name));
            for each in addresses_of(node) {
                let party = Party::Machine(Some(&*node.name), each);
                if unsaid {
                    found.push((party.clone(), Some(false)));
                    found.extend(admitted.then_some((party, Some(true))));
                } else {
                    let near = runs_on(self.cluster, backend, Some(&*node.name), Some(each));
                    found.push((party, Some(near)));
                }
            }
        }
        // Nodes that are not loaded, the backend's own among them unless that is and says which address it has. No other node
        // has an address of the own one.
        let own_is_loaded = found.iter().any(|(_, near)| *near == Some(true)) && !unsaid;
        let is_others = |address: IpAddr| !runs_on(self.cluster, backend, None, Some(address));
        found.extend(self.addresses(is_others).into_iter().map(|each| (Party::Machine(None, each), Some(false))));
        if !own_is_loaded {
            let own = self.addresses(|_| true).into_iter();
            found.extend(own.map(|each| (Party::Machine(backend.node, each), Some(true))));
        }
        found
    }

    fn any_address(&self) -> Vec<IpAddr> {
        self.addresses(|_| true)
    }

    /// Of those that may be, an address for each way in which blocks, and C11's range, tell addresses of the flow's family apart.
    fn addresses(&self, may_be: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
        let mut blocks: Vec<&IpBlock> = Vec::new();
        for policy in self.cluster.policies() {
            for rule in policy.rules(Direction::Ingress) {
                let Peers::Of(peers) = &rule.peers else { continue };
                blocks.extend(peers.iter().filter_map(|peer| match peer {
                    Peer::IpBlock(block) => Some(block),
                    Peer::Pods(_) => None,
                }));
            }
        }
        blocks.retain(|block| block.cidr().family() == self.family);
        let internal = |address: IpAddr| matches!(address, IpAddr::V4(four) if four.octets()[..2] == [100, 125]);
        let mut starts: BTreeSet<u128> = blocks.iter().flat_map(|block| edges(block)).chain([0]).collect();
        if self.family == Family::V4 {
            starts.extend([0x647D_0000, 0x647E_0000]);
        }
        let last = last_of(self.family);
        starts.retain(|start| *start <= last);
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([last]);
        let parts = starts.iter().zip(ends);
        let firsts = parts.filter_map(|(start, end)| {
            (*start..=end).map(|at| address(self.family, at)).find(|address| may_be(*address))
        });
        let mut kinds = BTreeSet::new();
        firsts
            .filter(|at| kinds.insert((internal(*at), blocks.iter().map(|block| held(block, *at)).collect::<Vec<_>>())))
            .collect()
    }
}
