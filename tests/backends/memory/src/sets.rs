//! Address sets that rules refer to: who is in them follows the pods, as ipsets do.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::model::{Namespaces, PodPeer};
use netpol_oracle::net::PortName;
use netpol_oracle::net::canonical;
use netpol_oracle::{Cluster, ObjectName, Pod, Protocol};

use crate::fault::{Fault, Faulty};
use crate::selectors::matches;

/// A set's name: the peer it was made from, and the namespace that it means by "own".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SetName {
    pub(crate) own: Arc<str>,
    pub(crate) peer: PodPeer,
}

/// Members with the pods that put them there: an address is in the set as long as one of them does.
type Members<T> = BTreeMap<T, BTreeSet<ObjectName>>;

/// All sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sets {
    peers: HashMap<Arc<SetName>, Members<IpAddr>>,
    /// Address and port by a port's name, as `hash:ip,port` sets hold them.
    ports: BTreeMap<(PortName, Protocol), Members<(IpAddr, u16)>>,
}

/// Policies select it: it has a network of its own and has not finished.
fn is_selectable(faulty: Faulty, pod: &Pod) -> bool {
    (pod.is_live() || faulty.has(Fault::FinishedPodSelected))
        && (!pod.host_network || faulty.has(Fault::HostNetworkSelected))
}

impl SetName {
    fn selects(&self, faulty: Faulty, cluster: &Cluster, pod: &Pod) -> bool {
        let of_pod = matches(faulty, &self.peer.pods, &pod.labels);
        let is_own = *pod.name.namespace() == self.own;
        match &self.peer.namespaces {
            Namespaces::Own => of_pod && (is_own || faulty.has(Fault::PodSelectorAcrossNamespaces)),
            Namespaces::Matching(of) if of.is_everything() && faulty.has(Fault::EveryNamespaceIsOwn) => {
                of_pod && is_own
            }
            Namespaces::Matching(of) => {
                let namespace = cluster.namespace(pod.name.namespace());
                let of_namespace = namespace.is_some_and(|namespace| matches(faulty, of, &namespace.labels));
                // A peer without a podSelector has no second half to be joined by "or".
                if faulty.has(Fault::SelectorsOred) && !self.peer.pods.is_everything() {
                    of_namespace || of_pod
                } else {
                    of_namespace && of_pod
                }
            }
        }
    }
}

impl Sets {
    /// Makes the set of that name unless it is there.
    pub(crate) fn ensure(&mut self, faulty: Faulty, cluster: &Cluster, name: &Arc<SetName>) {
        if self.peers.contains_key(name) {
            return;
        }
        let mut members = Members::new();
        for pod in cluster.pods().iter() {
            if is_selectable(faulty, pod) && name.selects(faulty, cluster, pod) {
                join(&mut members, pod);
            }
        }
        self.peers.insert(name.clone(), members);
    }

    /// Drops the sets that no rule refers to.
    pub(crate) fn keep_only(&mut self, used: &HashSet<Arc<SetName>>) {
        self.peers.retain(|name, _| used.contains(name));
    }

    /// Puts a pod into the sets that select it.
    pub(crate) fn add_peer(&mut self, faulty: Faulty, cluster: &Cluster, pod: &Pod) {
        if !is_selectable(faulty, pod) {
            return;
        }
        for (name, members) in &mut self.peers {
            if name.selects(faulty, cluster, pod) {
                join(members, pod);
            }
        }
    }

    /// Takes a pod out of every set: `pod` is as it was put in.
    pub(crate) fn remove_peer(&mut self, faulty: Faulty, pod: &Pod) {
        for members in self.peers.values_mut() {
            for address in pod.addresses.iter().map(|address| canonical(*address)) {
                if faulty.has(Fault::SharedEntryDropped) {
                    members.remove(&address);
                } else {
                    leave(members, &address, &pod.name);
                }
            }
        }
    }

    pub(crate) fn add_ports(&mut self, faulty: Faulty, pod: &Pod) {
        if !is_selectable(faulty, pod) {
            return;
        }
        for port in &pod.ports {
            let Some(name) = &port.name else { continue };
            for address in &pod.addresses {
                let members = self.ports.entry((name.clone(), port.protocol)).or_default();
                members.entry((canonical(*address), port.port.get())).or_default().insert(pod.name.clone());
            }
        }
    }

    pub(crate) fn remove_ports(&mut self, pod: &Pod) {
        for port in &pod.ports {
            let Some(name) = &port.name else { continue };
            if let Some(members) = self.ports.get_mut(&(name.clone(), port.protocol)) {
                for address in &pod.addresses {
                    leave(members, &(canonical(*address), port.port.get()), &pod.name);
                }
            }
        }
        self.ports.retain(|_, members| !members.is_empty());
    }

    pub(crate) fn is_vacant(&self, name: &Arc<SetName>) -> bool {
        self.peers.get(name).is_none_or(BTreeMap::is_empty)
    }

    pub(crate) fn has_peer(&self, name: &Arc<SetName>, address: IpAddr) -> bool {
        self.peers.get(name).is_some_and(|members| members.contains_key(&address))
    }

    /// Whether the pod at `address` calls `port` by that name.
    pub(crate) fn has_port(&self, name: &PortName, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        let members = self.ports.get(&(name.clone(), protocol));
        members.is_some_and(|members| members.contains_key(&(address, port)))
    }
}

fn join(members: &mut Members<IpAddr>, pod: &Pod) {
    for address in &pod.addresses {
        members.entry(canonical(*address)).or_default().insert(pod.name.clone());
    }
}

fn leave<T: Ord>(members: &mut Members<T>, member: &T, pod: &ObjectName) {
    if let Some(pods) = members.get_mut(member) {
        pods.remove(pod);
        if pods.is_empty() {
            members.remove(member);
        }
    }
}
