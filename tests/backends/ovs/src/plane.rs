//! The switch as a data plane.

use netpol_oracle::oracle::{DataPlane, Observed, Outcome, Probe};
use netpol_oracle::{Change, Cluster, Profile};

use crate::compile::{RuleKey, compile};
use crate::ends::{Attached, Ends, FIRST, TAP, TUNNEL};
use crate::error::Error;
use crate::fault::Fault;
use crate::flows::Flows;
use crate::ids::Ids;
use crate::packet::{Legs, Packet};
use crate::switch::Switch;

/// Policies enforced by an Open vSwitch of one's own.
///
/// One bridge stands for the switches of all nodes: what egress lets pass is copied to a tap, as a tunnel would carry it,
/// and where egress drops a packet, it is sent once more as out of the tunnel, past egress: so both sides are seen.
#[derive(Debug)]
pub struct Ovs {
    switch: Switch,
    fault: Option<Fault>,
    ports: Ids<Attached>,
    conjunctions: Ids<RuleKey>,
    installed: Option<Installed>,
    last_change: usize,
    /// Whether the datapath may still treat packets by flows that are gone.
    remembers: bool,
}

#[derive(Debug)]
struct Installed {
    cluster: Cluster,
    profile: Profile,
    ends: Ends,
    flows: Flows,
}

impl Ovs {
    /// Starts a switch.
    ///
    /// # Errors
    /// It cannot run here, or did not come up.
    pub fn start() -> Result<Self, Error> {
        Ok(Self {
            switch: Switch::start()?,
            fault: None,
            ports: Ids::from(FIRST.into()),
            conjunctions: Ids::from(1),
            installed: None,
            last_change: 0,
            remembers: false,
        })
    }

    /// Plants a bug in what is compiled from now on, or takes it out.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// How many flows are installed.
    #[must_use]
    pub fn flow_count(&self) -> usize {
        self.installed.as_ref().map_or(0, |installed| installed.flows.len())
    }

    /// The flows of a cluster in the syntax of `ovs-ofctl`, for a switch that has none yet.
    #[must_use]
    pub fn flows_of(cluster: &Cluster, profile: &Profile, fault: Option<Fault>) -> String {
        let ends = Ends::of(cluster, &mut Ids::from(FIRST.into()));
        compile(cluster, profile, &ends, &mut Ids::from(1), fault).text()
    }

    /// How many flows the last [`apply`](DataPlane::apply) deleted or added.
    #[must_use]
    pub fn last_change(&self) -> usize {
        self.last_change
    }

    /// The flows as the switch has them, each a line, sorted.
    ///
    /// # Errors
    /// The switch cannot be asked.
    pub fn dump_flows(&self) -> Result<Vec<String>, Error> {
        let mut lines: Vec<String> = self.switch.dump_flows()?.lines().map(str::to_owned).collect();
        lines.retain(|line| line.contains("actions="));
        lines.sort();
        Ok(lines)
    }

    /// Replaces all flows by those of the cluster as it is, the numbers of ports and rules kept: what
    /// [`apply`](DataPlane::apply) must come to as well.
    ///
    /// # Errors
    /// Nothing was installed, or the switch cannot be programmed.
    pub fn replace_all(&mut self) -> Result<(), Error> {
        let Some(Installed { cluster, profile, .. }) = self.installed.take() else { return Err(Error::NotInstalled) };
        self.replace(&cluster, &profile)
    }

    /// Sends a real packet and counts what leaves, where [`probe`](DataPlane::probe) asks how flows would treat it: slower,
    /// and what it says must be the same. A Service flow is not observable so.
    ///
    /// # Errors
    /// The switch cannot be asked.
    pub fn send(&mut self, probe: &Probe) -> Result<Observed, Error> {
        let packet = match self.legs(probe)? {
            Ok(Legs::Through(packet)) => packet,
            Ok(Legs::Apart { .. }) => return Ok(Observed::NotObservable("a packet has no registers".to_owned())),
            Err(reason) => return Ok(Observed::NotObservable(reason)),
        };
        match packet.datapath() {
            Some(text) => {
                if std::mem::take(&mut self.remembers) {
                    self.switch.forget()?;
                }
                observe(&packet, |port| self.switch.inject(port, &text))
            }
            None => Ok(Observed::NotObservable("a packet has no registers".to_owned())),
        }
    }

