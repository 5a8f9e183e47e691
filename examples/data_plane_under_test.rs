//! Be a data plane under test: three functions, and the oracle finds what they do wrong.
//!
//! ```text
//! cargo run --example data_plane_under_test
//! ```

use std::collections::BTreeSet;
use std::convert::Infallible;

use netpol_oracle::generate::ClusterSpec;
use netpol_oracle::oracle::{
    Case, CaseFlow, DataPlane, Observed, Options, Outcome, Probe, ProbeWho, ShrinkOptions, check, covering_flows,
    shrink,
};
use netpol_oracle::{Change, Cluster, Direction, Engine, ObjectName, Profile};

/// Shuts whatever pod a policy isolates, and knows nothing of rules yet.
#[derive(Default)]
struct Unfinished {
    shut: BTreeSet<ObjectName>,
}

impl DataPlane for Unfinished {
    type Error = Infallible;

    fn install(&mut self, cluster: &Cluster, _profile: &Profile) -> Result<(), Infallible> {
        let pods = cluster.pods().iter();
        let isolated = pods.filter(|pod| {
            cluster.policies().iter().any(|policy| {
                let same_namespace = policy.name().namespace() == pod.name.namespace();
                same_namespace && policy.isolates(Direction::Ingress) && policy.subject().matches(&pod.labels)
            })
        });
        self.shut = isolated.map(|pod| pod.name.clone()).collect();
        Ok(())
    }

    /// After changes: installing anew does, as long as nobody asks whether updates are right.
    fn apply(&mut self, _changes: &[Change], after: &Cluster) -> Result<(), Infallible> {
        self.install(after, &Profile::kubernetes())
    }

    /// A real one sends a packet here and looks where it comes out.
    fn probe(&mut self, probe: &Probe) -> Result<Observed, Infallible> {
        let is_shut = matches!(&probe.destination.who, ProbeWho::Pod(name) if self.shut.contains(name));
        Ok(Observed::EndToEnd(if is_shut { Outcome::Dropped } else { Outcome::Delivered }))
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (cluster, profile) = (ClusterSpec::new(30).build(), Profile::kubernetes());
    let engine = Engine::new(&cluster, &profile);
    let options = Options::new().stop_after_mismatches(1);
    let report = check(&engine, &mut Unfinished::default(), covering_flows(&engine).iter(), &options)?;
    println!("{report}");

    // Cut down to what still shows it: a case that anybody can replay.
    let first = report.mismatches.first().ok_or("it is finished")?;
    let mut case = Case::new(cluster, profile);
    case.flows.push(CaseFlow::new(first.probe.flow.clone(), &engine)?);
    let shrunk = shrink(case, &mut Unfinished::default(), &ShrinkOptions::default())?;
    println!("{}", shrunk.case.write_yaml());
    assert!(shrunk.case.cluster.pods().len() <= 2 && shrunk.case.cluster.policies().len() <= 2);
    Ok(())
}
