//! Connections between pods and workloads that share no node's network.

use std::collections::BTreeMap;

use crate::analysis::search::ask::Ask;
use crate::analysis::search::courses::Sights;
use crate::analysis::search::numbered::OutcomesIx;
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;
use crate::partition::EndIx;

impl<A: Ask> Run<'_, A> {
    /// From pods to pods, group by group.
    pub(super) fn between_pods(&mut self) {
        // A pod with itself is not meant: it goes wherever others like it go, where there are any.
        let mut themselves = Vec::new();
        for source in self.sources.clone() {
            let Some(group) = self.group(source).filter(|group| !group.is_host) else { continue };
            let subject = self.egress.of(source);
            let mut targets: BTreeMap<OutcomesIx, Vec<usize>> = BTreeMap::new();
            for destination in self.destinations_of(group) {
                let Some(other) = self.group(destination).filter(|other| !other.is_host) else { continue };
                let sights = Sights {
                    egress: self.egress.sight(subject, destination),
                    ingress: self.ingress.sight(self.ingress.of(destination), source),
                };
                let ends = match (source == destination && !group.is_workload, group.members.as_slice()) {
                    (true, [from, to, ..]) => Some((*from, *to)),
                    (true, _) => None,
                    (false, own) => own.first().copied().zip(other.members.first().copied()),
                };
                match ends.and_then(|ends| self.outcomes(sights, (group, other), ends)) {
                    Some(outcomes) => targets.entry(outcomes).or_default().push(destination),
                    None => themselves.push((source, sights)),
                }
            }
            self.add_pods(&group.members, targets);
        }
        for (group, sights) in themselves {
            let Some(outcomes) = self.courses.find(sights) else { continue };
            let members = self.group(group).map_or(&[][..], |group| &group.members);
            self.add_pods(members, BTreeMap::from([(outcomes, vec![group])]));
        }
    }

    fn add_pods(&mut self, sources: &[EndIx], targets: BTreeMap<OutcomesIx, Vec<usize>>) {
        let mut lines = BTreeMap::new();
        for (outcomes, groups) in targets {
            let lines_of = self.courses.outcomes.lines(outcomes);
            if lines_of.is_empty() {
                continue;
            }
            let members = groups.into_iter().filter_map(|group| self.group(group)).flat_map(|group| &group.members);
            let ends = EndSet::of(self.ground(), members.copied());
            for line in lines_of {
                lines.entry(*line).or_insert_with(|| EndSet::none(&self.search.ground)).add_all(&ends);
            }
        }
        let sources = EndSet::of(self.ground(), sources.iter().copied());
        lines.into_iter().for_each(|(line, ends)| self.lines.add_ends(line, &sources, ends));
    }
}
