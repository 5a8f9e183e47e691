//! What of a policy other rules admit too. A rule is a table of its peers by its port entries; what stands in a cell is
//! admitted by another cell where that one's policy selects at least the same pods, its peer at least the same ends, and its
//! entry at least the same ports. Of cells that say the same the first one counts, so that whatever is told to change nothing
//! can be removed with everything else that is told: the first of those that say the most stays.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::admission::context::Review;
use crate::admission::lints::forms::{Anchor, Form, PortOrder, Scope};
use crate::admission::lints::rivals::Rival;
use crate::model::policy::{NetworkPolicy, Peers, PortMatch, Ports};
use crate::name::{Direction, ObjectName};

/// Most comparisons of two peers or two port entries for one policy, in one scope; what is beyond is not compared, and nothing
/// is said of it.
pub(super) const MAX_COMPARED: usize = 1 << 20;

/// A cell, or a whole rule, that admits what another cell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cover<'p> {
    /// Whose rule it is; none for the policy itself.
    pub(super) policy: Option<&'p ObjectName>,
    pub(super) rule: usize,
    /// None for a rule without peers.
    pub(super) peer: Option<usize>,
    /// None for a rule without ports.
    pub(super) port: Option<usize>,
}

/// A cell by its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellAt {
    pub(super) rule: usize,
    peer: Option<usize>,
    port: Option<usize>,
}

/// Something that a policy says for one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact<'p> {
    /// None for the policy itself that is looked at.
    pub(super) policy: Option<&'p NetworkPolicy>,
    pub(super) direction: Direction,
    /// What a rule of it admits; none: that it isolates whom it selects.
    pub(super) cell: Option<CellAt>,
}

/// One rule of the policy, and who admits what stands in its cells.
#[derive(Debug)]
pub(super) struct Covered<'p> {
    /// The places of the peers that admit somebody; none for a rule without peers.
    pub(super) peers: Vec<Option<usize>>,
    /// The places of the port entries; none for a rule without ports.
    pub(super) ports: Vec<Option<usize>>,
    /// By peer, then by port.
    cells: Vec<Option<Cover<'p>>>,
}

impl<'p> Covered<'p> {
    /// Whether all of it is admitted elsewhere, and it admits somebody.
    pub(super) fn is_told(&self) -> bool {
        !self.cells.is_empty() && self.cells.iter().all(Option::is_some)
    }

    /// What admits the whole rule, if all of it is admitted: nothing where it has no peer that admits anybody.
    pub(super) fn whole(&self) -> Option<BTreeSet<Cover<'p>>> {
        self.cells.iter().copied().collect()
    }

    /// Whether another cell admits what that one does.
    pub(super) fn is_covered(&self, CellAt { peer, port, .. }: CellAt) -> bool {
        let row = self.peers.iter().position(|own| *own == peer);
        let column = self.ports.iter().position(|own| *own == port);
        let cell = row.zip(column).and_then(|(row, column)| self.cells.get(row * self.ports.len() + column));
        cell.is_some_and(Option::is_some)
    }

    /// What admits all that the peer in that row admits.
    pub(super) fn row(&self, row: usize) -> Option<BTreeSet<Cover<'p>>> {
        let width = self.ports.len();
        self.cells.iter().skip(row * width).take(width).copied().collect()
    }

    /// What admits all that the port entry in that column admits.
    pub(super) fn column(&self, column: usize) -> Option<BTreeSet<Cover<'p>>> {
        self.cells.iter().skip(column).step_by(self.ports.len().max(1)).copied().collect()
    }
}

/// A rule of the policy or of a rival.
struct Line<'p, 'r> {
    rival: Option<&'r Rival<'p>>,
    rule: usize,
    /// Where its rows stand.
    rows: Range<usize>,
    ports: Vec<Option<&'p PortMatch>>,
}

/// A peer of such a rule.
struct Row<'p> {
    line: usize,
    peer: Option<usize>,
    form: Form<'p>,
}

/// Two columns of which the first admits no more than the second; whether it admits less.
type Columns = Vec<(usize, usize, bool)>;

/// The rules of a policy for one direction, in order; where two cells say the same, one that `goes` cannot stay for the other.
pub(super) fn covered<'p>(
    review: &Review<'p>,
    own: &'p NetworkPolicy,
    (scope, direction): (Scope, Direction),
    rivals: &[Rival<'p>],
    goes: &dyn Fn(&Fact<'p>) -> bool,
) -> Vec<Covered<'p>> {
    let (mut lines, mut rows): (Vec<Line<'p, '_>>, Vec<Row<'p>>) = (Vec::new(), Vec::new());
    let policies = std::iter::once((None, own)).chain(rivals.iter().map(|rival| (Some(rival), rival.policy)));
    for (rival, policy) in policies {
        for (rule, entry) in policy.rules(direction).iter().enumerate() {
            let ports = match &entry.ports {
                Ports::Any => vec![None],
                Ports::Of(entries) => entries.iter().map(Some).collect(),
            };
            let (line, first) = (lines.len(), rows.len());
            match &entry.peers {
                Peers::Any => rows.push(Row { line, peer: None, form: Form::Any }),
                Peers::Of(peers) => rows.extend(peers.iter().enumerate().map(|(at, peer)| Row {
                    line,
                    peer: Some(at),
                    form: Form::of(review, scope, (&**policy.name().namespace(), direction), peer),
                })),
            }
            lines.push(Line { rival, rule, rows: first..rows.len(), ports });
        }
    }
    let own = own.rules(direction).len();
    let mut found: Vec<Covered<'p>> =
        (0..own).map(|_| Covered { peers: vec![], ports: vec![], cells: vec![] }).collect();
    let mut search = Search::new((&lines, &rows), PortOrder::of(review.capabilities()), direction, goes);
    for (at, row) in rows.iter().enumerate() {
        let Some((line, of_rule)) = lines.get(row.line).zip(found.get_mut(row.line)) else { break };
        if matches!(row.form, Form::Nobody) {
            continue;
        }
        if of_rule.ports.is_empty() {
            let places = line.ports.iter().enumerate();
            of_rule.ports = places.map(|(place, entry)| entry.map(|_| place)).collect();
        }
        of_rule.peers.push(row.peer);
        of_rule.cells.extend(search.row(at, row));
    }
    found
}

struct Search<'a, 'p, 'r> {
    lines: &'a [Line<'p, 'r>],
    rows: &'a [Row<'p>],
    order: PortOrder,
    direction: Direction,
    goes: &'a dyn Fn(&Fact<'p>) -> bool,
    /// Rows by a label that all have whom they admit, and those that have none.
    anchored: HashMap<Anchor<'p>, Vec<usize>>,
    others: Vec<usize>,
    columns: HashMap<(usize, usize), Columns>,
    compared: usize,
}

