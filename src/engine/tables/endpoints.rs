//! EndpointSlices and Endpoints, compiled (K23).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ids::PodId;
use crate::model::cluster::{EndpointSlice, EndpointSubset, Endpoints, SliceEndpoint, SlicePort};
use crate::name::ObjectName;

/// A slice, or a subset of an Endpoints object.
#[derive(Debug)]
pub(in crate::engine) struct CompiledSlice {
    /// The slice, or the Endpoints object.
    pub(in crate::engine) name: ObjectName,
    pub(in crate::engine) service: Arc<str>,
    pub(in crate::engine) ports: Box<[SlicePort]>,
    pub(in crate::engine) endpoints: Box<[CompiledEndpoint]>,
}

/// An endpoint, at the first of its addresses: they are interchangeable, and consumers use that one.
#[derive(Debug)]
pub(in crate::engine) struct CompiledEndpoint {
    pub(in crate::engine) address: IpAddr,
    pub(in crate::engine) ready: bool,
    pub(in crate::engine) terminating: bool,
    pub(in crate::engine) target: Option<Target>,
    /// The node that it says it is on.
    pub(in crate::engine) node: Option<Arc<str>>,
}

/// The pod that an endpoint names.
#[derive(Debug)]
pub(in crate::engine) struct Target {
    pub(in crate::engine) name: ObjectName,
    /// Its id, where it was there when the slice was compiled. Pods come and go without their slices: an id shows by itself
    /// that its pod is gone, and then the name counts.
    pub(in crate::engine) pod: Option<PodId>,
}

impl CompiledSlice {
    /// `id_of` knows the pods that are there.
    pub(in crate::engine) fn of(source: &EndpointSlice, id_of: &impl Fn(&ObjectName) -> Option<PodId>) -> Self {
        Self {
            name: source.name.clone(),
            service: source.service.clone(),
            ports: source.ports.as_slice().into(),
            endpoints: compiled(&source.endpoints, id_of),
        }
    }

    /// The subsets of an Endpoints object, in their order.
    pub(in crate::engine) fn of_subsets(
        source: &Endpoints,
        id_of: &impl Fn(&ObjectName) -> Option<PodId>,
    ) -> Arc<[Arc<Self>]> {
        let subset = |subset: &EndpointSubset| {
            Arc::new(Self {
                name: source.name.clone(),
                service: source.name.name().clone(),
                ports: subset.ports.as_slice().into(),
                endpoints: compiled(&subset.endpoints, id_of),
            })
        };
        source.subsets.iter().map(subset).collect()
    }
}

fn compiled(endpoints: &[SliceEndpoint], id_of: &impl Fn(&ObjectName) -> Option<PodId>) -> Box<[CompiledEndpoint]> {
    let target = |name: &ObjectName| Target { name: name.clone(), pod: id_of(name) };
    let compiled = endpoints.iter().filter_map(|endpoint| {
        let address = *endpoint.addresses.first()?;
        let (ready, terminating, node) = (endpoint.ready, endpoint.terminating, endpoint.node.clone());
        Some(CompiledEndpoint { address, ready, terminating, target: endpoint.target.as_ref().map(target), node })
    });
    compiled.collect()
}
