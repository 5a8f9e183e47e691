//! The page that stands alone: the matrix as a table, with filters, and what a cell comes to on a click.
//!
//! Style and script are of this package, and nothing is loaded: a policy in the page forbids it. What manifests say is data in one
//! element, which the script writes as text alone.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use netpol_oracle::{Destination, Endpoint, Flow, Row};
use serde::Serialize;

use super::axis::Axis;
use super::escape::{script, xml};
use super::line::Line;
use super::{Kind, Picture};
use netpol_oracle::analysis::Ends;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// So many lines are explained by a decision; of the others the page says flows to ask about.
const EXPLAINED: usize = 2000;

/// What the script reads.
#[derive(Serialize)]
struct Data<'p> {
    kind: &'static str,
    sources: Side<'p>,
    destinations: Side<'p>,
    /// Members of lines, each set once.
    sets: Vec<Vec<usize>>,
    lines: Vec<Said>,
    cells: Vec<Cell>,
    rows: BTreeMap<&'static str, &'static str>,
    legend: Vec<(&'static str, &'static str)>,
}

#[derive(Serialize)]
struct Side<'p> {
    places: Vec<(&'p str, &'p str)>,
    /// Name and place.
    members: Vec<(&'p str, usize)>,
    /// Of each source that is a pod, its place among destinations.
    same: Vec<Option<usize>>,
}

#[derive(Serialize)]
struct Said {
    from: usize,
    to: usize,
    ports: netpol_oracle::analysis::Ports,
    words: String,
    shade: &'static str,
    rows: netpol_oracle::profile::Rows,
    /// What of the outside, in words, and the first of it as flows name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<String>,
}

#[derive(Serialize)]
struct Cell {
    row: usize,
    column: usize,
    shades: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairs: Option<[u64; 4]>,
    lines: Vec<usize>,
}

pub(super) fn write(picture: &Picture, why: impl Fn(&Flow) -> Vec<String>, out: &mut impl Write) -> io::Result<()> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut set = |members: &Vec<usize>| {
        *known.entry(members.clone()).or_insert_with(|| {
            sets.push(members.clone());
            sets.len() - 1
        })
    };
    let lines: Vec<Said> = picture
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| Said {
            from: set(&line.sources),
            to: set(&line.destinations),
            ports: line.ports.clone(),
            words: line.state.words(),
            shade: line.state.shade().word(),
            rows: line.rows,
            outside: outside(line),
            why: line.flow.as_ref().filter(|_| at < EXPLAINED).map(&why).unwrap_or_default(),
        })
        .collect();
    let named = |row: &Row| picture.lines.iter().any(|line| line.rows.contains(*row));
    let data = Data {
        kind: if picture.kind == Kind::Reach { "reach" } else { "diff" },
        sources: side(&picture.sources, Some(&picture.destinations)),
        destinations: side(&picture.destinations, None),
        sets,
        lines,
        cells: cells(picture),
        rows: Row::ALL.iter().filter(|row| named(row)).map(|row| (row.as_str(), row.about())).collect(),
        legend: picture.legend().into_iter().map(|(shade, words)| (shade.word(), words)).collect(),
    };
    let json = script(&serde_json::to_string(&data)?);
    let mut rest = PAGE;
    // Each is put in once: what is put in may say anything.
    for (mark, text) in [
        ("<!--TITLE-->", xml(&picture.title)),
        ("/*STYLE*/", STYLE.to_owned()),
        ("<!--HEADING-->", xml(&picture.title)),
        ("/*DATA*/", json),
        ("/*SCRIPT*/", SCRIPT.to_owned()),
    ] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn side<'p>(axis: &'p Axis, other: Option<&Axis>) -> Side<'p> {
    let same = |ends: &Ends| match ends {
        Ends::Pods(_) => other.and_then(|other| other.find(ends).first().copied()),
        _ => None,
    };
    Side {
        places: axis.places.iter().map(|place| (&*place.label, &*place.group)).collect(),
        members: axis.members.iter().map(|member| (&*member.name, member.place)).collect(),
        same: if other.is_some() { axis.members.iter().map(|member| same(&member.ends)).collect() } else { Vec::new() },
    }
}

fn outside(line: &Line) -> Option<(String, String)> {
    let first = line.addresses.first()?;
    let all: Vec<String> = line.addresses.iter().take(20).map(ToString::to_string).collect();
    let more = line.addresses.len().saturating_sub(all.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let name = Destination::from(Endpoint::Address(first.first())).to_string();
    Some((format!("{}{more}", all.join(", ")), name))
}

fn cells(picture: &Picture) -> Vec<Cell> {
    let cell = |((row, column), cell): (&(usize, usize), &super::Cell)| Cell {
        row: *row,
        column: *column,
        shades: cell.shades.iter().map(|shade| shade.word()).collect(),
        pairs: cell.pairs,
        lines: cell.lines.clone(),
    };
    picture.cells.iter().map(cell).collect()
}
