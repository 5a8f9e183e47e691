//! The case form of `tests/data` (its README describes it): read strictly, every fault with file, case and line.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use netpol_oracle::profile::Rows;
use netpol_oracle::{Profile, Row};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::Value;

/// One case: a small cluster, and what every engine must answer about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    source: String,
    pub(crate) rules: Vec<RuleId>,
    #[serde(default = "Profile::kubernetes", deserialize_with = "profile")]
    pub(crate) profile: Profile,
    /// Profiles under which the answers are the same.
    #[serde(default, deserialize_with = "profiles")]
    pub(crate) also: Vec<Profile>,
    #[serde(default)]
    world: Option<String>,
    #[serde(default)]
    manifests: String,
    #[serde(default)]
    flows: Vec<FlowForm>,
    #[serde(default)]
    tables: Vec<TableForm>,
    #[serde(default)]
    pub(crate) diagnostics: Vec<String>,
    /// Where the case stands; filled in after reading.
    #[serde(skip)]
    place: Place,
    /// Every expectation of `flows` and `tables`; filled in after reading.
    #[serde(skip)]
    pub(crate) expectations: Vec<Expectation>,
}

/// What a flow must be answered with.
#[derive(Debug)]
pub(crate) struct Expectation {
    /// The flow's text.
    pub(crate) flow: String,
    /// Its line in the file, where found.
    pub(crate) line: Option<usize>,
    pub(crate) outcome: Outcome,
    /// `None`: a cell of a table, which looks at the verdict alone.
    pub(crate) rows: Option<Rows>,
    pub(crate) egress: Option<String>,
    pub(crate) ingress: Option<String>,
    /// Exactly these backends, each with its verdict.
    pub(crate) backends: Option<Vec<(String, Outcome)>>,
    /// The `FlowError`'s code.
    pub(crate) error: Option<String>,
    /// Exactly these notes' codes, in their order.
    pub(crate) notes: Option<Vec<String>>,
}

/// A verdict, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Allow,
    Deny,
    Undefined,
    Error,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undefined => "undefined",
            Self::Error => "error",
        })
    }
}

/// The id of a rule or row that a case pins: `K1`..`K28`, `U1`..`U9`, `C1`..`C14`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleId(pub(crate) String);

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowForm {
    flow: String,
    verdict: Outcome,
    #[serde(default)]
    rows: Vec<Row>,
    egress: Option<String>,
    ingress: Option<String>,
    backends: Option<Pairs<Outcome>>,
    error: Option<String>,
    notes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableForm {
    l4: String,
    to: Vec<String>,
    from: Pairs<String>,
}

/// A mapping in its order; the same key twice is an error, which serde's maps let pass.
#[derive(Debug)]
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs: Vec<(String, T)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if pairs.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom(format_args!("`{key}` stands here twice")));
                    }
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// A profile in its text form, or as the mapping of a profile file.
fn profile<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().map_err(D::Error::custom),
        mapping => Profile::deserialize(mapping).map_err(D::Error::custom),
    }
}

/// A list of those.
fn profiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Profile>, D::Error> {
    #[derive(Deserialize)]
    struct One(#[serde(deserialize_with = "profile")] Profile);
    Ok(Vec::<One>::deserialize(deserializer)?.into_iter().map(|One(profile)| profile).collect())
}

impl FlowForm {
    fn expectation(self, line: Option<usize>) -> Result<Expectation, String> {
        let wrong = |what: &str| Err(format!("flow `{}`: {what}", self.flow));
        if (self.outcome_is_error()) != self.error.is_some() {
            return wrong("`verdict: error` and `error` belong together");
        }
        let sides = self.egress.is_some() || self.ingress.is_some();
        if self.error.is_some() && (sides || self.backends.is_some() || !self.rows.is_empty()) {
            return wrong("an error has neither rows nor sides nor backends");
        }
        if sides && self.backends.is_some() {
            return wrong("a flow has sides or backends, not both");
        }
        Ok(Expectation {
            line,
            outcome: self.verdict,
            rows: Some(self.rows.into_iter().collect()),
            egress: self.egress,
            ingress: self.ingress,
            backends: self.backends.map(|pairs| pairs.0),
            error: self.error,
            notes: self.notes,
            flow: self.flow,
        })
    }

    fn outcome_is_error(&self) -> bool {
        self.verdict == Outcome::Error
    }
}

impl TableForm {
    /// One expectation a cell: row `from`, column `to`.
    fn expectations(self, place: &Place, index: usize) -> Result<Vec<Expectation>, String> {
        // `80/tcp` is joined to the destination by a colon, `icmp` and a protocol number by a space.
        let joint = if self.l4.contains('/') { ':' } else { ' ' };
        let mut expectations = Vec::new();
        for (from, cells) in &self.from.0 {
            if cells.chars().count() != self.to.len() {
                return Err(format!("table {}: row `{from}` has not one cell a column", self.l4));
            }
            for (to, cell) in self.to.iter().zip(cells.chars()) {
                let outcome = match cell {
                    '.' => Outcome::Allow,
                    'X' => Outcome::Deny,
                    '?' => Outcome::Undefined,
                    _ => return Err(format!("table {}: row `{from}`: `{cell}` is none of `.`, `X`, `?`", self.l4)),
                };
                expectations.push(Expectation {
                    flow: format!("{from} -> {to}{joint}{}", self.l4),
                    line: place.line_of_row(index, from),
                    outcome,
                    rows: None,
                    egress: None,
                    ingress: None,
                    backends: None,
                    error: None,
                    notes: None,
                });
            }
        }
        Ok(expectations)
    }
}

/// A document of a corpus file.
#[derive(Debug, Default)]
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
        let bare = |text: &str| text.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']) == flow;
        let written = |line: &str| line.trim_start_matches(['{', ' ']).strip_prefix("flow:").is_some_and(bare);
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
}

