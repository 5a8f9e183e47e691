//! The corpus of `tests/data` (its README describes the form).
//!
//! Profile, flows and what is expected of them are a [`Case`](oracle::Case) and read as one. What the corpus has beside that
//! is read here: worlds that cases share, truth tables, each of whose cells is a flow, manifests as people write them and what
//! loading says of them, and the rules that a case pins. A fault is told with file, line and case.

use std::fs;
use std::path::PathBuf;

use netpol_oracle::diagnostic::Diagnostic;
use netpol_oracle::{Loader, Profile, oracle};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value, json};
use serde_yaml::Mapping;

/// One case of the corpus.
#[derive(Debug)]
pub struct CorpusCase {
    /// Unique in the whole corpus.
    pub name: String,
    /// The ids of the rules and rows that it pins.
    pub rules: Vec<String>,
    /// The codes that loading must report.
    pub diagnostics: Vec<String>,
    /// What loading reports.
    pub reported: Vec<Diagnostic>,
    /// The cluster, and the flows with what every engine must answer.
    pub case: oracle::Case,
    /// Profiles under which the answers are the same.
    pub also: Vec<Profile>,
    place: Place,
    /// The line of each flow, where found.
    lines: Vec<Option<usize>>,
}

/// A document as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    source: String,
    rules: Vec<RuleId>,
    #[serde(default = "kubernetes")]
    profile: Value,
    #[serde(default)]
    also: Vec<Value>,
    world: Option<String>,
    #[serde(default)]
    manifests: String,
    #[serde(default)]
    flows: Vec<FlowForm>,
    #[serde(default)]
    tables: Vec<TableForm>,
    #[serde(default)]
    diagnostics: Vec<String>,
}

fn kubernetes() -> Value {
    json!("kubernetes")
}

/// The id of a rule or row: `K1`..`K28`, `U1`..`U9`, `C1`..`C14`.
#[derive(Debug)]
struct RuleId(String);

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let last = match text.get(..1) {
            Some("K") => 28,
            Some("U") => 9,
            Some("C") => 14,
            _ => 0,
        };
        let number = text.get(1..).filter(|digits| !digits.starts_with(['0', '+']));
        match number.and_then(|digits| digits.parse::<u8>().ok()) {
            Some(number) if (1..=last).contains(&number) => Ok(Self(text)),
            _ => Err(D::Error::custom(format_args!("`{text}` is no id of a rule or row"))),
        }
    }
}

/// A flow with its answer, flat: shorter to write than the form of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowForm {
    flow: String,
    verdict: String,
    rows: Option<Value>,
    egress: Option<String>,
    ingress: Option<String>,
    backends: Option<Mapping>,
    error: Option<String>,
    notes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableForm {
    l4: String,
    to: Vec<String>,
    /// A mapping of this kind refuses a key that comes twice.
    from: Mapping,
}

impl FlowForm {
    /// The flow of a case.
    fn case_flow(&self) -> Result<Value, String> {
        let mut expected = Map::new();
        let mut add = |field: &str, value: Value| drop(expected.insert(field.to_owned(), value));
        match &self.error {
            Some(error) => {
                add("error", json!(error));
                self.rows.iter().for_each(|rows| add("rows", rows.clone()));
            }
            // Exactly these rows: none where none are written.
            None => add("rows", self.rows.clone().unwrap_or_else(|| json!([]))),
        }
        if self.verdict != "error" || self.error.is_none() {
            add("verdict", json!(self.verdict));
        }
        let sides = [("egress", &self.egress), ("ingress", &self.ingress)];
        let reasons: Map<String, Value> =
            sides.into_iter().filter_map(|(side, code)| Some((side.to_owned(), json!(code.as_ref()?)))).collect();
        if !reasons.is_empty() {
            add("reasons", Value::Object(reasons));
        }
        if let Some(notes) = &self.notes {
            add("notes", json!(notes));
        }
        if let Some(backends) = &self.backends {
            add("backends", serde_json::to_value(backends).map_err(|error| error.to_string())?);
        }
        Ok(json!({"flow": self.flow, "expected": expected}))
    }
}

