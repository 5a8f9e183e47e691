//! A case that shows a mismatch, cut down to the smallest one that still does.

mod cut;
mod state;

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use self::cut::Level;
use self::state::State;
use crate::engine::Engine;
use crate::model::flow::Flow;
use crate::name::Direction;
use crate::oracle::case::{Answer, Case, CaseError, CaseFlow, Expected, ReplayError};
use crate::oracle::check::{Options, check_installed};
use crate::oracle::data_plane::DataPlane;
use crate::oracle::report::Mismatch;
use crate::reference::Reference;
use crate::verdict::{Backend, Decide as _, Decision, Judged, Sides, Verdict};

/// How far shrinking goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShrinkOptions {
    /// At most so many installations: each is a smaller case that is tried.
    pub installs: usize,
    /// At most so many probes.
    pub probes: usize,
}

impl ShrinkOptions {
    /// 5,000 installations and as many probes.
    ///
    /// ```
    /// use netpol_oracle::oracle::ShrinkOptions;
    /// let options = ShrinkOptions::new().installs(200);
    /// assert_eq!((options.installs, options.probes), (200, 5_000));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many installations.
    #[must_use]
    pub fn installs(mut self, most: usize) -> Self {
        self.installs = most;
        self
    }

    /// At most so many probes.
    #[must_use]
    pub fn probes(mut self, most: usize) -> Self {
        self.probes = most;
        self
    }
}

impl Default for ShrinkOptions {
    /// 5,000 of each.
    fn default() -> Self {
        Self { installs: 5_000, probes: 5_000 }
    }
}

/// What is left of a case. As JSON, with the [`Case`] as its file has it, and [`Mismatch`] as it says:
///
/// ```text
/// {"case": CASE, "mismatch": MISMATCH, "probes": 8, "installs": 8, "is_minimal": true}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shrunk {
    /// The smallest case that was found to differ; its one flow has the right answer and what was observed.
    pub case: Case,
    /// The difference, as it shows in that case.
    pub mismatch: Mismatch,
    /// How many probes it took.
    pub probes: usize,
    /// How many installations it took.
    pub installs: usize,
    /// Nothing of it can go: without any one part the mismatch is gone. False where the options stopped the search, or
    /// where the data plane is not the same from one installation to the next.
    pub is_minimal: bool,
}

/// Why nothing was shrunk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShrinkError<E: std::fmt::Display> {
    /// Engine and data plane do not differ on any flow of the case.
    #[error("the data plane agrees with the engine on every flow of the case")]
    NoMismatch,
    /// The case cannot be judged.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The data plane could not be programmed with the case.
    #[error("the data plane: {0}")]
    DataPlane(E),
}

/// Cuts a case down while the first mismatch that it shows stays: the same probe, at the same side the same verdict that is
/// not kept, and end to end the same verdict or that one.
///
/// Taken away are change batches, objects, rules, peers, ports, excepts, parts of selectors, labels, addresses and fields,
/// first by halves, then one by one, until nothing can go; CIDRs and port ranges narrow towards the probe, and the profile
/// loses what does not matter. Each try installs the data plane anew and applies the changes that are left. A try that the
/// data plane cannot be programmed with shows nothing. The same case and data plane give the same result.
///
/// # Errors
/// There is nothing to shrink: see [`ShrinkError`].
///
/// ```
/// use netpol_oracle::generate::ClusterSpec;
/// use netpol_oracle::oracle::{Case, CaseFlow, DataPlane, Observed, Outcome, Probe, ShrinkOptions, shrink};
/// use netpol_oracle::{Change, Cluster, Engine, Profile};
///
/// /// Delivers everything.
/// struct Wire;
///
/// impl DataPlane for Wire {
///     type Error = std::convert::Infallible;
///     fn install(&mut self, _: &Cluster, _: &Profile) -> Result<(), Self::Error> { Ok(()) }
///     fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), Self::Error> { Ok(()) }
///     fn probe(&mut self, _: &Probe) -> Result<Observed, Self::Error> { Ok(Observed::EndToEnd(Outcome::Delivered)) }
/// }
///
/// let mut case = Case::new(ClusterSpec::new(30).policies(10).build(), Profile::kubernetes());
/// let engine = Engine::new(&case.cluster, &case.profile);
/// for pod in case.cluster.pods().iter() {
///     let flow = format!("192.0.2.1 -> {}:22/tcp", pod.name).parse()?;
///     case.flows.extend(CaseFlow::new(flow, &engine));
/// }
/// let shrunk = shrink(case, &mut Wire, &ShrinkOptions::default())?;
/// assert!(shrunk.is_minimal);
/// assert_eq!((shrunk.case.cluster.pods().len(), shrunk.case.cluster.policies().len()), (1, 1));
/// println!("{}", shrunk.case.write_yaml());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn shrink<P: DataPlane + ?Sized>(
    case: Case,
    data_plane: &mut P,
    options: &ShrinkOptions,
) -> Result<Shrunk, ShrinkError<P::Error>> {
    let mismatch = first_mismatch(&case, data_plane)?;
    let target = Target::of(&mismatch);
    let mut search = Search {
        data_plane,
        options,
        target,
        state: State::of(&case),
        mismatch,
        probes: 0,
        installs: 0,
        is_out: false,
    };
    // The case as it is taken apart must show what the case shows; if not, the data plane is not the same from one
    // installation to the next.
    let state = search.state.clone();
    search.mismatch = search.shown(&state).ok_or(ShrinkError::NoMismatch)?;
    search.run();
    let Search { state, mismatch, target, probes, installs, is_out, .. } = search;
    let cluster = state.cluster();
    let mut case = Case {
        name: case.name,
        source: case.source,
        profile: state.profile,
        cluster,
        changes: state.batches,
        flows: Vec::new(),
    };
    let mut flow = CaseFlow {
        flow: target.flow,
        backend: target.backend,
        expected: Expected::Answer(Answer::new(mismatch.decision.verdict)),
        observed: Some(mismatch.observed.clone()),
    };
    flow.expected = Expected::Answer(flow.judged(&Reference::new(&case.after()?, &case.profile))?.1);
    case.flows.push(flow);
    Ok(Shrunk { case, mismatch, probes, installs, is_minimal: !is_out })
}

