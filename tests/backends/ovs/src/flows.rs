//! Flows as OpenFlow has them: one for each table, priority and match.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What tells a flow from every other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    table: u8,
    priority: u16,
    /// Fields in the syntax of ovs-ofctl; empty matches everything.
    fields: String,
}

impl Key {
    fn line(&self) -> String {
        let comma = if self.fields.is_empty() { "" } else { "," };
        format!("table={},priority={}{comma}{}", self.table, self.priority, self.fields)
    }
}

/// One clause of a conjunction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Clause {
    pub(crate) conjunction: u32,
    pub(crate) number: usize,
    pub(crate) of: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Actions {
    Plain(String),
    /// A flow that serves several clauses: the switch wants them in one flow.
    Clauses(BTreeSet<Clause>),
}

/// The flows of a bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flows {
    flows: BTreeMap<Key, Actions>,
}

impl Flows {
    pub(crate) fn add(&mut self, table: u8, priority: u16, fields: impl Into<String>, actions: impl Into<String>) {
        let key = Key { table, priority, fields: fields.into() };
        self.flows.insert(key, Actions::Plain(actions.into()));
    }

    pub(crate) fn add_clause(&mut self, table: u8, priority: u16, fields: impl Into<String>, clause: Clause) {
        let key = Key { table, priority, fields: fields.into() };
        match self.flows.entry(key).or_insert_with(|| Actions::Clauses(BTreeSet::new())) {
            Actions::Clauses(clauses) => {
                clauses.insert(clause);
            }
            // Clauses have a priority of their own.
            Actions::Plain(_) => {}
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.flows.len()
    }

    /// All of them, in the syntax of `ovs-ofctl replace-flows`.
    pub(crate) fn text(&self) -> String {
        self.flows.iter().fold(String::new(), |mut text, (key, actions)| {
            let _ = writeln!(text, "{},actions={actions}", key.line());
            text
        })
    }

    /// What makes `self` of `before`, in the syntax of `ovs-ofctl add-flows`; and how many lines that are.
    pub(crate) fn since(&self, before: &Self, delete: bool) -> (String, usize) {
        let (mut text, mut lines) = (String::new(), 0);
        if delete {
            for key in before.flows.keys().filter(|key| !self.flows.contains_key(key)) {
                let _ = writeln!(text, "delete_strict {}", key.line());
                lines += 1;
            }
        }
        for (key, actions) in self.flows.iter().filter(|(key, actions)| before.flows.get(key) != Some(actions)) {
            let _ = writeln!(text, "add {},actions={actions}", key.line());
            lines += 1;
        }
        (text, lines)
    }
}

impl std::fmt::Display for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(actions) => f.write_str(actions),
            Self::Clauses(clauses) => {
                for (i, Clause { conjunction, number, of }) in clauses.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}conjunction({conjunction},{number}/{of})")?;
                }
                Ok(())
            }
        }
    }
}