impl<'a, 'p, 'r> Search<'a, 'p, 'r> {
    fn new(
        (lines, rows): (&'a [Line<'p, 'r>], &'a [Row<'p>]),
        order: PortOrder,
        direction: Direction,
        goes: &'a dyn Fn(&Fact<'p>) -> bool,
    ) -> Self {
        let (mut anchored, mut others): (HashMap<Anchor<'p>, Vec<usize>>, _) = (HashMap::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            match row.form.anchor() {
                Some(anchor) => anchored.entry(anchor).or_default().push(at),
                None => others.push(at),
            }
        }
        Self { lines, rows, order, direction, goes, anchored, others, columns: HashMap::new(), compared: 0 }
    }

    /// Who admits what stands in each cell of a row: peers of its rule first.
    fn row(&mut self, at: usize, row: &Row<'p>) -> Vec<Option<Cover<'p>>> {
        let Some(line) = self.lines.get(row.line) else { return Vec::new() };
        let mut cells = vec![None; line.ports.len()];
        let anchored = row.form.anchors().into_iter().filter_map(|anchor| self.anchored.get(&anchor)).flatten();
        let elsewhere = anchored.chain(&self.others).copied().filter(|other| !line.rows.contains(other));
        let candidates: Vec<usize> = line.rows.clone().chain(elsewhere).collect();
        for candidate in candidates {
            let Some(wide) = self.rows.get(candidate) else { continue };
            self.compared += 1;
            if self.compared > MAX_COMPARED {
                break;
            }
            if candidate == at || row.form.is_within(&wide.form) {
                self.cells((at, row), (candidate, wide), &mut cells);
                if cells.iter().all(Option::is_some) {
                    break;
                }
            }
        }
        cells
    }

    /// Adds what one row that admits at least as much says of the cells.
    fn cells(
        &mut self,
        (at, row): (usize, &Row<'p>),
        (other, wide): (usize, &Row<'p>),
        cells: &mut [Option<Cover<'p>>],
    ) {
        let Some(line) = self.lines.get(wide.line) else { return };
        let is_same_subject = line.rival.is_none_or(|rival| rival.is_same_subject);
        let says_as_much = is_same_subject && (other == at || wide.form.is_within(&row.form));
        let is_before = |column: usize, wide_column: usize| match line.rival {
            Some(rival) => rival.is_before,
            None => (other, wide_column) < (at, column),
        };
        for (column, wide_column, is_less) in self.columns(row.line, wide.line) {
            let goes = |row: &Row<'p>, column: usize| self.fact(row, column).is_some_and(|fact| (self.goes)(&fact));
            let stays_first = || !goes(wide, wide_column) && (is_before(column, wide_column) || goes(row, column));
            let stays = is_less || !says_as_much || stays_first();
            let Some(cell) = cells.get_mut(column) else { continue };
            if cell.is_none() && stays && (other, wide_column) != (at, column) {
                let port = line.ports.get(wide_column).and_then(|entry| entry.map(|_| wide_column));
                let policy = line.rival.map(|rival| rival.policy.name());
                *cell = Some(Cover { policy, rule: line.rule, peer: wide.peer, port });
            }
        }
    }

    fn fact(&self, row: &Row<'p>, column: usize) -> Option<Fact<'p>> {
        let line = self.lines.get(row.line)?;
        let port = line.ports.get(column).and_then(|entry| entry.map(|_| column));
        let cell = Some(CellAt { rule: line.rule, peer: row.peer, port });
        Some(Fact { policy: line.rival.map(|rival| rival.policy), direction: self.direction, cell })
    }

    fn columns(&mut self, narrow: usize, wide: usize) -> Columns {
        if let Some(known) = self.columns.get(&(narrow, wide)) {
            return known.clone();
        }
        let mut found = Columns::new();
        let ports = |line: usize| self.lines.get(line).map_or(&[][..], |line| line.ports.as_slice());
        for (column, entry) in ports(narrow).iter().enumerate() {
            for (wide_column, wide) in ports(wide).iter().enumerate() {
                self.compared += 1;
                if self.compared > MAX_COMPARED {
                    break;
                }
                if self.order.is_within(*entry, *wide) {
                    found.push((column, wide_column, !self.order.is_within(*wide, *entry)));
                }
            }
        }
        self.columns.insert((narrow, wide), found.clone());
        found
    }
}