impl TableForm {
    /// A flow a cell, row `from` to column `to`, with the name of its row.
    fn case_flows(&self) -> Result<Vec<(&str, Value)>, String> {
        // `80/tcp` is joined to the destination by a colon, `icmp` and a protocol number by a space.
        let joint = if self.l4.contains('/') { ':' } else { ' ' };
        let mut flows = Vec::new();
        for (from, cells) in &self.from {
            let (Some(from), Some(cells)) = (from.as_str(), cells.as_str()) else {
                return Err(format!("table {}: rows and cells are texts", self.l4));
            };
            if cells.chars().count() != self.to.len() {
                return Err(format!("table {}: row `{from}` has not one cell a column", self.l4));
            }
            for (to, cell) in self.to.iter().zip(cells.chars()) {
                let verdict = match cell {
                    '.' => "allow",
                    'X' => "deny",
                    '?' => "undefined",
                    _ => return Err(format!("table {}: row `{from}`: `{cell}` is none of `.`, `X`, `?`", self.l4)),
                };
                let flow = format!("{from} -> {to}{joint}{}", self.l4);
                flows.push((from, json!({"flow": flow, "expected": {"verdict": verdict}})));
            }
        }
        Ok(flows)
    }
}

/// A document of a corpus file.
#[derive(Debug)]
struct Place {
    file: String,
    /// The line of the document's first line, from 1.
    first_line: usize,
    text: String,
}

impl Place {
    /// The lines with their numbers, without indentation and without the mark of a list item.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbers = self.first_line..;
        numbers.zip(self.text.lines()).map(|(number, line)| (number, line.trim_start_matches([' ', '-'])))
    }

    fn line_of_flow(&self, flow: &str) -> Option<usize> {
        let is_it = |text: &str| {
            let text = text.split(" #").next().unwrap_or_default().trim().trim_start_matches(['"', '\'']);
            text.strip_prefix(flow).is_some_and(|rest| rest.is_empty() || rest.starts_with(['"', '\'', ',', '}']))
        };
        let written = |line: &str| line.trim_start_matches(['{', ' ']).strip_prefix("flow:").is_some_and(is_it);
        self.lines().find(|(_, line)| written(line)).map(|(number, _)| number)
    }

    fn line_of_row(&self, table: usize, from: &str) -> Option<usize> {
        let rows = self.lines().skip_while(|(_, line)| *line != "tables:");
        let mut tables = rows.filter({
            let mut seen = 0;
            move |(_, line)| {
                seen += usize::from(line.starts_with("l4:"));
                seen == table + 1
            }
        });
        let key = |line: &str| line.trim_start_matches(['"', '\'']).starts_with(from);
        tables.find(|(_, line)| key(line)).map(|(number, _)| number)
    }

    /// `file:line: case: fault`.
    fn fault(&self, line: Option<usize>, name: &str, fault: &str) -> String {
        format!("{}:{}: {name}: {fault}", self.file, line.unwrap_or(self.first_line))
    }
}

impl CorpusCase {
    /// `file:line: case`, for reports.
    #[must_use]
    pub fn at(&self) -> String {
        format!("{}:{}: {}", self.place.file, self.place.first_line, self.name)
    }

    /// The same of one of its flows, with the flow.
    #[must_use]
    pub fn at_flow(&self, flow: usize) -> String {
        let line = self.line_of(flow).unwrap_or(self.place.first_line);
        let text = self.case.flows.get(flow).map(|flow| flow.flow.to_string()).unwrap_or_default();
        format!("{}:{line}: {}: `{text}`", self.place.file, self.name)
    }

    /// The line of a flow, or of its row of a table, where found.
    #[must_use]
    pub fn line_of(&self, flow: usize) -> Option<usize> {
        self.lines.get(flow).copied().flatten()
    }

