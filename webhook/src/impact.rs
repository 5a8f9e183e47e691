//! What a change opens and closes: worked out, in lines, and what of it may be refused.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::ValueEnum;
use netpol_input::counted;
use netpol_oracle::analysis::{self, Ends, FlowChange, Isolation, IsolationChange};
use netpol_oracle::model::Endpoint;
use netpol_oracle::{Direction, NetworkPolicy, ObjectName, Profile, Reference, Verdict};

use crate::view::{Sight, age_text};
use crate::warnings::{LONGEST, cut, one_line};

/// Most lines of connections.
const CONNECTIONS: usize = 6;
/// How many pods a line names.
const NAMED: usize = 3;

/// One policy's coming, going or changing.
#[derive(Debug, Clone)]
pub struct Change {
    /// What stood before.
    pub before: Option<NetworkPolicy>,
    /// What stands after.
    pub after: Option<NetworkPolicy>,
    /// Whether it may be refused for what it does.
    pub may_be_refused: bool,
}

impl Change {
    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> Option<&ObjectName> {
        self.after.as_ref().or(self.before.as_ref()).map(NetworkPolicy::name)
    }

    /// Whether nothing changes at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.before == self.after
    }
}

/// What of an impact may be refused (`--deny-impact`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Kind {
    /// A connection that was denied becomes allowed, or may
    Opens,
    /// The same, with an address outside the cluster at one end
    OpensOutside,
    /// The same, between two namespaces
    OpensAcrossNamespaces,
    /// A connection that was allowed becomes denied, or may
    Closes,
    /// The same, with an address outside the cluster at one end
    ClosesOutside,
    /// It is left open whether a connection that was allowed or denied passes
    BecomesUndefined,
    /// A pod that no policy isolated becomes isolated
    IsolationAdded,
    /// An isolated pod becomes free: everything reaches it, or it reaches everything
    IsolationRemoved,
    /// The impact is not known, or not all of it: not in time, beyond the search's bound, no view of the cluster
    Unknown,
}

