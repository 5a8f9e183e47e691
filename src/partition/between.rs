//! Two snapshots that came of one by changes of policies: their ends in groups as coarse as what changes lets them be.
//!
//! Whom the changed policies isolate, and who is behind a Service together with such, stays in groups that no policy at all tells
//! apart. Of [everybody else](crate::partition::rest) it matters how these few see them, and what their own rules say of these few:
//! most of what tells groups apart in a whole cluster says nothing of that.

use std::sync::Arc;

use crate::engine::Snapshot;
use crate::partition::ground::Ground;
use crate::partition::leading::Leads;
use crate::partition::parts::{Grounding, Part, Parts};
use crate::partition::rest::Rest;
use crate::partition::roster::Roster;
use crate::partition::subjects::is_like_no_other;
use crate::partition::view::View;

/// Two snapshots as one ground.
pub(crate) struct Between {
    pub(crate) ground: Ground,
    /// Of what leads elsewhere by number what may be met otherwise.
    pub(crate) fronts: Vec<usize>,
}

impl Ground {
    /// Of two snapshots that came of this ground's one by changes of policies, with all that leads elsewhere. None where more has
    /// changed. Where nothing has nobody is in a group.
    pub(crate) fn between(
        &self,
        roster: &Roster,
        [before, after]: [&Snapshot; 2],
        leads: &[Leads<'_>],
    ) -> Option<Between> {
        let [base] = self.views.as_slice() else { return None };
        if !self.has_objects_of(before) || !self.has_objects_of(after) {
            return None;
        }
        let views = [before, after].map(|snapshot| View::after(base, snapshot));
        let mut parts = Parts::new(self, base, &views);
        let classes = (0..base.classes()).filter(|place| !parts.stays(*place));
        let cohorts = classes.flat_map(|place| roster.of_class.get(place).into_iter().flatten());
        let groups = cohorts.filter_map(|cohort| roster.get(*cohort)).flat_map(|cohort| &cohort.groups);
        let groups: Vec<usize> = groups.chain(&roster.others).copied().collect();
        groups.into_iter().for_each(|group| parts.add(group));
        let nothing_changes = !parts.all.iter().any(|part| part.change.egress || part.change.ingress);
        if nothing_changes && !roster.leading.has_strangers {
            let ground = self.beside(&views, Grounding::new(self.len()));
            return Some(Between { ground, fronts: Vec::new() });
        }
        let told = parts.tell(&roster.leading, leads);
        // Who is like no other sees nobody as another: then nobody is taken for another.
        let is_alone = |part: &Part<'_>| is_like_no_other(&views, part.of.is_host, &part.places);
        let all_differ = parts.all.iter().any(|part| part.matters() && is_alone(part));
        if all_differ {
            (0..self.groups.len()).for_each(|group| parts.add(group));
        }
        let mut ground = Grounding::new(self.len());
        let mut others = Vec::new();
        for part in &parts.all {
            let has_class = part.places.iter().any(Option::is_some);
            if all_differ || part.of.is_host || part.matters() || !has_class || is_alone(part) {
                let group = ground.add(part.group());
                part.members.iter().for_each(|at| ground.put(*at, group));
            } else {
                others.push(part);
            }
        }
        let rest = Rest::new(self, roster, &parts, (leads, &told));
        rest.put(&others, &mut ground);
        let fronts = if all_differ { (0..leads.len()).collect() } else { rest.fronts };
        Some(Between { ground: self.beside(&views, ground), fronts })
    }

    /// The same ends and surroundings in groups of two snapshots.
    fn beside(&self, views: &[Arc<View>], mut ground: Grounding) -> Self {
        Self {
            views: views.to_vec(),
            ends: self.ends.clone(),
            groups: ground.groups(),
            group_of: ground.group_of,
            outside: self.outside.clone(),
            hosts: self.hosts.clone(),
            has_same_surroundings: true,
            has_same_objects: true,
            alone: vec![Vec::new(), Vec::new()],
        }
    }
}