/// The first mismatch of a case.
fn first_mismatch<P: DataPlane + ?Sized>(case: &Case, data_plane: &mut P) -> Result<Mismatch, ShrinkError<P::Error>> {
    let engine = case.set_up(data_plane).map_err(|error| match error {
        ReplayError::Case(error) => ShrinkError::Case(error),
        ReplayError::DataPlane(error) => ShrinkError::DataPlane(error),
    })?;
    for flow in case.flows.iter().filter(|flow| flow.is_asked()) {
        flow.judged(&engine)?;
        let report = check_installed(&engine, data_plane, [flow.flow.clone()], &Options::default());
        if let Some(mismatch) = report.mismatches.into_iter().find(|mismatch| flow.is_of(mismatch)) {
            return Ok(mismatch);
        }
    }
    Err(ShrinkError::NoMismatch)
}

/// What must stay.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    flow: Flow,
    backend: Option<IpAddr>,
    /// The side that differs; none: only the whole does.
    direction: Option<Direction>,
    /// What it should have been there.
    verdict: Verdict,
    /// What it should have been end to end. It may become what it should have been at that side, and then stays so: a case
    /// in which something else drops the packet as well is harder to read.
    whole: Verdict,
}

impl Target {
    fn of(mismatch: &Mismatch) -> Self {
        let direction = mismatch.directions.first().copied();
        Self {
            flow: mismatch.probe.flow.clone(),
            backend: mismatch.probe.outside_backend(),
            direction,
            verdict: verdict_at(&mismatch.decision, direction),
            whole: verdict_at(&mismatch.decision, None),
        }
    }

    fn is_shown_by(&self, mismatch: &Mismatch) -> bool {
        let same_side = match self.direction {
            Some(direction) => mismatch.directions.contains(&direction),
            None => mismatch.directions.is_empty(),
        };
        same_side
            && mismatch.probe.flow == self.flow
            && mismatch.probe.outside_backend() == self.backend
            && self.fits(verdict_at(&mismatch.decision, self.direction), verdict_at(&mismatch.decision, None))
    }

    fn fits(&self, at_side: Verdict, whole: Verdict) -> bool {
        at_side == self.verdict && (whole == self.whole || whole == self.verdict)
    }

    /// Whether the definition still has the verdict that was not kept: without it a try needs no data plane.
    fn is_due(&self, reference: &Reference<'_>) -> bool {
        let Ok(decision) = reference.decide(&self.flow) else { return false };
        match (&decision.judged, self.backend) {
            // It may be there on several ports.
            (Judged::Backends(backends), Some(address)) => {
                let mut meant = backends.iter().filter(|each| each.backend == Backend::Address(address));
                meant.any(|each| self.fits(side_or(each.verdict, &each.sides, self.direction), each.verdict))
            }
            _ => self.fits(verdict_at(&decision, self.direction), verdict_at(&decision, None)),
        }
    }
}

fn side_or(whole: Verdict, sides: &Sides, direction: Option<Direction>) -> Verdict {
    direction.map_or(whole, |direction| sides.of(direction).verdict)
}

