//! The labels that an end may have (K27, U7): its controller sets some, and no manifest says all of their values.
//!
//! Of all the values that are possible, policies tell apart those that their selectors mention, and any other. So each of these
//! stands for itself, and one more for all the others, however many a workload may have; of a workload whose controller's labels
//! no selector asks for, the class in the tables is all there is.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::engine::ends::end::{EndIdentity, Membership, ResolvedEnd};
use crate::engine::ids::{Id as _, NamespaceIx, SlotIx};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::tables::Tables;
use crate::engine::tables::asked::settled_labels;
use crate::engine::tables::class::{ClassDetail, ClassKey};
use crate::engine::tables::matches::{Matches, fulfils_all};
use crate::labels::{LabelKey, LabelValue, Labels};
use crate::model::cluster::{ControllerValue, ControllerValueKind, NAMESPACE_NAME_LABEL, PossibleValues, Workload};
use crate::profile::capability::ControllerLabel;
use crate::profile::row::Row;

/// An end as policies may see it.
pub(super) enum Variants<'t> {
    /// Nobody whom a selector matches.
    Nobody,
    /// As the tables have it.
    Known(&'t ClassDetail),
    /// With any of these labels.
    Made {
        /// Whose replicas they are.
        workload: Option<SlotIx>,
        variants: Vec<Variant>,
    },
}

/// One set of labels.
pub(super) struct Variant {
    class: ClassDetail,
    ordinal: Option<Ordinal>,
    isolating: Isolating,
}

/// The places of the policies that isolate an end for ingress and for egress, once somebody has looked for them: with many sets of
/// labels at both ends they are asked for again and again.
pub(super) type Isolating = [OnceCell<Box<[usize]>>; 2];

/// One of those that an end may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guise<'t> {
    pub(super) class: &'t ClassDetail,
    /// Of one that was made for the flow.
    pub(super) isolating: Option<&'t Isolating>,
}

/// Which replica of a StatefulSet it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ordinal {
    This(String),
    /// Several others.
    Others,
}

/// What a controller's value is read as.
#[derive(Debug, Clone)]
enum Value {
    This(String),
    /// One of several that no selector mentions; it stands for them.
    Other(String),
    /// As if the label were not there.
    Absent,
}

impl<'t> Variants<'t> {
    /// The class of each.
    pub(super) fn classes(&self) -> impl Iterator<Item = &ClassDetail> {
        let (known, made) = match self {
            Self::Nobody => (None, &[][..]),
            Self::Known(class) => (Some(*class), &[][..]),
            Self::Made { variants, .. } => (None, variants.as_slice()),
        };
        known.into_iter().chain(made.iter().map(|variant| &variant.class))
    }

    /// `asked` are labels that it must have, where any of those it may have fulfil them.
    pub(super) fn of<L>(
        evaluation: Evaluation<'_, 't, L>,
        end: &ResolvedEnd<'t>,
        other: &ResolvedEnd<'t>,
        asked: Option<&Labels>,
    ) -> Self {
        let made = |class| Self::Made {
            workload: None,
            variants: vec![Variant { class, ordinal: None, isolating: Isolating::default() }],
        };
        match end.identity {
            EndIdentity::Node(_) | EndIdentity::External => Self::Nobody,
            EndIdentity::Pod(_, place) => Self::Known(place.detail),
            EndIdentity::Labelled { namespace, labels } => made(evaluation.tables.labelled(namespace, labels)),
            EndIdentity::Workload(workload, place) => {
                let taken = match other.identity {
                    EndIdentity::Replica(_, of_other, ordinal) if of_other.slot == place.slot => Some(ordinal),
                    _ => None,
                };
                Self::of_workload(evaluation, workload, place, (None, taken), asked)
            }
            EndIdentity::Replica(workload, place, ordinal) => {
                Self::of_workload(evaluation, workload, place, (Some(ordinal), None), asked)
            }
        }
    }

