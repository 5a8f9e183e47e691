//! The usual cluster, put together.

use super::addresses::Layout;
use super::nodes::nodes;
use super::plan::ClusterPlan;
use super::pods::PodMaker;
use super::{policies, services};
use crate::generate::spec::ClusterSpec;
use crate::model::cluster::{Cluster, Namespace};

/// The usual cluster.
pub(super) fn build(spec: &ClusterSpec) -> Cluster {
    let plan = ClusterPlan::new(spec);
    let mut builder = Cluster::builder();
    for namespace in &plan.namespaces {
        let labels = [(plan.keys.env.clone(), namespace.env.clone()), (plan.keys.team.clone(), namespace.team.clone())];
        builder.namespace(Namespace { name: namespace.name.clone(), labels: labels.into_iter().collect() });
    }
    let nodes = nodes(spec, &plan.keys, &mut builder);
    let layout = Layout::new(spec.pods, spec.nodes);
    let endpoints = PodMaker { plan: &plan, layout: &layout, nodes: &nodes, spec }.pods(&mut builder);
    services::build(spec, &plan, &endpoints, &mut builder);
    policies::build(spec, &plan, &layout, &mut builder);
    builder.build()
}
