//! One flow, asked of the reference and of the second mind.

use std::collections::BTreeSet;

use netpol_oracle::profile::Rows;
use netpol_oracle::verdict::{Backend, Judged, Reason, Side};
use netpol_oracle::{Decide, Decision, Direction, Flow, FlowError, Reference, Row, Verdict};
use proptest::prelude::*;

use crate::support::two_valued::{Route, explore};
use crate::support::worlds::World;

/// The code of a flow's error; those about families are one.
pub(super) fn error_code(code: &str) -> &str {
    match code {
        "no-common-family" | "wrong-family" | "node-without-address" => "family",
        other => other,
    }
}

/// What is said by way of the backend at that place; one may be there several times, on a port each.
pub(super) fn both_sides<'d>(
    decision: &'d Decision,
    (at, backend): (usize, Option<&Backend>),
) -> (Verdict, Rows, [(Direction, &'d Side); 2]) {
    let (verdict, rows, sides) = match &decision.judged {
        Judged::Sides(sides) => (decision.verdict, decision.rows, sides),
        Judged::Backends(backends) => {
            let found = &backends[at];
            assert_eq!(Some(&found.backend), backend, "{decision:?}");
            (found.verdict, found.rows, &found.sides)
        }
    };
    (verdict, rows, [(Direction::Egress, &sides.egress), (Direction::Ingress, &sides.ingress)])
}

/// What the two minds are compared in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Compared {
    Verdicts,
    Rows,
    Both,
}

impl Compared {
    fn verdicts(self) -> bool {
        self != Self::Rows
    }

    fn rows(self) -> bool {
        self != Self::Verdicts
    }
}

/// Whether the second mind says of the flow what the definition says.
pub(crate) fn agree(world: &World, flow: &Flow, compared: Compared) -> Result<(), String> {
    let decision = Reference::new(&world.cluster, &world.profile).decide(flow);
    agrees(world, flow, &decision, compared)
}

/// Whether the second mind says of the flow what `decision` says.
pub(crate) fn agrees(
    world: &World,
    flow: &Flow,
    decision: &Result<Decision, FlowError>,
    compared: Compared,
) -> Result<(), String> {
    let route = Route::of(&world.cluster, &world.profile, flow);
    let (decision, route) = match (decision, route) {
        (Ok(decision), Ok(route)) => (decision, route),
        // Where several things are wrong with a flow nobody says which is told.
        (Err(_), Err(_)) => return Ok(()),
        (decision, route) => {
            let decision = decision.as_ref().map(|decision| decision.verdict).map_err(|error| error.code());
            let mine = route.map(|route| route.crossings.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
            return Err(format!("{flow}: decided {decision:?}, second mind: {mine:?}"));
        }
    };
    if let Judged::Backends(backends) = &decision.judged {
        let got: Vec<Option<&Backend>> = backends.iter().map(|each| Some(&each.backend)).collect();
        let mine: Vec<Option<&Backend>> = route.crossings.iter().map(|(name, _)| name.as_ref()).collect();
        if got != mine {
            return Err(format!("{flow}: backends: decided {got:?}, second mind {mine:?}"));
        }
    }
    let mut verdicts = BTreeSet::new();
    let mut rows = Rows::NONE;
    for (place, (backend, crossing)) in route.crossings.iter().enumerate() {
        let backend = backend.as_ref();
        let at = backend.map(|backend| format!(" via {backend}")).unwrap_or_default();
        let mine = explore(|resolve| crossing.passes(resolve));
        let (verdict, named, sides) = both_sides(decision, (place, backend));
        if compared.verdicts() && mine.whole && verdict != mine.verdict {
            let said = format!("decided {verdict} [{named}], second mind {} [{}]", mine.verdict, mine.deciding);
            return Err(format!("{flow}{at}: {said}"));
        }
        verdicts.insert(verdict);
        if verdict == Verdict::Undefined {
            rows = rows.union(named);
        }
        let differ = if mine.whole { named != mine.deciding } else { !mine.deciding.is_subset(named) };
        if compared.rows() && verdict == Verdict::Undefined && differ {
            return Err(format!("{flow}{at}: rows: decided [{named}], second mind [{}]", mine.deciding));
        }
        for (direction, side) in sides {
            let mine = explore(|resolve| crossing.side(direction, resolve));
            if compared.verdicts() && mine.whole && side.verdict != mine.verdict {
                let said = format!("decided {} ({})", side.verdict, side.reason.code());
                return Err(format!("{flow}{at}, {direction}: {said}, second mind {}", mine.verdict));
            }
            if let (true, Reason::Open { rows, .. }, true) = (compared.rows(), &side.reason, mine.whole) {
                if *rows != mine.deciding {
                    let said = format!("decided [{rows}], second mind [{}]", mine.deciding);
                    return Err(format!("{flow}{at}, {direction}: rows: {said}"));
                }
            }
        }
    }
    // K23: backends that agree, or not.
    let whole = match verdicts.iter().copied().collect::<Vec<_>>()[..] {
        [one] => one,
        _ => Verdict::Undefined,
    };
    if verdicts.contains(&Verdict::Allow) && verdicts.contains(&Verdict::Deny) {
        rows.insert(Row::K23);
    }
    if decision.verdict != whole {
        return Err(format!("{flow}: decided {}, its backends together {whole}", decision.verdict));
    }
    if whole == Verdict::Undefined && decision.rows != rows {
        return Err(format!("{flow}: named [{}], by its backends together [{rows}]", decision.rows));
    }
    Ok(())
}

pub(crate) fn all_agree(world: &World, compared: Compared) -> Result<(), TestCaseError> {
    for flow in &world.flows {
        agree(world, flow, compared).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

/// What the second mind alone says: verdict, and the rows of Undefined.
#[cfg(feature = "yaml")]
pub(crate) fn second_mind(world: &World, flow: &Flow) -> Result<(Verdict, Rows), &'static str> {
    let route = Route::of(&world.cluster, &world.profile, flow)?;
    let all: Vec<_> = route.crossings.iter().map(|(_, crossing)| explore(|resolve| crossing.passes(resolve))).collect();
    let open = all.iter().filter(|each| each.verdict == Verdict::Undefined);
    let mut rows = open.fold(Rows::NONE, |rows, each| rows.union(each.deciding));
    let any = |verdict| all.iter().any(|each| each.verdict == verdict);
    match (any(Verdict::Allow), any(Verdict::Deny), any(Verdict::Undefined)) {
        (true, false, false) => Ok((Verdict::Allow, rows)),
        (false, true, false) => Ok((Verdict::Deny, rows)),
        (allow, deny, _) => {
            if allow && deny {
                rows.insert(Row::K23);
            }
            Ok((Verdict::Undefined, rows))
        }
    }
}
