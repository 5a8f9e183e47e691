//! A data plane held against the engine, flow by flow.

use crate::engine::{Engine, Snapshot};
use crate::explain::explain;
use crate::model::change::{Change, ChangeError};
use crate::model::cluster::Cluster;
use crate::model::flow::Flow;
use crate::name::Direction;
use crate::oracle::data_plane::{DataPlane, Observed, Outcome};
use crate::oracle::probe::Probe;
use crate::oracle::report::{Mismatch, ProbeError, Report, Stop};
use crate::oracle::resolve::answered;
use crate::random::Random;
use crate::verdict::{Decision, Judged, Sides, Verdict};

/// How a check is made. The default asks every flow in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// At most so many probes. The flows are then drawn from all that are given, each with the same chance, and asked in an
    /// order of chance too: they must end. To begin with the most telling, hand over
    /// [`Covering::budget`](crate::oracle::Covering::budget) and leave this `None`.
    pub budget: Option<usize>,
    /// Decides which flows a budget takes, and in which order.
    pub seed: u64,
    /// Ends at so many mismatches.
    pub stop_after_mismatches: Option<usize>,
}

impl Options {
    /// Every flow, in the order given.
    ///
    /// ```
    /// use netpol_oracle::oracle::Options;
    /// let options = Options::new().budget(10_000).seed(7).stop_after_mismatches(1);
    /// assert_eq!(options.budget, Some(10_000));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many probes, drawn by chance.
    #[must_use]
    pub fn budget(mut self, probes: usize) -> Self {
        self.budget = Some(probes);
        self
    }

    /// The seed of that chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Ends at so many mismatches.
    #[must_use]
    pub fn stop_after_mismatches(mut self, most: usize) -> Self {
        self.stop_after_mismatches = Some(most);
        self
    }
}

/// Installs what the engine answers for, then holds the data plane against the engine.
///
/// The data plane is [given](DataPlane::install) cluster and profile, never an answer. Each flow is
/// [resolved to probes](crate::oracle::probes), and what becomes of each probe is compared with the verdict: of the whole, and
/// of each side where sides are seen. Of a Service flow the verdict by way of each backend counts
/// ([K23](crate::semantics#k23)). What is Undefined is counted and no mismatch. The same flows and options give the
/// same report, if the data plane does the same.
///
/// # Errors
/// The data plane cannot be programmed. Errors of single probes are in the report.
///
/// ```
/// use netpol_oracle::oracle::{DataPlane, Observed, Options, Outcome, Probe, check};
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{Change, Cluster, Engine, NetworkPolicy, ObjectName, Pod, Profile};
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
/// let name = |name| ObjectName::new("default", name);
/// let mut builder = Cluster::builder();
/// builder.pod(Pod::new(name("web"))).pod(Pod::new(name("db")));
/// let deny = NetworkPolicy::new(name("deny"), Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
/// builder.policy(deny);
/// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
///
/// let flows = ["default/web -> default/db:6379/tcp".parse()?, "default/web -> 192.0.2.1:443/tcp".parse()?];
/// let report = check(&engine, &mut Wire, flows, &Options::default())?;
/// assert_eq!((report.agreed, report.mismatches.len()), (1, 1));
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check<P: DataPlane + ?Sized>(
    engine: &Snapshot,
    data_plane: &mut P,
    flows: impl IntoIterator<Item = Flow>,
    options: &Options,
) -> Result<Report, P::Error> {
    data_plane.install(engine.cluster(), engine.profile())?;
    Ok(check_installed(engine, data_plane, flows, options))
}

/// As [`check`], of a data plane that enforces the engine's cluster already: nothing is installed.
pub fn check_installed<P: DataPlane + ?Sized>(
    engine: &Snapshot,
    data_plane: &mut P,
    flows: impl IntoIterator<Item = Flow>,
    options: &Options,
) -> Report {
    let mut report = Report::default();
    let flows = flows.into_iter();
    match options.budget {
        Some(budget) => {
            let (drawn, of) = draw(flows, budget, options.seed);
            let is_all = drawn.len() as u64 == of;
            run(engine, data_plane, drawn.into_iter(), options, &mut report);
            report.coverage.of = Some(of);
            if !is_all {
                report.stopped.get_or_insert(Stop::Budget);
            }
        }
        None => run(engine, data_plane, flows, options, &mut report),
    }
    report
}

