//! Cases in the form of the crate's own corpus (`tests/data`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::case::{Case, CaseError, CaseFlow};
use crate::manifest::load::Loader;
use crate::manifest::write::{documents, yaml};
use crate::model::flow::L4;
use crate::oracle::case::expected::by_backend;
use crate::profile::row::Rows;
use crate::reference::Reference;
use crate::verdict::{Decision, FlowError, Judged, Reason, Sides};

impl Case {
    /// The case in the form of the crate's corpus, a YAML document: the cluster after all changes, and each flow with what
    /// the definition says of it, whatever the case expects. `source` is left for a person to mend: why the answer is right
    /// is nothing that a program knows.
    ///
    /// # Errors
    /// The case cannot be judged.
    pub fn to_corpus(&self) -> Result<String, CaseError> {
        let cluster = self.after()?;
        let reference = Reference::new(&cluster, &self.profile);
        let mut decided = Vec::new();
        for flow in &self.flows {
            match flow.judged(&reference) {
                Ok((decision, _)) => decided.push((flow, Ok(decision))),
                // Of a flow that is expected to fail the error is the answer.
                Err(CaseError::Flow { error, .. }) if !flow.is_asked() => decided.push((flow, Err(error))),
                Err(other) => return Err(other),
            }
        }

        let mut manifests = String::new();
        for (index, object) in documents(&cluster).enumerate() {
            let separator = if index == 0 { "" } else { "---\n" };
            let _ = writeln!(manifests, "{separator}{}", value(&object));
        }
        // What the corpus' own loading will report: policies of other kinds, addresses that pods share.
        let loaded = Loader::new(self.profile.release()).text("case.yaml", &manifests).finish();
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect();

        let source = self.source.as_deref().unwrap_or("found by holding a data plane against the engine");
        let mut text = "---\n".to_owned();
        yaml::entry(&mut text, 0, "name", &json!(kebab(self.name.as_deref().unwrap_or("found"))));
        yaml::entry(&mut text, 0, "source", &json!(source));
        let decisions = decided.iter().filter_map(|(_, decision)| decision.as_ref().ok());
        yaml::entry(&mut text, 0, "rules", &json!(rules(decisions)));
        yaml::entry(&mut text, 0, "profile", &value(&self.profile));
        yaml::entry(&mut text, 0, "manifests", &json!(manifests));
        let flows: Vec<Value> = decided.iter().map(|(flow, answer)| answered(flow, answer)).collect();
        yaml::list(&mut text, "flows", &flows);
        if !codes.is_empty() {
            yaml::entry(&mut text, 0, "diagnostics", &json!(codes));
        }
        Ok(text)
    }
}

/// A flow with its answer.
fn answered(flow: &CaseFlow, answer: &Result<Decision, FlowError>) -> Value {
    let decision = match answer {
        Ok(decision) => decision,
        Err(error) => return json!({"flow": flow.flow.to_string(), "verdict": "error", "error": error.code()}),
    };
    let mut fields = Map::new();
    let mut add = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    add("flow", json!(flow.flow.to_string()));
    add("verdict", json!(decision.verdict.to_string()));
    if !decision.rows.is_empty() {
        add("rows", value(&decision.rows));
    }
    match &decision.judged {
        Judged::Sides(sides) => {
            add("egress", json!(sides.egress.reason.code()));
            add("ingress", json!(sides.ingress.reason.code()));
        }
        Judged::Backends(backends) => {
            let verdicts = by_backend(backends).into_iter();
            let verdicts = verdicts.map(|(backend, verdict)| (backend.to_string(), json!(verdict.to_string())));
            add("backends", Value::Object(verdicts.collect()));
        }
    }
    Value::Object(fields)
}

fn value(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

fn kebab(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join("-");
    if text.is_empty() { "found".to_owned() } else { text }
}

/// The rules and rows that the answers rest on.
fn rules<'d>(decisions: impl Iterator<Item = &'d Decision>) -> Vec<String> {
    let mut rules: BTreeSet<String> = BTreeSet::new();
    let rows = |rules: &mut BTreeSet<String>, rows: Rows| rules.extend(rows.iter().map(|row| row.to_string()));
    for decision in decisions {
        rows(&mut rules, decision.rows);
        let sides: Vec<&Sides> = match &decision.judged {
            Judged::Sides(sides) => vec![sides],
            Judged::Backends(backends) => {
                rules.insert("K23".to_owned());
                backends.iter().map(|each| &each.sides).collect()
            }
        };
        for side in sides.into_iter().flat_map(|sides| [&sides.egress, &sides.ingress]) {
            match &side.reason {
                Reason::Open { rows: open, .. } => rows(&mut rules, *open),
                reason => rules.extend(rule(reason).map(str::to_owned)),
            }
        }
        if matches!(decision.flow.l4, L4::Icmp | L4::Other(_)) {
            rules.insert("K21".to_owned());
        }
    }
    rules.into_iter().collect()
}

fn rule(reason: &Reason) -> Option<&'static str> {
    match reason {
        Reason::NoSubject => Some("K24"),
        Reason::Hairpin => Some("K19"),
        Reason::NotIsolated | Reason::NoRule { .. } => Some("K1"),
        Reason::OwnNode => Some("K18"),
        Reason::ExemptRange => Some("C11"),
        Reason::Unfiltered => Some("U1"),
        Reason::Rule { .. } => Some("K2"),
        Reason::NotEnforced { .. } | Reason::Open { .. } => None,
    }
}
