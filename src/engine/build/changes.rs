//! Updates: which objects a batch of changes touches, and in which order they are brought in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::engine::build::services::{update_endpoints, update_slices};
use crate::engine::build::writer::Writer;
use crate::engine::tables::Tables;
use crate::model::change::ObjectId;
use crate::model::cluster::{Cluster, WorkloadKind};
use crate::name::ObjectName;

/// So much may lie unused before everything is compiled anew.
const WASTE_AT_LEAST: usize = 4096;

/// A batch of changed objects, each once: what they are now the cluster says.
#[derive(Debug, Default)]
struct Touched {
    /// Those of all objects.
    namespaces: BTreeSet<Arc<str>>,
    pods: BTreeSet<ObjectName>,
    workloads: BTreeSet<(ObjectName, WorkloadKind)>,
    nodes: BTreeSet<Arc<str>>,
    services: BTreeSet<ObjectName>,
    /// By namespace, as policies.
    slices: BTreeMap<Arc<str>, BTreeSet<ObjectName>>,
    endpoints: BTreeMap<Arc<str>, BTreeSet<ObjectName>>,
    policies: BTreeMap<Arc<str>, BTreeSet<ObjectName>>,
}

impl Touched {
    fn of(ids: impl Iterator<Item = ObjectId>) -> Self {
        let mut touched = Self::default();
        for id in ids {
            match id {
                ObjectId::Namespace(name) => {
                    touched.namespaces.insert(name);
                }
                ObjectId::Node(name) => {
                    touched.nodes.insert(name);
                }
                ObjectId::Pod(name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.pods.insert(name);
                }
                ObjectId::Workload(kind, name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.workloads.insert((name, kind));
                }
                ObjectId::Service(name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.services.insert(name);
                }
                ObjectId::EndpointSlice(name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.slices.entry(name.namespace().clone()).or_default().insert(name);
                }
                ObjectId::Endpoints(name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.endpoints.entry(name.namespace().clone()).or_default().insert(name);
                }
                ObjectId::Policy(name) => {
                    touched.namespaces.insert(name.namespace().clone());
                    touched.policies.entry(name.namespace().clone()).or_default().insert(name);
                }
            }
        }
        touched
    }
}

impl Writer {
    /// Brings the tables to `cluster`, of which only the objects `ids` have changed.
    pub(in crate::engine) fn apply(
        &mut self,
        tables: &mut Tables,
        cluster: Cluster,
        ids: impl Iterator<Item = ObjectId>,
    ) {
        tables.cluster = cluster;
        tables.port_intervals = OnceLock::new();
        tables.given = OnceLock::new();
        let touched = Touched::of(ids);
        for name in &touched.namespaces {
            self.update_namespace(tables, name);
        }
        for name in &touched.nodes {
            self.update_node(tables, name);
        }
        for name in &touched.services {
            self.update_service(tables, name);
        }
        for (namespace, names) in &touched.policies {
            self.update_policies(tables, namespace, names);
        }
        self.unsettle_workloads(tables);
        for (name, kind) in &touched.workloads {
            self.update_workload(tables, name, kind);
        }
        for name in &touched.pods {
            self.update_pod(tables, name);
        }
        for (namespace, names) in &touched.slices {
            update_slices(tables, namespace, names);
        }
        for (namespace, names) in &touched.endpoints {
            update_endpoints(tables, namespace, names);
        }
        self.count_pods(tables);
        self.settle_members(tables);
        if self.size(tables) > 2 * self.compact_size + WASTE_AT_LEAST {
            self.compile(tables);
        }
    }
}
