//! An impact in a few lines, as a webhook's warnings carry them.

use std::fmt;

use crate::analysis::changes::{FlowChange, Impact, Isolation, IsolationChange, Relation};
use crate::analysis::ends::one_line;
use crate::analysis::impact::MAX_FLOWS;
use crate::name::Direction;
use crate::text::counted;
use crate::verdict::Verdict;

/// Most lines of flows.
const FLOW_LINES: usize = 6;
/// Most bytes of a line: API servers cut longer warnings.
const LINE: usize = 255;
/// How many pods a line names.
const NAMED: usize = 3;

impl Impact {
    /// Whether nothing changes, as far as was looked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.isolation.is_empty() && self.flows.is_empty()
    }

    /// A few lines: who becomes isolated or free, what opens and closes with one flow of each kind, and
    /// whether that is all. At most twelve lines of less than 256 bytes, without tabs.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut lines = Vec::new();
        for direction in [Direction::Ingress, Direction::Egress] {
            let kinds = [
                (Isolation::Isolated, "isolated"),
                (Isolation::Free, "free"),
                (Isolation::Open, "isolated or free, by a label that a controller sets"),
            ];
            for (becomes, word) in kinds {
                let of_kind = |change: &&IsolationChange| change.direction == direction && change.becomes == becomes;
                let changed: Vec<&IsolationChange> = self.isolation.iter().filter(of_kind).collect();
                if !changed.is_empty() {
                    lines.push(format!("{direction}: {} {word}", pods(&changed)));
                }
            }
        }
        lines.extend(self.flows.iter().take(FLOW_LINES).map(flow));
        let more = self.flows.len().saturating_sub(FLOW_LINES) + self.omitted;
        if more > 0 {
            lines.push(counted(more, "more kind of change", "more kinds of change"));
        }
        if self.is_empty() {
            lines.push("no connection opens or closes".to_owned());
        }
        if self.exhausted {
            lines.push(format!("the search stopped at its bound of {MAX_FLOWS} flows: there may be more changes"));
        }
        lines.iter().map(|line| cut(line)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

impl fmt::Display for FlowChange {
    /// `ingress closes: from X to Y over 80/tcp, such as a/b -> a/c:80/tcp`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, source, destination, ports, witness, .. } = self;
        write!(
            f,
            "{direction} {}: `{}` from {source} to {destination} over {ports}",
            what(self),
            one_line(&witness.to_string())
        )?;
        match self.related {
            Some(Relation::OwnNode) => f.write_str(" (one is the node of the other)")?,
            Some(Relation::OtherNode) => f.write_str(" (neither is the node of the other)")?,
            Some(Relation::Open) => f.write_str(" (one may be the node of the other)")?,
            None => {}
        }
        if let Some(family) = self.family {
            write!(f, " by {family}")?;
        }
        Ok(())
    }
}

fn what(change: &FlowChange) -> String {
    match (change.before, change.after) {
        (Verdict::Deny, Verdict::Allow) => "opens".to_owned(),
        (Verdict::Allow, Verdict::Deny) => "closes".to_owned(),
        (before, after) => format!("goes from {before} to {after}"),
    }
}

fn flow(change: &FlowChange) -> String {
    change.to_string()
}

fn pods(changes: &[&IsolationChange]) -> String {
    let names: Vec<String> =
        changes.iter().take(NAMED).map(|change| format!("`{}`", one_line(&change.object.to_string()))).collect();
    let more = changes.len().saturating_sub(NAMED);
    let names = names.join(", ");
    match (changes.len(), more) {
        (1, _) => format!("{names} becomes"),
        (_, 0) => format!("{names} become"),
        _ => format!("{names} and {more} more become"),
    }
}

/// At a character's boundary.
fn cut(line: &str) -> String {
    if line.len() <= LINE {
        return line.to_owned();
    }
    let mut end = LINE - '…'.len_utf8();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", line.get(..end).unwrap_or_default())
}
