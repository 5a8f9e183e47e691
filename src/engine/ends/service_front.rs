//! A Service as one source sees it (K23).

use std::net::IpAddr;

use crate::engine::ends::end::{AddressList, Candidate, EndIdentity, Written};
use crate::engine::ends::meet::meet;
use crate::engine::ids::PodSelectorId;
use crate::engine::tables::Tables;
use crate::model::cluster::{Service, ServiceKind, ServicePort};
use crate::model::flow::L4;
use crate::net::Family;
use crate::verdict::FlowError;

/// A Service as one source sees it: the ClusterIP it sends to, and what stands behind the port.
pub(in crate::engine) struct ServiceFront<'t> {
    pub(in crate::engine) tables: &'t Tables,
    pub(in crate::engine) service: &'t Service,
    /// None where the Service selects nothing.
    pub(in crate::engine) selector: Option<PodSelectorId>,
    pub(in crate::engine) port: &'t ServicePort,
    pub(in crate::engine) source: Candidate<'t>,
    /// The family of the ClusterIP; none where the manifest has none yet.
    family: Option<Family>,
    /// The ClusterIP that the source sends to, where one is known.
    pub(in crate::engine) cluster_address: Option<IpAddr>,
}

impl<'t> ServiceFront<'t> {
    /// `sent_to` where the flow named a ClusterIP.
    pub(in crate::engine) fn new(
        tables: &'t Tables,
        service: (&'t Service, Option<PodSelectorId>),
        sent_to: Option<IpAddr>,
        source: &Candidate<'t>,
        l4: L4,
    ) -> Result<Self, FlowError> {
        let (service, selector) = service;
        match service.kind {
            ServiceKind::ClusterIp => {}
            ServiceKind::Headless => return Err(FlowError::Headless(service.name.clone())),
            ServiceKind::ExternalName => return Err(FlowError::ExternalName(service.name.clone())),
        }
        let L4::Port(protocol, number) = l4 else { return Err(FlowError::PortlessService(service.name.clone())) };
        let port = service.ports.iter().find(|entry| entry.protocol == protocol && entry.port == number);
        let port = port.ok_or_else(|| FlowError::NoSuchPort {
            service: service.name.clone(),
            port: format!("{number}/{}", protocol.to_string().to_ascii_lowercase()),
        })?;
        // The ClusterIP of the source's family; a manifest that has none yet leaves the family to the backends.
        let entry = Candidate {
            identity: EndIdentity::External,
            addresses: sent_to.map_or(AddressList::List(&service.cluster_addresses), AddressList::One),
            fixed: sent_to.is_some(),
            written: Written::Service(&service.name),
        };
        let (sender, entry) = meet(source, &entry, |_| true)?;
        let family = entry.address.map(Family::of);
        let source = match family {
            Some(_) => Candidate { addresses: sender.address.map_or(AddressList::NONE, AddressList::One), ..*source },
            None => *source,
        };
        Ok(Self { tables, service, selector, port, source, family, cluster_address: entry.address })
    }

    /// Whether the connection can go to that address of a backend.
    pub(in crate::engine) fn meets(&self, address: IpAddr) -> bool {
        let family = Family::of(address);
        match self.family {
            Some(sent_to) => sent_to == family,
            None => {
                let own = self.source.addresses;
                own.is_empty() || own.iter().any(|own| Family::of(own) == family)
            }
        }
    }

    /// Whether the connection can go to any of a backend's addresses: one whose addresses are all of another family is none.
    pub(in crate::engine) fn is_reachable(&self, addresses: AddressList<'_>) -> bool {
        addresses.is_empty() || addresses.iter().any(|address| self.meets(address))
    }
}
