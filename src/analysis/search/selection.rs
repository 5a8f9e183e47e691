//! Which ends are asked about.

use std::collections::BTreeSet;

use crate::analysis::search::ends::Ends;
use crate::analysis::search::fold::Folding;
use crate::analysis::search::fronts::At;
use crate::analysis::search::sets::{EndSet, Sources, Targets};
use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::partition::{EndIx, Ground, Group, Who};

/// Some ends, or all there are.
#[derive(Debug, Clone)]
pub(in crate::analysis) enum Selection {
    Everybody,
    Some { ends: EndSet, service: Option<ObjectName>, addresses: Vec<AddressRange> },
}

impl Selection {
    pub(in crate::analysis) fn of(ground: &Ground, folding: &Folding, ends: &Ends) -> Self {
        let mut found: Vec<EndIx> = Vec::new();
        let (mut service, mut addresses) = (None, Vec::new());
        match ends {
            Ends::Pods(names) => {
                found.extend(names.iter().filter_map(|name| ground.find(&Who::Pod(name.clone()))));
            }
            Ends::Node(name) => found.extend(ground.find(&Who::Node(name.clone()))),
            Ends::Workload(name, kind) => found.extend(folding.of_workload(ground, name, kind)),
            Ends::Namespace(name) => found.extend(ground.ends().filter_map(|(at, end)| {
                let (Who::Pod(own) | Who::Workload(own, _)) = &end.who else { return None };
                (own.namespace() == name).then_some(at)
            })),
            Ends::Service(name) => service = Some(name.clone()),
            Ends::Addresses(ranges) => addresses.clone_from(ranges),
        }
        Self::Some { ends: EndSet::of(ground, found), service, addresses }
    }

    pub(in crate::analysis) fn has(&self, group: &Group) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some { ends, .. } => group.members.iter().any(|at| ends.contains(*at)),
        }
    }

    pub(in crate::analysis) fn has_front(&self, at: &At) -> bool {
        match (self, at) {
            (Self::Everybody, _) => true,
            (Self::Some { service, .. }, At::Service(name)) => service.as_ref() == Some(name),
            (Self::Some { ends, .. }, At::Host(host)) => ends.contains(*host),
            (Self::Some { addresses, .. }, At::Address(address)) => {
                addresses.iter().any(|range| range.contains(*address))
            }
        }
    }

    pub(in crate::analysis) fn has_outside(&self) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some { addresses, .. } => !addresses.is_empty(),
        }
    }

    /// What of the sources is selected.
    pub(in crate::analysis) fn sources(&self, sources: Sources) -> Option<Sources> {
        match (self, sources) {
            (Self::Everybody, sources) => Some(sources),
            (Self::Some { ends, .. }, Sources::Ends(own)) => kept(own, ends).map(Sources::Ends),
            (Self::Some { addresses, .. }, Sources::Addresses(ranges)) => {
                Some(common(&ranges, addresses)).filter(|left| !left.is_empty()).map(Sources::Addresses)
            }
        }
    }

    /// What of the targets is selected.
    pub(in crate::analysis) fn targets(&self, targets: Targets) -> Option<Targets> {
        match (self, targets) {
            (Self::Everybody, targets) => Some(targets),
            (Self::Some { ends, .. }, Targets::Ends(own)) => kept(own, ends).map(Targets::Ends),
            (Self::Some { service, .. }, Targets::Services(own)) => {
                let left: BTreeSet<ObjectName> =
                    own.into_iter().filter(|name| service.as_ref() == Some(name)).collect();
                Some(left).filter(|left| !left.is_empty()).map(Targets::Services)
            }
            (Self::Some { addresses, .. }, Targets::Addresses(ranges)) => {
                Some(common(&ranges, addresses)).filter(|left| !left.is_empty()).map(Targets::Addresses)
            }
        }
    }
}

fn kept(mut own: EndSet, wanted: &EndSet) -> Option<EndSet> {
    own.keep(wanted);
    Some(own).filter(|left| !left.is_empty())
}

/// What lies in both.
fn common(ranges: &[AddressRange], others: &[AddressRange]) -> Vec<AddressRange> {
    let both = |one: &AddressRange, other: &AddressRange| {
        let first = one.first_number().max(other.first_number());
        let last = one.last_number().min(other.last_number());
        (one.family() == other.family()).then(|| AddressRange::between(first, last)).flatten()
    };
    ranges.iter().flat_map(|one| others.iter().filter_map(move |other| both(one, other))).collect()
}
