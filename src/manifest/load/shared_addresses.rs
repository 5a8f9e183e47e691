//! Addresses that several pods claim, or several nodes have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::model::cluster::{Cluster, Pod};
use crate::model::objects::Objects;
use crate::name::ObjectName;
use crate::text::first_of;

/// How many that share an address are named.
const MAX_NAMED: usize = 10;

/// A warning for each address that two live pods claim; hostNetwork pods claim none (K20).
pub(super) fn shared_addresses(
    pods: Objects<'_, Pod>,
    location: impl Fn(&ObjectName) -> Option<Location>,
) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<IpAddr, Vec<&ObjectName>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.is_live() && !pod.host_network) {
        for address in &pod.addresses {
            owners.entry(*address).or_default().push(&pod.name);
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    let warning = |(address, owners): (IpAddr, Vec<&ObjectName>)| {
        let message = format!("the address `{address}` is claimed by the live pods {}", first_of(&owners, MAX_NAMED));
        let location = owners.last().and_then(|name| location(name));
        shared(message, "a flow that names the address has no answer; name a pod", location)
    };
    owners.into_iter().map(warning).collect()
}

/// A warning for each address that two nodes have, by their Node objects or by what live pods report (K20).
pub(super) fn shared_node_addresses(
    cluster: &Cluster,
    location: impl Fn(&ObjectName) -> Option<Location>,
) -> Vec<Diagnostic> {
    let mut nodes: BTreeMap<IpAddr, BTreeSet<&str>> = BTreeMap::new();
    for node in cluster.nodes() {
        for entry in &node.addresses {
            nodes.entry(entry.address).or_default().insert(&node.name);
        }
    }
    for pod in cluster.pods().iter().filter(|pod| pod.is_live()) {
        let Some(node) = &pod.node else { continue };
        let own = if pod.host_network { pod.addresses.as_slice() } else { &[] };
        for address in pod.host_addresses.iter().chain(own) {
            nodes.entry(*address).or_default().insert(node);
        }
    }
    nodes.retain(|_, nodes| nodes.len() > 1);
    let warning = |(address, nodes): (IpAddr, BTreeSet<&str>)| {
        let nodes: Vec<&str> = nodes.into_iter().collect();
        let message = format!("the address `{address}` belongs to the nodes {}", first_of(&nodes, MAX_NAMED));
        let mut objects = nodes.iter().filter_map(|name| location(&ObjectName::new("", *name)));
        shared(message, "a flow that names the address has no answer; name a node", objects.next_back())
    };
    nodes.into_iter().map(warning).collect()
}

fn shared(message: String, help: &str, location: Option<Location>) -> Diagnostic {
    Diagnostic {
        origin: Origin::Manifest,
        severity: Severity::Warning,
        code: Code::SharedAddress,
        path: FieldPath::root(),
        message,
        help: help.to_owned(),
        location,
    }
}
