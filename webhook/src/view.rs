//! What is known of the cluster at this moment, how old that is, and what was admitted since.

mod admitted;
mod kept;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netpol_oracle::analysis::Diff;
use netpol_oracle::diagnostic::Diagnostic;
use netpol_oracle::model::ObjectId;
use netpol_oracle::{Change, Cluster, Engine, NetworkPolicy, Object, ObjectName, Profile};

use self::admitted::Admitted;
use self::kept::Kept;

/// The cluster as it is known; one writer, many readers.
#[derive(Debug)]
pub struct View {
    origin: Origin,
    state: Mutex<State>,
    is_broken: AtomicBool,
}

/// Where a view comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody says what the cluster holds.
    Nowhere,
    /// Files, which stay as they are until they are read again.
    Files,
    /// The API server, which tells of every change.
    Watch {
        /// From this age on it is old: nobody can say any more that something is *not* there.
        old_after: Duration,
        /// How long a policy that was admitted counts before the server has told of it.
        admitted_for: Duration,
    },
}

#[derive(Debug)]
struct State {
    /// As it was told.
    told: Option<Engine>,
    /// The view is no older than this.
    seen: Option<Instant>,
    /// Why there is no view yet.
    missing: String,
    admitted: Admitted,
    /// The same with what was admitted; none where it is to be made anew.
    standing: Option<Engine>,
    kept: Kept,
}

impl State {
    /// With what was admitted.
    fn standing(&mut self) -> Option<Engine> {
        let told = self.told.as_ref()?;
        let admitted = &self.admitted;
        let made = self.standing.get_or_insert_with(|| {
            let mut engine = told.clone();
            put(&mut engine, admitted.changes());
            engine
        });
        Some(made.clone())
    }
}

/// The cluster at one moment: what a request is judged by, from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The objects, with the policies that were admitted since.
    pub cluster: Cluster,
    /// The same, compiled; none where nobody says what the cluster holds, or not yet.
    pub engine: Option<Engine>,
    /// How old it is; none where nobody says what the cluster holds, or not yet.
    pub age: Option<Duration>,
    /// Whether it is too old to say that something is not there.
    pub is_old: bool,
    /// Whether there is to be a view, and is none yet.
    pub is_missing: bool,
    kept: Kept,
}

impl View {
    /// A view that is yet to come.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        let missing = "the cluster has not been listed yet".to_owned();
        let state = State {
            told: None,
            seen: None,
            missing,
            admitted: Admitted::default(),
            standing: None,
            kept: Kept::default(),
        };
        Self { origin, state: Mutex::new(state), is_broken: AtomicBool::new(false) }
    }

    /// A view of what was read.
    #[must_use]
    pub fn of_files(engine: Engine) -> Self {
        let view = Self::new(Origin::Files);
        view.replace(engine, Instant::now());
        view
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another state of the cluster, seen at `seen`. What was read anew holds all that was admitted before.
    pub fn replace(&self, told: Engine, seen: Instant) {
        let mut state = self.state();
        state.kept = state.kept.still_serving(&told);
        state.told = Some(told);
        state.seen = Some(seen);
        state.standing = None;
        if self.origin == Origin::Files {
            state.admitted.clear();
        }
    }

    /// Nobody keeps it any more, by a fault of ours: only a new start helps.
    pub fn give_up(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Whether somebody keeps it.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.is_broken.load(Ordering::Relaxed)
    }

    /// Why there is no view yet.
    pub fn missing(&self, why: impl Into<String>) {
        self.state().missing = why.into();
    }

    /// The server has told of the policy: what was admitted of it no longer counts.
    pub fn told_of(&self, policy: &ObjectName) {
        let mut state = self.state();
        state.admitted.forget(policy);
        state.standing = None;
    }

    /// A policy was admitted, or with `None` its removal: it counts at once, since the next request may come before the
    /// server tells of it.
    pub fn admit(&self, name: &ObjectName, policy: Option<&NetworkPolicy>) {
        if self.origin != Origin::Nowhere {
            let mut state = self.state();
            state.admitted.put(name, policy, Instant::now());
            state.standing.iter_mut().for_each(|engine| put(engine, vec![change(name, policy)]));
        }
    }

    /// Whether there is a view where there is to be one, and why not.
    ///
    /// # Errors
    /// What is missing.
    pub fn ready(&self) -> Result<(), String> {
        let state = self.state();
        match (self.origin, &state.told) {
            (Origin::Nowhere, _) | (_, Some(_)) => Ok(()),
            (_, None) => Err(state.missing.clone()),
        }
    }

    /// The latest state, without what was admitted since.
    #[must_use]
    pub fn told(&self) -> Option<Cluster> {
        self.state().told.as_ref().map(|told| told.cluster().clone())
    }

    /// How old the view is.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.state().seen.map(|seen| seen.elapsed())
    }

    /// The cluster at this moment.
    #[must_use]
    pub fn look(&self) -> Sight {
        let mut state = self.state();
        if let Origin::Watch { admitted_for, .. } = self.origin
            && state.admitted.forget_before(admitted_for)
        {
            state.standing = None;
        }
        let age = state.seen.map(|seen| seen.elapsed());
        let Some(engine) = state.standing() else {
            let (is_missing, kept) = (self.origin != Origin::Nowhere, Kept::default());
            return Sight { cluster: Cluster::default(), engine: None, age: None, is_old: false, is_missing, kept };
        };
        let kept = state.kept.clone();
        drop(state);
        let is_old = match self.origin {
            Origin::Watch { old_after, .. } => age.is_some_and(|age| age >= old_after),
            Origin::Nowhere | Origin::Files => false,
        };
        let cluster = engine.cluster().clone();
        Sight { cluster, engine: Some(engine), age, is_old, is_missing: false, kept }
    }
}

impl Sight {
    /// What would answer with `policy` under `name`, or none.
    #[must_use]
    pub fn with(&self, name: &ObjectName, policy: Option<&NetworkPolicy>) -> Option<Engine> {
        let mut engine = self.engine.clone()?;
        put(&mut engine, vec![change(name, policy)]);
        Some(engine)
    }

    /// What differs between two that came of what is in sight by changes of policies.
    #[must_use]
    pub fn between(&self, before: &Engine, after: &Engine) -> Diff {
        self.kept.between(before, after)
    }

    /// What is said of a policy on what is in sight.
    #[must_use]
    pub fn review(&self, policy: &NetworkPolicy, profile: &Profile) -> Vec<Diagnostic> {
        self.kept.review(policy, profile, &self.cluster)
    }
}

fn change(name: &ObjectName, policy: Option<&NetworkPolicy>) -> Change {
    match policy {
        Some(policy) => Change::Put(policy.clone().into()),
        None => Change::Remove(ObjectId::Policy(name.clone())),
    }
}

/// A policy that is not there to be removed, or is as it should be, changes nothing.
fn put(engine: &mut Engine, mut changes: Vec<Change>) {
    let is_news = |change: &Change| match change {
        Change::Put(Object::Policy(policy)) => engine.cluster().policy(policy.name()) != Some(policy),
        Change::Remove(ObjectId::Policy(name)) => engine.cluster().policy(name).is_some(),
        Change::Put(_) | Change::Remove(_) => true,
    };
    changes.retain(is_news);
    if changes.is_empty() {
        return;
    }
    if let Err(error) = engine.apply(&changes) {
        // What is removed is there, so this is a fault of ours.
        tracing::error!(%error, "what was admitted could not be taken in");
    }
}

/// An age as people say it: `3 s`, `5 min`, `2 h`.
#[must_use]
pub fn age_text(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
