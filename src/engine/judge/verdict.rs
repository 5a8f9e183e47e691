//! Verdicts alone, in the coarse grain: exact, for any ends and any setting of the rows.

use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::logic::{Coarse, Logic, MustMay};
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
        let of = |direction| evaluation.of_side(direction, shared, |reading| side(evaluation, direction, reading));
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
        evaluation.of_side(direction, shared, |reading| side(evaluation, direction, reading))
    }))
}

/// Exact under one reading of what enters in both senses: all else that is open only lets more pass.
fn side<'t>(evaluation: Evaluation<'_, 't, Coarse>, direction: Direction, reading: Reading<'t>) -> MustMay {
    let side = JudgedSide::new(evaluation, direction, reading);
    let (mut passes, asked) = match side.before_rules() {
        BeforeRules::Pass(_) => return Coarse::YES,
        BeforeRules::Rules { anyway, asked } => (anyway, asked),
    };
    if asked == Coarse::NO {
        return passes;
    }
    for rule in side.isolating().flat_map(|policy| policy.rules(direction)) {
        let matched = side.matcher().matched(rule);
        let perhaps = Coarse.and(matched.peers.perhaps, Coarse.open(matched.peers.open));
        let peers = Coarse.or(matched.peers.certainly, perhaps);
        passes = Coarse.or(passes, Coarse.and(asked, Coarse.and(matched.ports, peers)));
        if passes == Coarse::YES {
            break;
        }
    }
    passes
}
