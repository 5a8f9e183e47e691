//! Connections of nodes and hostNetwork pods: whose own node they are may matter (K18, U8).

use std::collections::BTreeMap;

use crate::analysis::search::ask::Ask;
use crate::analysis::search::courses::Sights;
use crate::analysis::search::numbered::LineIx;
use crate::analysis::search::run::Run;
use crate::analysis::search::sets::EndSet;
use crate::name::Direction;
use crate::partition::{EndIx, Group, NearIx};

impl<A: Ask> Run<'_, A> {
    /// From hosts to pods.
    pub(super) fn hosts_as_sources(&mut self) {
        let hosts = std::mem::take(&mut self.hosts_by_kind.as_sources);
        for kind in &hosts {
            if self.is_over() {
                return;
            }
            let source = kind.first();
            let Some(group) = self.group(source) else { continue };
            let Some(host) = group.members.first().copied() else { continue };
            let subject = self.egress.of(source);
            let mut targets: BTreeMap<LineIx, EndSet> = BTreeMap::new();
            for destination in self.destinations_of(group) {
                let Some(other) = self.group(destination).filter(|other| !other.is_host) else { continue };
                let egress = self.egress.sight(subject, destination);
                let own = self.ingress.of(destination);
                let is_free = self.ground().is_free_destination(other);
                for (near, members) in self.parts_around(other, host, is_free) {
                    let sights = Sights { egress, ingress: self.ingress.sight_of_host(own, source, near) };
                    let Some(first) = members.first() else { continue };
                    let Some(outcomes) = self.outcomes(sights, (group, other), (host, *first)) else { continue };
                    for line in self.courses.outcomes.lines(outcomes) {
                        let ends = targets.entry(*line).or_insert_with(|| EndSet::none(&self.search.ground));
                        members.iter().for_each(|end| ends.add(*end));
                    }
                }
            }
            if !targets.is_empty() {
                let sources = self.ends_of([kind]);
                targets.into_iter().for_each(|(line, ends)| self.lines.add_ends(line, &sources, ends));
            }
        }
        self.hosts_by_kind.as_sources = hosts;
    }

    /// From pods and hosts to hosts, at the ports at which they are met themselves.
    pub(super) fn hosts_as_destinations(&mut self) {
        let may_tell =
            |at: &usize| self.group(*at).is_some_and(|group| self.judge().may_tell_from(self.ground(), group));
        let telling: Vec<usize> = self.sources.iter().copied().filter(may_tell).collect();
        for kind in std::mem::take(&mut self.hosts_by_kind.as_destinations) {
            if self.is_over() {
                return;
            }
            let destination = kind.first();
            let Some(other) = self.group(destination) else { continue };
            let Some(host) = other.members.first().copied() else { continue };
            let tells = self.judge().may_tell_to(self.ground(), other);
            let mut sources: BTreeMap<LineIx, EndSet> = BTreeMap::new();
            for source in if tells { self.sources.clone() } else { telling.clone() } {
                let Some(group) = self.group(source) else { continue };
                self.host_as_destination((source, group), (destination, other, host), &mut sources);
            }
            let hosts = || kind.groups().iter().filter_map(|at| self.group(*at)).flat_map(|group| &group.members);
            let hosts: Vec<EndIx> = hosts().copied().collect();
            for (line, ends) in sources {
                hosts.iter().for_each(|host| self.lines.add_host(line, ends.clone(), *host));
            }
        }
    }

    fn host_as_destination(
        &mut self,
        (source, group): (usize, &Group),
        (destination, other, host): (usize, &Group, EndIx),
        sources: &mut BTreeMap<LineIx, EndSet>,
    ) {
        let subject = self.egress.of(source);
        let own = self.ingress.of(destination);
        let parts = if group.is_host {
            let is_one_pod = source == destination && self.is_pod(host);
            if is_one_pod { Vec::new() } else { vec![(None, group.members.clone())] }
        } else {
            self.parts_around(group, host, self.ground().is_free_source(group))
        };
        for (near, members) in parts {
            let ingress = if group.is_host {
                self.ingress.sight_of_host(own, source, None)
            } else {
                self.ingress.sight(own, source)
            };
            let sights = Sights { egress: self.egress.sight_of_host(subject, destination, near), ingress };
            let Some(first) = members.first() else { continue };
            let Some(outcomes) = self.outcomes(sights, (group, other), (*first, host)) else { continue };
            if !self.courses.stays(Direction::Egress, sights.egress) {
                self.moved_by_hosts.insert(subject);
            }
            let outcomes = self.courses.outcomes.without(outcomes, &self.search.node_ports);
            for line in self.courses.outcomes.lines(outcomes) {
                let ends = sources.entry(*line).or_insert_with(|| EndSet::none(&self.search.ground));
                members.iter().for_each(|end| ends.add(*end));
            }
        }
    }

    /// The members of a group by how they stand to a host; together where that does not matter.
    fn parts_around(&mut self, group: &Group, host: EndIx, is_free: bool) -> Vec<(Option<NearIx>, Vec<EndIx>)> {
        if is_free {
            return vec![(None, group.members.clone())];
        }
        let mut parts: BTreeMap<Option<NearIx>, Vec<EndIx>> = BTreeMap::new();
        for end in &group.members {
            parts.entry(self.near.near(*end, host)).or_default().push(*end);
        }
        parts.into_iter().collect()
    }
}