/// Installs, checks, and after each batch of changes, which engine and data plane follow in step, checks again.
///
/// `flows` says what to ask of each state; it is given the engine and the cluster of the state before (of the first state
/// its own), as [`covering_flows`](crate::oracle::covering_flows) with
/// [`with_former`](crate::oracle::Covering::with_former) wants them. Options count for each state anew, but a state with [`Options::stop_after_mismatches`] mismatches is the last. One report for each state:
/// the first is of what was installed.
///
/// # Errors
/// The data plane cannot be programmed, or a batch removes what is not there; `engine` is then where it was before that
/// batch or, if the data plane could not follow, after it.
pub fn check_changes<P: DataPlane + ?Sized, F: IntoIterator<Item = Flow>>(
    engine: &mut Engine,
    data_plane: &mut P,
    batches: impl IntoIterator<Item = Vec<Change>>,
    mut flows: impl FnMut(&Snapshot, &Cluster) -> F,
    options: &Options,
) -> Result<Vec<Report>, SequenceError<P::Error>> {
    let asked = flows(engine, engine.cluster());
    let installed = check(engine, data_plane, asked, options).map_err(SequenceError::Install)?;
    let is_last = |report: &Report| report.stopped == Some(Stop::Mismatches);
    let mut ends = is_last(&installed);
    let mut reports = vec![installed];
    for (at, changes) in batches.into_iter().enumerate() {
        if ends {
            break;
        }
        let batch = at + 1;
        let before = engine.cluster().clone();
        engine.apply(&changes).map_err(|error| SequenceError::Change { batch, error })?;
        data_plane.apply(&changes, engine.cluster()).map_err(|error| SequenceError::Apply { batch, error })?;
        let report = check_installed(engine, data_plane, flows(engine, &before), options);
        ends = is_last(&report);
        reports.push(report);
    }
    Ok(reports)
}

/// What ends a [`check_changes`] early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError<E: std::fmt::Display> {
    /// The data plane could not be programmed with the first state.
    #[error("the data plane could not be programmed: {0}")]
    Install(E),
    /// The data plane could not follow.
    #[error("the data plane could not follow batch {batch} of the changes: {error}")]
    Apply {
        /// Which batch, from 1.
        batch: usize,
        /// What it says.
        error: E,
    },
    /// The changes themselves are wrong.
    #[error("batch {batch} of the changes: {error}")]
    Change {
        /// Which batch, from 1.
        batch: usize,
        /// What is wrong.
        error: ChangeError,
    },
}

/// At most `count` of the flows, each with the same chance, in an order of chance; and how many there are.
fn draw(flows: impl Iterator<Item = Flow>, count: usize, seed: u64) -> (Vec<Flow>, u64) {
    let mut random = Random::new(seed, 0x0C0A);
    let (mut drawn, mut of): (Vec<Flow>, u64) = (Vec::new(), 0);
    for flow in flows {
        of += 1;
        if drawn.len() < count {
            drawn.push(flow);
        } else {
            let at = random.below(u32::try_from(of).unwrap_or(u32::MAX)) as usize;
            if let Some(place) = drawn.get_mut(at) {
                *place = flow;
            }
        }
    }
    for last in (1..drawn.len()).rev() {
        let other = random.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
        drawn.swap(last, other);
    }
    (drawn, of)
}

