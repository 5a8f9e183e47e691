//! What is alike, under one name.

use std::collections::BTreeMap;

use crate::analysis::search::ask::Ask;
use crate::analysis::search::fold::{Detail, Folded, Folding};
use crate::analysis::search::pairs::{Reached, Search};
use crate::analysis::search::ports::Ports;
use crate::analysis::search::selection::Selection;
use crate::analysis::search::sets::Sources;

/// What there is to tell of connections from every source to every destination on every port of the two.
pub(in crate::analysis) struct Told<O> {
    pub(in crate::analysis) source: Folded,
    pub(in crate::analysis) destination: Folded,
    pub(in crate::analysis) ports: Ports,
    pub(in crate::analysis) outcome: O,
}

/// All that is told of some ends: what goes to the same ends on the same ports with the same outcome is one.
pub(in crate::analysis) fn gathered<A: Ask>(
    search: &Search<A>,
    folding: &Folding,
    detail: Detail,
    from: &Selection,
    to: &Selection,
) -> Vec<Told<A::Outcome>> {
    let groups = search.ground.groups.iter().filter(|group| from.has(group));
    let outside = if from.has_outside() { search.open_from_outside(to) } else { Vec::new() };
    let mut alike: BTreeMap<_, Vec<Sources>> = BTreeMap::new();
    for Reached { sources, targets } in
        groups.flat_map(|group| search.open_to(group, to)).chain(search.open_freely(from, to)).chain(outside)
    {
        let Some(sources) = from.sources(sources) else { continue };
        for ((outcome, ports), targets) in targets {
            if let Some(targets) = to.targets(targets) {
                alike.entry((targets, outcome, ports)).or_default().push(sources.clone());
            }
        }
    }
    let mut all = Vec::new();
    for ((targets, outcome, ports), sources) in alike {
        let destinations = folding.targets(&search.ground, detail, &targets);
        for source in folding.sources(&search.ground, detail, &sources) {
            let meant = destinations.iter().filter(|to| source.pair(&search.ground, to).is_some());
            all.extend(meant.map(|destination| Told {
                source: source.clone(),
                destination: destination.clone(),
                ports: ports.clone(),
                outcome: outcome.clone(),
            }));
        }
    }
    all
}