impl Case {
    /// The name of its file.
    pub(crate) fn file(&self) -> &str {
        &self.place.file
    }

    /// `file:line: case`, for reports.
    pub(crate) fn at(&self, line: Option<usize>) -> String {
        format!("{}:{}: {}", self.place.file, line.unwrap_or(self.place.first_line), self.name)
    }

    /// The texts to load, in order, by name: the world, if any, then the case's own manifests.
    pub(crate) fn texts(&self) -> Result<Vec<(String, String)>, String> {
        let mut texts = Vec::new();
        if let Some(world) = &self.world {
            let name = format!("worlds/{world}.yaml");
            let text = fs::read_to_string(data().join(&name)).map_err(|e| format!("{}: {name}: {e}", self.at(None)))?;
            texts.push((name, text));
        }
        texts.push((self.place.file.clone(), self.manifests.clone()));
        Ok(texts)
    }

    fn read(place: Place) -> Result<Self, String> {
        let mut case: Self = serde_yaml::from_str(&place.text).map_err(|e| {
            let line = place.first_line + e.location().map_or(0, |location| location.line().saturating_sub(1));
            let name = place.lines().find_map(|(_, line)| line.strip_prefix("name: "));
            // The error's own line counts from the document's beginning.
            let text = e.to_string();
            let text = text.split(" at line ").next().unwrap_or_default();
            format!("{}:{line}: {}: {text}", place.file, name.unwrap_or("a case without a name"))
        })?;
        case.place = place;
        case.check().map_err(|e| format!("{}: {e}", case.at(None)))?;
        Ok(case)
    }

    /// What serde cannot say, and the expectations.
    fn check(&mut self) -> Result<(), String> {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || !self.name.chars().all(kebab) {
            return Err("`name` is not in kebab-case".to_owned());
        }
        if self.source.trim().is_empty() {
            return Err("`source` is empty".to_owned());
        }
        for form in std::mem::take(&mut self.flows) {
            let line = self.place.line_of_flow(&form.flow);
            self.expectations.push(form.expectation(line)?);
        }
        for (index, form) in std::mem::take(&mut self.tables).into_iter().enumerate() {
            self.expectations.extend(form.expectations(&self.place, index)?);
        }
        if self.expectations.is_empty() && self.diagnostics.is_empty() {
            return Err("expects nothing".to_owned());
        }
        Ok(())
    }
}

/// The corpus folder: of this package, or of the one that it lies in.
fn data() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = own.ancestors().map(|at| at.join("tests/data")).find(|folder| folder.is_dir());
    found.unwrap_or_else(|| own.join("tests/data"))
}

/// Every case of `tests/data/*.yaml`, by file name and place, or every fault of every file.
pub(crate) fn corpus() -> Result<Vec<Case>, Vec<String>> {
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

/// The cases of one file's text.
pub(crate) fn cases_of(file: &str, text: &str) -> Vec<Result<Case, String>> {
    documents(text)
        .into_iter()
        .map(|(first_line, text)| Case::read(Place { file: file.to_owned(), first_line, text }))
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
