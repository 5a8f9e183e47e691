//! Small worlds of what real clusters hold: every face of a Service, workloads of every kind without nodes, labels that
//! controllers set. From a number alone, and fast: a million flows are asked of them.

mod flows;
mod objects;
mod policies;
mod profiles;
mod services;
mod shrink;
mod words;
mod workloads;

use netpol_oracle::Cluster;

pub use self::shrink::shrunk;
use netpol_oracle::generate::strategies::World;

/// Draws; every helper of this module takes one.
struct Dice {
    random: fastrand::Rng,
    /// Which controllers this world is about: places in [`workloads::FAMILIES`].
    theme: usize,
}

impl Dice {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let theme = random.usize(0..workloads::FAMILIES.len());
        Self { random, theme }
    }

    /// In so many cases of a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(0..100) < percent
    }

    fn below(&mut self, count: usize) -> usize {
        self.random.usize(0..count.max(1))
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn maybe<T>(&mut self, percent: u32, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(percent).then(|| make(self))
    }
}

/// The world of that number, with so many questions.
#[must_use]
pub fn world(seed: u64, questions: usize) -> World {
    let mut dice = Dice::new(seed);
    let mut builder = Cluster::builder();
    objects::add(&mut dice, &mut builder);
    workloads::add(&mut dice, &mut builder);
    services::add(&mut dice, &mut builder);
    policies::add(&mut dice, &mut builder);
    let cluster = builder.build();
    let profile = profiles::profile(&mut dice);
    let flows = (0..questions).map(|_| flows::flow(&mut dice, &cluster)).collect();
    World::new(cluster, profile, flows)
}
