//! What is said of connections between some ends, of one cluster or of two.

use netpol_oracle::analysis::{Connection, ConnectionChange, Ends, Ports};
use netpol_oracle::model::OtherProtocol;
use netpol_oracle::net::AddressRange;
use netpol_oracle::profile::Rows;
use netpol_oracle::{Destination, Flow, L4, Verdict};

use super::axis::{Axis, end};

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum State {
    /// The connections are allowed, or undefined.
    Is(Verdict),
    /// They get another verdict.
    Becomes(Verdict, Verdict),
}

/// How it is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shade {
    All,
    Some,
    Undefined,
    Denied,
    Opens,
    Closes,
}

impl Shade {
    /// The word that pictures and filters say.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
            Self::Undefined => "undefined",
            Self::Denied => "denied",
            Self::Opens => "opens",
            Self::Closes => "closes",
        }
    }
}

impl State {
    pub(super) fn shade(self) -> Shade {
        match self {
            Self::Is(Verdict::Allow) => Shade::Some,
            Self::Is(Verdict::Deny) => Shade::Denied,
            Self::Becomes(Verdict::Deny, Verdict::Allow) => Shade::Opens,
            Self::Becomes(Verdict::Allow, Verdict::Deny) => Shade::Closes,
            Self::Is(Verdict::Undefined) | Self::Becomes(..) => Shade::Undefined,
        }
    }

    /// `allow`, `opens`, `allow to undefined`.
    pub(super) fn words(self) -> String {
        match self {
            Self::Is(verdict) => verdict.to_string(),
            Self::Becomes(Verdict::Deny, Verdict::Allow) => "opens".to_owned(),
            Self::Becomes(Verdict::Allow, Verdict::Deny) => "closes".to_owned(),
            Self::Becomes(before, after) => format!("{before} to {after}"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Line {
    /// Places in the members of the axes.
    pub(super) sources: Vec<usize>,
    pub(super) destinations: Vec<usize>,
    /// Which, where one of them is outside.
    pub(super) addresses: Vec<AddressRange>,
    pub(super) ports: Ports,
    pub(super) state: State,
    pub(super) rows: Rows,
    /// One of the connections.
    pub(super) flow: Option<Flow>,
}

impl Line {
    pub(super) fn of_connection(connection: &Connection, [sources, destinations]: [&Axis; 2]) -> Self {
        Self {
            sources: sources.find(&connection.source),
            destinations: destinations.find(&connection.destination),
            addresses: addresses(&connection.source, &connection.destination),
            flow: witness(&connection.source, &connection.destination, &connection.ports),
            ports: connection.ports.clone(),
            state: State::Is(connection.verdict),
            rows: connection.rows,
        }
    }

    pub(super) fn of_change(change: &ConnectionChange, [sources, destinations]: [&Axis; 2]) -> Self {
        Self {
            sources: sources.find(&change.source),
            destinations: destinations.find(&change.destination),
            addresses: addresses(&change.source, &change.destination),
            ports: change.ports.clone(),
            state: State::Becomes(change.before, change.after),
            rows: Rows::NONE,
            flow: Some(change.witness.clone()),
        }
    }

    /// Nothing but protocols without ports.
    pub(super) fn is_portless(&self) -> bool {
        self.ports.intervals().is_empty()
    }

    /// `6379/tcp`, `icmp, other (U1)`.
    pub(super) fn ports_and_rows(&self) -> String {
        if self.rows.is_empty() { self.ports.to_string() } else { format!("{} ({})", self.ports, self.rows) }
    }
}

fn addresses(source: &Ends, destination: &Ends) -> Vec<AddressRange> {
    match (source, destination) {
        (Ends::Addresses(ranges), _) | (_, Ends::Addresses(ranges)) => ranges.clone(),
        _ => Vec::new(),
    }
}

/// One of the connections: between two that are not one pod.
fn witness(source: &Ends, destination: &Ends, ports: &Ports) -> Option<Flow> {
    let singles = |ends: &Ends| match ends {
        Ends::Pods(names) => names.iter().take(2).map(|name| Ends::Pods(vec![name.clone()])).collect::<Vec<_>>(),
        other => vec![other.clone()],
    };
    let is_meant = |one: &Ends, other: &Ends| one != other || !matches!(one, Ends::Pods(_));
    let destinations = singles(destination);
    let pairs = singles(source).into_iter().flat_map(|from| destinations.iter().map(move |to| (from.clone(), to)));
    let (from, to) = pairs.into_iter().find(|(from, to)| is_meant(from, to))?;
    let Destination::Endpoint(from) = end(&from)? else { return None };
    let l4 = match ports.intervals().first() {
        Some(interval) => (*interval).into(),
        None if ports.has_icmp() => L4::Icmp,
        None => L4::Other(OtherProtocol::new(47)?),
    };
    Some(Flow::new(from, end(to)?, l4))
}
