//! Which address belongs to whom: what an agent learns from pods and nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::model::Node;
use netpol_oracle::net::canonical;
use netpol_oracle::{Cluster, ObjectName, Pod};

/// A claim on an address. The order is that of precedence: a pod's, a Node object's, what pods report of their hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Pod(ObjectName),
    Node(Arc<str>),
    Host { reported_by: ObjectName, node: Option<Arc<str>> },
}

/// All claims on all addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roster {
    claims: BTreeMap<IpAddr, BTreeSet<Claim>>,
}

/// Who an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'r> {
    Pod(&'r ObjectName),
    /// Several live pods claim it.
    Pods,
    /// A node, by name where one is known.
    Node(Option<&'r str>),
    Nobody,
}

impl Roster {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let mut roster = Self::default();
        cluster.nodes().iter().for_each(|node| roster.add_node(node));
        cluster.pods().iter().for_each(|pod| roster.add_pod(pod));
        roster
    }

    pub(crate) fn add_pod(&mut self, pod: &Pod) {
        for (address, claim) in claims_of(pod) {
            self.claims.entry(address).or_default().insert(claim);
        }
    }

    pub(crate) fn remove_pod(&mut self, pod: &Pod) {
        claims_of(pod).for_each(|(address, claim)| self.drop_claim(address, &claim));
    }

    pub(crate) fn add_node(&mut self, node: &Node) {
        for each in &node.addresses {
            self.claims.entry(canonical(each.address)).or_default().insert(Claim::Node(node.name.clone()));
        }
    }

    pub(crate) fn remove_node(&mut self, node: &Node) {
        let claim = Claim::Node(node.name.clone());
        node.addresses.iter().for_each(|each| self.drop_claim(canonical(each.address), &claim));
    }

    fn drop_claim(&mut self, address: IpAddr, claim: &Claim) {
        if let Some(claims) = self.claims.get_mut(&address) {
            claims.remove(claim);
            if claims.is_empty() {
                self.claims.remove(&address);
            }
        }
    }

    pub(crate) fn owner(&self, address: IpAddr) -> Owner<'_> {
        let mut claims = self.claims.get(&canonical(address)).into_iter().flatten();
        match (claims.next(), claims.next()) {
            (None, _) => Owner::Nobody,
            (Some(Claim::Pod(_)), Some(Claim::Pod(_))) => Owner::Pods,
            (Some(Claim::Pod(name)), _) => Owner::Pod(name),
            (Some(Claim::Node(name)), _) => Owner::Node(Some(name)),
            (Some(Claim::Host { node, .. }), _) => Owner::Node(node.as_deref()),
        }
    }

    /// The addresses of nodes that no pod has.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.claims.keys().copied().filter(|address| matches!(self.owner(*address), Owner::Node(_)))
    }

    /// The pod that an address leads to; of several that claim it the first.
    pub(crate) fn pod_at(&self, address: IpAddr) -> Option<&ObjectName> {
        match self.claims.get(&canonical(address))?.first()? {
            Claim::Pod(name) => Some(name),
            Claim::Node(_) | Claim::Host { .. } => None,
        }
    }

    /// Whether the Node object `name` lists the address.
    pub(crate) fn is_listed_by(&self, address: IpAddr, name: &Arc<str>) -> bool {
        self.claims.get(&canonical(address)).is_some_and(|claims| claims.contains(&Claim::Node(name.clone())))
    }
}

fn claims_of(pod: &Pod) -> impl Iterator<Item = (IpAddr, Claim)> + '_ {
    let host = || Claim::Host { reported_by: pod.name.clone(), node: pod.node.clone() };
    let own = pod.addresses.iter().filter(|_| pod.is_live()).map(move |address| {
        let claim = if pod.host_network { host() } else { Claim::Pod(pod.name.clone()) };
        (canonical(*address), claim)
    });
    // Finished pods tell of their hosts too.
    own.chain(pod.host_addresses.iter().map(move |address| (canonical(*address), host())))
}
