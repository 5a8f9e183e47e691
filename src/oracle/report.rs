//! What came of holding a data plane against the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::model::flow::L4;
use crate::name::Direction;
use crate::oracle::data_plane::{Observed, Outcome};
use crate::oracle::face::ComesFrom;
use crate::oracle::probe::Probe;
use crate::oracle::probe_end::{ProbeEnd, ProbeWho};
use crate::profile::row::Row;
use crate::text::counted;
use crate::verdict::Decision;

/// How many mismatches, errors or lines of a kind a text names before it counts the rest.
const SHOWN: usize = 10;

/// What a [`check`](crate::oracle::check) found; as text what an engineer of the data plane wants to read first.
///
/// Every probe is counted once: `probes` = `agreed` + `undefined` + mismatches + those not observable + errors.
///
/// As JSON, with [`Mismatch`] and [`Probe`] as they say:
///
/// ```text
/// {
///   "compared": "sides",
///   "probes": 5,
///   "agreed": 1,
///   "delivered": 1,
///   "undefined": 1,
///   "undefined_by": {"U1": 1},
///   "mismatches": [MISMATCH],
///   "not_observable": {"no tap on n2": 1},
///   "not_judged": {"unknown-object": 1},
///   "errors": [{"probe": PROBE, "message": "link down"}],
///   "coverage": {"asked": 6, "of": 7},
///   "stopped": "mismatches"
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How much of a flow the data plane showed.
    pub compared: Strength,
    /// Probes sent, whatever came of them.
    pub probes: usize,
    /// All that was seen has a definite verdict, and the data plane did so.
    pub agreed: usize,
    /// Of the agreed ones those that pass end to end; the others do not.
    pub delivered: usize,
    /// Nothing differs, and of something that was seen the verdict is Undefined: a data plane cannot be wrong about that.
    pub undefined: usize,
    /// Of these, so many whose verdict is Undefined by each row. One may be so by several, and by none where a side alone is Undefined.
    pub undefined_by: BTreeMap<Row, usize>,
    /// Where data plane and engine differ, in the order they were found.
    pub mismatches: Vec<Mismatch>,
    /// Probes of which the data plane cannot show what became, by its reason.
    pub not_observable: BTreeMap<String, usize>,
    /// Flows that cannot be judged and were not sent, by [`FlowError::code`](crate::FlowError::code).
    pub not_judged: BTreeMap<&'static str, usize>,
    /// The data plane's own errors: it could not say what became of the probe.
    pub errors: Vec<ProbeError>,
    /// How many of the flows were asked.
    pub coverage: Coverage,
    /// Why not all of them, if so.
    pub stopped: Option<Stop>,
}

/// A probe of which the data plane could not say what became.
///
/// ```text
/// {"probe": PROBE, "message": "link down"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {message}", .probe.flow)]
#[non_exhaustive]
pub struct ProbeError {
    /// The probe.
    pub probe: Probe,
    /// What the data plane says.
    pub message: String,
}

/// How much of a flow a data plane showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strength {
    /// No probe was seen: nothing was compared.
    #[default]
    Nothing,
    /// Whether a packet arrived. Two mistakes can hide each other: a side that should drop it and does not, where the other
    /// does.
    EndToEnd,
    /// Each side on its own: a mistake at either shows.
    Sides,
    /// Each side of some probes, end to end for others.
    Mixed,
}

/// A share of flows that was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// So many were asked.
    pub asked: u64,
    /// Of so many; `None` where the asking stopped before flows that do not say how many they are.
    pub of: Option<u64>,
}

/// Why a check ended before all flows were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stop {
    /// [`Options::budget`](crate::oracle::Options::budget) was used up.
    Budget,
    /// [`Options::stop_after_mismatches`](crate::oracle::Options::stop_after_mismatches) were found.
    Mismatches,
}

/// The data plane did with a probe what it must not. As JSON, with [`Probe`] and [`Decision`] as they say, and
/// what explains it as one text:
///
/// ```text
/// {
///   "probe": PROBE,
///   "decision": DECISION,
///   "observed": {"sides": {"egress": "delivered", "ingress": "delivered"}},
///   "directions": ["ingress"],
///   "explanation": EXPLANATION
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mismatch {
    /// The probe: its flow can be asked again by itself.
    pub probe: Probe,
    /// What the engine says; of a Service flow by way of this backend alone.
    pub decision: Decision,
    /// What the data plane did.
    pub observed: Observed,
    /// The sides that differ. None where only the whole does: where just that was seen, or where two readings deny on
    /// different sides ([U2](crate::semantics#u2)) and the data plane on neither.
    pub directions: Vec<Direction>,
    /// The decision [explained](crate::explain).
    pub explanation: String,
}

impl Report {
    /// Something was compared, nothing differs, and the data plane had no errors.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.mismatches.is_empty() && self.errors.is_empty() && self.compared != Strength::Nothing
    }
}

impl Strength {
    /// The strength of a report that had `self` and sees `observed`.
    pub(super) fn with(self, observed: &Observed) -> Self {
        let now = match observed {
            Observed::NotObservable(_) => return self,
            Observed::EndToEnd(_) => Self::EndToEnd,
            Observed::Sides { .. } => Self::Sides,
        };
        if self == Self::Nothing || self == now { now } else { Self::Mixed }
    }
}

