//! Who is of which class in one snapshot: found out once, for those who hold changes of policies against it.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::engine::{ClassTraits, ClassesByNamespace};
use crate::name::Direction;
use crate::net::{AddressNumber, Family};
use crate::partition::ends::EndIx;
use crate::partition::ground::Ground;
use crate::partition::interned::Interned;
use crate::partition::leading::{Leading, Leads};
use crate::partition::subjects::families_of;

/// The ends of a ground of one snapshot, by class.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(super) cohorts: Vec<Cohort>,
    /// The cohort of each end that is in one.
    pub(super) of_end: Vec<Option<CohortIx>>,
    /// Those of each class.
    pub(super) of_class: Vec<Vec<CohortIx>>,
    /// By the places of the rows that isolate them, as sources and as destinations.
    pub(super) by_row: [Vec<Vec<CohortIx>>; 2],
    pub(super) by_namespace: ClassesByNamespace,
    /// The groups of all others: hosts, and who is like no other.
    pub(super) others: Vec<usize>,
    /// The addresses of all ends that are in cohorts, in order, each with its place among the end's.
    pub(super) addresses: Vec<(AddressNumber, EndIx, usize)>,
    /// Those in cohorts who have none, or whose are not known.
    pub(super) nowhere: Vec<EndIx>,
    /// How many sorts of cohorts there are.
    pub(super) sorts: u32,
    pub(super) leading: Leading,
}

/// Pods of one class, or workloads of one.
#[derive(Debug)]
pub(super) struct Cohort {
    /// The place of the class.
    pub(super) class: usize,
    pub(super) is_workload: bool,
    /// Their groups: addresses may tell them apart.
    pub(super) groups: Vec<usize>,
    /// What else policies see of them whose rules match none of them and whom their own rules do not match, by number.
    pub(super) sort: u32,
}

/// The place of a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CohortIx(u32);

impl CohortIx {
    pub(super) fn at(place: usize) -> Option<Self> {
        u32::try_from(place).ok().map(Self)
    }

    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}

/// What cohorts of one sort have in common.
#[derive(PartialEq, Eq, Hash)]
struct Sort {
    traits: ClassTraits,
    families: Option<[Option<Family>; 2]>,
    is_workload: bool,
    /// Nobody isolates it, as source and as destination.
    is_free: [bool; 2],
}

impl Roster {
    /// Of a ground of one snapshot, and all that leads elsewhere in it.
    pub(crate) fn new(ground: &Ground, leads: &[Leads<'_>]) -> Self {
        let Some(view) = ground.views.first() else { return Self::default() };
        let rows = || vec![Vec::new(); view.rows()];
        let mut roster = Self {
            cohorts: Vec::new(),
            of_end: vec![None; ground.len()],
            of_class: vec![Vec::new(); view.classes()],
            by_row: [rows(), rows()],
            by_namespace: view.classes_by_namespace(),
            others: Vec::new(),
            addresses: Vec::new(),
            nowhere: Vec::new(),
            sorts: 0,
            leading: Leading::new(ground.len(), leads),
        };
        let mut sorts = Interned::default();
        let mut known: HashMap<(usize, bool), CohortIx, FixedState> = HashMap::default();
        for (at, group) in ground.groups.iter().enumerate() {
            let place = group.places.first().copied().flatten().filter(|_| !group.is_host);
            let class = view.class(place).filter(|class| !class.traits.is_alone);
            let Some((place, class)) = place.zip(class) else {
                roster.others.push(at);
                continue;
            };
            let cohort = *known.entry((place, group.is_workload)).or_insert_with(|| {
                let next = CohortIx(u32::try_from(roster.cohorts.len()).unwrap_or(u32::MAX));
                let is_isolated = [view.egress(Some(place)).isolated, view.ingress(Some(place)).isolated];
                let sort = sorts.place(Sort {
                    traits: class.traits,
                    families: families_of(group.addresses.first().and_then(Option::as_deref)),
                    is_workload: group.is_workload,
                    is_free: is_isolated.map(|is_isolated| !is_isolated),
                });
                roster.sorts = roster.sorts.max(sort + 1);
                roster.cohorts.push(Cohort { class: place, is_workload: group.is_workload, groups: Vec::new(), sort });
                roster.of_class.get_mut(place).into_iter().for_each(|own| own.push(next));
                for (by_row, (row, is_isolated)) in
                    roster.by_row.iter_mut().zip([class.egress, class.ingress].into_iter().zip(is_isolated))
                {
                    by_row.get_mut(row).filter(|_| is_isolated).into_iter().for_each(|own| own.push(next));
                }
                next
            });
            roster.cohorts.get_mut(cohort.place()).into_iter().for_each(|own| own.groups.push(at));
            for end in &group.members {
                roster.of_end.get_mut(end.place()).into_iter().for_each(|of| *of = Some(cohort));
                let addresses = if group.members.len() == 1 {
                    group.addresses.first().cloned().flatten()
                } else {
                    ground.addresses_of(view, *end)
                };
                if addresses.as_ref().is_none_or(|own| own.is_empty()) {
                    roster.nowhere.push(*end);
                }
                let addresses = addresses.iter().flat_map(|own| own.iter().copied().enumerate());
                roster.addresses.extend(addresses.map(|(place, number)| (number, *end, place)));
            }
        }
        roster.addresses.sort_unstable();
        roster
    }

    /// Those whom rows isolate in that direction, by the places of the rows.
    pub(super) fn by_row(&self, direction: Direction) -> &[Vec<CohortIx>] {
        let [egress, ingress] = &self.by_row;
        if direction == Direction::Egress { egress } else { ingress }
    }

    /// The cohort of that place.
    pub(super) fn get(&self, at: CohortIx) -> Option<&Cohort> {
        self.cohorts.get(at.place())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CohortIx, &Cohort)> {
        (0..).map(CohortIx).zip(&self.cohorts)
    }

    /// The addresses of a family.
    pub(super) fn addresses(&self, family: Family) -> &[(AddressNumber, EndIx, usize)] {
        let from = self.addresses.partition_point(|(number, ..)| number.family < family);
        let to = self.addresses.partition_point(|(number, ..)| number.family <= family);
        self.addresses.get(from..to).unwrap_or_default()
    }

    /// Those who have one from `first` on, and before `end` where there is one.
    pub(super) fn addresses_between(
        &self,
        family: Family,
        first: u128,
        end: Option<u128>,
    ) -> impl Iterator<Item = &EndIx> {
        let all = self.addresses(family);
        let from = all.partition_point(|(number, ..)| number.bits < first);
        let to = end.map_or(all.len(), |end| all.partition_point(|(number, ..)| number.bits < end));
        all.get(from..to).unwrap_or_default().iter().map(|(_, at, _)| at)
    }
}
