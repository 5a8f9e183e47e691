//! What the usual cluster is planned as: namespaces of teams and their applications.

use std::sync::Arc;

use crate::generate::spec::ClusterSpec;
use crate::generate::stream;
use crate::generate::vocabulary::{APPS, AppKind, DNS, ENVIRONMENTS, Keys, STORES, SYSTEM, TEAMS, nth, values};
use crate::labels::LabelValue;
use crate::random::Random;

/// Namespaces and the applications in them.
#[derive(Debug)]
pub(super) struct ClusterPlan {
    pub(super) keys: Keys,
    pub(super) namespaces: Vec<NamespacePlan>,
    pub(super) apps: Vec<AppPlan>,
    /// How many of `apps`, the first ones, belong to kube-system.
    pub(super) system_apps: usize,
}

/// A namespace.
#[derive(Debug)]
pub(super) struct NamespacePlan {
    pub(super) name: Arc<str>,
    pub(super) env: LabelValue,
    pub(super) team: LabelValue,
    /// Its applications among the plan's.
    pub(super) apps: std::ops::Range<usize>,
}

/// A set of pods of one kind.
#[derive(Debug)]
pub(super) struct AppPlan {
    /// Its namespace among the plan's.
    pub(super) namespace_index: usize,
    pub(super) namespace: Arc<str>,
    pub(super) value: LabelValue,
    pub(super) kind: &'static AppKind,
    pub(super) is_store: bool,
    pub(super) pods: u32,
}

/// `total` in parts by weight that sum to it.
fn split(total: u32, weights: &[u32]) -> Vec<u32> {
    let sum = weights.iter().map(|weight| u64::from(*weight)).sum::<u64>().max(1);
    let mut before = 0_u64;
    let share = |upto: u64| u64::from(total) * upto / sum;
    let part = |weight: &u32| {
        let from = share(before);
        before += u64::from(*weight);
        u32::try_from(share(before) - from).unwrap_or_default()
    };
    weights.iter().map(part).collect()
}

impl ClusterPlan {
    pub(super) fn new(spec: &ClusterSpec) -> Self {
        let mut random = Random::new(spec.seed, stream::PLAN);
        let (environments, teams) = (values(&ENVIRONMENTS), values(&TEAMS));
        let weights: Vec<u32> = (0..spec.namespaces).map(|_| 1 + random.below(8)).collect();
        let mut plan = Self { keys: Keys::new(), namespaces: Vec::new(), apps: Vec::new(), system_apps: 0 };
        for (index, pods) in split(spec.pods, &weights).into_iter().enumerate() {
            let is_system = index == 0 && spec.namespaces > 1;
            let env = random.choose(&[(40, 0), (20, 1), (20, 2)], 3);
            let (Some(env), Some(team)) = (nth(&environments, env), random.pick(&teams)) else { continue };
            let name: Arc<str> = if is_system { SYSTEM.into() } else { format!("{team}-{env}-{index}").into() };
            let first = plan.apps.len();
            plan.add_apps(&name, pods, is_system, &mut random);
            let apps = first..plan.apps.len();
            if is_system {
                plan.system_apps = plan.apps.len();
            }
            plan.namespaces.push(NamespacePlan { name, env: env.clone(), team: team.clone(), apps });
        }
        plan
    }

    fn add_apps(&mut self, namespace: &Arc<str>, pods: u32, is_system: bool, random: &mut Random) {
        let namespace_index = self.namespaces.len();
        let mut add = |kind: &'static AppKind, is_store: bool, pods: u32| {
            let value = LabelValue::known(kind.name);
            self.apps.push(AppPlan { namespace_index, namespace: namespace.clone(), value, kind, is_store, pods });
        };
        // A tenth, and of the rest of the division its share of the time.
        let stored = (pods + random.below(10)) / 10;
        let dns = if is_system { (pods - stored).min(2) } else { 0 };
        if is_system {
            add(&DNS, false, dns);
        }
        let wanted = 3 + random.below(6);
        let mut kinds: Vec<&'static AppKind> = APPS.iter().collect();
        let mut chosen = Vec::new();
        while chosen.len() < usize::try_from(wanted).unwrap_or_default() && !kinds.is_empty() {
            let at = random.below(u32::try_from(kinds.len()).unwrap_or_default());
            chosen.push(kinds.swap_remove(usize::try_from(at).unwrap_or_default()));
        }
        let weights: Vec<u32> = chosen.iter().map(|_| 1 + random.below(6)).collect();
        for (kind, pods) in chosen.into_iter().zip(split(pods - stored - dns, &weights)) {
            add(kind, false, pods);
        }
        if let (true, Some(kind)) = (stored > 0, random.pick(&STORES)) {
            add(kind, true, stored);
        }
    }

    /// The applications that policies are about: those of teams, where there are any.
    pub(super) fn team_apps(&self) -> &[AppPlan] {
        match self.apps.get(self.system_apps..) {
            Some(apps) if !apps.is_empty() => apps,
            _ => &self.apps,
        }
    }

    pub(super) fn namespace_of(&self, app: &AppPlan) -> Option<&NamespacePlan> {
        self.namespaces.get(app.namespace_index)
    }

    pub(super) fn apps_of(&self, namespace: &NamespacePlan) -> &[AppPlan] {
        self.apps.get(namespace.apps.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn parts_sum_to_the_whole() {
        assert_eq!(split(10, &[1, 1, 1]), [3, 3, 4]);
        assert_eq!(split(0, &[5, 1]), [0, 0]);
        assert!(split(7, &[]).is_empty());
        assert_eq!(split(4_000_000_000, &[8, 8]), [2_000_000_000, 2_000_000_000]);
    }
}
