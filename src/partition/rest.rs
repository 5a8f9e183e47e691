//! Of those whom no change concerns, who is one for those whom changes do: class by class, and by what is seen of few classes alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::engine::{Distinctions, Met};
use crate::name::Direction;
use crate::net::{AddressNumber, Family};
use crate::partition::ends::EndIx;
use crate::partition::ground::{Ground, Group};
use crate::partition::interned::Interned;
use crate::partition::leading::Leads;
use crate::partition::parts::{Grounding, Part, Parts, Told};
use crate::partition::roster::{Cohort, CohortIx, Roster};
use crate::partition::subjects::{Named, named};
use crate::partition::touched::Touched;
use crate::partition::view::View;

/// Everybody but those who change, who are asked about with these, hosts, and who is like no other.
pub(super) struct Rest<'a> {
    ground: &'a Ground,
    roster: &'a Roster,
    parts: &'a Parts<'a>,
    /// What those tell apart who matter.
    rows: Rows,
    /// Those who matter as rules see them, in each snapshot: as destinations of the rest, and as sources.
    met: [[Met<'a>; 2]; 2],
    /// Whom the rules look at that are not of both, as destinations and as sources: nothing is told of others.
    touched: [Touched; 2],
    /// What leads to somebody of whom there is to tell, by number.
    pub(super) fronts: Vec<usize>,
}

/// What those see of a cohort who matter, or whose rules match these: most are nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Traits {
    /// Its own rows, where they match somebody, as source and as destination.
    rows: [Option<usize>; 2],
    /// The peers that select it, of each of the rows of those who matter.
    selected: Vec<(usize, usize)>,
    /// What names stand for in these, and in its own.
    named: Vec<(usize, Named)>,
}

