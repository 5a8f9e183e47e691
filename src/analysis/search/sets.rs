//! Sources and targets: sets of ends and addresses.

use std::collections::BTreeSet;

use crate::analysis::search::fronts::At;
use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::partition::EndIx;

/// Who opens connections: ends of the cluster, or addresses outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::analysis) enum Sources {
    Ends(Vec<EndIx>),
    Addresses(Vec<AddressRange>),
}

impl Sources {
    pub(in crate::analysis) fn is_empty(&self) -> bool {
        match self {
            Self::Ends(ends) => ends.is_empty(),
            Self::Addresses(ranges) => ranges.is_empty(),
        }
    }
}

/// Where they go, all alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::analysis) struct Targets {
    pub(in crate::analysis) ends: BTreeSet<EndIx>,
    pub(in crate::analysis) services: BTreeSet<ObjectName>,
    pub(in crate::analysis) addresses: BTreeSet<AddressRange>,
}

impl Targets {
    pub(in crate::analysis) fn of_ends(ends: impl IntoIterator<Item = EndIx>) -> Self {
        Self { ends: ends.into_iter().collect(), ..Self::default() }
    }

    pub(in crate::analysis) fn at(at: &At) -> Self {
        match at {
            At::Service(name) => Self { services: BTreeSet::from([name.clone()]), ..Self::default() },
            At::Host(host) => Self::of_ends([*host]),
            At::Address(address) => {
                let range = AddressRange::new(*address, *address);
                Self { addresses: range.into_iter().collect(), ..Self::default() }
            }
        }
    }

    pub(in crate::analysis) fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.services.is_empty() && self.addresses.is_empty()
    }

    pub(in crate::analysis) fn add(&mut self, other: Self) {
        self.ends.extend(other.ends);
        self.services.extend(other.services);
        self.addresses.extend(other.addresses);
    }
}
