//! The graph: sources on the left, destinations on the right, as Graphviz reads it.
//!
//! Who opens the same connections is one node, and so is who takes the same: between two groups there is one edge for what is
//! allowed and one for what is undefined. Where several groups have the same to say to several others, all of them meet in a point
//! that says it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use netpol_oracle::analysis::{Ends, Ports};
use netpol_oracle::net::{AddressRange, Family};
use netpol_oracle::profile::Rows;

use super::axis::Axis;
use super::escape::dot;
use super::line::{Shade, State};
use super::{Kind, Picture};

/// So many names a node says.
const NAMED: usize = 12;

/// Somebody, and of the outside which part.
type One = (usize, Vec<AddressRange>);

/// What is said from one group to another.
type Said = BTreeSet<(State, Rows, Ports)>;

/// Ends that the same is said of.
struct Group {
    ones: Vec<One>,
    /// By the places of the other side; none where nothing could be said, since it is the group itself.
    said: Vec<Option<Said>>,
}

pub(super) fn write(picture: &Picture, out: &mut impl Write) -> io::Result<()> {
    let (sources, destinations) = groups(picture);
    writeln!(
        out,
        "digraph netpol {{\n  label=\"{}\"; labelloc=t; fontname=\"sans-serif\";\n  rankdir=LR; ranksep=1.6; nodesep=0.15;\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=\"#f6f8fa\", color=\"#8c959f\", fontname=\"monospace\", fontsize=10];\n  \
         edge [fontname=\"monospace\", fontsize=9, arrowsize=0.7];",
        dot(&format!("{}\n{}", picture.title, note(picture.kind)))
    )?;
    for (at, group) in sources.iter().enumerate() {
        writeln!(out, "  s{at} [label=\"{}\"];", dot(&names(&picture.sources, &group.ones)))?;
    }
    for (at, group) in destinations.iter().enumerate() {
        writeln!(out, "  d{at} [label=\"{}\"];", dot(&names(&picture.destinations, &group.ones)))?;
    }
    let mut points = 0;
    for ((shade, label), cells) in by_label(&sources) {
        let label = dot(&label);
        for bundle in bundles(&cells) {
            if bundle.is_worth_a_point() {
                let point = "shape=box, style=rounded, fontsize=9, margin=\"0.06,0.02\", height=0";
                writeln!(out, "  p{points} [label=\"{label}\", {point}, {}];", look(shade))?;
                for from in &bundle.from {
                    writeln!(out, "  s{from} -> p{points} [arrowhead=none, {}];", look(shade))?;
                }
                for to in &bundle.to {
                    writeln!(out, "  p{points} -> d{to} [{}];", look(shade))?;
                }
                points += 1;
            } else {
                for (from, to) in bundle.from.iter().flat_map(|from| bundle.to.iter().map(move |to| (from, to))) {
                    writeln!(out, "  s{from} -> d{to} [label=\"{label}\", {}];", look(shade))?;
                }
            }
        }
    }
    writeln!(out, "}}")
}

/// By source and destination whether a label stands between the two; none where that would not be meant.
type Cells = Vec<Vec<Option<bool>>>;

/// Every label, and where it stands.
fn by_label(sources: &[Group]) -> BTreeMap<(Shade, String), Cells> {
    let of = |group: &Group| -> Vec<Option<BTreeMap<Shade, String>>> {
        group.said.iter().map(|said| edges(said.as_ref())).collect()
    };
    let all: Vec<Vec<Option<BTreeMap<Shade, String>>>> = sources.iter().map(of).collect();
    let labels: BTreeSet<(Shade, String)> = all.iter().flatten().flatten().flat_map(Clone::clone).collect();
    let cells = |(shade, label): &(Shade, String)| -> Cells {
        let cell = |edges: &Option<BTreeMap<Shade, String>>| Some(edges.as_ref()?.get(shade) == Some(label));
        all.iter().map(|row| row.iter().map(cell).collect()).collect()
    };
    labels.into_iter().map(|label| (label.clone(), cells(&label))).collect()
}

/// Groups that all have the same to say to all of some others.
#[derive(Clone)]
struct Bundle {
    from: BTreeSet<usize>,
    to: BTreeSet<usize>,
}

impl Bundle {
    fn is_worth_a_point(&self) -> bool {
        self.from.len() * self.to.len() > self.from.len() + self.to.len()
    }

    fn edges(&self) -> usize {
        let (from, to) = (self.from.len(), self.to.len());
        (from * to).min(from + to)
    }
}

