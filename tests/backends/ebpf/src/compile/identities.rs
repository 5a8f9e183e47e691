//! Identities: pods that no policy can tell apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use netpol_oracle::ObjectName;
use netpol_oracle::labels::Labels;

use super::Input;
use super::ids::Numbers;
use super::ports::{NamedPorts, named_ports};
use crate::fault::Fault;

/// One identity.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) number: u32,
    pub(super) namespace: Arc<str>,
    pub(super) labels: Labels,
    pub(super) ports: NamedPorts,
}

/// The identities of a cluster's endpoints.
#[derive(Debug)]
pub(super) struct Identities {
    pub(super) all: Vec<Identity>,
    by_pod: BTreeMap<ObjectName, u32>,
}

impl Identities {
    pub(super) fn of(input: &Input<'_>, numbers: &mut Numbers) -> Self {
        numbers.identities.begin();
        let mut all: BTreeMap<u32, Identity> = BTreeMap::new();
        let mut by_pod = BTreeMap::new();
        for pod in input.endpoints() {
            let ports = named_ports(pod);
            let distinct = if input.has(Fault::NamedPortOfAnyTwin) { NamedPorts::new() } else { ports.clone() };
            let namespace = pod.name.namespace();
            let number = numbers.identities.of(&(namespace.clone(), pod.labels.clone(), distinct));
            let identity = all.entry(number).or_insert_with(|| Identity {
                number,
                namespace: namespace.clone(),
                labels: pod.labels.clone(),
                ports: NamedPorts::new(),
            });
            identity.ports.extend(ports);
            by_pod.insert(pod.name.clone(), number);
        }
        numbers.identities.end();
        Self { all: all.into_values().collect(), by_pod }
    }

    pub(super) fn of_pod(&self, name: &ObjectName) -> Option<u32> {
        self.by_pod.get(name).copied()
    }
}
