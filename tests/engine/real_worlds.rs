//! Engines that followed random changes of what real clusters hold, against engines built afresh.

use netpol_oracle::model::Object;
use netpol_oracle::{Change, Decide, Engine};

use crate::changes::objects;
use netpol_test_support::real_worlds::world;

/// Pairs of worlds, of which one becomes the other piece by piece.
const PAIRS: u64 = 40;
const ROUNDS: usize = 5;

/// Some objects of either world come, some of the first go.
fn some_changes(dice: &mut fastrand::Rng, engine: &Engine, first: &[Object], second: &[Object]) -> Vec<Change> {
    let present = objects(engine.cluster());
    let mut changes: Vec<Change> = Vec::new();
    for object in first.iter().chain(second) {
        let (is_taken, may_go) = (dice.u32(0..8) == 0, dice.bool());
        let goes = may_go && present.iter().any(|each| each.id() == object.id());
        if is_taken && changes.iter().all(|change| change.id() != object.id()) {
            changes.push(if goes { Change::Remove(object.id()) } else { Change::Put(object.clone()) });
        }
    }
    changes
}

#[test]
fn updates_of_real_worlds_equal_a_fresh_build() {
    let (mut asked, mut refused) = (0, 0);
    for pair in 0..PAIRS {
        let (one, other) = (world(2 * pair + 100_000, 25), world(2 * pair + 100_001, 25));
        let (first, second) = (objects(&one.cluster), objects(&other.cluster));
        let mut dice = fastrand::Rng::with_seed(pair);
        let mut engine = Engine::new(&one.cluster, &one.profile);
        for _ in 0..ROUNDS {
            let changes = some_changes(&mut dice, &engine, &first, &second);
            // A namespace that others still need cannot go.
            refused += usize::from(engine.apply(&changes).is_err());
            let fresh = Engine::new(engine.cluster(), &one.profile);
            for flow in one.flows.iter().chain(&other.flows) {
                asked += 1;
                assert_eq!(engine.decide(flow), fresh.decide(flow), "pair {pair}: {flow}: {:?}", engine.cluster());
                assert_eq!(engine.verdict(flow), fresh.verdict(flow), "pair {pair}: {flow}");
            }
        }
    }
    println!("{asked} answers after updates, {refused} refused");
    assert!(asked > 9_000 && refused < 50);
}
