//! What a change opens and closes: worked out, in lines, and what of it may be refused.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::ValueEnum;
use netpol_input::counted;
use netpol_oracle::analysis::{ConnectionChange, Detail, Ends, Isolation, IsolationChange, Ports};
use netpol_oracle::{Direction, NetworkPolicy, ObjectName, Verdict};

use crate::view::{Sight, age_text};
use crate::warnings::{LONGEST, cut, one_line};

/// Most lines of connections.
const CONNECTIONS: usize = 6;
/// How many pods or workloads a line names.
const NAMED: usize = 3;
/// How many intervals of ports a line names.
const INTERVALS: usize = 5;

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
    /// The impact is not known: not in time, no view of the cluster
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

/// Works out what `change` does to what is in sight, for as long as `is_wanted` says. May take long.
#[must_use]
pub fn work_out(sight: &Sight, change: &Change, is_wanted: &dyn Fn() -> bool) -> Impact {
    let Some(name) = change.name() else { return Impact::None };
    let engines = sight.with(name, change.before.as_ref()).zip(sight.with(name, change.after.as_ref()));
    let Some((before, after)) = engines else { return Impact::Unseen };
    if !is_wanted() {
        return Impact::Late;
    }
    let diff = sight.between(&before, &after);
    if !is_wanted() {
        return Impact::Late;
    }
    let Some(mut connections) = diff.changes_while(Detail::Workloads, is_wanted) else { return Impact::Late };
    let isolation = diff.isolation(Detail::Workloads);
    if connections.is_empty() && isolation.is_empty() {
        return Impact::None;
    }
    let mut changes = Changes::default();
    for direction in [Direction::Ingress, Direction::Egress] {
        for (becomes, said) in [
            (Isolation::Isolated, "isolated"),
            (Isolation::Free, "free"),
            (Isolation::Open, "isolated or free, which is left open"),
        ] {
            let of_kind = |each: &&IsolationChange| each.direction == direction && each.after == becomes;
            let names: Vec<String> = isolation.iter().filter(of_kind).flat_map(|each| names(&each.ends)).collect();
            if !names.is_empty() {
                changes.lines.push(Line::Plain(format!("{direction}: {} {said}", become_so(&names))));
            }
        }
    }
    changes.kinds.extend(isolation.iter().map(|each| match (each.before, each.after) {
        // Where it is left open, some pod may be isolated.
        (Isolation::Free, _) | (_, Isolation::Isolated) => Kind::IsolationAdded,
        _ => Kind::IsolationRemoved,
    }));
    connections.iter().for_each(|change| kinds_of(change, &mut changes.kinds));
    // What opens is what most want to know, and then what closes.
    connections.sort_by_key(|change| match (change.before, change.after) {
        (Verdict::Deny, Verdict::Allow) => 0,
        (Verdict::Allow, Verdict::Deny) => 1,
        _ => 2,
    });
    changes.lines.extend(connections.iter().take(CONNECTIONS).map(connection));
    let more = connections.len().saturating_sub(CONNECTIONS);
    if more > 0 {
        changes.lines.push(Line::Plain(counted(more, "more kind of change", "more kinds of change")));
    }
    if connections.is_empty() {
        changes.lines.push(Line::Plain("no connection opens or closes".to_owned()));
    }
    Impact::Known(changes)
}

fn connection(change: &ConnectionChange) -> Line {
    let what = match (change.before, change.after) {
        (Verdict::Deny, Verdict::Allow) => "opens".to_owned(),
        (Verdict::Allow, Verdict::Deny) => "closes".to_owned(),
        (before, after) => format!("goes from {before} to {after}"),
    };
    let lead = format!("{} {what}: ", ports(&change.ports));
    let rest = format!(" (from {} to {})", change.source, change.destination);
    Line::Connection { lead, witness: one_line(&change.witness.to_string()), rest }
}

/// The first of them, and how many more there are.
fn ports(ports: &Ports) -> String {
    let text = ports.to_string();
    let all: Vec<&str> = text.split(", ").collect();
    match all.split_at_checked(INTERVALS) {
        Some((first, more)) if !more.is_empty() => format!("{} and {} more", first.join(", "), more.len()),
        _ => text,
    }
}

fn names(ends: &Ends) -> Vec<String> {
    match ends {
        Ends::Pods(names) => names.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

fn become_so(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let first = first.join(", ");
    match (names, names.len().saturating_sub(NAMED)) {
        ([_], _) => format!("{first} becomes"),
        (_, 0) => format!("{first} become"),
        (_, more) => format!("{first} and {more} more become"),
    }
}

fn kinds_of(change: &ConnectionChange, kinds: &mut BTreeSet<Kind>) {
    let passes = |verdict| match verdict {
        Verdict::Deny => 0,
        Verdict::Undefined => 1,
        Verdict::Allow => 2,
    };
    let is_outside = |ends: &Ends| matches!(ends, Ends::Addresses(_));
    let is_outside = is_outside(&change.source) || is_outside(&change.destination);
    if change.after == Verdict::Undefined {
        kinds.insert(Kind::BecomesUndefined);
    }
    if passes(change.after) > passes(change.before) {
        kinds.insert(Kind::Opens);
        if is_outside {
            kinds.insert(Kind::OpensOutside);
        }
        let (from, to) = (namespaces(&change.source), namespaces(&change.destination));
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
    match ends {
        Ends::Namespace(name) => BTreeSet::from([&**name]),
        Ends::Workload(name, _) | Ends::Service(name) => BTreeSet::from([&**name.namespace()]),
        Ends::Pods(names) => names.iter().map(|name| &**name.namespace()).collect(),
        _ => BTreeSet::new(),
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
