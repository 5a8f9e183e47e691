//! What is being shrunk, in the form in which parts are taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::change::{Change, Object, ObjectId};
use crate::model::cluster::Cluster;
use crate::oracle::case::Case;
use crate::oracle::shrink::cut::{Level, Reducer, narrowed};
use crate::profile::profile::{Profile, Switch};

/// A case taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) profile: Profile,
    pub(super) objects: Vec<Object>,
    pub(super) batches: Vec<Vec<Change>>,
}

impl State {
    pub(super) fn of(case: &Case) -> Self {
        Self { profile: case.profile.clone(), objects: case.cluster.objects().collect(), batches: case.changes.clone() }
    }

    /// The cluster to install. Policies of other kinds decide nothing and are not there.
    pub(super) fn cluster(&self) -> Cluster {
        let mut builder = Cluster::builder();
        for object in &self.objects {
            builder.object(object.clone());
        }
        builder.build()
    }

    /// Every object that is there at some time, and is no part of the flow that could be gone without it.
    pub(super) fn ids(&self) -> Vec<ObjectId> {
        let changed = self.batches.iter().flatten().map(Change::id);
        let ids: BTreeSet<ObjectId> = self.objects.iter().map(Object::id).chain(changed).collect();
        // Policies first: without them what they select is free to go.
        let (policies, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| matches!(id, ObjectId::Policy(_)));
        policies.into_iter().chain(others).collect()
    }

    /// Without these objects: as if they had never been.
    pub(super) fn without_ids(&self, gone: &BTreeSet<&ObjectId>) -> Self {
        let stays = |id: &ObjectId| !gone.contains(id);
        let changes = |batch: &Vec<Change>| batch.iter().filter(|change| stays(&change.id())).cloned().collect();
        Self {
            profile: self.profile.clone(),
            objects: self.objects.iter().filter(|object| stays(&object.id())).cloned().collect(),
            batches: self.batches.iter().map(changes).filter(|batch: &Vec<Change>| !batch.is_empty()).collect(),
        }
    }

    /// The first `count` batches made before the data plane is installed.
    pub(super) fn folded(&self, count: usize) -> Option<Self> {
        let mut cluster = self.cluster();
        let (before, after) = self.batches.split_at_checked(count)?;
        for batch in before {
            cluster.apply(batch).ok()?;
        }
        Some(Self { profile: self.profile.clone(), objects: cluster.objects().collect(), batches: after.to_vec() })
    }

    pub(super) fn changes(&self) -> usize {
        self.batches.iter().map(Vec::len).sum()
    }

    /// Without some of the changes, numbered through all batches.
    pub(super) fn without_changes(&self, gone: &BTreeSet<usize>) -> Self {
        let mut number = 0;
        let mut batches = self.batches.clone();
        for batch in &mut batches {
            batch.retain(|_| {
                number += 1;
                !gone.contains(&(number - 1))
            });
        }
        batches.retain(|batch| !batch.is_empty());
        Self { batches, ..self.clone() }
    }

    /// Batch `at` and the next one as one.
    pub(super) fn joined(&self, at: usize) -> Option<Self> {
        let mut state = self.clone();
        if at + 1 >= state.batches.len() {
            return None;
        }
        let next = state.batches.remove(at + 1);
        state.batches.get_mut(at)?.extend(next);
        Some(state)
    }

    /// How many parts of a level there are.
    pub(super) fn parts(&self, level: Level) -> usize {
        let none = BTreeSet::new();
        let mut reducer = Reducer::new(level, &none);
        self.each(|object| drop(reducer.object(object)));
        reducer.met()
    }

    /// Without some parts of a level.
    pub(super) fn cut(&self, level: Level, gone: &BTreeSet<usize>) -> Self {
        let mut reducer = Reducer::new(level, gone);
        self.map(|object| reducer.object(object))
    }

    fn each(&self, mut see: impl FnMut(&Object)) {
        self.objects.iter().for_each(&mut see);
        for change in self.batches.iter().flatten() {
            if let Change::Put(object) = change {
                see(object);
            }
        }
    }

    fn map(&self, mut change: impl FnMut(&Object) -> Object) -> Self {
        let objects = self.objects.iter().map(&mut change).collect();
        let mut batches = self.batches.clone();
        for each in batches.iter_mut().flatten() {
            if let Change::Put(object) = each {
                *object = change(object);
            }
        }
        Self { profile: self.profile.clone(), objects, batches }
    }

    /// With one CIDR or range of ports narrower, every way that there is. A policy that stands there several times, in the
    /// cluster and in changes, is narrowed in one place.
    pub(super) fn narrowed<'s>(&'s self, towards: &'s [IpAddr]) -> impl Iterator<Item = Self> + 's {
        let mut count = 0;
        self.each(|_| count += 1);
        (0..count).flat_map(move |at| {
            let mut ways = Vec::new();
            let mut number = 0;
            self.each(|object| {
                if number == at {
                    ways = narrowed(object, towards);
                }
                number += 1;
            });
            ways.into_iter().map(move |way| {
                let mut number = 0;
                self.map(|object| {
                    number += 1;
                    if number - 1 == at { way.clone() } else { object.clone() }
                })
            })
        })
    }

    /// With one thing less said by the profile, every way that there is.
    pub(super) fn plainer(&self) -> Vec<Self> {
        let profile = &self.profile;
        let mut plainer = Vec::new();
        let without = |row| rebuilt(profile, |rows| rows.retain(|other, _| other != row));
        plainer.extend(profile.overrides().keys().filter_map(without));
        for at in 0..profile.pod_cidrs().len() {
            plainer.push(profile.clone().with_pod_cidrs(all_but(profile.pod_cidrs(), at)));
        }
        for at in 0..profile.service_cidrs().len() {
            plainer.push(profile.clone().with_service_cidrs(all_but(profile.service_cidrs(), at)));
        }
        let default = Profile::new(profile.base());
        plainer.push(profile.clone().with_switch(Switch::On));
        plainer.push(profile.clone().with_edition(default.edition()));
        plainer.push(profile.clone().with_secure_runtimes(default.secure_runtimes().iter().cloned()));
        plainer.retain(|other| other != profile);
        plainer.into_iter().map(|profile| Self { profile, ..self.clone() }).collect()
    }
}

fn all_but<T: Clone>(items: &[T], gone: usize) -> Vec<T> {
    items.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, item)| item.clone()).collect()
}

type Overrides = BTreeMap<crate::profile::row::Row, &'static str>;

/// The profile with other overrides.
fn rebuilt(profile: &Profile, change: impl FnOnce(&mut Overrides)) -> Option<Profile> {
    let mut overrides = profile.overrides().clone();
    change(&mut overrides);
    let plain = Profile::new(profile.base())
        .with_switch(profile.switch())
        .with_edition(profile.edition())
        .with_pod_cidrs(profile.pod_cidrs().iter().copied())
        .with_service_cidrs(profile.service_cidrs().iter().copied())
        .with_secure_runtimes(profile.secure_runtimes().iter().cloned());
    overrides.into_iter().try_fold(plain, |profile, (row, word)| profile.with_override(row, word)).ok()
}