impl<'a> Rest<'a> {
    /// With all that leads elsewhere, and what of it is told whoever sends.
    pub(super) fn new(
        ground: &'a Ground,
        roster: &'a Roster,
        parts: &'a Parts<'a>,
        (leads, told): (&[Leads<'_>], &Told),
    ) -> Self {
        let is_told = |part: &&Part<'_>| part.is_told;
        let sending = |part: &&Part<'_>| part.change.egress;
        let mut destinations = met(parts, Direction::Egress, is_told);
        if !told.sent_to.is_empty() {
            destinations.iter_mut().for_each(|met| met.add(None, &told.sent_to));
        }
        let met = [destinations, met(parts, Direction::Ingress, sending)];
        let mut touched =
            [Direction::Egress, Direction::Ingress].map(|direction| Touched::by(ground, roster, parts, direction));
        let [destinations, sources] = &mut touched;
        // Rules may see somebody else where senders name other addresses (U5, K26).
        sources.everybody |= !told.sent_to.is_empty();
        let mut fronts = destinations.behind(roster, parts, leads);
        fronts.extend(&told.fronts);
        fronts.sort_unstable();
        fronts.dedup();
        Self { ground, roster, parts, rows: Rows::of(parts), met, touched, fronts }
    }

    /// Those at whom rules of that direction look.
    fn touched(&self, direction: Direction) -> &Touched {
        let [destinations, sources] = &self.touched;
        if direction == Direction::Egress { destinations } else { sources }
    }

    fn is_touched(&self, at: EndIx, cohort: CohortIx) -> bool {
        self.touched.iter().any(|touched| touched.has(at, cohort))
    }

    /// Puts everybody into groups who is in none; parts of them that are no whole cohorts are given.
    pub(super) fn put(&self, others: &[&Part<'_>], into: &mut Grounding) {
        self.put_parts(others, into);
        let sorts = self.sorts();
        let mut groups: HashMap<(u32, Option<u32>), usize, FixedState> = HashMap::default();
        let mut cells = Interned::default();
        let mut apart: Vec<(EndIx, _)> = self.apart().into_iter().collect();
        apart.sort_unstable();
        for (at, cell) in apart {
            let cohort = self.roster.of_end.get(at.place()).copied().flatten().filter(|_| !into.has(at));
            let Some((sort, cohort)) = cohort.and_then(|at| sorts.get(at.place()).copied().zip(self.roster.get(at)))
            else {
                continue;
            };
            let cell = cells.place(cell) + 1;
            let group = *groups.entry((sort, Some(cell))).or_insert_with(|| into.add(self.group(cohort, at)));
            into.put(at, group);
        }
        // Of those who are not touched, and of those who are.
        let mut of_cohort: Vec<[Option<usize>; 2]> = vec![[None; 2]; self.roster.cohorts.len()];
        for at in into.left() {
            let Some(place) = self.roster.of_end.get(at.place()).copied().flatten() else { continue };
            let is_touched = self.is_touched(at, place);
            let Some(known) = of_cohort.get_mut(place.place()).and_then(|own| own.get_mut(usize::from(is_touched)))
            else {
                continue;
            };
            let group = known.or_else(|| {
                let cohort = self.roster.get(place)?;
                let key = if is_touched { (*sorts.get(place.place())?, Some(0)) } else { (cohort.sort, None) };
                Some(*groups.entry(key).or_insert_with(|| into.add(self.group(cohort, at))))
            });
            *known = group;
            group.into_iter().for_each(|group| into.put(at, group));
        }
    }

    /// Those whose classes came apart: class by class.
    fn put_parts(&self, others: &[&Part<'_>], into: &mut Grounding) {
        let mut cells = Cells::new(&self.rows);
        let mut groups: HashMap<([Option<usize>; 2], bool, u32), usize, FixedState> = HashMap::default();
        for part in others {
            let cell = cells.place(part.addresses.as_deref().unwrap_or_default());
            let group = || into.add(part.group());
            let group = *groups.entry((part.places, part.of.is_workload, cell)).or_insert_with(group);
            part.members.iter().for_each(|at| into.put(*at, group));
        }
    }

    /// A group of a cohort's, of which this is the first.
    fn group(&self, cohort: &Cohort, first: EndIx) -> Group {
        let places = self.parts.places.each_ref().map(|own| own.get(cohort.class).copied().flatten());
        let addresses = self.ground.addresses_of(self.parts.base, first);
        Group {
            members: Vec::new(),
            places: places.to_vec(),
            addresses: vec![addresses; 2],
            is_host: false,
            is_workload: cohort.is_workload,
            change: Default::default(),
        }
    }

    /// Of each cohort what it is for those who matter, by number.
    fn sorts(&self) -> Vec<u32> {
        let mut traits = self.traits();
        let mut known = Interned::default();
        let of = |(at, cohort): (CohortIx, &Cohort)| match traits.remove(&at) {
            Some(traits) => self.roster.sorts + known.place((cohort.sort, traits)),
            None => cohort.sort,
        };
        self.roster.iter().map(of).collect()
    }

    /// Those of whom something is seen, or whose rules match somebody.
    fn traits(&self) -> HashMap<CohortIx, Traits, FixedState> {
        let mut all: HashMap<CohortIx, Traits, FixedState> = HashMap::default();
        for (direction, met) in [Direction::Egress, Direction::Ingress].into_iter().zip(&self.met) {
            // Of the same objects the same rules match the same.
            let [met, _] = met;
            for (row, cohorts) in self.by_row(direction) {
                let is_matched = |row| met.is_anybody() || met.is_matched_by(row);
                if !self.parts.base.row(row).is_some_and(is_matched) {
                    continue;
                }
                for at in cohorts {
                    let own = all.entry(at).or_default();
                    let [egress, ingress] = &mut own.rows;
                    match direction {
                        Direction::Egress => *egress = Some(row),
                        Direction::Ingress => {
                            *ingress = Some(row);
                            own.named.extend(self.named(at, self.parts.base.row(row)).map(|named| (OWN, named)));
                        }
                    }
                }
            }
        }
        for (number, (view, direction, row)) in self.rows.each(self.parts.views).enumerate() {
            self.for_each_selected((view, direction, row), |at, selector| {
                all.entry(at).or_default().selected.push((number, selector));
            });
            // Names in rules are what the destination calls its ports.
            if direction == Direction::Egress && !row.names.is_empty() {
                let touched = self.touched(direction);
                let cohorts = self.roster.iter().filter(|(at, _)| touched.has_some_of(*at) && self.stays(*at));
                for (at, _) in cohorts {
                    if let Some(named) = self.named(at, Some(row)) {
                        all.entry(at).or_default().named.push((number, named));
                    }
                }
            }
        }
        all
    }

    /// Whom rows isolate in that direction who are touched at the other end of it: by the places of the rows.
    fn by_row(&self, direction: Direction) -> Vec<(usize, Vec<CohortIx>)> {
        let touched = match direction {
            Direction::Egress => self.touched(Direction::Ingress),
            Direction::Ingress => self.touched(Direction::Egress),
        };
        if touched.everybody {
            let all = self.roster.by_row(direction).iter().enumerate();
            let all = all.map(|(row, own)| (row, own.iter().copied().filter(|at| self.stays(*at)).collect()));
            return all.filter(|(_, own): &(usize, Vec<CohortIx>)| !own.is_empty()).collect();
        }
        let mut all: BTreeMap<usize, Vec<CohortIx>> = BTreeMap::new();
        for at in touched.cohorts.ones().filter_map(CohortIx::at).filter(|at| self.stays(*at)) {
            let class = self.roster.get(at).and_then(|cohort| self.parts.base.class(Some(cohort.class)));
            let row = class.map(|class| if direction == Direction::Egress { class.egress } else { class.ingress });
            let row = row.filter(|row| self.parts.base.row(*row).is_some_and(|row| row.isolated));
            row.into_iter().for_each(|row| all.entry(row).or_default().push(at));
        }
        all.into_iter().collect()
    }

    /// The touched cohorts with each peer of a row, by its number, that selects them.
    fn for_each_selected(
        &self,
        (view, direction, row): (&View, Direction, &Distinctions),
        mut found: impl FnMut(CohortIx, usize),
    ) {
        let touched = self.touched(direction);
        if touched.everybody {
            view.snapshot.for_each_selected(row, &self.roster.by_namespace, |selector, class| {
                let cohorts = self.roster.of_class.get(class).into_iter().flatten();
                cohorts.filter(|at| self.stays(**at)).for_each(|at| found(*at, selector));
            });
            return;
        }
        let mut bits = Vec::new();
        for at in touched.cohorts.ones().filter_map(CohortIx::at).filter(|at| self.stays(*at)) {
            let class = self.roster.get(at).and_then(|cohort| self.parts.base.class(Some(cohort.class)));
            bits.clear();
            class.into_iter().for_each(|class| view.snapshot.selected_by(row, class, &mut bits));
            for (word, bits) in bits.iter().enumerate() {
                (0..64).filter(|bit| bits >> bit & 1 == 1).for_each(|bit| found(at, word * 64 + bit));
            }
        }
    }

    fn stays(&self, at: CohortIx) -> bool {
        self.roster.get(at).is_some_and(|cohort| self.parts.stays(cohort.class))
    }

    /// What names in a row stand for at a cohort; none where they stand for nothing.
    fn named(&self, at: CohortIx, row: Option<&Distinctions>) -> Option<Named> {
        let class = self.parts.base.class(Some(self.roster.get(at)?.class))?;
        Some(named(row?, &class.named)).filter(|named| !named.is_empty())
    }

    fn is_end_touched(&self, at: EndIx) -> bool {
        let cohort = self.roster.of_end.get(at.place()).copied().flatten();
        cohort.is_some_and(|cohort| self.is_touched(at, cohort))
    }

    /// Of those touched whose addresses do not all lie where most do, among the addresses that those tell apart who matter: where they lie.
    fn apart(&self) -> HashMap<EndIx, Vec<(Family, usize, usize)>, FixedState> {
        let mut all: HashMap<EndIx, Vec<_>, FixedState> = HashMap::default();
        for family in [Family::V4, Family::V6] {
            let mut starts: Vec<u128> = self.rows.0.iter().flat_map(|row| row.starts(family)).copied().collect();
            starts.sort_unstable();
            starts.dedup();
            let addresses = self.roster.addresses(family);
            let begin = |start: &u128| addresses.partition_point(|(number, ..)| number.bits < *start);
            let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().map(begin)).chain([addresses.len()]).collect();
            let intervals: Vec<&[_]> =
                bounds.windows(2).filter_map(|bounds| addresses.get(*bounds.first()?..*bounds.last()?)).collect();
            let usual = (0..intervals.len()).max_by_key(|at| intervals.get(*at).map_or(0, |own| own.len()));
            for (interval, own) in intervals.iter().enumerate().filter(|(at, _)| Some(*at) != usual) {
                for (_, at, place) in own.iter().filter(|(_, at, _)| self.is_end_touched(*at)) {
                    all.entry(*at).or_default().push((family, *place, interval));
                }
            }
        }
        all.values_mut().for_each(|cells| cells.sort_unstable());
        all
    }
}

/// The place of what is not of a row of those who matter.
const OWN: usize = usize::MAX;

/// Some parts, as rules of that direction see them in each snapshot.
fn met<'a>(parts: &'a Parts<'a>, direction: Direction, is_met: impl Fn(&&Part<'a>) -> bool) -> [Met<'a>; 2] {
    let [before, after] = parts.views;
    [(before, 0), (after, 1)].map(|(view, at): (&Arc<View>, usize)| {
        let mut met = view.snapshot.nobody_met(direction);
        for part in parts.all.iter().filter(&is_met) {
            let place = part.places.get::<usize>(at).copied().flatten();
            met.add(view.class(place), part.addresses.as_deref().unwrap_or_default());
        }
        met
    })
}

/// All that the rules tell apart of those that matter, in each snapshot: as destinations, then as sources.
struct Rows(Vec<Distinctions>);

impl Rows {
    fn of(parts: &Parts<'_>) -> Self {
        let mut all = Vec::new();
        for (view, at) in parts.views.iter().zip(0..) {
            for direction in [Direction::Ingress, Direction::Egress] {
                let matters = |part: &&Part<'_>| match direction {
                    Direction::Ingress => part.is_told,
                    Direction::Egress => part.change.egress,
                };
                let mut rows: Vec<&Distinctions> = Vec::new();
                for part in parts.all.iter().filter(matters) {
                    let place = part.places.get::<usize>(at).copied().flatten();
                    let row = match direction {
                        Direction::Ingress => view.ingress(place),
                        Direction::Egress => view.egress(place),
                    };
                    if !rows.iter().any(|known| std::ptr::eq(*known, row)) {
                        rows.push(row);
                    }
                }
                all.push(Distinctions::of_any(&rows));
            }
        }
        Self(all)
    }

    /// Each with its snapshot, and the direction that it is of.
    fn each<'r>(&'r self, views: &'r [Arc<View>; 2]) -> impl Iterator<Item = (&'r View, Direction, &'r Distinctions)> {
        let [before, after] = views;
        let of = |view: &'r Arc<View>| [(&**view, Direction::Ingress), (&**view, Direction::Egress)];
        let each = of(before).into_iter().chain(of(after));
        each.zip(&self.0).map(|((view, direction), row)| (view, direction, row))
    }
}

/// Where addresses lie among what some rows tell apart, by numbers.
struct Cells<'r> {
    rows: &'r Rows,
    known: Interned<Vec<(Family, usize)>>,
}

impl<'r> Cells<'r> {
    fn new(rows: &'r Rows) -> Self {
        Self { rows, known: Interned::default() }
    }

    /// Of the addresses of an end, in order.
    fn place(&mut self, addresses: &[AddressNumber]) -> u32 {
        let cells = |number: &AddressNumber| {
            let (family, number) = (number.family, *number);
            self.rows.0.iter().map(move |row| (family, row.interval_of(number)))
        };
        let cells: Vec<(Family, usize)> = addresses.iter().flat_map(cells).collect();
        self.known.place(cells)
    }
}