    /// `ordinal` of a replica that is named; `taken` is that of the other end, which is another one.
    fn of_workload<L>(
        evaluation: Evaluation<'_, 't, L>,
        workload: &'t Workload,
        place: Membership<'t>,
        (ordinal, taken): (Option<u32>, Option<u32>),
        asked: Option<&Labels>,
    ) -> Self {
        let Evaluation { tables, settings, question, .. } = evaluation;
        let ends = [question.source.identity, question.destination.identity];
        let by_policies = ends.map(|end| tables.namespace_of(end).and_then(|id| tables.namespaces.find(id)));
        let by_policies = by_policies.map(|namespace| namespace.map(|namespace| &*namespace.asked));
        if asked.is_none() && by_policies.iter().flatten().all(|asked| asked.is_empty()) {
            return Self::Known(place.detail);
        }
        let values = workload.controller_values(tables.profile.release());
        let mentioned = |key: &LabelKey| -> Option<BTreeSet<&str>> {
            let by_policies = by_policies.iter().flatten().filter_map(|asked| asked.get(key));
            let by_service = asked.and_then(|asked| asked.get(key.as_str()));
            let mut found: Option<BTreeSet<&str>> = by_service.map(|value| [value.as_str()].into());
            for values in by_policies {
                found.get_or_insert_default().extend(values.iter().map(LabelValue::as_str));
            }
            found
        };
        let is_asked = |value: &&ControllerValue| value.labels.iter().any(|label| mentioned(&label.key).is_some());
        if !values.iter().any(|value| is_asked(&value)) {
            return Self::Known(place.detail);
        }
        let is_absent = || settings.ask(Row::U7, |c| c.controller_label) == ControllerLabel::Absent;
        let bare = settled_labels(workload, tables.profile.release());
        let mut sets: Vec<(Labels, Option<Ordinal>)> = vec![(bare, None)];
        for value in values.iter().filter(is_asked) {
            let is_ordinal = value.kind == ControllerValueKind::Ordinal;
            let readings = match (&value.values, ordinal.filter(|_| is_ordinal)) {
                (_, Some(ordinal)) => vec![Value::This(ordinal.to_string())],
                (PossibleValues::One(only), None) => vec![Value::This(only.to_string())],
                (PossibleValues::Numbers { first, last }, None)
                    if is_ordinal && is_one_of_two(taken, *first, *last) =>
                {
                    let left = if taken == Some(*first) { last } else { first };
                    vec![Value::This(left.to_string())]
                }
                (_, None) if is_absent() => vec![Value::Absent],
                (possible, None) => {
                    let texts = value.labels.iter().filter_map(|label| Some((label, mentioned(&label.key)?)));
                    let known = texts.flat_map(|(label, texts)| {
                        texts.into_iter().filter_map(|text| label.value(text)).filter(|text| possible.contains(text))
                    });
                    readings(possible, known.collect())
                }
            };
            let with = |(labels, known): &(Labels, Option<Ordinal>), reading: &Value| {
                let mut labels = labels.clone();
                let (Value::This(text) | Value::Other(text)) = reading else { return (labels, known.clone()) };
                for label in &value.labels {
                    if let Ok(value) = LabelValue::new(&label.text(text)) {
                        labels.insert(label.key.clone(), value);
                    }
                }
                let ordinal = match reading {
                    Value::This(text) => Ordinal::This(text.clone()),
                    _ => Ordinal::Others,
                };
                (labels, if is_ordinal { Some(ordinal) } else { known.clone() })
            };
            sets = sets.iter().flat_map(|set| readings.iter().map(move |reading| with(set, reading))).collect();
        }
        if let Some(asked) = asked {
            sets.retain(|(labels, _)| fulfils_all(labels, asked));
        }
        let made = |(labels, ordinal)| Variant {
            class: ClassDetail { pod_matches: Matches::Scan(labels), ..place.detail.clone() },
            ordinal,
            isolating: Isolating::default(),
        };
        Self::Made { workload: Some(place.slot), variants: sets.into_iter().map(made).collect() }
    }

    fn iter<'s>(&'s self) -> impl Iterator<Item = (usize, Option<Guise<'s>>, Option<&'s Ordinal>)>
    where
        't: 's,
    {
        let (one, several): (_, &'s [Variant]) = match self {
            Self::Nobody => (Some(None), &[]),
            Self::Known(class) => (Some(Some(Guise { class, isolating: None })), &[]),
            Self::Made { variants, .. } => (None, variants),
        };
        let one = one.map(|guise| (guise, None));
        let several = several.iter().map(|variant| {
            let guise = Guise { class: &variant.class, isolating: Some(&variant.isolating) };
            (Some(guise), variant.ordinal.as_ref())
        });
        one.into_iter().chain(several).enumerate().map(|(at, (guise, ordinal))| (at, guise, ordinal))
    }

    fn workload(&self) -> Option<SlotIx> {
        match self {
            Self::Made { workload, .. } => *workload,
            Self::Nobody | Self::Known(_) => None,
        }
    }
}

