//! Sources and targets: sets of ends and addresses.

use std::collections::BTreeSet;

use crate::analysis::connectivity::fronts::At;
use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::partition::EndIx;

/// Who opens connections: ends of the cluster, or addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sources {
    Ends(Vec<EndIx>),
    Addresses(Vec<AddressRange>),
}

impl Sources {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Ends(ends) => ends.is_empty(),
            Self::Addresses(ranges) => ranges.is_empty(),
        }
    }
}

/// Where they go, all alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Targets {
    pub(super) ends: BTreeSet<EndIx>,
    pub(super) services: BTreeSet<ObjectName>,
    pub(super) addresses: BTreeSet<AddressRange>,
}

impl Targets {
    pub(super) fn of_ends(ends: impl IntoIterator<Item = EndIx>) -> Self {
        Self { ends: ends.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn at(at: &At) -> Self {
        match at {
            At::Service(name) => Self { services: BTreeSet::from([name.clone()]), ..Self::default() },
            At::Host(host) => Self::of_ends([*host]),
            At::Address(address) => {
                let range = AddressRange::new(*address, *address);
                Self { addresses: range.into_iter().collect(), ..Self::default() }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.services.is_empty() && self.addresses.is_empty()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.ends.extend(other.ends);
        self.services.extend(other.services);
        self.addresses.extend(other.addresses);
    }
}
