//! Verdicts alone, in the coarse grain: exact, for any ends and any setting of the rows. And what they hang on, without why.

use crate::engine::judge::diagrams::{Diagram, Diagrams};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::{Coarse, Logic};
use crate::engine::judge::question::Question;
use crate::engine::judge::reading::{Reading, Readings};
use crate::engine::judge::settings::Settings;
use crate::engine::judge::side::{BeforeRules, JudgedSide};
use crate::engine::tables::Tables;
use crate::name::Direction;
use crate::verdict::Verdict;

/// Both sides of one question.
pub(super) fn verdict(tables: &Tables, question: &Question<'_>, settings: &Settings<'_>) -> Verdict {
    let evaluation = Evaluation { tables, settings, logic: &Coarse, question };
    let readings = Readings::of(evaluation);
    let both = readings.put_together(&Coarse, |shared| {
        let of = |direction| evaluation.of_side(direction, shared, |reading| side(evaluation, direction, reading).0);
        let egress = of(Direction::Egress);
        if egress == Coarse::NO { egress } else { Coarse.and(egress, of(Direction::Ingress)) }
    });
    Coarse::verdict(both)
}

/// One side of one question.
pub(super) fn verdict_of_side(tables: &Tables, question: &Question<'_>, direction: Direction) -> Verdict {
    let settings = Settings::new(tables.profile.capabilities());
    let evaluation = Evaluation { tables, settings: &settings, logic: &Coarse, question };
    let readings = Readings::of(evaluation);
    Coarse::verdict(readings.put_together(&Coarse, |shared| {
        evaluation.of_side(direction, shared, |reading| side(evaluation, direction, reading).0)
    }))
}

/// What one side's passing hangs on; none where that is which of some addresses somebody has (U5, U6), which takes the rules of
/// all readings together.
pub(super) fn diagram_of_side(evaluation: Evaluation<'_, '_, Diagrams>, direction: Direction) -> Option<Diagram> {
    let readings = Readings::of(evaluation);
    let mut hangs_on_addresses = false;
    let truth = readings.put_together(evaluation.logic, |shared| {
        evaluation.of_side(direction, shared, |reading| {
            let (passes, perhaps) = side(evaluation, direction, reading);
            hangs_on_addresses |= perhaps;
            passes
        })
    });
    (!hangs_on_addresses).then_some(truth)
}

/// Under one reading of what enters in both senses: all else that is open only lets more pass. And whether an address that
/// nobody knows may be one that a block holds.
fn side<'t, L: Logic>(
    evaluation: Evaluation<'_, 't, L>,
    direction: Direction,
    reading: Reading<'t>,
) -> (L::Truth, bool) {
    let logic = evaluation.logic;
    let side = JudgedSide::new(evaluation, direction, reading);
    let (mut passes, asked) = match side.before_rules() {
        BeforeRules::Pass(_) => return (L::YES, false),
        BeforeRules::Rules { anyway, asked } => (anyway, asked),
    };
    let mut is_perhaps = false;
    if asked == L::NO {
        return (passes, is_perhaps);
    }
    for rule in side.isolating().flat_map(|policy| policy.rules(direction)) {
        let matched = side.matcher().matched(rule);
        let mut peers = matched.peers.certainly;
        if matched.peers.perhaps != L::NO {
            is_perhaps = true;
            peers = logic.or(peers, logic.and(matched.peers.perhaps, logic.open(matched.peers.open)));
        }
        passes = logic.or(passes, logic.and(asked, logic.and(matched.ports, peers)));
        if passes == L::YES {
            break;
        }
    }
    (passes, is_perhaps)
}
