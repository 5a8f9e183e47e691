//! The matrix: a row a source, a column a destination.
//!
//! Written by hand: what draws charts brings fonts and renderers, and this is rectangles and texts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::axis::Axis;
use super::escape::xml;
use super::line::{Shade, State};
use super::{Cell, Kind, Picture};

/// Longer names are cut in their middle.
const LONGEST: usize = 44;
/// Width of a character of a monospaced font, to its height.
const ASPECT: f64 = 0.602;
/// So many lines a title says.
const SAID: usize = 12;
const MARGIN: f64 = 16.0;
/// Between groups.
const GAP: f64 = 5.0;

const STYLE: &str = "
svg{--back:#ffffff;--ink:#1f2328;--faint:#6e7781;--rule:#ffffff;--denied:#e8ebef;--all:#1a7f5a;--some:#8ccfb0;
--undefined:#f2c14e;--stripe:#b98900;--opens:#d1495b;--closes:#3b7dd8}
@media (prefers-color-scheme:dark){svg{--back:#0d1117;--ink:#e6edf3;--faint:#9198a1;--rule:#0d1117;--denied:#21262d;
--all:#3fb886;--some:#1f6b4c;--undefined:#b08500;--stripe:#f2cc60;--opens:#ff7b8a;--closes:#58a6ff}}
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--ink)}
.title{font-weight:600}.faint{fill:var(--faint)}.back{fill:var(--back)}.rule{stroke:var(--rule);fill:none}
.all{fill:var(--all)}.some{fill:var(--some)}.undefined{fill:url(#undefined)}.denied{fill:var(--denied)}
.opens{fill:var(--opens)}.closes{fill:var(--closes)}.none{fill:transparent}
.in{pointer-events:none;text-anchor:middle;font-size:10px}.on-all,.on-opens,.on-closes{fill:var(--back)}
.on-undefined{font-weight:700;paint-order:stroke;stroke:var(--back);stroke-width:3px}
.still{pointer-events:none}path:hover{stroke:var(--ink);stroke-width:1.5}
";

/// Sizes, which hang on how much there is to show.
struct Sizes {
    width: f64,
    height: f64,
    font: f64,
    /// Cells have room for a word.
    is_wide: bool,
}

impl Sizes {
    fn new(rows: usize, columns: usize) -> Self {
        let (width, height, font) = match rows.max(columns) {
            _ if columns <= 16 && rows <= 60 => (64.0, 22.0, 12.0),
            0..=40 => (20.0, 20.0, 12.0),
            41..=90 => (15.0, 15.0, 11.0),
            91..=160 => (12.0, 12.0, 9.5),
            161..=320 => (10.0, 10.0, 8.0),
            _ => (7.0, 7.0, 6.0),
        };
        Self { width, height, font, is_wide: width > 40.0 }
    }
}

/// Where the places of an axis begin, and where the last ends.
fn offsets(axis: &Axis, size: f64) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(axis.places.len() + 1);
    let mut at = 0.0;
    for place in 0..axis.places.len() {
        if axis.begins_group(place) {
            at += GAP;
        }
        offsets.push(at);
        at += size;
    }
    offsets.push(at);
    offsets
}

pub(super) fn write(picture: &Picture, out: &mut impl Write) -> io::Result<()> {
    let (rows, columns) = (&picture.sources, &picture.destinations);
    let sizes = Sizes::new(rows.places.len(), columns.places.len());
    let (down, across) = (offsets(rows, sizes.height), offsets(columns, sizes.width));
    let longest = |axis: &Axis| {
        let lengths = axis.places.iter().map(|place| shortened(&place.label).chars().count());
        f64::from(u16::try_from(lengths.max().unwrap_or(0)).unwrap_or(u16::MAX)) * sizes.font * ASPECT
    };
    // Names of columns lean by 45 degrees, out over the right edge.
    let lean = longest(columns) * std::f64::consts::FRAC_1_SQRT_2;
    let (left, top) = (MARGIN + longest(rows) + 10.0, MARGIN + 46.0 + lean + sizes.font);
    let (right, bottom) = (left + last(&across), top + last(&down));
    let title_width = text_width(&picture.title, 15.0).max(text_width(LEADS, 11.0));
    let legend = legend_width(picture);
    let leans_to = columns.places.iter().enumerate().map(|(place, each)| {
        let lean = text_width(&shortened(&each.label), sizes.font) * std::f64::consts::FRAC_1_SQRT_2;
        left + at(&across, place) + sizes.width / 2.0 + sizes.font + lean
    });
    let width = leans_to.fold(right, f64::max);
    let width = (width + MARGIN).max(MARGIN * 2.0 + title_width).max(MARGIN * 2.0 + legend).ceil();
    let height = (bottom + 56.0).ceil();
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n",
        xml(&picture.title)
    )?;
    writeln!(
        out,
        "<defs><pattern id=\"undefined\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\
         \"rotate(45)\"><rect width=\"6\" height=\"6\" style=\"fill:var(--undefined)\"/><rect width=\"2\" height=\"6\" \
         style=\"fill:var(--stripe)\"/></pattern></defs>"
    )?;
    writeln!(out, "<rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>")?;
    writeln!(
        out,
        "<text class=\"title\" x=\"{MARGIN}\" y=\"{}\" font-size=\"15\">{}</text>\n\
         <text class=\"faint\" x=\"{MARGIN}\" y=\"{}\" font-size=\"11\">{LEADS}</text>",
        MARGIN + 12.0,
        xml(&picture.title),
        MARGIN + 30.0
    )?;
    labels(
        rows,
        |place| (left - 8.0, top + at(&down, place) + sizes.height / 2.0 + sizes.font * 0.34, false),
        &sizes,
        out,
    )?;
    let lean_from = |place: usize| left + at(&across, place) + sizes.width / 2.0 + sizes.font * 0.3;
    labels(columns, |place| (lean_from(place), top - 6.0, true), &sizes, out)?;
    background(picture, [&down, &across], [left, top], &sizes, out)?;
    if picture.kind == Kind::Reach {
        blanks(picture, [&down, &across], [left, top], &sizes, out)?;
    }
    for ((row, column), cell) in &picture.cells {
        let corner = (left + at(&across, *column), top + at(&down, *row));
        self::cell(picture, [*row, *column], cell, corner, &sizes, out)?;
    }
    rules([&down, &across], [left, top, right, bottom], &sizes, out)?;
    write_legend(picture, bottom + 28.0, out)?;
    writeln!(out, "</svg>")
}

const LEADS: &str = "rows: sources, columns: destinations; point at a cell for its ports";

fn at(offsets: &[f64], place: usize) -> f64 {
    offsets.get(place).copied().unwrap_or(0.0)
}

fn last(offsets: &[f64]) -> f64 {
    offsets.last().copied().unwrap_or(0.0)
}

fn text_width(text: &str, font: f64) -> f64 {
    f64::from(u16::try_from(text.chars().count()).unwrap_or(u16::MAX)) * font * ASPECT
}

/// The name, with what is in its middle left out where it is long.
fn shortened(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= LONGEST {
        return name.to_owned();
    }
    let half = LONGEST / 2;
    let first: String = characters.iter().take(half).collect();
    let last: String = characters.iter().skip(characters.len() - (LONGEST - half - 1)).collect();
    format!("{first}\u{2026}{last}")
}

fn labels(
    axis: &Axis,
    position: impl Fn(usize) -> (f64, f64, bool),
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<()> {
    for (place, each) in axis.places.iter().enumerate() {
        let (x, y, leans) = position(place);
        let shown = shortened(&each.label);
        let title = if shown == each.label { String::new() } else { format!("<title>{}</title>", xml(&each.label)) };
        let (anchor, turn) =
            if leans { ("start", format!(" transform=\"rotate(-45 {x:.1} {y:.1})\"")) } else { ("end", String::new()) };
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" text-anchor=\"{anchor}\"{turn}>{}{title}</text>",
            sizes.font,
            xml(&shown)
        )?;
    }
    Ok(())
}

/// What is denied, or does not differ: a rectangle for all cells of two groups.
fn background(
    picture: &Picture,
    [down, across]: [&[f64]; 2],
    [left, top]: [f64; 2],
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<()> {
    let stretches = |axis: &Axis, offsets: &[f64], size: f64| {
        let mut stretches: Vec<(f64, f64)> = Vec::new();
        for place in 0..axis.places.len() {
            let end = at(offsets, place) + size;
            match stretches.last_mut().filter(|_| !axis.begins_group(place)) {
                Some((_, last)) => *last = end,
                None => stretches.push((at(offsets, place), end)),
            }
        }
        stretches
    };
    for (from, to) in stretches(&picture.sources, down, sizes.height) {
        for (first, last) in stretches(&picture.destinations, across, sizes.width) {
            let (x, y) = (left + first, top + from);
            writeln!(
                out,
                "<rect class=\"denied\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                last - first,
                to - from
            )?;
        }
    }
    Ok(())
}

/// Where there is no pair: a pod and itself.
fn blanks(
    picture: &Picture,
    [down, across]: [&[f64]; 2],
    [left, top]: [f64; 2],
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut path = String::new();
    for row in 0..picture.sources.places.len() {
        for column in 0..picture.destinations.places.len() {
            if !picture.cells.contains_key(&(row, column)) {
                let (x, y) = (left + at(across, column), top + at(down, row));
                let _ = write!(path, "M{x:.1} {y:.1}h{0:.1}v{1:.1}h-{0:.1}z", sizes.width, sizes.height);
            }
        }
    }
    if path.is_empty() { Ok(()) } else { writeln!(out, "<path class=\"back still\" d=\"{path}\"/>") }
}

fn cell(
    picture: &Picture,
    [row, column]: [usize; 2],
    cell: &Cell,
    (x, y): (f64, f64),
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<()> {
    let names = picture.sources.places.get(row).zip(picture.destinations.places.get(column));
    let Some((from, to)) = names else { return Ok(()) };
    let title = xml(&title(picture, &from.label, &to.label, cell));
    // Of several shades each has its part, from left to right.
    let parts = f64::from(u8::try_from(cell.shades.len()).unwrap_or(u8::MAX));
    let part = sizes.width / parts;
    if let [first, others @ ..] = cell.shades.iter().copied().collect::<Vec<Shade>>().as_slice() {
        let path = |shade: Shade, x: f64, inside: &str| {
            let class = if shade == Shade::Denied { "none" } else { shade.word() };
            format!(
                "<path class=\"{class}\" d=\"M{x:.1} {y:.1}h{part:.1}v{0:.1}h-{part:.1}z\">{inside}</path>",
                sizes.height
            )
        };
        let title = format!("<title>{title}</title>");
        let mut drawn = path(*first, x, &title);
        let mut from = x;
        for shade in others {
            from += part;
            drawn += &path(*shade, from, &title);
        }
        if let Some(word) = word(picture, cell).filter(|word| sizes.is_wide && word.chars().count() <= 10) {
            let class = format!("in on-{}", first.word());
            let (x, y) = (x + sizes.width / 2.0, y + sizes.height / 2.0 + 3.5);
            let _ = write!(drawn, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", xml(&word));
        }
        writeln!(out, "{drawn}")?;
    }
    Ok(())
}

/// What there is room to say in a cell: its ports where these are one, else how many pairs have some.
fn word(picture: &Picture, cell: &Cell) -> Option<String> {
    let lines = || cell.lines.iter().filter_map(|at| picture.lines.get(*at)).filter(|line| !line.is_portless());
    let ports = |shade: Shade| -> BTreeSet<String> {
        lines().filter(|line| line.state.shade() == shade).map(|line| line.ports.to_string()).collect()
    };
    let one = |ports: BTreeSet<String>| {
        let count = ports.len();
        ports.into_iter().next().map(|first| {
            let first = first.trim_end_matches(", icmp, other").to_owned();
            if count == 1 && first.chars().count() <= 10 { first } else { format!("{count} kinds") }
        })
    };
    let shade = if cell.shades.len() == 1 { cell.shades.first()? } else { return None };
    match (shade, cell.pairs) {
        (Shade::All, _) => Some("all".to_owned()),
        (Shade::Some, Some([0, some, 0, 0])) if some > 0 => one(ports(Shade::Some)),
        (Shade::Some, Some([all, some, undefined, denied])) => Some(part(all + some, all + some + undefined + denied)),
        (Shade::Undefined, _) => {
            let rows = lines().fold(netpol_oracle::profile::Rows::NONE, |rows, line| rows.union(line.rows));
            (!rows.is_empty()).then(|| rows.to_string())
        }
        (shade @ (Shade::Opens | Shade::Closes), _) => one(ports(*shade)),
        _ => None,
    }
}

/// `5 of 6`; of many a percentage, which is neither none nor all.
fn part(count: u64, total: u64) -> String {
    if total < 1000 { format!("{count} of {total}") } else { format!("{} %", (count * 100 / total).clamp(1, 99)) }
}

/// Ends, verdict, ports and rows.
fn title(picture: &Picture, from: &str, to: &str, cell: &Cell) -> String {
    let shades: Vec<&str> = cell.shades.iter().map(|shade| shade.word()).collect();
    let mut title = format!("{from} \u{2192} {to}: {}", shades.join(", "));
    if let Some([all, some, undefined, denied]) = cell.pairs.filter(|pairs| pairs.iter().sum::<u64>() > 1) {
        let _ = write!(title, "\n{all} pairs all ports, {some} some, {undefined} undefined, {denied} denied");
    }
    let lines = cell.lines.iter().filter_map(|at| picture.lines.get(*at));
    let said: BTreeSet<(State, String)> = lines.map(|line| (line.state, line.ports_and_rows())).collect();
    for (state, ports) in said.iter().take(SAID) {
        let _ = write!(title, "\n{}: {ports}", state.words());
    }
    if said.len() > SAID {
        let _ = write!(title, "\nand {} more", said.len() - SAID);
    }
    title
}

/// Lines between cells, in the colour of the ground.
fn rules(
    [down, across]: [&[f64]; 2],
    [left, top, right, bottom]: [f64; 4],
    sizes: &Sizes,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut path = String::new();
    for x in across {
        let _ = write!(path, "M{:.1} {top:.1}V{bottom:.1}", left + x);
    }
    for y in down {
        let _ = write!(path, "M{left:.1} {:.1}H{right:.1}", top + y);
    }
    let width = if sizes.height > 12.0 { 1.5 } else { 0.75 };
    writeln!(out, "<path class=\"rule still\" stroke-width=\"{width}\" d=\"{path}\"/>")
}

fn legend_width(picture: &Picture) -> f64 {
    picture.legend().iter().map(|(_, words)| text_width(words, 11.0) + 36.0).sum()
}

fn write_legend(picture: &Picture, y: f64, out: &mut impl Write) -> io::Result<()> {
    let mut x = MARGIN;
    for (shade, words) in picture.legend() {
        writeln!(
            out,
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"14\" height=\"14\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{words}</text>",
            shade.word(),
            y - 11.0,
            x + 19.0,
            y
        )?;
        x += text_width(words, 11.0) + 36.0;
    }
    Ok(())
}
