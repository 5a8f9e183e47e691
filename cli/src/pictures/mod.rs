//! Pictures of who reaches whom, and of what differs: a matrix, a page that stands alone, a graph.

mod axis;
mod dot;
mod escape;
mod html;
mod line;
mod svg;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use netpol_oracle::Flow;
use netpol_oracle::analysis::{Connection, ConnectionChange, Ends, PairCounts, Region};

use axis::Axis;
use line::{Line, Shade};

/// Who is where.
pub(crate) type Regions = BTreeMap<Region, Vec<Ends>>;

/// How to draw it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    Dot,
    Svg,
    Html,
}

/// What there is to draw.
pub(crate) struct Picture {
    /// A line above it.
    title: String,
    kind: Kind,
    sources: Axis,
    destinations: Axis,
    lines: Vec<Line>,
    /// By row and column; where none is there is no pair, or nothing that differs.
    cells: BTreeMap<(usize, usize), Cell>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Reach,
    Diff,
}

/// What there is to say of the connections from a row to a column.
struct Cell {
    /// One, or of changes several.
    shades: BTreeSet<Shade>,
    /// Of pairs: all ports, some, undefined, denied.
    pairs: Option<[u64; 4]>,
    /// The places of the lines that speak of it.
    lines: Vec<usize>,
}

impl Picture {
    /// Of connections between pods, and what pairs come to in each cell.
    pub(crate) fn of_connections(
        title: String,
        regions: &Regions,
        counts: &[PairCounts],
        connections: &[Connection],
    ) -> Self {
        let from: BTreeSet<&Region> = counts.iter().map(|counts| &counts.source).collect();
        let to: BTreeSet<&Region> = counts.iter().map(|counts| &counts.destination).collect();
        let sources = Axis::new(regions, |region| from.contains(region));
        let destinations = Axis::new(regions, |region| to.contains(region));
        let lines = connections.iter().map(|each| Line::of_connection(each, [&sources, &destinations])).collect();
        let mut picture = Self { title, kind: Kind::Reach, sources, destinations, lines, cells: BTreeMap::new() };
        for counts in counts {
            let places =
                picture.sources.place_of(&counts.source).zip(picture.destinations.place_of(&counts.destination));
            let Some(place) = places else { continue };
            let shade = match counts {
                counts if counts.all == counts.pairs() => Shade::All,
                counts if counts.all + counts.some > 0 => Shade::Some,
                counts if counts.undefined > 0 => Shade::Undefined,
                _ => Shade::Denied,
            };
            let pairs = Some([counts.all, counts.some, counts.undefined, counts.denied]);
            picture.cells.insert(place, Cell { shades: BTreeSet::from([shade]), pairs, lines: Vec::new() });
        }
        for (place, lines) in picture.lines_by_place() {
            if let Some(cell) = picture.cells.get_mut(&place) {
                cell.lines = lines;
            }
        }
        picture
    }

    /// Of what differs between pods.
    pub(crate) fn of_changes(title: String, regions: &Regions, changes: &[ConnectionChange]) -> Self {
        let touched = |ends: fn(&ConnectionChange) -> &Ends| {
            let everybody = Axis::new(regions, |_| true);
            let members = changes.iter().flat_map(|change| everybody.find(ends(change)));
            let places: BTreeSet<usize> =
                members.filter_map(|at| everybody.members.get(at)).map(|member| member.place).collect();
            Axis::new(regions, |region| everybody.place_of(region).is_some_and(|place| places.contains(&place)))
        };
        let (sources, destinations) = (touched(|change| &change.source), touched(|change| &change.destination));
        let lines = changes.iter().map(|each| Line::of_change(each, [&sources, &destinations])).collect();
        let mut picture = Self { title, kind: Kind::Diff, sources, destinations, lines, cells: BTreeMap::new() };
        for (place, lines) in picture.lines_by_place() {
            let own = || lines.iter().filter_map(|at| picture.lines.get(*at));
            // What ports say goes before what protocols without ports do, which are open at every isolated pod.
            let with_ports: BTreeSet<Shade> =
                own().filter(|line| !line.is_portless()).map(|line| line.state.shade()).collect();
            let shades =
                if with_ports.is_empty() { own().map(|line| line.state.shade()).collect() } else { with_ports };
            picture.cells.insert(place, Cell { shades, pairs: None, lines });
        }
        picture
    }

    /// The rows, or the columns where these are more.
    pub(crate) fn size(&self) -> usize {
        self.sources.places.len().max(self.destinations.places.len())
    }

    /// Writes it.
    pub(crate) fn write(&self, form: Form, why: impl Fn(&Flow) -> Vec<String>, out: &mut impl Write) -> io::Result<()> {
        match form {
            Form::Dot => dot::write(self, out),
            Form::Svg => svg::write(self, out),
            Form::Html => html::write(self, why, out),
        }
    }

    /// The lines that speak of each cell.
    fn lines_by_place(&self) -> BTreeMap<(usize, usize), Vec<usize>> {
        let mut found: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate() {
            let places = |axis: &Axis, members: &[usize]| -> BTreeSet<usize> {
                members.iter().filter_map(|member| axis.members.get(*member)).map(|member| member.place).collect()
            };
            let to = places(&self.destinations, &line.destinations);
            for from in places(&self.sources, &line.sources) {
                to.iter().for_each(|to| found.entry((from, *to)).or_default().push(at));
            }
        }
        found
    }

    /// The shades that there may be, in the order of the legend, with what each says.
    fn legend(&self) -> Vec<(Shade, &'static str)> {
        match self.kind {
            Kind::Reach => vec![
                (Shade::All, "all ports"),
                (Shade::Some, "some ports, pods or addresses"),
                (Shade::Undefined, "undefined"),
                (Shade::Denied, "denied"),
            ],
            Kind::Diff => vec![
                (Shade::Opens, "opens"),
                (Shade::Closes, "closes"),
                (Shade::Undefined, "becomes or stops being undefined"),
            ],
        }
    }
}
