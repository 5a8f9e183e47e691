//! Cases in the form of the crate's own corpus (`tests/data`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::case::{Case, CaseError, CaseFlow};
use crate::manifest::load::Loader;
use crate::manifest::write::documents;
use crate::model::flow::L4;
use crate::profile::row::Rows;
use crate::reference::Reference;
use crate::verdict::{Decision, Judged, Reason, Sides};

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
        let decided: Vec<(&CaseFlow, Decision)> =
            self.flows.iter().map(|flow| Ok((flow, flow.judged(&reference)?.0))).collect::<Result<_, CaseError>>()?;

        let mut manifests = String::new();
        for (index, object) in documents(&cluster).enumerate() {
            let separator = if index == 0 { "" } else { "---\n" };
            let _ = writeln!(manifests, "{separator}{}", json(&object));
        }
        // What the corpus' own loading will report: policies of other kinds, addresses that pods share.
        let loaded = Loader::new(self.profile.release()).text("case.yaml", &manifests).finish();
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect();

        let mut text = String::new();
        let source = self.source.as_deref().unwrap_or("found by holding a data plane against the engine");
        let _ = writeln!(text, "---\nname: {}", kebab(self.name.as_deref().unwrap_or("found")));
        let _ = writeln!(text, "source: {}", quoted(source));
        let _ = writeln!(text, "rules: [{}]", rules(&decided).join(", "));
        let _ = writeln!(text, "profile: {}", json(&self.profile));
        let _ = writeln!(text, "manifests: |");
        for line in manifests.lines() {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "flows:");
        for (flow, decision) in &decided {
            let _ = writeln!(text, "  - flow: {}", quoted(&flow.flow.to_string()));
            let _ = writeln!(text, "    verdict: {}", decision.verdict);
            if !decision.rows.is_empty() {
                let _ = writeln!(text, "    rows: {}", json(&decision.rows));
            }
            match &decision.judged {
                Judged::Sides(sides) => {
                    let _ = writeln!(text, "    egress: {}", sides.egress.reason.code());
                    let _ = writeln!(text, "    ingress: {}", sides.ingress.reason.code());
                }
                Judged::Backends(backends) => {
                    let pairs =
                        backends.iter().map(|each| format!("{}: {}", quoted(&each.backend.to_string()), each.verdict));
                    let _ = writeln!(text, "    backends: {{{}}}", pairs.collect::<Vec<_>>().join(", "));
                }
            }
        }
        if !codes.is_empty() {
            let _ = writeln!(text, "diagnostics: [{}]", codes.join(", "));
        }
        Ok(text)
    }
}

fn json(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// JSON's quotes are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn kebab(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join("-");
    if text.is_empty() { "found".to_owned() } else { text }
}

/// The rules and rows that the answers rest on.
fn rules(decided: &[(&CaseFlow, Decision)]) -> Vec<String> {
    let mut rules: BTreeSet<String> = BTreeSet::new();
    let rows = |rules: &mut BTreeSet<String>, rows: Rows| rules.extend(rows.iter().map(|row| row.to_string()));
    for (_, decision) in decided {
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
