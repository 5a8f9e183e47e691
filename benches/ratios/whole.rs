//! The whole cluster: who reaches whom, and what a policy changes, against compiling the cluster anew.

use netpol_oracle::analysis::{Baseline, Connectivity, Detail};
use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::labels::Selector;
use netpol_oracle::model::{ObjectId, PolicyTypes};
use netpol_oracle::{Change, Engine, NetworkPolicy, ObjectName, Profile};

use crate::goals::{Goals, short};
use crate::timing::{Effort, median, time};

/// So many policies go, each by itself.
const GONE: usize = 20;

/// Up to this many pods every connection is listed: there are as many as pairs of groups.
const LISTED: usize = 1_000;

pub(crate) fn measure(effort: Effort, goals: &mut Goals) {
    let rounds = if effort == Effort::Quick { 3 } else { 9 };
    for pods in effort.sizes().iter().copied().filter(|pods| *pods <= 100_000) {
        let cluster = ClusterSpec::new(pods).build();
        let profile = Profile::kubernetes();
        let name = cluster.namespaces().iter().next().map(|namespace| namespace.name.clone()).unwrap();
        let deny =
            NetworkPolicy::new(ObjectName::new(name, "new"), Selector::everything(), PolicyTypes::Both, vec![], vec![]);
        let gone: Vec<ObjectName> = cluster.policies().iter().take(GONE).map(|policy| policy.name().clone()).collect();
        let mut took = [Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        // What takes seconds is not asked so often.
        let rounds = if pods < 100_000 { rounds } else { 2 };
        let (mut lines, mut changes) = (0, 0);
        for _ in 0..rounds {
            let (build, mut engine) = time(|| Engine::new(&cluster, &profile));
            took[0].push(build);
            if pods <= LISTED {
                let (list, all) = time(|| Connectivity::new(&engine).connections(Detail::Pods));
                (lines, _) = (all.len(), took[1].push(list));
            }
            // Who tries changes of policies keeps a baseline.
            let (kept, baseline) = time(|| Baseline::new(&engine));
            took[3].push(kept / build);
            let differences = gone.iter().map(|name| {
                let mut after = engine.clone();
                after.apply(&[Change::Remove(ObjectId::Policy(name.clone()))]).unwrap();
                time(|| baseline.diff(&after).changes(Detail::Pods)).0
            });
            took[4].push(median(differences.collect()));
            engine.apply(&[Change::Put(deny.clone().into())]).unwrap();
            let (diff, all) = time(|| baseline.diff(&engine).changes(Detail::Pods));
            (changes, _) = (all.len(), took[2].push(diff));
        }
        let [build, list, diff, kept, gone] = took;
        println!(
            "{pods} pods, {} policies: build {} ms, {lines} connections listed, a policy changes {changes}",
            cluster.policies().len(),
            short(median(build.clone()) * 1e3)
        );
        if !list.is_empty() {
            goals.at_most(format!("ms to list every connection, {pods} pods"), median(list) * 1e3, 20.0);
        }
        let ratios = |of: &[f64]| median(of.iter().zip(&build).map(|(diff, build)| diff / build).collect());
        let (comes, goes) = (ratios(&diff), ratios(&gone));
        println!(
            "the difference that a policy makes, {pods} pods: {} ms where a deny-all comes, {} ms where one goes (the median of \
             {GONE}); a baseline first, once: {} builds",
            short(median(diff) * 1e3),
            short(median(gone) * 1e3),
            short(median(kept))
        );
        goals.at_most(format!("the difference that a policy makes that comes, to a build, {pods} pods"), comes, 0.1);
        goals.at_most(format!("the difference that a policy makes that goes, to a build, {pods} pods"), goes, 0.1);
    }
}
