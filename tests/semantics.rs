//! SEMANTICS.md and the code say the same, where that can be told: ids, links, override words, the vendor's table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use netpol_oracle::Row;
use netpol_oracle::profile::cce::{self, NetworkModel, Setting};
use netpol_oracle::profile::{Capabilities, ClusterVersion};

const PAGE: &str = include_str!("../SEMANTICS.md");
const MARK: &str = "(not built yet";

/// Section 4 says of every code what it is for, and of no other.
#[test]
fn section_4_lists_every_code() {
    let section = PAGE.split("<a id=\"section-").find(|part| part.starts_with("4\"")).unwrap();
    let words = section.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code =
        |word: &&str| word.len() == 5 && word.strip_prefix("NP").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let listed: Vec<&str> = words.filter(is_code).collect();
    let codes: Vec<&str> = netpol_oracle::diagnostic::Code::ALL.iter().map(|code| code.as_str()).collect();
    let as_set = |of: &[&'static str]| of.iter().copied().collect::<BTreeSet<&str>>();
    assert_eq!(as_set(&listed), as_set(&codes));
}

/// A row of one of the page's tables.
struct Rule {
    id: String,
    built: bool,
    cells: Vec<&'static str>,
}

fn rules() -> Vec<Rule> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| <a id=\""));
    lines
        .map(|line| {
            let (anchor, line) = line.split_once("\"></a>").unwrap();
            let mut cells = line.trim_end_matches(" |").split(" | ");
            let name = cells.next().unwrap();
            let id = name.split(' ').next().unwrap().to_owned();
            assert_eq!(anchor, id.to_lowercase(), "a row's anchor is its id");
            assert!(name == id || name == format!("{id} {MARK})"), "`{name}` is no id, with or without its mark");
            // Section 7 is marked as a whole: the rules of tiers.
            let built = name == id && !(id.starts_with('T') || ["U10", "U11", "U12", "U13", "U14"].contains(&&*id));
            Rule { id, built, cells: cells.collect() }
        })
        .collect()
}

fn anchors() -> Vec<&'static str> {
    let all: Vec<&str> = PAGE.split("<a id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for (at, anchor) in all.iter().enumerate() {
        assert!(!all[..at].contains(anchor), "two anchors `{anchor}`");
    }
    all
}

/// The ids in a text: K, U or C with a number, as words.
fn ids(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    let is_id = |word: &&str| {
        let number = word.strip_prefix(['K', 'U', 'C']);
        number.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.filter(is_id).collect()
}

/// The text of every file in `folder` that ends in `ending`; with `deep`, of its folders too.
fn texts(folder: &str, ending: &str, deep: bool) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && deep {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn code() -> Vec<(PathBuf, String)> {
    texts("src", "rs", true)
}

/// The corpus; not what is only read as manifests.
fn cases() -> Vec<(PathBuf, String)> {
    let mut files = texts("tests/data", "yaml", false);
    files.extend(texts("tests/data/worlds", "yaml", false));
    files.extend(texts("tests/data", "md", false));
    files
}

#[test]
fn the_ids_of_code_and_cases_are_rows_that_are_built() {
    let rules = rules();
    for (path, text) in code().into_iter().chain(cases()) {
        for id in ids(&text) {
            let rule = rules.iter().find(|rule| rule.id == id);
            let rule = rule.unwrap_or_else(|| panic!("{}: no row `{id}`", path.display()));
            assert!(rule.built, "{}: `{id}` is there, and its row says that it is not built", path.display());
        }
    }
}

#[test]
fn every_row_that_is_built_is_quoted_by_the_code_and_by_a_case() {
    let (code, cases) = (code(), cases());
    for rule in rules().into_iter().filter(|rule| rule.built) {
        for (what, files) in [("code", &code), ("cases", &cases)] {
            let quoted = files.iter().any(|(_, text)| ids(text).contains(&*rule.id));
            assert!(quoted, "no {what} quote `{}`", rule.id);
        }
    }
}

#[test]
fn the_rows_of_a_profile_are_those_of_the_page() {
    let page: BTreeSet<String> =
        rules().into_iter().filter(|rule| rule.built && !rule.id.starts_with('K')).map(|rule| rule.id).collect();
    let profile: BTreeSet<String> = Row::ALL.iter().filter(|row| **row != Row::K23).map(Row::to_string).collect();
    assert_eq!(page, profile);
    assert!(rules().iter().any(|rule| rule.id == "K23"));
}

/// The first `code` after `id`, as words; what is not built is left out.
fn words_after<'t>(sentence: &'t str, id: &str) -> Option<Vec<&'t str>> {
    let (_, after) = sentence.split_once(&format!("{id} `"))?;
    Some(after.split('`').next().unwrap().split_whitespace().collect())
}

#[test]
fn the_override_words_are_those_that_a_profile_accepts() {
    let flat = PAGE.replace('\n', " ");
    let (_, open) = flat.split_once("Override words: ").unwrap();
    let open = open.split(MARK).next().unwrap();
    let (_, vendor) = flat.split_once("Override words of the C rows: ").unwrap();
    let vendor = vendor.split(" | id ").next().unwrap();
    let common: Vec<&str> = vendor.split(';').next().unwrap().split('`').skip(1).step_by(2).collect();
    assert_eq!(common, ["supported", "unsupported", "unknown"]);
    for row in Row::ALL {
        let words = match row.as_str() {
            "K23" => Vec::new(),
            id if id.starts_with('U') => words_after(open, id).unwrap_or_else(|| panic!("no words of {id}")),
            id => words_after(vendor, id).unwrap_or_else(|| common.clone()),
        };
        assert_eq!(Capabilities::words(*row), words, "{row}");
    }
}

