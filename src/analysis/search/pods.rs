//! Connections between pods and workloads that share no node's network.

use std::collections::BTreeMap;

use crate::analysis::search::ask::Ask;
use crate::analysis::search::courses::Sights;
use crate::analysis::search::kinds::{Kind, Representatives};
use crate::analysis::search::numbered::OutcomesIx;
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;

impl<A: Ask> Run<'_, A> {
    /// From pods to pods, kind by kind.
    pub(super) fn between_pods(&mut self) {
        // For the time being nobody else needs them.
        let sources = std::mem::take(&mut self.by_kind);
        let destinations = self.destinations_by_kind(self.destinations.clone(), &sources.telling);
        self.between_kinds(&sources.telling, &destinations);
        let groups = self.ground().groups.len();
        self.seen_as.by_telling = Representatives::of_kinds(&destinations, groups);
        let destinations = self.destinations_by_kind(self.told_to().to_vec(), &sources.others);
        self.between_kinds(&sources.others, &destinations);
        self.seen_as.by_others = Representatives::of_kinds(&destinations, groups);
        self.by_kind = sources;
    }

    fn between_kinds(&mut self, sources: &[Kind], destinations: &[Kind]) {
        // A pod with itself is not meant: it goes wherever others like it go, where there are any.
        let mut themselves = Vec::new();
        for source in sources {
            if self.is_over() {
                return;
            }
            let subject = self.egress.of(source.first());
            let mut targets: BTreeMap<OutcomesIx, Vec<&Kind>> = BTreeMap::new();
            for destination in destinations {
                if self.stays(source.first(), destination.first()) {
                    continue;
                }
                let own = self.ingress.of(destination.first());
                let sights = Sights {
                    egress: self.egress.sight(subject, destination.first()),
                    ingress: self.ingress.sight(own, source.first()),
                };
                let may_be_one = source.first() == destination.first();
                let known = if may_be_one { None } else { self.courses.find(sights) };
                if let Some(known) = known {
                    targets.entry(known).or_default().push(destination);
                    continue;
                }
                let Some([(from_group, from), (to_group, to)]) = self.two_ends(source, destination) else {
                    themselves.push((source, destination, sights));
                    continue;
                };
                let found = self.outcomes(sights, (from_group, to_group), (from, to));
                found.into_iter().for_each(|found| targets.entry(found).or_default().push(destination));
            }
            self.add_pods(source, targets);
        }
        for (source, destination, sights) in themselves {
            if let Some(outcomes) = self.courses.find(sights) {
                self.add_pods(source, BTreeMap::from([(outcomes, vec![destination])]));
            }
        }
    }

    fn add_pods(&mut self, source: &Kind, targets: BTreeMap<OutcomesIx, Vec<&Kind>>) {
        let mut lines = BTreeMap::new();
        for (outcomes, kinds) in targets {
            let lines_of = self.courses.outcomes.lines(outcomes);
            if lines_of.is_empty() {
                continue;
            }
            let ends = self.ends_of(kinds);
            for line in lines_of {
                lines.entry(*line).or_insert_with(|| EndSet::none(&self.search.ground)).add_all(&ends);
            }
        }
        if lines.is_empty() {
            return;
        }
        let sources = self.ends_of([source]);
        lines.into_iter().for_each(|(line, ends)| self.lines.add_ends(line, &sources, ends));
    }

    pub(super) fn ends_of<'k>(&self, kinds: impl IntoIterator<Item = &'k Kind>) -> EndSet {
        let groups = kinds.into_iter().flat_map(Kind::groups).filter_map(|at| self.group(*at));
        EndSet::of(self.ground(), groups.flat_map(|group| &group.members).copied())
    }
}
