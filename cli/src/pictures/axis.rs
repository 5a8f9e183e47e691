//! One side of a picture: regions in the order in which they are drawn, and who is in them.

use std::collections::{BTreeMap, HashMap};

use netpol_oracle::analysis::{Ends, Region};
use netpol_oracle::{Destination, Endpoint};

/// A row or a column.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) label: String,
    /// What stands together: a namespace, nodes, Services.
    pub(super) group: String,
}

/// Somebody.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) ends: Ends,
    /// As flows name it; `outside` of every address outside the cluster.
    pub(super) name: String,
    /// The row or column that it is in.
    pub(super) place: usize,
}

#[derive(Debug, Default)]
pub(super) struct Axis {
    pub(super) places: Vec<Place>,
    pub(super) members: Vec<Member>,
    known: HashMap<Ends, usize>,
    place_of: HashMap<Region, usize>,
}

impl Axis {
    pub(super) fn new(regions: &BTreeMap<Region, Vec<Ends>>, is_shown: impl Fn(&Region) -> bool) -> Self {
        let mut shown: Vec<(u8, String, String, &Region)> =
            regions.keys().filter(|region| is_shown(region)).map(described).collect();
        shown.sort();
        let mut axis = Self::default();
        for (_, group, label, region) in shown {
            for ends in regions.get(region).into_iter().flatten() {
                axis.known.insert(key(ends), axis.members.len());
                axis.members.push(Member { ends: ends.clone(), name: name(ends), place: axis.places.len() });
            }
            axis.place_of.insert(region.clone(), axis.places.len());
            axis.places.push(Place { label, group });
        }
        axis
    }

    /// The members that are meant.
    pub(super) fn find(&self, ends: &Ends) -> Vec<usize> {
        let one = |ends: &Ends| self.known.get(&key(ends)).copied();
        match ends {
            Ends::Pods(names) => names.iter().filter_map(|name| one(&Ends::Pods(vec![name.clone()]))).collect(),
            other => one(other).into_iter().collect(),
        }
    }

    pub(super) fn place_of(&self, region: &Region) -> Option<usize> {
        self.place_of.get(region).copied()
    }

    /// Whether the rows or columns of the two stand apart: another group begins.
    pub(super) fn begins_group(&self, place: usize) -> bool {
        let group = |place: usize| self.places.get(place).map(|place| &place.group);
        place > 0 && group(place) != group(place - 1)
    }
}

/// Addresses are one end, however many are named.
fn key(ends: &Ends) -> Ends {
    match ends {
        Ends::Addresses(_) => Ends::Addresses(Vec::new()),
        other => other.clone(),
    }
}

fn name(ends: &Ends) -> String {
    match ends {
        Ends::Addresses(_) => "outside".to_owned(),
        other => other.to_string(),
    }
}

/// What stands first, its group, how it is labelled.
fn described(region: &Region) -> (u8, String, String, &Region) {
    let label = region.to_string();
    let (order, group) = match region {
        Region::Namespace(name) => return (0, String::new(), name.to_string(), region),
        Region::Workload(name, _) | Region::Pod(name) => (0, name.namespace().to_string()),
        Region::Services(_) => (1, "services".to_owned()),
        Region::Service(name) => (1, format!("services of {}", name.namespace())),
        Region::Nodes | Region::Node(_) => (2, "nodes".to_owned()),
        _ => (3, "outside".to_owned()),
    };
    (order, group, label, region)
}

/// An end as flows name it.
pub(super) fn end(ends: &Ends) -> Option<Destination> {
    Some(match ends {
        Ends::Pods(names) => Endpoint::Named(names.first()?.clone()).into(),
        Ends::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.into(),
        Ends::Node(name) => Endpoint::Node(name.clone()).into(),
        Ends::Service(name) => Destination::Service(name.clone()),
        Ends::Addresses(ranges) => Endpoint::Address(ranges.first()?.first()).into(),
        _ => return None,
    })
}