    /// The packets of a probe, or why it cannot be seen.
    fn legs(&self, probe: &Probe) -> Result<Result<Legs, String>, Error> {
        let Some(Installed { cluster, profile, ends, .. }) = &self.installed else { return Err(Error::NotInstalled) };
        Ok(Legs::of(probe, (cluster, profile), ends, self.fault))
    }

    fn replace(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), Error> {
        let installed = self.compiled(cluster, profile)?;
        self.switch.replace_flows(&installed.flows.text())?;
        self.remembers = true;
        self.installed = Some(installed);
        Ok(())
    }

    fn compiled(&mut self, cluster: &Cluster, profile: &Profile) -> Result<Installed, Error> {
        let ends = Ends::of(cluster, &mut self.ports);
        if let Some(last) = self.ports.last() {
            self.switch.ensure_ports(u16::try_from(last).unwrap_or(u16::MAX))?;
        }
        let flows = compile(cluster, profile, &ends, &mut self.conjunctions, self.fault);
        Ok(Installed { cluster: cluster.clone(), profile: profile.clone(), ends, flows })
    }
}

impl DataPlane for Ovs {
    type Error = Error;

    fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), Error> {
        self.replace(cluster, profile)
    }

    fn apply(&mut self, _changes: &[Change], cluster: &Cluster) -> Result<(), Error> {
        let Some(before) = self.installed.take() else { return Err(Error::NotInstalled) };
        let stale = self.fault == Some(Fault::StaleLabels);
        let cluster = if stale { relabelled(cluster, &before.cluster) } else { cluster.clone() };
        let installed = self.compiled(&cluster, &before.profile)?;
        let delete = self.fault != Some(Fault::NothingDeleted);
        let (changes, lines) = installed.flows.since(&before.flows, delete);
        if lines > 0 {
            self.switch.change_flows(&changes)?;
            self.remembers = true;
        }
        self.last_change = lines;
        self.installed = Some(installed);
        Ok(())
    }

    fn probe(&mut self, probe: &Probe) -> Result<Observed, Error> {
        match self.legs(probe)? {
            Ok(Legs::Through(packet)) => observe(&packet, |port| self.switch.trace(&packet.openflow(port))),
            Ok(Legs::Apart { egress, ingress }) => {
                let mut left_by = |packet: &Packet| self.switch.trace(&packet.openflow(packet.in_port));
                let (left, arrived) = (left_by(&egress)?, left_by(&ingress)?);
                Ok(Observed::Sides { egress: seen(&left, TAP), ingress: seen(&arrived, ingress.out_port) })
            }
            Err(reason) => Ok(Observed::NotObservable(reason)),
        }
    }
}

fn seen(ports: &[u16], port: u16) -> Outcome {
    if ports.contains(&port) { Outcome::Delivered } else { Outcome::Dropped }
}

/// Both sides of what becomes of a packet, where `leaves_by` sends it by a port and tells by which ones it left.
fn observe(packet: &Packet, mut leaves_by: impl FnMut(u16) -> Result<Vec<u16>, Error>) -> Result<Observed, Error> {
    let left_by = leaves_by(packet.in_port)?;
    let egress = seen(&left_by, TAP);
    let ingress = match egress {
        Outcome::Delivered => seen(&left_by, packet.out_port),
        Outcome::Dropped => seen(&leaves_by(TUNNEL)?, packet.out_port),
    };
    Ok(Observed::Sides { egress, ingress })
}

/// `cluster` with the labels that its pods and namespaces had in `before`.
fn relabelled(cluster: &Cluster, before: &Cluster) -> Cluster {
    let mut changes: Vec<Change> = Vec::new();
    for pod in before.pods() {
        if let Some(now) = cluster.pod(&pod.name) {
            let mut now = now.clone();
            now.labels = pod.labels.clone();
            changes.push(Change::Put(now.into()));
        }
    }
    for namespace in before.namespaces().iter().filter(|namespace| cluster.namespace(&namespace.name).is_some()) {
        changes.push(Change::Put(namespace.clone().into()));
    }
    let mut cluster = cluster.clone();
    // Only removals can fail.
    let _ = cluster.apply(&changes);
    cluster
}
