//! Undefined, and its rows, are what every resolution together says.

use netpol_oracle::profile::Rows;
use netpol_oracle::{Decide, Reference, Row, Verdict};
use proptest::prelude::*;

use super::agree::{Compared, all_agree};
use super::cases;
use crate::support::worlds::{every_row_open, plain_kubernetes, worlds, worlds_on};

proptest! {
    #![proptest_config(cases(300))]

    /// Undefined exactly where two resolutions of what is open disagree; otherwise what they agree on. Each side,
    /// each backend.
    #[test]
    fn undefined_is_where_resolutions_disagree(world in worlds()) {
        all_agree(&world, Compared::Verdicts)?;
    }

    /// The rows of Undefined: those of the behaviours that decide under some resolution of the others.
    #[test]
    fn rows_of_undefined_decide(world in worlds()) {
        all_agree(&world, Compared::Rows)?;
    }

    /// The same where every row is open at once.
    #[test]
    fn every_row_open_at_once(world in worlds_on(every_row_open(), 4)) {
        all_agree(&world, Compared::Verdicts)?;
        all_agree(&world, Compared::Rows)?;
    }

    /// Upstream leaves nothing open for TCP, UDP and SCTP but U2 to U9, and K23 where backends differ.
    #[test]
    fn kubernetes_leaves_little_open(world in worlds_on(plain_kubernetes(), 6)) {
        let is_few = |row: &Row| *row > Row::U1;
        let few: Rows = Row::ALL.iter().copied().filter(is_few).collect();
        let reference = Reference::new(&world.cluster, &world.profile);
        for flow in &world.flows {
            let Ok(decision) = reference.decide(flow) else { continue };
            if matches!(flow.l4, netpol_oracle::L4::Port(..)) {
                prop_assert!(decision.rows.is_subset(few), "{}: [{}]", flow, decision.rows);
                prop_assert_eq!(decision.verdict == Verdict::Undefined, !decision.rows.is_empty(), "{}", flow);
            }
        }
        all_agree(&world, Compared::Verdicts)?;
        all_agree(&world, Compared::Rows)?;
    }
}
