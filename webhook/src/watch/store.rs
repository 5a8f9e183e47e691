//! The one writer of the view: it takes in what all kinds tell.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use kube::core::DynamicObject;
use netpol_oracle::model::ObjectId;
use netpol_oracle::{Change, Cluster, Engine, Object, Profile};
use tokio::sync::mpsc;

use super::kinds::{KINDS, Kind, has, has_id};
use super::read::{self, Read, Refused};
use crate::metrics::Metrics;
use crate::view::View;

/// So much news is taken in at once.
const AT_ONCE: usize = 1_024;

/// What is told of one kind.
pub(super) struct News {
    /// Of which kind.
    pub(super) place: usize,
    /// Of the kind all is known that was so at this moment.
    pub(super) heard: Instant,
    pub(super) what: What,
}

pub(super) enum What {
    /// These are all there are.
    All { objects: Vec<Object>, refused: Vec<Refused> },
    /// One came or changed.
    Put(Box<DynamicObject>),
    /// One went.
    Gone(ObjectId),
    /// Nothing has changed.
    Nothing,
}

impl Drop for Store {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.view.give_up();
        }
    }
}

pub(super) struct Store {
    profile: Profile,
    view: Arc<View>,
    metrics: Arc<Metrics>,
    standing: Standing,
    /// When each kind was heard of; none where it has not been listed.
    heard: [Option<Instant>; KINDS.len()],
    /// What the model does not take, by kind, and why.
    refused: [BTreeMap<ObjectId, String>; KINDS.len()],
}

enum Standing {
    /// Until all kinds are listed.
    Gathering(Box<Cluster>),
    Compiled(Box<Engine>),
}

impl Standing {
    fn cluster(&self) -> &Cluster {
        match self {
            Self::Gathering(cluster) => cluster,
            Self::Compiled(engine) => engine.cluster(),
        }
    }
}

impl Store {
    pub(super) fn new(profile: Profile, view: Arc<View>, metrics: Arc<Metrics>) -> Self {
        let refused = std::array::from_fn(|_| BTreeMap::new());
        Self {
            profile,
            view,
            metrics,
            standing: Standing::Gathering(Box::default()),
            heard: [None; KINDS.len()],
            refused,
        }
    }

    /// Until nobody tells any more.
    pub(super) fn keep(mut self, mut news: mpsc::Receiver<News>) {
        let mut waiting = Vec::new();
        while let Some(first) = news.blocking_recv() {
            waiting.push(first);
            while waiting.len() < AT_ONCE {
                let Ok(next) = news.try_recv() else { break };
                waiting.push(next);
            }
            self.take(mem::take(&mut waiting));
        }
    }

    fn take(&mut self, news: Vec<News>) {
        // Of one object only the last counts.
        let mut changes: BTreeMap<ObjectId, Change> = BTreeMap::new();
        for News { place, heard, what } in news {
            let Some(kind) = KINDS.get(place) else { continue };
            match what {
                What::Nothing => {}
                What::All { objects, refused } => self.all(place, kind, objects, refused, &mut changes),
                What::Gone(id) => self.gone(place, id, &mut changes),
                What::Put(object) => {
                    let metadata = &object.metadata;
                    let name = metadata.name.as_deref().unwrap_or_default();
                    let id = kind.id(metadata.namespace.as_deref(), name);
                    match read::object(kind, self.profile.release(), &object) {
                        Read::Object(object) => {
                            self.accept(place, &id);
                            changes.insert(id, Change::Put(*object));
                        }
                        Read::LeftOut => self.gone(place, id, &mut changes),
                        Read::Refused(why) => {
                            self.gone(place, id.clone(), &mut changes);
                            self.refuse(place, kind, id, why);
                        }
                    }
                }
            }
            if let Some(own) = self.heard.get_mut(place) {
                *own = (*own).max(Some(heard));
            }
        }
        self.apply(changes);
        self.publish();
    }