/// The least versions that a cell lists; `v1.23` is the whole line.
fn versions(cell: &str) -> Vec<ClusterVersion> {
    let full = |text: &str| if text.matches('.').count() == 1 { format!("{text}.0-r0") } else { text.to_owned() };
    cell.split(", ").map(|text| full(text).parse().unwrap()).collect()
}

#[test]
fn the_vendors_table_is_the_pages() {
    let rules: BTreeMap<String, Rule> = rules().into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let mut compared = 0;
    for cell in cce::CELLS.iter().filter(|cell| cell.row.as_str().starts_with('C')) {
        let column = NetworkModel::ALL.iter().position(|model| *model == cell.model).unwrap();
        let (id, text) = (cell.row.as_str(), rules[cell.row.as_str()].cells[1 + column]);
        let text = if text == "the list of C2" { rules["C2"].cells[1 + column] } else { text };
        let same = match (text, cell.setting) {
            ("yes" | "all", setting) => matches!(setting, Setting::Word("supported") | Setting::EgressJudged),
            ("no", setting) => setting == Setting::Word(if id == "C14" { "single-port" } else { "unsupported" }),
            (text, Setting::Switch { on_by_default }) => {
                text.starts_with(if on_by_default { "product default on" } else { "product default off" })
            }
            (text, Setting::From(minima)) => versions(text) == minima,
            // Selectors, systems and scopes are said in prose: `tests/profile.rs` has them.
            _ => {
                assert!(["C4", "C5", "C6", "C9"].contains(&id), "{id} of {}: `{text}`", cell.model);
                continue;
            }
        };
        assert!(same, "{id} of {}: `{text}` is not {:?}", cell.model, cell.setting);
        compared += 1;
    }
    assert_eq!(compared, 30);
}

#[test]
fn links_lead_to_the_rows_that_they_name() {
    let anchors = anchors();
    for (path, text) in code() {
        for (at, _) in text.match_indices("](crate::semantics#") {
            let label = text[..at].rsplit('[').next().unwrap();
            let target = text[at..].split(['#', ')']).nth(1).unwrap();
            assert!(anchors.contains(&target), "{}: nothing at #{target}", path.display());
            let fits = label.to_lowercase() == target || target.starts_with("section-");
            assert!(fits, "{}: [{label}] leads to #{target}", path.display());
        }
    }

    // What Markdown pages link by.
    let rules = rules();
    let of_rows = anchors.iter().filter(|anchor| !anchor.starts_with(['t', 's']));
    let expected = of_rows.map(|anchor| format!("[{}]: crate::semantics#{anchor}", anchor.to_uppercase()));
    let links = include_str!("../src/_documentation/links.md").lines().filter(|line| line.contains('#'));
    assert!(links.eq(expected), "`links.md` has every row once, in the page's order");
    for (name, page) in [("README.md", include_str!("../README.md")), ("CHANGELOG.md", include_str!("../CHANGELOG.md"))]
    {
        let (text, definitions): (Vec<&str>, Vec<&str>) =
            page.lines().partition(|line| !line.contains("]: SEMANTICS.md#"));
        let used: BTreeSet<&str> = text
            .iter()
            .flat_map(|line| line.split('[').skip(1))
            .filter_map(|rest| rest.split_once(']'))
            .map(|(label, _)| label)
            .filter(|label| ids(label).contains(label))
            .collect();
        let defined: BTreeSet<&str> =
            definitions.iter().map(|line| line.trim_start_matches('[').split(']').next().unwrap()).collect();
        assert_eq!(used, defined, "{name}: ids that are linked, and their links at its end");
        for id in defined {
            assert!(definitions.contains(&&*format!("[{id}]: SEMANTICS.md#{}", id.to_lowercase())), "{name}: [{id}]");
            assert!(rules.iter().any(|rule| rule.id == id), "{name}: no row `{id}`");
        }
    }
}

#[test]
fn what_is_not_built_is_marked_in_one_form() {
    for (at, _) in PAGE.match_indices("not built yet") {
        if PAGE[..at].ends_with("**What is ") || PAGE[..at].ends_with('"') || PAGE[..at].ends_with("\"(") {
            continue; // where the marks are explained
        }
        assert!(PAGE[..at].ends_with('('), "a mark stands in parentheses: {}", &PAGE[at.saturating_sub(60)..at + 20]);
        let rest = &PAGE[at..];
        assert!(rest.starts_with("not built yet)") || rest.starts_with("not built yet: "), "{}", &rest[..40]);
        // Its parentheses close before its paragraph, or its row, ends.
        let in_row = PAGE[..at].rsplit('\n').next().unwrap().starts_with('|');
        let scope = rest.split(if in_row { "\n" } else { "\n\n" }).next().unwrap();
        let mut depth = 1;
        let closes = scope.chars().any(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        assert!(closes, "an open mark: {}", &rest[..60]);
    }
}

#[test]
fn the_semantics_version_counts_the_entries_that_change_verdicts() {
    let page = include_str!("../CHANGELOG.md");
    let stars = page.lines().filter(|line| line.starts_with("- ★")).count();
    let versions = page.lines().filter_map(|line| line.strip_prefix("Semantics version ")?.strip_suffix('.'));
    let latest: usize = versions.map(|version| version.parse().unwrap()).next().unwrap();
    assert_eq!(latest, stars, "each entry with a star raises the semantics version of CHANGELOG.md by one");
}