/// Two ordinals are possible, and the other end has one of them.
fn is_one_of_two(taken: Option<u32>, first: u32, last: u32) -> bool {
    last - first == 1 && taken.is_some_and(|taken| taken == first || taken == last)
}

/// Those that are mentioned, then one that is not.
fn readings(possible: &PossibleValues, known: BTreeSet<&str>) -> Vec<Value> {
    let mut all: Vec<Value> = known.iter().map(|text| Value::This((*text).to_owned())).collect();
    let left = possible.count().map(|count| count.saturating_sub(known.len() as u64));
    let fresh = || match possible {
        PossibleValues::Numbers { first, .. } => {
            (u64::from(*first)..).map(|number| number.to_string()).find(is_fresh(&known))
        }
        PossibleValues::One(only) => Some(only.to_string()),
        _ => (0_u64..).map(|number| number.to_string()).find(is_fresh(&known)),
    };
    match left {
        Some(0) => {}
        Some(1) => all.extend(fresh().map(Value::This)),
        _ => all.extend(fresh().map(Value::Other)),
    }
    all
}

fn is_fresh<'k>(known: &'k BTreeSet<&str>) -> impl Fn(&String) -> bool + 'k {
    |text| !known.contains(text.as_str())
}

#[expect(clippy::type_complexity, reason = "iterators have no names")]
/// What the source may be and, beside it, what the destination may be, each with its place: two ends of one StatefulSet are two
/// replicas of it, where there are two (K27).
pub(super) fn pairs<'s, 't: 's>(
    source: &'s Variants<'t>,
    destination: &'s Variants<'t>,
) -> impl Iterator<Item = (usize, (Option<Guise<'s>>, impl Iterator<Item = (usize, Option<Guise<'s>>)>))> {
    let is_one_set = source.workload().is_some() && source.workload() == destination.workload();
    let fits = |one: Option<&Ordinal>, other: Option<&Ordinal>| match (one, other) {
        (Some(Ordinal::This(one)), Some(Ordinal::This(other))) => one != other,
        _ => true,
    };
    let are_two =
        is_one_set && source.iter().any(|(_, _, one)| destination.iter().any(|(_, _, other)| fits(one, other)));
    let beside = move |one: Option<&Ordinal>| {
        let one = one.filter(|_| are_two).cloned();
        let fitting = destination.iter().filter(move |(_, _, other)| fits(one.as_ref(), *other));
        fitting.map(|(at, class, _)| (at, class))
    };
    source.iter().filter_map(move |(at, class, ordinal)| {
        let mut destinations = beside(ordinal).peekable();
        destinations.peek()?;
        Some((at, (class, destinations)))
    })
}

impl Tables {
    /// The namespace of an end, where its policies are.
    fn namespace_of(&self, end: EndIdentity<'_>) -> Option<NamespaceIx> {
        match end {
            EndIdentity::Pod(_, place) | EndIdentity::Workload(_, place) | EndIdentity::Replica(_, place, _) => {
                Some(place.detail.key.namespace)
            }
            EndIdentity::Labelled { namespace, .. } => self.namespace_id(namespace),
            EndIdentity::Node(_) | EndIdentity::External => None,
        }
    }

    /// A pod that does not exist yet, in a namespace that need not exist (K10).
    fn labelled(&self, namespace: &str, labels: &Labels) -> ClassDetail {
        let nowhere = NamespaceIx::from_index(u32::MAX);
        let key = ClassKey { namespace: self.namespace_id(namespace).unwrap_or(nowhere), ..ClassKey::default() };
        let of_namespace = match self.cluster.namespace(namespace) {
            Some(namespace) => namespace.labels.clone(),
            None => {
                let name = (LabelKey::new(NAMESPACE_NAME_LABEL), LabelValue::new(namespace));
                name.0.ok().zip(name.1.ok()).into_iter().collect()
            }
        };
        ClassDetail { key, pod_matches: Matches::Scan(labels.clone()), namespace_matches: Matches::Scan(of_namespace) }
    }
}