/// All that is said, in as few edges as putting alike destinations together takes, or alike sources.
fn bundles(cells: &Cells) -> Vec<Bundle> {
    let columns = cells.first().map_or(0, Vec::len);
    let turned: Cells =
        (0..columns).map(|to| cells.iter().map(|row| row.get(to).copied().flatten()).collect()).collect();
    let by_source = alike(cells);
    let by_destination: Vec<Bundle> =
        alike(&turned).into_iter().map(|bundle| Bundle { from: bundle.to, to: bundle.from }).collect();
    let cost = |bundles: &[Bundle]| bundles.iter().map(Bundle::edges).sum::<usize>();
    if cost(&by_destination) < cost(&by_source) { by_destination } else { by_source }
}

/// Rows that say the same, but for what is not meant.
fn alike(cells: &Cells) -> Vec<Bundle> {
    let mut bundles: Vec<(Bundle, Vec<Option<bool>>)> = Vec::new();
    for (from, row) in cells.iter().enumerate().filter(|(_, row)| row.contains(&Some(true))) {
        let fits = |known: &[Option<bool>]| {
            known.iter().zip(row).all(|(known, own)| known == own || known.is_none() || own.is_none())
        };
        match bundles.iter_mut().find(|(_, known)| fits(known)) {
            Some((bundle, known)) => {
                bundle.from.insert(from);
                known.iter_mut().zip(row).for_each(|(known, own)| *known = known.or(*own));
            }
            None => bundles.push((Bundle { from: BTreeSet::from([from]), to: BTreeSet::new() }, row.clone())),
        }
    }
    let finished = bundles.into_iter().map(|(bundle, known)| {
        let to = known.iter().enumerate().filter(|(_, cell)| **cell == Some(true)).map(|(to, _)| to);
        Bundle { to: to.collect(), ..bundle }
    });
    finished.collect()
}

fn note(kind: Kind) -> &'static str {
    match kind {
        Kind::Reach => "what no edge says is denied; dashed: undefined; a pod and itself are not meant",
        Kind::Diff => "red opens, blue closes, dashed becomes or stops being undefined; a pod and itself are not meant",
    }
}

fn look(shade: Shade) -> &'static str {
    match shade {
        Shade::Undefined => "style=dashed, color=\"#b98900\", fontcolor=\"#8a6700\"",
        Shade::Opens => "color=\"#d1495b\", fontcolor=\"#d1495b\"",
        Shade::Closes => "color=\"#3b7dd8\", fontcolor=\"#3b7dd8\"",
        Shade::All | Shade::Some | Shade::Denied => "color=\"#1a7f5a\", fontcolor=\"#116644\"",
    }
}

/// One edge a shade, with all that it says.
fn edges(said: Option<&Said>) -> Option<BTreeMap<Shade, String>> {
    let mut edges: BTreeMap<Shade, Vec<String>> = BTreeMap::new();
    for (state, rows, ports) in said? {
        let rows = if rows.is_empty() { String::new() } else { format!(" ({rows})") };
        let word = match state {
            State::Becomes(..) if state.shade() == Shade::Undefined => format!("{}: ", state.words()),
            _ => String::new(),
        };
        edges.entry(state.shade()).or_default().push(format!("{word}{ports}{rows}"));
    }
    Some(edges.into_iter().map(|(shade, lines)| (shade, lines.join("\n"))).collect())
}