impl Coverage {
    /// The share, from 0 to 1; all of nothing is 1.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        self.of.map(|whole| if whole == 0 { 1.0 } else { self.asked as f64 / whole as f64 })
    }

    /// Whether all were asked.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.of == Some(self.asked)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.of, self.share()) {
            (Some(of), _) if of == self.asked => write!(f, "all {}", counted(of, "flow", "flows")),
            (Some(of), Some(share)) => {
                write!(f, "{} of {} ({:.1} %)", self.asked, counted(of, "flow", "flows"), share * 100.0)
            }
            _ => write!(f, "the first {}", counted(self.asked, "flow", "flows")),
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing was compared",
            Self::EndToEnd => "compared end to end",
            Self::Sides => "compared at each side",
            Self::Mixed => "compared at each side or end to end",
        })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Budget => "the budget is used up",
            Self::Mismatches => "enough mismatches",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { compared, probes, agreed, delivered, undefined, mismatches, errors, coverage, .. } = self;
        let not_observable: usize = self.not_observable.values().sum();
        writeln!(
            f,
            "{}: {agreed} agreed ({delivered} delivered, {} dropped), {undefined} undefined, {}, \
             {not_observable} not observable, {}; {compared}",
            counted(*probes, "probe", "probes"),
            agreed - delivered,
            counted(mismatches.len(), "mismatch", "mismatches"),
            counted(errors.len(), "error", "errors"),
        )?;
        write!(f, "asked {coverage}")?;
        match self.stopped {
            Some(stop) => writeln!(f, ": {stop}")?,
            None => writeln!(f)?,
        }
        for (row, count) in &self.undefined_by {
            writeln!(f, "{count} undefined by {row}")?;
        }
        for (reason, count) in self.not_observable.iter().take(SHOWN) {
            writeln!(f, "{count} not observable: {reason}")?;
        }
        and_more(f, self.not_observable.len(), ["more reason", "more reasons"])?;
        for (code, count) in &self.not_judged {
            writeln!(f, "{} not judged: {code}", counted(*count, "flow", "flows"))?;
        }
        for error in errors.iter().take(SHOWN) {
            writeln!(f, "error: {error}")?;
        }
        and_more(f, errors.len(), ["more error", "more errors"])?;
        for mismatch in mismatches.iter().take(SHOWN) {
            write!(f, "{mismatch}")?;
        }
        and_more(f, mismatches.len(), ["more mismatch", "more mismatches"])
    }
}

fn and_more(f: &mut fmt::Formatter<'_>, count: usize, [one, many]: [&str; 2]) -> fmt::Result {
    match count.checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(f, "and {}", counted(more, one, many)),
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { probe, observed, .. } = self;
        write!(f, "mismatch: {} was {}", probe.flow, Seen(observed))?;
        match self.directions.as_slice() {
            [] => writeln!(f)?,
            [one] => writeln!(f, ": {one} differs")?,
            _ => writeln!(f, ": both differ")?,
        }
        write!(f, "  packet: {} -> {}", At(&probe.source), At(&probe.destination))?;
        match probe.l4 {
            L4::Port(protocol, port) => write!(f, " {protocol} {port}")?,
            L4::Icmp => write!(f, " ICMP")?,
            L4::Other(number) => write!(f, " protocol {}", number.get())?,
        }
        if let Some(address) = probe.sent_to {
            write!(f, ", sent to {address}")?;
        }
        match &probe.comes_from {
            ComesFrom::Source => writeln!(f)?,
            ComesFrom::Node(node) => writeln!(f, ", passed on by {}", At(node))?,
            ComesFrom::AnyNode => writeln!(f, ", passed on by some node")?,
            ComesFrom::SourceOrNode(node) => writeln!(f, ", perhaps passed on by {}", At(node))?,
            ComesFrom::SourceOrAnyNode => writeln!(f, ", perhaps passed on by some node")?,
        }
        for line in self.explanation.lines() {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// What became of a packet, in words.
struct Seen<'a>(&'a Observed);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |outcome: Outcome| match outcome {
            Outcome::Delivered => "delivered",
            Outcome::Dropped => "dropped",
        };
        match self.0 {
            Observed::EndToEnd(outcome) => f.write_str(word(*outcome)),
            Observed::Sides { egress, ingress } if egress == ingress => write!(f, "{} at both sides", word(*egress)),
            Observed::Sides { egress, ingress } => {
                write!(f, "{} at egress and {} at ingress", word(*egress), word(*ingress))
            }
            Observed::NotObservable(reason) => write!(f, "not observable: {reason}"),
        }
    }
}

/// An end with its address.
struct At<'a>(&'a ProbeEnd);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address: Option<IpAddr> = self.0.address;
        match address {
            Some(address) => write!(f, "{address}")?,
            None => write!(f, "no address")?,
        }
        match &self.0.who {
            ProbeWho::Pod(name) => write!(f, " (pod {name})"),
            ProbeWho::Workload(kind, name) => write!(f, " ({kind} {name})"),
            ProbeWho::Replica(name) => write!(f, " (replica {name})"),
            ProbeWho::Labelled(namespace, labels) => write!(f, " ({namespace}/{{{labels}}})"),
            ProbeWho::Node(Some(name)) => write!(f, " (node {name})"),
            ProbeWho::Node(None) => write!(f, " (a node)"),
            ProbeWho::Outside => Ok(()),
        }
    }
}