    /// What is not among all there are has gone.
    fn all(
        &mut self,
        place: usize,
        kind: &Kind,
        objects: Vec<Object>,
        refused: Vec<Refused>,
        changes: &mut BTreeMap<ObjectId, Change>,
    ) {
        let listed: BTreeSet<ObjectId> = objects.iter().map(Object::id).collect();
        // And what was told of just before.
        let known = kind.ids(self.standing.cluster()).into_iter().chain(changes.keys().cloned().collect::<Vec<_>>());
        for id in known.filter(|id| !listed.contains(id) && is_of(kind, id)) {
            changes.insert(id.clone(), Change::Remove(id));
        }
        changes.extend(objects.into_iter().map(|object| (object.id(), Change::Put(object))));
        let before = self.refused.get_mut(place).map(mem::take).unwrap_or_default();
        for each in refused {
            let id = kind.id(each.namespace.as_deref(), &each.name);
            // What was said before is not said again.
            match before.get(&id) == Some(&each.why) {
                true => drop(self.refused.get_mut(place).map(|own| own.insert(id, each.why))),
                false => self.refuse(place, kind, id, each.why),
            }
        }
    }

    fn gone(&mut self, place: usize, id: ObjectId, changes: &mut BTreeMap<ObjectId, Change>) {
        self.accept(place, &id);
        changes.insert(id.clone(), Change::Remove(id));
    }

    fn accept(&mut self, place: usize, id: &ObjectId) {
        if let Some(own) = self.refused.get_mut(place) {
            own.remove(id);
        }
    }

    fn refuse(&mut self, place: usize, kind: &Kind, id: ObjectId, why: String) {
        tracing::warn!(kind = kind.plural, object = %id, error = why, "an object is left out of the view");
        if let Some(own) = self.refused.get_mut(place) {
            own.insert(id, why);
        }
    }

    fn apply(&mut self, changes: BTreeMap<ObjectId, Change>) {
        for id in changes.keys() {
            if let ObjectId::Policy(name) = id {
                self.view.told_of(name);
            }
        }
        let cluster = self.standing.cluster();
        let is_news = |change: &Change| match change {
            Change::Put(object) => !has(cluster, object),
            Change::Remove(id) => has_id(cluster, id),
        };
        let changes: Vec<Change> = changes.into_values().filter(is_news).collect();
        if changes.is_empty() {
            return;
        }
        let applied = match &mut self.standing {
            Standing::Gathering(cluster) => cluster.apply(&changes),
            Standing::Compiled(engine) => engine.apply(&changes),
        };
        if let Err(error) = applied {
            // What is removed is there, so this is a fault of ours; the next listing mends it.
            tracing::error!(%error, "changes could not be taken in");
        }
    }

    fn publish(&mut self) {
        for (kind, refused) in KINDS.iter().zip(&self.refused) {
            self.metrics.refused(kind.plural, refused.len());
        }
        let unlisted: Vec<&str> =
            KINDS.iter().zip(&self.heard).filter(|(_, heard)| heard.is_none()).map(|(kind, _)| kind.plural).collect();
        let Some(seen) = self.heard.iter().flatten().min().copied().filter(|_| unlisted.is_empty()) else {
            return self.view.missing(format!("not listed yet: {}", unlisted.join(", ")));
        };
        if let Standing::Gathering(cluster) = &self.standing {
            // There is no cluster without nodes and namespaces: who sees none is not allowed to, or asks the wrong server.
            if KINDS.iter().all(|kind| kind.count(cluster) == 0) {
                return self.view.missing("the API server lists no object at all");
            }
            let engine = Engine::new(cluster, &self.profile);
            let (pods, policies) = (cluster.pods().len(), cluster.policies().len());
            tracing::info!(pods, policies, "the cluster is in view");
            self.standing = Standing::Compiled(Box::new(engine));
        }
        if let Standing::Compiled(engine) = &self.standing {
            self.view.replace((**engine).clone(), seen);
        }
    }
}

/// Whether the identity is one of the kind's.
fn is_of(kind: &Kind, id: &ObjectId) -> bool {
    match (kind.id(None, ""), id) {
        (ObjectId::Workload(own, _), ObjectId::Workload(other, _)) => own == *other,
        (own, other) => mem::discriminant(&own) == mem::discriminant(other),
    }
}