impl Kind {
    /// As the flag has it.
    #[must_use]
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What became of the comparison of before and after.
#[derive(Debug)]
pub enum Impact {
    /// It was not asked for.
    Off,
    /// Nothing changes.
    None,
    /// What changes.
    Known(Changes),
    /// It was not ready in time.
    Late,
    /// There is no view of the cluster yet.
    Unseen,
}

/// What changes, in lines, and of which kinds it is.
#[derive(Debug, Default)]
pub struct Changes {
    lines: Vec<Line>,
    kinds: BTreeSet<Kind>,
}

/// One line.
#[derive(Debug)]
enum Line {
    Plain(String),
    /// Ports and what becomes of them; a flow that shows it, which is never cut; whom else it is about.
    Connection {
        lead: String,
        witness: String,
        rest: String,
    },
}

/// Works out what `change` does to what is in sight. May take long.
#[must_use]
pub fn work_out(sight: &Sight, change: &Change, profile: &Profile) -> Impact {
    let Some(name) = change.name() else { return Impact::None };
    let before = sight.with(name, change.before.as_ref());
    let after = sight.with(name, change.after.as_ref());
    let found = analysis::impact(&Reference::new(&before, profile), &Reference::new(&after, profile));
    if found.is_empty() && !found.exhausted {
        return Impact::None;
    }
    let mut changes = Changes::default();
    for direction in [Direction::Ingress, Direction::Egress] {
        for (becomes, said) in [
            (Isolation::Isolated, "isolated"),
            (Isolation::Free, "free"),
            (Isolation::Open, "isolated or free, by a label that a controller sets"),
        ] {
            let of_kind = |each: &&IsolationChange| each.direction == direction && each.becomes == becomes;
            let pods: Vec<&IsolationChange> = found.isolation.iter().filter(of_kind).collect();
            if !pods.is_empty() {
                changes.lines.push(Line::Plain(format!("{direction}: {} {said}", named(&pods))));
            }
        }
    }
    changes.kinds.extend(found.isolation.iter().map(|each| match each.becomes {
        Isolation::Isolated => Kind::IsolationAdded,
        // Where it hangs on a label, some pod may.
        Isolation::Free | Isolation::Open => Kind::IsolationRemoved,
    }));
    changes.lines.extend(found.flows.iter().take(CONNECTIONS).map(connection));
    found.flows.iter().for_each(|flow| kinds_of(flow, &mut changes.kinds));
    let more = found.flows.len().saturating_sub(CONNECTIONS) + found.omitted;
    if more > 0 {
        changes.lines.push(Line::Plain(counted(more, "more kind of change", "more kinds of change")));
    }
    if found.is_empty() {
        changes.lines.push(Line::Plain("no connection was found that opens or closes".to_owned()));
    }
    if found.exhausted {
        changes.lines.push(Line::Plain("the search stopped at its bound: there may be more changes".to_owned()));
    }
    if found.exhausted || found.omitted > 0 {
        changes.kinds.insert(Kind::Unknown);
    }
    Impact::Known(changes)
}

fn connection(flow: &FlowChange) -> Line {
    let what = match (flow.before, flow.after) {
        (Verdict::Deny, Verdict::Allow) => "opens".to_owned(),
        (Verdict::Allow, Verdict::Deny) => "closes".to_owned(),
        (before, after) => format!("goes from {before} to {after}"),
    };
    let lead = format!("{} {what}: ", flow.ports);
    let rest = format!(" (by {}, from {} to {})", flow.direction, flow.source, flow.destination);
    Line::Connection { lead, witness: one_line(&flow.witness.to_string()), rest }
}

fn named(changes: &[&IsolationChange]) -> String {
    let names: Vec<String> = changes.iter().take(NAMED).map(|change| format!("`{}`", change.object)).collect();
    let names = names.join(", ");
    match (changes.len(), changes.len().saturating_sub(NAMED)) {
        (1, _) => format!("{names} becomes"),
        (_, 0) => format!("{names} become"),
        (_, more) => format!("{names} and {more} more become"),
    }
}

fn kinds_of(flow: &FlowChange, kinds: &mut BTreeSet<Kind>) {
    let passes = |verdict| match verdict {
        Verdict::Deny => 0,
        Verdict::Undefined => 1,
        Verdict::Allow => 2,
    };
    let is_outside = !flow.source.outside.is_empty() || !flow.destination.outside.is_empty();
    if flow.after == Verdict::Undefined {
        kinds.insert(Kind::BecomesUndefined);
    }
    if passes(flow.after) > passes(flow.before) {
        kinds.insert(Kind::Opens);
        if is_outside {
            kinds.insert(Kind::OpensOutside);
        }
        let (from, to) = (namespaces(&flow.source), namespaces(&flow.destination));
        if from.iter().any(|own| to.iter().any(|other| own != other)) {
            kinds.insert(Kind::OpensAcrossNamespaces);
        }
    } else {
        kinds.insert(Kind::Closes);
        if is_outside {
            kinds.insert(Kind::ClosesOutside);
        }
    }
}

/// The namespaces of all that lives in one.
fn namespaces(ends: &Ends) -> BTreeSet<&str> {
    let members = ends.members.iter().filter_map(namespace);
    members.chain(ends.services.iter().map(|name| &**name.namespace())).collect()
}

fn namespace(end: &Endpoint) -> Option<&str> {
    match end {
        Endpoint::Named(name) | Endpoint::Workload { name, .. } | Endpoint::PodAddress { pod: name, .. } => {
            Some(name.namespace())
        }
        Endpoint::Labelled { namespace, .. } => Some(namespace),
        _ => None,
    }
}

impl Impact {
    /// Which kinds it is of.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<Kind> {
        match self {
            Self::Off | Self::None => BTreeSet::new(),
            Self::Known(changes) => changes.kinds.clone(),
            Self::Late | Self::Unseen => BTreeSet::from([Kind::Unknown]),
        }
    }

    /// In a word, for logs and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::None => "none",
            Self::Known(_) => "changes",
            Self::Late => "late",
            Self::Unseen => "unseen",
        }
    }

    /// As warnings: each says how old the view is that it hangs on, and fits.
    #[must_use]
    pub fn warnings(&self, age: Option<Duration>) -> Vec<String> {
        let changes = match self {
            Self::Off | Self::None => return Vec::new(),
            Self::Late => return vec!["impact: not worked out in time".to_owned()],
            Self::Unseen => return vec!["impact: not known, the cluster is not in view yet".to_owned()],
            Self::Known(changes) => changes,
        };
        let lead = match age {
            Some(age) => format!("impact (as of {} ago): ", age_text(age)),
            None => "impact: ".to_owned(),
        };
        changes.lines.iter().flat_map(|line| line.fitted(&lead)).collect()
    }
}

impl Line {
    fn fitted(&self, before: &str) -> Vec<String> {
        let (lead, witness, rest) = match self {
            Self::Plain(text) => return vec![cut(format!("{before}{}", one_line(text)))],
            Self::Connection { lead, witness, rest } => (one_line(lead), witness, one_line(rest)),
        };
        let said = format!("{before}{lead} {witness}");
        if said.len() <= LONGEST {
            return vec![cut(format!("{said} {rest}"))];
        }
        // Names may be as long as a line: what does not fit goes on in the next.
        let mut lines = vec![String::new()];
        for part in said.chars() {
            let full = lines.last().is_some_and(|line| line.len() + part.len_utf8() > LONGEST - '…'.len_utf8());
            if full {
                lines.last_mut().into_iter().for_each(|line| line.push('…'));
                lines.push("…".to_owned());
            }
            lines.last_mut().into_iter().for_each(|line| line.push(part));
        }
        lines
    }
}
