//! Worlds that change, batch by batch.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;

use super::changes::{Step, StepParts, step, step_parts};
use super::spec::WorldSpec;
use super::worlds::World;
use crate::model::change::Change;
use crate::model::cluster::Cluster;
use crate::profile::profile::Profile;

/// A world, and changes of it in small steps.
#[derive(Clone)]
#[non_exhaustive]
pub struct ChangingWorld {
    /// As it begins.
    pub world: World,
    /// Batches of steps, each applied at once. A step is made for the cluster that the steps before it leave.
    pub batches: Vec<Vec<Step>>,
}

impl ChangingWorld {
    /// The changes of each batch, and the cluster after them: what `DataPlane::apply` is given.
    ///
    /// ```
    /// use netpol_oracle::generate::strategies::changing_worlds;
    /// use netpol_oracle::{Engine, Profile};
    /// proptest::proptest!(|(changing in changing_worlds())| {
    ///     let mut engine = Engine::new(&changing.world.cluster, &changing.world.profile);
    ///     for (changes, cluster) in changing.updates() {
    ///         engine.apply(&changes).unwrap();
    ///         assert_eq!(engine.cluster(), &cluster);
    ///     }
    /// });
    /// ```
    pub fn updates(&self) -> impl Iterator<Item = (Vec<Change>, Cluster)> + '_ {
        let mut cluster = self.world.cluster.clone();
        self.batches.iter().map(move |steps| {
            let changes: Vec<Change> = steps.iter().flat_map(|step| &step.changes).cloned().collect();
            // Steps fit where they were made for; of what does not fit any more, nothing is done.
            let changes = if cluster.apply(&changes).is_ok() { changes } else { Vec::new() };
            (changes, cluster.clone())
        })
    }
}

impl fmt::Debug for ChangingWorld {
    /// The world as a case of the corpus, then the changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.world)?;
        for (number, steps) in self.batches.iter().enumerate() {
            writeln!(f, "batch {number}:")?;
            steps.iter().try_for_each(|step| writeln!(f, "  - {:?}: {:?}", step.kind, step.changes))?;
        }
        Ok(())
    }
}

impl WorldSpec {
    /// Worlds that change.
    pub fn changing_worlds(&self) -> impl Strategy<Value = ChangingWorld> + use<> {
        changing_worlds_of(self, self.worlds())
    }

    /// Worlds that change, on profiles of one's own.
    pub fn changing_worlds_on<P>(&self, profiles: P) -> impl Strategy<Value = ChangingWorld> + use<P>
    where
        P: Strategy<Value = Profile>,
    {
        changing_worlds_of(self, self.worlds_on(profiles))
    }
}

/// Worlds of the default [`WorldSpec`] with one to eight batches of changes each: three in four of one small step, the
/// others of up to four. No step is about what [`WorldSpec::real`] adds, so these worlds have nothing of it.
///
/// ```
/// use netpol_oracle::generate::strategies::changing_worlds;
/// proptest::proptest!(|(changing in changing_worlds())| {
///     assert_eq!(changing.updates().count(), changing.batches.len());
/// });
/// ```
pub fn changing_worlds() -> impl Strategy<Value = ChangingWorld> {
    WorldSpec::new().real(0).changing_worlds()
}

pub(super) fn changing_worlds_of<W>(spec: &WorldSpec, worlds: W) -> impl Strategy<Value = ChangingWorld> + use<W>
where
    W: Strategy<Value = World>,
{
    let batch = prop_oneof![3 => vec(step_parts(), 1), 1 => vec(step_parts(), 2..5)];
    (worlds, vec(batch, spec.batch_count())).prop_map(|(world, batches)| {
        let mut now = world.cluster.clone();
        let batches = batches.into_iter().map(|parts| batch_of(&mut now, parts)).collect();
        ChangingWorld { world, batches }
    })
}

fn batch_of(now: &mut Cluster, parts: Vec<StepParts>) -> Vec<Step> {
    let mut batch = Vec::new();
    for parts in parts {
        let step = step(now, parts);
        if now.apply(&step.changes).is_ok() {
            batch.push(step);
        }
    }
    batch
}