/// Asks the flows.
fn run<P: DataPlane + ?Sized>(
    engine: &Snapshot,
    data_plane: &mut P,
    mut flows: impl Iterator<Item = Flow>,
    options: &Options,
    report: &mut Report,
) {
    let is_enough = |found: usize| options.stop_after_mismatches.is_some_and(|most| found >= most);
    let mut of = 0;
    'flows: for flow in flows.by_ref() {
        of += 1;
        let asked = match answered(engine, &flow) {
            Ok(asked) => asked,
            Err(error) => {
                report.coverage.asked += 1;
                *report.not_judged.entry(error.code()).or_default() += 1;
                continue;
            }
        };
        for (probe, decision) in asked {
            if options.budget.is_some_and(|budget| report.probes >= budget) {
                report.stopped = Some(Stop::Budget);
                break 'flows;
            }
            ask(engine, data_plane, probe, decision, report);
            if is_enough(report.mismatches.len()) {
                report.stopped = Some(Stop::Mismatches);
                report.coverage.asked += 1;
                break 'flows;
            }
        }
        report.coverage.asked += 1;
    }
    // Flows without end are fine with a stop: only what knows its length is counted to the end.
    report.coverage.of = match flows.size_hint() {
        (left, Some(most)) if left == most => Some(of + left as u64),
        _ if report.stopped.is_none() => Some(of),
        _ => None,
    };
}

fn ask<P: DataPlane + ?Sized>(
    engine: &Snapshot,
    data_plane: &mut P,
    probe: Probe,
    decision: Decision,
    report: &mut Report,
) {
    report.probes += 1;
    let observed = match data_plane.probe(&probe) {
        Ok(observed) => observed,
        Err(error) => return report.errors.push(ProbeError { probe, message: error.to_string() }),
    };
    report.compared = report.compared.with(&observed);
    match compare(&decision, &observed) {
        Compared::NotObservable(reason) => *report.not_observable.entry(reason.clone()).or_default() += 1,
        Compared::Agreed => {
            report.agreed += 1;
            report.delivered += usize::from(decision.verdict == Verdict::Allow);
        }
        Compared::Undefined => {
            report.undefined += 1;
            for row in decision.rows.iter().filter(|_| decision.verdict == Verdict::Undefined) {
                *report.undefined_by.entry(row).or_default() += 1;
            }
        }
        Compared::Differs(directions) => {
            let explanation = explain(&decision, engine.cluster());
            report.mismatches.push(Mismatch { probe, decision, observed, directions, explanation });
        }
    }
}

/// What came of one probe.
enum Compared<'o> {
    NotObservable(&'o String),
    Agreed,
    /// Some of it is undefined, the rest agrees.
    Undefined,
    Differs(Vec<Direction>),
}

fn compare<'o>(decision: &Decision, observed: &'o Observed) -> Compared<'o> {
    let differs = |verdict: Verdict, outcome: Outcome| {
        matches!((verdict, outcome), (Verdict::Allow, Outcome::Dropped) | (Verdict::Deny, Outcome::Delivered))
    };
    let (whole, directions, undefined) = match observed {
        Observed::NotObservable(reason) => return Compared::NotObservable(reason),
        Observed::EndToEnd(outcome) => (*outcome, Vec::new(), decision.verdict == Verdict::Undefined),
        Observed::Sides { egress, ingress } => {
            let whole = if *egress == Outcome::Delivered { *ingress } else { Outcome::Dropped };
            let Some(sides) = sides(decision) else { return Compared::Undefined };
            let seen = [(Direction::Egress, *egress), (Direction::Ingress, *ingress)];
            let verdict = |direction| sides.of(direction).verdict;
            let wrong = seen.iter().filter(|(direction, outcome)| differs(verdict(*direction), *outcome));
            let undefined = seen.iter().any(|(direction, _)| verdict(*direction) == Verdict::Undefined);
            (whole, wrong.map(|(direction, _)| *direction).collect(), undefined)
        }
    };
    if !directions.is_empty() || differs(decision.verdict, whole) {
        Compared::Differs(directions)
    } else if undefined {
        Compared::Undefined
    } else {
        Compared::Agreed
    }
}

/// The sides of the flow, or of its one backend.
fn sides(decision: &Decision) -> Option<&Sides> {
    match &decision.judged {
        Judged::Sides(sides) => Some(sides),
        Judged::Backends(backends) => match backends.as_slice() {
            [one] => Some(&one.sides),
            _ => None,
        },
    }
}
