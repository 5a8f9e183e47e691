//! Following changes: only what they touch is compiled again.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use netpol_oracle::model::ObjectId;
use netpol_oracle::net::canonical;
use netpol_oracle::{Change, Cluster, ObjectName, Pod};

use crate::Plane;
use crate::compile::Chains;
use crate::fault::Fault;
use crate::sets::SetName;

impl Plane {
    /// Compiles everything; cluster, profile and roster are set.
    pub(super) fn install_all(&mut self) {
        let cluster = self.cluster.clone();
        for policy in cluster.policies().iter() {
            self.compile(policy.name());
        }
        for pod in cluster.pods().iter() {
            self.sets.add_ports(self.faulty, pod);
        }
        for pod in cluster.pods().iter() {
            self.link(&pod.name, &[]);
        }
    }

    pub(super) fn follow(&mut self, changes: &[Change], cluster: &Cluster) {
        let before = std::mem::replace(&mut self.cluster, cluster.clone());
        let touched: BTreeSet<ObjectId> = changes.iter().map(Change::id).collect();
        let mut relink: BTreeSet<ObjectName> = BTreeSet::new();
        for id in &touched {
            match id {
                ObjectId::Node(name) => {
                    if let Some(node) = before.node(name) {
                        self.roster.remove_node(node);
                    }
                    if let Some(node) = cluster.node(name) {
                        self.roster.add_node(node);
                    }
                }
                ObjectId::Pod(name) => self.pod_changed(before.pod(name), cluster.pod(name), &mut relink),
                ObjectId::Namespace(name) => self.namespace_changed(name),
                ObjectId::Policy(name) => {
                    let was_there = before.policy(name).is_some();
                    let is_there = cluster.policy(name).is_some();
                    if !(was_there && is_there && self.faulty.has(Fault::StaleRules)) {
                        self.compile(name);
                    }
                    if is_there || !self.faulty.has(Fault::StaleIsolation) {
                        let all = self.faulty.has(Fault::IsolationLeaksNamespaces);
                        let pods = cluster.pods().iter().filter(|pod| all || pod.name.namespace() == name.namespace());
                        relink.extend(pods.map(|pod| pod.name.clone()));
                    }
                }
                // Translation is done before packets come here.
                ObjectId::Service(_) | ObjectId::EndpointSlice(_) | ObjectId::Workload(..) => {}
                // A kind that is not known here is not enforced: that shows as a mismatch.
                _ => {}
            }
        }
        for name in relink {
            let addresses = before.pod(&name).map_or(&[][..], |pod| &pod.addresses);
            self.link(&name, addresses);
        }
        let used: HashSet<Arc<SetName>> = self.programs.values().flat_map(crate::Program::sets).collect();
        self.sets.keep_only(&used);
    }

    fn pod_changed(&mut self, before: Option<&Pod>, after: Option<&Pod>, relink: &mut BTreeSet<ObjectName>) {
        if let Some(pod) = before {
            self.roster.remove_pod(pod);
        }
        if let Some(pod) = after {
            self.roster.add_pod(pod);
        }
        let was_live = before.filter(|pod| pod.is_live());
        let is_live = after.filter(|pod| pod.is_live());
        // The same pod at the same addresses, changed in some other way.
        let stayed = match (was_live, is_live) {
            (Some(old), Some(new)) if old.addresses == new.addresses => Some((old, new)),
            _ => None,
        };
        let relabelled = stayed.is_some_and(|(old, new)| old.labels != new.labels);

        if !(relabelled && self.faulty.has(Fault::StalePeerAfterRelabel)) {
            if let Some(pod) = before {
                if !(is_live.is_none() && self.faulty.has(Fault::ReusedAddressKeepsPeers)) {
                    self.sets.remove_peer(self.faulty, pod);
                }
            }
            if let Some(pod) = after {
                if !(was_live.is_none() && self.faulty.has(Fault::NewPodNotAPeer)) {
                    self.sets.add_peer(self.faulty, &self.cluster, pod);
                }
            }
        }
        if !(stayed.is_some() && self.faulty.has(Fault::StaleNamedPort)) {
            before.into_iter().for_each(|pod| self.sets.remove_ports(pod));
            after.into_iter().for_each(|pod| self.sets.add_ports(self.faulty, pod));
        }
        let is_new = was_live.is_none() && is_live.is_some();
        let stale = (relabelled && self.faulty.has(Fault::StaleSubjectAfterRelabel))
            || (is_new && self.faulty.has(Fault::NewPodUnprotected));
        if !stale {
            relink.extend(before.or(after).map(|pod| pod.name.clone()));
        }
    }

    fn namespace_changed(&mut self, name: &Arc<str>) {
        if self.faulty.has(Fault::StalePeerAfterNamespaceRelabel) {
            return;
        }
        let cluster = self.cluster.clone();
        for pod in cluster.pods().in_namespace(name) {
            self.sets.remove_peer(self.faulty, pod);
            self.sets.add_peer(self.faulty, &cluster, pod);
        }
    }

    /// Compiles the policy of that name, or forgets it.
    fn compile(&mut self, name: &ObjectName) {
        match self.cluster.policy(name) {
            Some(policy) => {
                let program = self.compiler().program(policy);
                for set in program.sets() {
                    self.sets.ensure(self.faulty, &self.cluster, &set);
                }
                self.programs.insert(name.clone(), program);
            }
            None => {
                self.programs.remove(name);
            }
        }
    }

    /// Joins what isolates a pod and leads its addresses there; `before` are the ones it had.
    fn link(&mut self, name: &ObjectName, before: &[IpAddr]) {
        let pod = self.cluster.pod(name).filter(|pod| pod.is_live()).cloned();
        let mut addresses: BTreeSet<IpAddr> = before.iter().map(|address| canonical(*address)).collect();
        match &pod {
            Some(pod) => {
                let chains = Arc::new(self.compiler().chains(pod, self.programs.values()));
                self.chains.insert(name.clone(), chains);
                addresses.extend(pod.addresses.iter().map(|address| canonical(*address)));
            }
            None => {
                self.chains.remove(name);
            }
        }
        for address in addresses {
            match self.leads_to(address) {
                Some(chains) => self.dispatch.insert(address, chains),
                None => self.dispatch.remove(&address),
            };
        }
    }

    fn leads_to(&self, address: IpAddr) -> Option<Arc<Chains>> {
        let host = || {
            let claims = |pod: &&Pod| pod.host_network && pod.is_live() && pod.addresses.contains(&address);
            let pod =
                self.cluster.pods().iter().find(claims).filter(|_| self.faulty.has(Fault::HostNetworkSelected))?;
            Some(&pod.name)
        };
        let name = self.roster.pod_at(address).or_else(host)?;
        let is_first = || self.cluster.pod(name).is_some_and(|pod| pod.addresses.first() == Some(&address));
        if self.faulty.has(Fault::SecondAddressUnprotected) && !is_first() {
            return None;
        }
        self.chains.get(name).cloned()
    }
}
