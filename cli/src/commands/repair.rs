//! `netpol decide --repair`: what would give a flow another verdict.

use std::io::{self, Write};

use clap::ValueEnum;
use netpol_oracle::analysis::{Repair, why_not};
use netpol_oracle::{Decision, Snapshot, Verdict};
use serde::Serialize;

use crate::output;

/// How many repairs the text shows, and how many changes of each.
const SHOWN: usize = 3;

/// Which verdict a flow is to have.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Wanted {
    Allow,
    Deny,
    /// Deny where it is allowed, allow where it is not
    Other,
}

/// What would give a flow the verdict that is wanted.
#[derive(Serialize)]
pub(super) struct Repaired {
    wanted: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<Vec<Repair>>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    irreparable: Option<String>,
}

/// None where the flow has that verdict.
pub(super) fn of(snapshot: &Snapshot, decision: &Decision, wanted: Wanted) -> Option<Repaired> {
    let wanted = match (wanted, decision.verdict) {
        (Wanted::Deny, _) | (Wanted::Other, Verdict::Allow) => Verdict::Deny,
        (Wanted::Allow, _) | (Wanted::Other, Verdict::Deny | Verdict::Undefined) => Verdict::Allow,
    };
    if wanted == decision.verdict {
        return None;
    }
    Some(match why_not(snapshot, &decision.flow, wanted) {
        Ok(repairs) => Repaired { wanted, repairs: Some(repairs), irreparable: None },
        Err(error) => Repaired { wanted, repairs: None, irreparable: Some(error.to_string()) },
    })
}

impl Repaired {
    /// The first of them, each as a manifest.
    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(why) = &self.irreparable {
            return writeln!(out, "  to {}: {why}", self.wanted);
        }
        let repairs = self.repairs.as_deref().unwrap_or(&[]);
        for (at, repair) in repairs.iter().take(SHOWN).enumerate() {
            let edits: Vec<String> = repair.edits.iter().map(ToString::to_string).collect();
            writeln!(out, "  to {}, {} of {}: {}", self.wanted, at + 1, repairs.len(), edits.join("; "))?;
            for change in repair.changes.iter().take(SHOWN) {
                let (source, destination) = (&change.source, &change.destination);
                write!(out, "    {} to {}: ", change.before, output::verdict(change.after, change.after))?;
                writeln!(out, "{source} -> {destination} on {}", change.ports)?;
            }
            if repair.changes.len() > SHOWN {
                writeln!(out, "    and {} more", repair.changes.len() - SHOWN)?;
            }
            write!(out, "{}", repair.manifests())?;
        }
        if repairs.len() > SHOWN {
            writeln!(out, "  and {} more: `--output json` has them all", repairs.len() - SHOWN)?;
        }
        Ok(())
    }
}
