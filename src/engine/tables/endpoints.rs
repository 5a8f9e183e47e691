//! EndpointSlices, compiled (K23).

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::ids::PodId;
use crate::model::cluster::EndpointSlice;
use crate::name::ObjectName;

/// A slice, with those of its endpoints that connections go to.
#[derive(Debug)]
pub(in crate::engine) struct CompiledSlice {
    pub(in crate::engine) source: Arc<EndpointSlice>,
    pub(in crate::engine) ready: Box<[ReadyEndpoint]>,
}

/// A ready endpoint, at the first of its addresses: they are interchangeable, and consumers use that one.
#[derive(Debug)]
pub(in crate::engine) struct ReadyEndpoint {
    pub(in crate::engine) address: IpAddr,
    pub(in crate::engine) target: Option<Target>,
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
    pub(in crate::engine) fn of(source: &Arc<EndpointSlice>, id_of: impl Fn(&ObjectName) -> Option<PodId>) -> Self {
        let target = |name: &ObjectName| Target { name: name.clone(), pod: id_of(name) };
        let ready = source.endpoints.iter().filter(|endpoint| endpoint.ready).filter_map(|endpoint| {
            let address = *endpoint.addresses.first()?;
            Some(ReadyEndpoint { address, target: endpoint.target.as_ref().map(target) })
        });
        Self { source: source.clone(), ready: ready.collect() }
    }
}
