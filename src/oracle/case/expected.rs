//! What is right for a flow of a case, and what is said of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::profile::row::Rows;
use crate::verdict::{Backend, BackendDecision, Decision, FlowError, Judged, NoteCode, Side, Sides, Verdict};

/// What is right for a flow of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// It is answered so.
    Answer(Answer),
    /// It cannot be judged, by the error of this [code](FlowError::code).
    Error(&'static str),
}

/// The answer to a flow of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// End to end.
    pub verdict: Verdict,
    /// The rows it hangs on; `None`: not looked at.
    pub rows: Option<Rows>,
    /// The source's side. A Service that several backends serve has no sides.
    pub egress: AnswerSide,
    /// The destination's side.
    pub ingress: AnswerSide,
    /// Of a Service the verdict by way of each of its backends, and that there are no others; `None`: not looked at.
    pub backends: Option<BTreeMap<Backend, Verdict>>,
    /// The codes of the notes beside it ([K28](crate::semantics#k28)), in their order; `None`: not looked at.
    pub notes: Option<Vec<NoteCode>>,
}

/// One side of an answer: what is `None` is not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerSide {
    /// What this side alone says.
    pub verdict: Option<Verdict>,
    /// Why, by its [code](crate::verdict::Reason::code).
    pub reason: Option<&'static str>,
}

impl Expected {
    /// The answer, unless there is to be none.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Error(_) => None,
        }
    }

    /// Whether `now` says the same wherever this says something.
    pub(super) fn holds(&self, now: &Result<Answer, FlowError>) -> bool {
        match (self, now) {
            (Self::Answer(stated), Ok(now)) => stated.holds(now),
            (Self::Error(code), Err(error)) => *code == error.code(),
            (Self::Answer(_), Err(_)) | (Self::Error(_), Ok(_)) => false,
        }
    }
}

impl Answer {
    /// A verdict alone: nothing else is looked at.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        let (egress, ingress) = Default::default();
        Self { verdict, rows: None, egress, ingress, backends: None, notes: None }
    }

    /// What `decision` says; of one backend where `backend` names it.
    ///
    /// None where `backend` is not among those of the decision.
    #[must_use]
    pub fn of(decision: &Decision, backend: Option<IpAddr>) -> Option<Self> {
        let with = |verdict, rows, sides: Option<&Sides>| Self {
            verdict,
            rows: Some(rows),
            egress: sides.map(|sides| AnswerSide::of(&sides.egress)).unwrap_or_default(),
            ingress: sides.map(|sides| AnswerSide::of(&sides.ingress)).unwrap_or_default(),
            backends: None,
            notes: Some(decision.notes.iter().map(|note| note.code).collect()),
        };
        match (&decision.judged, backend) {
            (Judged::Sides(sides), None) => Some(with(decision.verdict, decision.rows, Some(sides))),
            (Judged::Sides(_), Some(_)) => None,
            (Judged::Backends(backends), None) => {
                let answer = match backends.as_slice() {
                    [one] => with(one.verdict, one.rows, Some(&one.sides)),
                    _ => with(decision.verdict, decision.rows, None),
                };
                Some(Self { backends: Some(by_backend(backends)), ..answer })
            }
            (Judged::Backends(backends), Some(address)) => {
                let meant = backends.iter().find(|each| each.backend == Backend::Address(address))?;
                Some(with(meant.verdict, meant.rows, Some(&meant.sides)))
            }
        }
    }

    fn holds(&self, now: &Self) -> bool {
        self.verdict == now.verdict
            && fits(self.rows.as_ref(), now.rows.as_ref())
            && self.egress.holds(&now.egress)
            && self.ingress.holds(&now.ingress)
            && fits(self.backends.as_ref(), now.backends.as_ref())
            && fits(self.notes.as_ref(), now.notes.as_ref())
    }
}

/// What each backend says; one that is reached on several ports, which differ, nothing for certain.
pub(super) fn by_backend(backends: &[BackendDecision]) -> BTreeMap<Backend, Verdict> {
    let mut verdicts: BTreeMap<Backend, Verdict> = BTreeMap::new();
    for each in backends {
        let verdict = verdicts.entry(each.backend.clone()).or_insert(each.verdict);
        if *verdict != each.verdict {
            *verdict = Verdict::Undefined;
        }
    }
    verdicts
}

impl AnswerSide {
    fn of(side: &Side) -> Self {
        Self { verdict: Some(side.verdict), reason: Some(side.reason.code()) }
    }

    fn holds(&self, now: &Self) -> bool {
        fits(self.verdict, now.verdict) && fits(self.reason, now.reason)
    }
}

impl Serialize for Expected {
    /// As a case file has it: what is not looked at is not written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Answer(answer) => answer.serialize(serializer),
            Self::Error(code) => {
                let mut written = serializer.serialize_map(Some(1))?;
                written.serialize_entry("error", code)?;
                written.end()
            }
        }
    }
}

impl Serialize for Answer {
    /// As a case file has it: what is not looked at is not written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sides = [("egress", self.egress), ("ingress", self.ingress)];
        let mut written = serializer.serialize_map(None)?;
        written.serialize_entry("verdict", &self.verdict)?;
        if let Some(rows) = &self.rows {
            written.serialize_entry("rows", rows)?;
        }
        for (name, side) in sides {
            if let Some(verdict) = side.verdict {
                written.serialize_entry(name, &verdict)?;
            }
        }
        let reasons: BTreeMap<_, _> = sides.iter().filter_map(|(name, side)| Some((name, side.reason?))).collect();
        if !reasons.is_empty() {
            written.serialize_entry("reasons", &reasons)?;
        }
        if let Some(backends) = &self.backends {
            let backends: BTreeMap<_, _> =
                backends.iter().map(|(backend, verdict)| (backend.to_string(), verdict)).collect();
            written.serialize_entry("backends", &backends)?;
        }
        if let Some(notes) = &self.notes {
            written.serialize_entry("notes", notes)?;
        }
        written.end()
    }
}

fn fits<T: PartialEq>(stated: Option<T>, now: Option<T>) -> bool {
    stated.is_none() || stated == now
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => write!(f, "{answer}"),
            Self::Error(code) => write!(f, "the error {code}"),
        }
    }
}

impl fmt::Display for Answer {
    /// `deny (C1) (egress allow: rule, ingress deny: no-rule)`, as far as it is stated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        if let Some(rows) = self.rows.filter(|rows| !rows.is_empty()) {
            write!(f, " ({rows})")?;
        }
        let sides = [("egress", self.egress), ("ingress", self.ingress)];
        let sides = sides.into_iter().filter_map(|(name, side)| match (side.verdict, side.reason) {
            (Some(verdict), Some(reason)) => Some(format!("{name} {verdict}: {reason}")),
            (Some(verdict), None) => Some(format!("{name} {verdict}")),
            (None, Some(reason)) => Some(format!("{name}: {reason}")),
            (None, None) => None,
        });
        let backends = self.backends.iter().flatten().map(|(backend, verdict)| format!("{backend} {verdict}"));
        let notes = self.notes.iter().flatten().map(|code| code.as_str().to_owned());
        for list in [sides.collect::<Vec<_>>(), backends.collect(), notes.collect()] {
            if !list.is_empty() {
                write!(f, " ({})", list.join(", "))?;
            }
        }
        Ok(())
    }
}