/// Everybody of a group: a region where all of it is there, else each by name.
fn names(axis: &Axis, ones: &[One]) -> String {
    let mut by_place: BTreeMap<usize, Vec<&One>> = BTreeMap::new();
    for one in ones {
        let place = axis.members.get(one.0).map(|member| member.place);
        place.into_iter().for_each(|place| by_place.entry(place).or_default().push(one));
    }
    let mut names: Vec<String> = Vec::new();
    for (place, own) in by_place {
        let of_place = axis.members.iter().filter(|member| member.place == place).count();
        let is_outside = own.iter().any(|(_, ranges)| !ranges.is_empty());
        match axis.places.get(place) {
            Some(whole) if own.len() == of_place && !is_outside => names.push(whole.label.clone()),
            _ => names.extend(own.iter().filter_map(|one| name(axis, one))),
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join("\n")
}

fn name(axis: &Axis, (member, ranges): &One) -> Option<String> {
    let member = axis.members.get(*member)?;
    let of = |ranges: &[AddressRange], family| -> Vec<AddressRange> {
        ranges.iter().filter(|range| range.family() == family).copied().collect()
    };
    Some(match &member.ends {
        Ends::Addresses(all) if ranges == all => "outside".to_owned(),
        Ends::Addresses(all) if *ranges == of(all, Family::V4) => "outside (IPv4)".to_owned(),
        Ends::Addresses(all) if *ranges == of(all, Family::V6) => "outside (IPv6)".to_owned(),
        Ends::Addresses(_) => format!("outside: {}", Ends::Addresses(ranges.clone())),
        _ => member.name.clone(),
    })
}

/// Sources and destinations, with what is said from each of the first to each of the second.
fn groups(picture: &Picture) -> (Vec<Group>, Vec<Group>) {
    let ones = |axis: &Axis, members: &[usize], addresses: &[AddressRange]| -> Vec<One> {
        let one = |at: &usize| {
            let is_outside = axis.members.get(*at).is_some_and(|member| matches!(member.ends, Ends::Addresses(_)));
            (*at, if is_outside { addresses.to_vec() } else { Vec::new() })
        };
        members.iter().map(one).collect()
    };
    let mut of_sources: BTreeMap<One, Vec<usize>> = BTreeMap::new();
    let mut of_destinations: BTreeMap<One, Vec<usize>> = BTreeMap::new();
    for (at, line) in picture.lines.iter().enumerate() {
        for one in ones(&picture.sources, &line.sources, &line.addresses) {
            of_sources.entry(one).or_default().push(at);
        }
        for one in ones(&picture.destinations, &line.destinations, &line.addresses) {
            of_destinations.entry(one).or_default().push(at);
        }
    }
    let alike = |of: BTreeMap<One, Vec<usize>>| {
        let mut alike: BTreeMap<Vec<usize>, Vec<One>> = BTreeMap::new();
        of.into_iter().for_each(|(one, lines)| alike.entry(lines).or_default().push(one));
        let mut alike: Vec<(Vec<usize>, Vec<One>)> = alike.into_iter().collect();
        alike.sort_by(|one, other| one.1.cmp(&other.1));
        alike
    };
    let (sources, destinations) = (alike(of_sources), alike(of_destinations));
    let said = |from: &(Vec<usize>, Vec<One>), to: &(Vec<usize>, Vec<One>)| {
        let common = from.0.iter().filter(|line| to.0.binary_search(line).is_ok());
        let lines = common.filter_map(|at| picture.lines.get(*at));
        let said: Said = lines.map(|line| (line.state, line.rows, line.ports.clone())).collect();
        (!said.is_empty() || !is_never_meant(picture, &from.1, &to.1)).then_some(said)
    };
    let rows: Vec<Group> = sources
        .iter()
        .map(|from| Group { ones: from.1.clone(), said: destinations.iter().map(|to| said(from, to)).collect() })
        .collect();
    let rows = joined(rows);
    let columns = destinations.iter().enumerate().map(|(at, (_, ones))| Group {
        ones: ones.clone(),
        said: rows.iter().map(|row| row.said.get(at).cloned().flatten()).collect(),
    });
    let columns = joined(columns.collect());
    // Back to rows, by the columns that are left.
    let rows = rows.into_iter().enumerate().map(|(at, row)| Group {
        ones: row.ones,
        said: columns.iter().map(|column| column.said.get(at).cloned().flatten()).collect(),
    });
    (rows.collect(), columns)
}

/// Two sides that are one pod alone, or that both are outside: nothing can be said of it.
fn is_never_meant(picture: &Picture, from: &[One], to: &[One]) -> bool {
    fn all<'p>(axis: &'p Axis, ones: &[One]) -> Vec<&'p Ends> {
        ones.iter().filter_map(|(at, _)| axis.members.get(*at)).map(|member| &member.ends).collect()
    }
    let is_outside = |ends: &[&Ends]| ends.iter().all(|end| matches!(end, Ends::Addresses(_)));
    let (from, to) = (all(&picture.sources, from), all(&picture.destinations, to));
    match (from.as_slice(), to.as_slice()) {
        ([from @ Ends::Pods(_)], [to]) => from == to,
        (from, to) => is_outside(from) && is_outside(to),
    }
}

/// Groups of which the same is said are one. What cannot be said is whatever the others say.
fn joined(groups: Vec<Group>) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for group in groups {
        let fits = |one: &Group| {
            let mut both = one.said.iter().zip(&group.said);
            both.all(|(one, other)| one == other || one.is_none() || other.is_none())
        };
        match all.iter_mut().find(|one| fits(one)) {
            Some(one) => {
                one.ones.extend(group.ones);
                for (own, other) in one.said.iter_mut().zip(group.said) {
                    *own = own.take().or(other);
                }
            }
            None => all.push(group),
        }
    }
    for group in &mut all {
        let ones: BTreeSet<One> = std::mem::take(&mut group.ones).into_iter().collect();
        group.ones = ones.into_iter().collect();
    }
    all
}
