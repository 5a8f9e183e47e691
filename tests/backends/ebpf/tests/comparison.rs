//! What was seen against what is defined.

use std::collections::BTreeMap;
use std::fmt;

use netpol_oracle::oracle::{DataPlane, Face, Observed, Outcome, Probe, ProbeEnd};
use netpol_oracle::{L4, Verdict};

use netpol_backend_ebpf::EbpfPlane;
use netpol_test_support::faces::Asked;

/// A probe and what each side must do.
pub(crate) struct Question {
    pub(crate) probe: Probe,
    pub(crate) egress: Verdict,
    pub(crate) ingress: Verdict,
}

impl From<Asked> for Question {
    fn from(Asked { probe, egress, ingress, .. }: Asked) -> Self {
        Self { probe, egress, ingress }
    }
}

/// How questions were answered.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) probes: u64,
    /// Sides, two a probe.
    pub(crate) agreed: u64,
    pub(crate) dropped: u64,
    pub(crate) undefined: u64,
    /// Probes, by the reason.
    pub(crate) unobservable: BTreeMap<String, u64>,
    /// Probes that were seen, by the face that they were sent to.
    pub(crate) faces: BTreeMap<Face, u64>,
    pub(crate) mismatches: Vec<String>,
}

impl Tally {
    /// Asks the data plane and counts.
    pub(crate) fn ask(&mut self, plane: &mut EbpfPlane, question: &Question) {
        let probe = &question.probe;
        self.probes += 1;
        match plane.probe(probe).unwrap() {
            Observed::Sides { egress, ingress } => {
                probe.face.into_iter().for_each(|face| *self.faces.entry(face).or_default() += 1);
                for (side, seen, verdict) in
                    [("egress", egress, question.egress), ("ingress", ingress, question.ingress)]
                {
                    self.count(seen, verdict, || mismatch(probe, side, verdict, seen));
                }
            }
            Observed::NotObservable(reason) => *self.unobservable.entry(reason).or_default() += 1,
            _ => panic!("this data plane sees sides"),
        }
    }

    fn count(&mut self, seen: Outcome, verdict: Verdict, text: impl Fn() -> String) {
        match (verdict, seen) {
            (Verdict::Undefined, _) => self.undefined += 1,
            (Verdict::Allow, Outcome::Delivered) => self.agreed += 1,
            (Verdict::Deny, Outcome::Dropped) => {
                self.agreed += 1;
                self.dropped += 1;
            }
            _ => self.mismatches.push(text()),
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.probes += other.probes;
        self.agreed += other.agreed;
        self.dropped += other.dropped;
        self.undefined += other.undefined;
        for (reason, count) in other.unobservable {
            *self.unobservable.entry(reason).or_default() += count;
        }
        for (face, count) in other.faces {
            *self.faces.entry(face).or_default() += count;
        }
        self.mismatches.extend(other.mismatches);
    }
}

fn mismatch(probe: &Probe, side: &str, verdict: Verdict, seen: Outcome) -> String {
    let address = |end: &ProbeEnd| end.address.map_or_else(|| "?".to_owned(), |address| address.to_string());
    // Of a Service flow what the packet was made from is what it was translated to.
    let service = match (probe.sent_to, probe.l4) {
        (Some(_), L4::Port(_, port)) => format!(" (to port {port} of {})", address(&probe.destination)),
        _ => String::new(),
    };
    format!("{}{service}: {side} is `{verdict}`, the packet was {seen:?}", probe.flow)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unobservable: u64 = self.unobservable.values().sum();
        write!(
            f,
            "{} probes; sides: {} agreed ({} of them dropped), {} undefined, {} mismatched; {unobservable} probes not observable",
            self.probes,
            self.agreed,
            self.dropped,
            self.undefined,
            self.mismatches.len(),
        )?;
        self.faces.iter().try_for_each(|(face, count)| write!(f, "\n    {count} seen by {face:?}"))?;
        self.unobservable.iter().try_for_each(|(reason, count)| write!(f, "\n    {count}: {reason}"))
    }
}
