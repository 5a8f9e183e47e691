//! Which addresses are allowed on every port, and whether these are all.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::search::Ports;
use crate::net::{AddressNumber, AddressRange, Family};

/// The addresses whose ports, of all lines that speak of them together, are enough; in order, never adjacent.
pub(super) fn enough(lines: &[(&[AddressRange], &Ports)], is_enough: impl Fn(&Ports) -> bool) -> Vec<AddressRange> {
    let mut known: HashMap<Vec<usize>, bool> = HashMap::new();
    let mut is_enough_together = |active: &BTreeSet<usize>| {
        *known.entry(active.iter().copied().collect()).or_insert_with(|| {
            let mut all = Ports::default();
            active.iter().filter_map(|at| lines.get(*at)).for_each(|(_, ports)| all.merge((*ports).clone()));
            is_enough(&all)
        })
    };
    let mut found: Vec<AddressRange> = Vec::new();
    for family in [Family::V4, Family::V6] {
        // Where a line begins to speak, and where it no longer does.
        let mut events: Vec<(AddressNumber, bool, usize)> = Vec::new();
        for (at, (ranges, _)) in lines.iter().enumerate() {
            for range in ranges.iter().filter(|range| range.family() == family) {
                events.push((range.first_number(), true, at));
                events.extend(range.last_number().next().map(|after| (after, false, at)));
            }
        }
        events.sort_unstable();
        let mut active = BTreeSet::new();
        let mut events = events.into_iter().peekable();
        while let Some((from, begins, at)) = events.next() {
            if begins {
                active.insert(at)
            } else {
                active.remove(&at)
            };
            let next = events.peek().map(|(next, ..)| *next);
            if next == Some(from) || active.is_empty() || !is_enough_together(&active) {
                continue;
            }
            let last = next.map_or(Some(AddressNumber::last(family)), AddressNumber::previous);
            let Some(range) = last.and_then(|last| AddressRange::between(from, last)) else { continue };
            match found.last_mut() {
                Some(before) if before.last_number().next() == Some(range.first_number()) => {
                    *before = AddressRange::between(before.first_number(), range.last_number()).unwrap_or(range);
                }
                _ => found.push(range),
            }
        }
    }
    found
}

/// Whether each of the ranges lies in one of those that are in order and never adjacent.
pub(super) fn is_covered<'r>(wanted: impl IntoIterator<Item = &'r AddressRange>, covered: &[AddressRange]) -> bool {
    wanted.into_iter().all(|range| {
        let after = covered.partition_point(|each| each.first_number() <= range.first_number());
        let before = after.checked_sub(1).and_then(|at| covered.get(at));
        before.is_some_and(|each| range.last_number() <= each.last_number() && each.family() == range.family())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Port, PortInterval, PortRange, Protocol};

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    fn whole(protocol: Protocol) -> Ports {
        let mut ports = Ports::default();
        ports.add(PortInterval::new(protocol, PortRange::new(Port::MIN, Port::new(65535).unwrap()).unwrap()));
        ports
    }

    #[test]
    fn two_lines_are_enough_where_both_speak() {
        let (tcp, udp) = (whole(Protocol::Tcp), whole(Protocol::Udp));
        let all = [range("0.0.0.0", "255.255.255.255"), range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")];
        let some = [range("10.0.0.0", "10.0.0.9"), range("10.0.0.10", "10.0.0.20"), range("::5", "::6")];
        let both = |ports: &Ports| ports.intervals().len() == 2;
        let found = enough(&[(&all, &tcp), (&some, &udp)], both);
        assert_eq!(found, [range("10.0.0.0", "10.0.0.20"), range("::5", "::6")]);
        assert_eq!(enough(&[(&all, &tcp), (&all, &udp)], both), all);
        assert!(is_covered(&some, &found) && is_covered(&some, &all));
        assert!(!is_covered(&[range("10.0.0.5", "10.0.0.21")], &found));
        assert!(!is_covered(&[range("9.255.255.255", "10.0.0.1")], &found));
        assert!(!is_covered(&[range("::4", "::4")], &found) && !is_covered(&[range("::6", "::7")], &found));
    }
}