    fn read(place: Place) -> Result<Self, String> {
        let form: Form = serde_yaml::from_str(&place.text).map_err(|e| {
            let line = place.first_line + e.location().map_or(0, |location| location.line().saturating_sub(1));
            let name = place.lines().find_map(|(_, line)| line.strip_prefix("name: "));
            // The error's own line counts from the document's beginning.
            let text = e.to_string();
            let text = text.split(" at line ").next().unwrap_or_default();
            place.fault(Some(line), name.unwrap_or("a case without a name"), text)
        })?;
        let fault = |fault: String| place.fault(None, &form.name, &fault);
        form.check().map_err(fault)?;

        let (mut flows, mut lines) = (Vec::new(), Vec::new());
        for flow in &form.flows {
            flows.push(flow.case_flow().map_err(fault)?);
            lines.push(place.line_of_flow(&flow.flow));
        }
        for (index, table) in form.tables.iter().enumerate() {
            for (row, flow) in table.case_flows().map_err(fault)? {
                flows.push(flow);
                lines.push(place.line_of_row(index, row));
            }
        }

        let Form { name, source, profile, also, .. } = &form;
        // Its manifests come below: what loading reports of them is part of what is expected.
        let case = json!({"name": name, "source": source, "profile": profile, "manifests": [], "flows": flows});
        let profile_of = |also: &Value| {
            let case = json!({"profile": also, "manifests": [], "flows": []});
            oracle::Case::read("case.json", case.to_string()).map(|case| case.profile)
        };
        let also = also.iter().map(profile_of).collect::<Result<Vec<_>, _>>();
        let also = also.map_err(|error| fault(error.to_string()))?;
        let mut case = oracle::Case::read("case.json", case.to_string()).map_err(|faults| {
            let located = faults.iter().map(|fault| {
                let path = fault.path.as_str();
                let flow = path.strip_prefix("flows[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
                let line = flow.and_then(|flow| *lines.get(flow)?);
                place.fault(line, name, &format!("{path}: {}", fault.message))
            });
            located.collect::<Vec<_>>().join("\n")
        })?;
        let mut loader = Loader::new(case.profile.release());
        if let Some(world) = &form.world {
            let world = format!("worlds/{world}.yaml");
            let text = fs::read_to_string(data().join(&world)).map_err(|error| fault(format!("{world}: {error}")))?;
            loader = loader.text(&world, text);
        }
        let loaded = loader.text(&place.file, &form.manifests).finish();
        case.cluster = loaded.cluster;
        let Form { name, rules, diagnostics, .. } = form;
        let rules = rules.into_iter().map(|id| id.0).collect();
        Ok(Self { name, rules, diagnostics, reported: loaded.diagnostics, case, also, place, lines })
    }
}

impl Form {
    /// What serde cannot say.
    fn check(&self) -> Result<(), String> {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fault = if self.name.is_empty() || !self.name.chars().all(kebab) {
            "`name` is not in kebab-case"
        } else if self.source.trim().is_empty() {
            "`source` is empty"
        } else if self.flows.is_empty() && self.tables.is_empty() && self.diagnostics.is_empty() {
            "expects nothing"
        } else {
            return Ok(());
        };
        Err(fault.to_owned())
    }
}

/// The folder of the corpus.
fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data")
}

/// Every case of `tests/data/*.yaml`, by file name and place.
///
/// # Errors
/// Every fault of every file.
pub fn corpus() -> Result<Vec<CorpusCase>, Vec<String>> {
    let mut files: Vec<PathBuf> = match fs::read_dir(data()) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(e) => return Err(vec![format!("tests/data: {e}")]),
    };
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let (mut cases, mut faults) = (Vec::new(), Vec::new());
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match fs::read_to_string(&path) {
            Ok(text) => {
                for case in cases_of(&file, &text) {
                    match case {
                        Ok(case) => cases.push(case),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            Err(e) => faults.push(format!("{file}: {e}")),
        }
    }
    if faults.is_empty() { Ok(cases) } else { Err(faults) }
}

/// The cases of one file's text, each read or with its faults.
#[must_use]
pub fn cases_of(file: &str, text: &str) -> Vec<Result<CorpusCase, String>> {
    documents(text)
        .into_iter()
        .map(|(first_line, text)| CorpusCase::read(Place { file: file.to_owned(), first_line, text }))
        .collect()
}

/// Cuts a stream at its `---` lines, so that a fault of one document leaves the others readable. Manifests inside
/// a case are indented: their `---` never begins a line.
fn documents(text: &str) -> Vec<(usize, String)> {
    let mut documents = vec![(1, String::new())];
    for (i, line) in text.lines().enumerate() {
        if line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
            documents.push((i + 2, String::new()));
        } else if let Some((_, document)) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    let blank = |line: &str| line.trim().is_empty() || line.starts_with('#');
    documents.retain(|(_, document)| !document.lines().all(blank));
    documents
}