/// The verdict at a side, or of the whole.
fn verdict_at(decision: &Decision, direction: Option<Direction>) -> Verdict {
    match &decision.judged {
        Judged::Sides(sides) => side_or(decision.verdict, sides, direction),
        Judged::Backends(backends) => match backends.as_slice() {
            [one] => side_or(one.verdict, &one.sides, direction),
            _ => decision.verdict,
        },
    }
}

struct Search<'a, P: ?Sized> {
    data_plane: &'a mut P,
    options: &'a ShrinkOptions,
    target: Target,
    /// The smallest so far.
    state: State,
    /// As that one shows it.
    mismatch: Mismatch,
    probes: usize,
    installs: usize,
    /// The options stopped the search.
    is_out: bool,
}

impl<P: DataPlane + ?Sized> Search<'_, P> {
    /// Passes over everything until one changes nothing: then no single part can go.
    fn run(&mut self) {
        loop {
            let before = self.state.clone();
            self.fold();
            self.objects();
            self.changes();
            for level in Level::ALL {
                let parts = self.state.parts(level);
                self.halve(parts, |state, gone| state.cut(level, gone));
            }
            self.plainer();
            self.narrow();
            if self.state == before || self.is_out {
                return;
            }
        }
    }

    /// As many batches as can be are made before the data plane is installed.
    fn fold(&mut self) {
        for count in (1..=self.state.batches.len()).rev() {
            if self.state.folded(count).is_some_and(|state| self.takes(state)) {
                return;
            }
        }
    }

    fn objects(&mut self) {
        let ids = self.state.ids();
        self.halve(ids.len(), |state, gone| {
            state.without_ids(&gone.iter().filter_map(|number| ids.get(*number)).collect())
        });
    }

    fn changes(&mut self) {
        let changes = self.state.changes();
        self.halve(changes, State::without_changes);
        let mut at = 0;
        while at + 1 < self.state.batches.len() {
            if !self.state.joined(at).is_some_and(|state| self.takes(state)) {
                at += 1;
            }
        }
    }

    fn plainer(&mut self) {
        while !self.is_out {
            let taken = self.state.plainer().into_iter().any(|state| self.takes(state));
            if !taken {
                return;
            }
        }
    }

    fn narrow(&mut self) {
        let probe = &self.mismatch.probe;
        let towards: Vec<IpAddr> =
            [probe.source.address, probe.destination.address, probe.sent_to].into_iter().flatten().collect();
        while !self.is_out {
            let state = self.state.clone();
            let taken = state.narrowed(&towards).any(|state| self.takes(state));
            if !taken {
                return;
            }
        }
    }

    /// Takes away as many as can be of `count` parts of the state as it is now: all, halves, quarters, and one by one.
    fn halve(&mut self, count: usize, without: impl Fn(&State, &BTreeSet<usize>) -> State) {
        let whole = self.state.clone();
        let mut gone = BTreeSet::new();
        let mut size = count;
        while size > 0 && !self.is_out {
            let left: Vec<usize> = (0..count).filter(|number| !gone.contains(number)).collect();
            for chunk in left.chunks(size) {
                let mut more = gone.clone();
                more.extend(chunk.iter().copied());
                if self.takes(without(&whole, &more)) {
                    gone = more;
                }
            }
            size /= 2;
        }
    }

    /// Goes on with `state` if it shows the mismatch.
    fn takes(&mut self, state: State) -> bool {
        // Some parts do not go together: an expression loses its last value only as a whole.
        if state == self.state {
            return false;
        }
        match self.shown(&state) {
            Some(mismatch) => {
                self.target.whole = verdict_at(&mismatch.decision, None);
                self.mismatch = mismatch;
                self.state = state;
                true
            }
            None => false,
        }
    }

    fn shown(&mut self, state: &State) -> Option<Mismatch> {
        if self.is_out {
            return None;
        }
        let before = state.cluster();
        let mut after = before.clone();
        for batch in &state.batches {
            after.apply(batch).ok()?;
        }
        if !self.target.is_due(&Reference::new(&after, &state.profile)) {
            return None;
        }
        if self.installs >= self.options.installs || self.probes >= self.options.probes {
            self.is_out = true;
            return None;
        }
        self.installs += 1;
        self.data_plane.install(&before, &state.profile).ok()?;
        let mut now = before;
        for batch in &state.batches {
            now.apply(batch).ok()?;
            self.data_plane.apply(batch, &now).ok()?;
        }
        let engine = Engine::new(&after, &state.profile);
        let report = check_installed(&engine, self.data_plane, [self.target.flow.clone()], &Options::default());
        self.probes += report.probes;
        report.mismatches.into_iter().find(|mismatch| self.target.is_shown_by(mismatch))
    }
}
