//! The smallest changes of policies that would allow or deny a flow.

mod close;
mod edit;
mod irreparable;
mod open;
mod party;
mod side;

use std::collections::{BTreeMap, HashSet};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::analysis::diff::{ConnectionChange, Diff};
use crate::analysis::repair::edit::Edited;
use crate::analysis::search::{Detail, Ends, Ports};
use crate::engine::{Engine, Snapshot};
use crate::manifest::write::{Manifest, yaml};
use crate::model::change::{Change, ObjectId};
use crate::model::flow::Flow;
use crate::model::policy::NetworkPolicy;
use crate::name::ObjectName;
use crate::net::AddressRange;
use crate::verdict::{Decide as _, Decision, Verdict};

pub use edit::{Action, Edit};
pub use irreparable::{Irreparable, Unlimited};

/// Most changes that are tried for one flow.
pub const MAX_TRIED: usize = 1024;
/// Most repairs of which is asked what else they change.
pub const MAX_REPAIRS: usize = 12;
/// Most changes of one policy each that make one repair.
const MAX_EDITS: usize = 6;
/// How many changes of each kind that help are followed: as the first of a repair, and further on.
const BRANCHES: [usize; 2] = [6, 2];

/// Changes of policies after which a flow has the verdict that was wanted, as the engine says.
///
/// As JSON the edits, the policies as manifests, and everything that changes:
///
/// ```json
/// {"edits": [EDIT], "policies": [POLICY], "changes": [CHANGE]}
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Repair {
    /// What is done, in the order in which it was found.
    pub edits: Vec<Edit>,
    /// The policies that are to be put, as they are afterwards; no policy is removed.
    pub policies: Vec<NetworkPolicy>,
    /// Every connection that changes, those of the flow's ends among them: by workload, complete.
    pub changes: Vec<ConnectionChange>,
}

impl Repair {
    /// The changes of the cluster.
    pub fn puts(&self) -> impl Iterator<Item = Change> + '_ {
        self.policies.iter().map(|policy| Change::Put(policy.clone().into()))
    }

    /// The policies as YAML, document by document, to be applied.
    #[must_use]
    pub fn manifests(&self) -> String {
        let mut text = String::new();
        for policy in &self.policies {
            text.push_str("---\n");
            let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(Manifest(policy)) else { continue };
            for name in ["apiVersion", "kind", "metadata", "spec"] {
                if let Some(value) = fields.get(name) {
                    yaml::entry(&mut text, 0, name, value);
                }
            }
        }
        text
    }

    /// How many connections change: each source with each destination on each port.
    fn breadth(&self) -> u128 {
        let of = |change: &ConnectionChange| {
            count(&change.source).saturating_mul(count(&change.destination)).saturating_mul(ports(&change.ports))
        };
        self.changes.iter().map(of).fold(0, u128::saturating_add)
    }
}

fn count(ends: &Ends) -> u128 {
    match ends {
        Ends::Pods(names) => names.len() as u128,
        Ends::Addresses(ranges) => {
            let size = |range: &AddressRange| (range.last_number().bits - range.first_number().bits).saturating_add(1);
            ranges.iter().map(size).fold(0, u128::saturating_add)
        }
        Ends::Namespace(_) | Ends::Workload(..) | Ends::Node(_) | Ends::Service(_) => 1,
    }
}

fn ports(ports: &Ports) -> u128 {
    let of = |first: u16, last: u16| u128::from(last - first) + 1;
    let numbers: u128 = ports.intervals().iter().map(|each| of(each.first().get(), each.last().get())).sum();
    numbers + u128::from(ports.has_icmp()) + u128::from(ports.has_other())
}

impl Serialize for Repair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let policies: Vec<Manifest<'_, NetworkPolicy>> = self.policies.iter().map(Manifest).collect();
        let mut fields = serializer.serialize_struct("Repair", 3)?;
        fields.serialize_field("edits", &self.edits)?;
        fields.serialize_field("policies", &policies)?;
        fields.serialize_field("changes", &self.changes)?;
        fields.end()
    }
}

/// The smallest changes of policies that would allow (or deny) a flow, each tried on the engine, with everything else that it
/// changes; what changes least comes first.
///
/// To allow: port entries or peers more for a rule that the flow misses by one half, a rule more, a new policy; where both sides
/// deny, for both. To deny: rules without the flow's port or its other end, rules removed, a new policy where none isolates.
/// At most [`MAX_TRIED`] changes are tried and [`MAX_REPAIRS`] told; peers are named by the labels that last, by addresses where
/// there are none, and by nothing at last. Costs a build of the engine, a change for each that is tried, and a [`Diff`] for
/// each that is told.
///
/// ```
/// use netpol_oracle::{Engine, Flow, Loader, Profile, Verdict};
/// use netpol_oracle::analysis::{Action, why_not};
/// let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
///   {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {}},
///   {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "labels": {"app": "db"}}, "spec": {}},
///   {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db"},
///    "spec": {"podSelector": {"matchLabels": {"app": "db"}},
///             "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 6379}]}]}}
/// ]}"#;
/// let profile = Profile::kubernetes();
/// let cluster = Loader::new(profile.release()).text("shop.json", manifests).finish().cluster;
/// let flow: Flow = "default/web -> default/db:6380/tcp".parse()?;
/// let repairs = why_not(&Engine::new(&cluster, &profile), &flow, Verdict::Allow)?;
/// let best = &repairs[0];
/// assert_eq!(best.edits[0].to_string(), "port entries more at `spec.ingress[0].ports` of `default/db`");
/// assert_eq!(best.changes.len(), 1, "nothing else opens");
/// assert!(best.manifests().contains("port: 6380"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Nothing of the kind gives the verdict: [`Irreparable`] says why.
pub fn why_not(snapshot: &Snapshot, flow: &Flow, wanted: Verdict) -> Result<Vec<Repair>, Irreparable> {
    let decision = snapshot.decide(flow)?;
    if wanted == Verdict::Undefined {
        return Err(Irreparable::Undefined);
    }
    if decision.verdict == wanted {
        return Err(Irreparable::Already(wanted));
    }
    let engine = Engine::new(snapshot.cluster(), snapshot.profile());
    let before = engine.snapshot();
    let mut search = Search { engine, flow, wanted, tried: 0, found: Vec::new(), unlimited: None };
    search.step(&Draft::default(), &decision);
    let Search { mut engine, mut found, unlimited, .. } = search;
    if found.is_empty() {
        return Err(unlimited.unwrap_or_else(|| Irreparable::of(&decision, wanted)));
    }
    found = found.into_iter().map(|draft| draft.reduced(&mut engine, flow, wanted)).collect();
    found.sort_by_key(|draft| (draft.edits.len(), draft.edits.iter().map(|edit| edit.action).max()));
    let mut known = HashSet::new();
    found.retain(|draft| known.insert(draft.policies.clone()));
    let found = chosen(found);
    let mut repairs: Vec<Repair> = Vec::new();
    for draft in found {
        let puts: Vec<Change> = draft.policies.values().map(|policy| Change::Put(policy.clone().into())).collect();
        let undo = undo(&before, draft.policies.keys());
        if engine.apply(&puts).is_err() {
            continue;
        }
        let changes = Diff::new(&before, &engine).changes(Detail::Workloads);
        repairs.push(Repair { edits: draft.edits, policies: draft.policies.into_values().collect(), changes });
        if engine.apply(&undo).is_err() {
            break;
        }
    }
    repairs.sort_by_cached_key(|repair| {
        (repair.breadth(), repair.edits.len(), repair.edits.iter().map(|edit| edit.action).max())
    });
    Ok(repairs)
}

/// As many as are told: of each sort of last resort some.
fn chosen(found: Vec<Draft>) -> Vec<Draft> {
    let mut by_action: BTreeMap<Vec<Action>, Vec<Draft>> = BTreeMap::new();
    for draft in found {
        by_action.entry(draft.edits.iter().map(|edit| edit.action).collect()).or_default().push(draft);
    }
    let mut lists: Vec<_> = by_action.into_values().map(Vec::into_iter).collect();
    lists.sort_by_key(|list| list.as_slice().first().map(|draft| draft.edits.len()));
    let mut chosen = Vec::new();
    while chosen.len() < MAX_REPAIRS {
        let round: Vec<Draft> = lists.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            break;
        }
        chosen.extend(round);
    }
    chosen.truncate(MAX_REPAIRS);
    chosen
}

/// What puts these policies back.
fn undo<'n>(before: &Snapshot, names: impl Iterator<Item = &'n ObjectName>) -> Vec<Change> {
    names
        .map(|name| match before.cluster().policy(name) {
            Some(policy) => Change::Put(policy.clone().into()),
            None => Change::Remove(ObjectId::Policy(name.clone())),
        })
        .collect()
}

/// Edits so far, and what they make of the policies.
#[derive(Debug, Clone, Default)]
struct Draft {
    edits: Vec<Edit>,
    policies: BTreeMap<ObjectName, NetworkPolicy>,
}

impl Draft {
    /// Without what the flow has the verdict without.
    fn reduced(mut self, engine: &mut Engine, flow: &Flow, wanted: Verdict) -> Self {
        let names: Vec<ObjectName> = self.policies.keys().cloned().collect();
        for name in names {
            if self.policies.len() > 1 && self.gives(engine, flow, wanted, &name) {
                self.policies.remove(&name);
                self.edits.retain(|edit| edit.policy != name);
            }
        }
        self
    }

    /// Whether the flow has the verdict without that policy.
    fn gives(&self, engine: &mut Engine, flow: &Flow, wanted: Verdict, left_out: &ObjectName) -> bool {
        let before = engine.snapshot();
        let others = self.policies.iter().filter(|(name, _)| *name != left_out);
        let (names, puts): (Vec<&ObjectName>, Vec<Change>) =
            others.map(|(name, policy)| (name, Change::Put(policy.clone().into()))).unzip();
        let gives = engine.apply(&puts).is_ok() && engine.verdict(flow) == Ok(wanted);
        // What was there a moment ago can be there again.
        engine.apply(&undo(&before, names.into_iter())).is_ok() && gives
    }
}

struct Search<'f> {
    engine: Engine,
    flow: &'f Flow,
    wanted: Verdict,
    tried: usize,
    found: Vec<Draft>,
    /// Why no policy gives the verdict, where one that was tried shows it: of a pod that nobody isolates nobody said it before.
    unlimited: Option<Irreparable>,
}

impl Search<'_> {
    /// Tries every change, and where it brings the answer nearer what is left.
    fn step(&mut self, draft: &Draft, decision: &Decision) {
        let distance = side::distance(self.engine.cluster(), decision, self.wanted);
        let [first, further] = BRANCHES;
        let most = if draft.edits.is_empty() { first } else { further };
        let mut helped: BTreeMap<Action, usize> = BTreeMap::new();
        for (edit, policy) in self.candidates(decision) {
            let helped = helped.entry(edit.action).or_default();
            if self.tried >= MAX_TRIED {
                return;
            }
            if *helped >= most {
                continue;
            }
            self.tried += 1;
            let before = self.engine.snapshot();
            if self.engine.apply(&[Change::Put(policy.clone().into())]).is_err() {
                continue;
            }
            if let Ok(after) = self.engine.decide(self.flow) {
                let mut next = draft.clone();
                next.edits.push(edit);
                next.policies.insert(policy.name().clone(), policy.clone());
                let is_nearer = side::distance(self.engine.cluster(), &after, self.wanted) < distance;
                *helped += usize::from(is_nearer);
                self.unlimited = self.unlimited.take().or_else(|| Irreparable::unlimited(&after, self.wanted));
                if after.verdict == self.wanted {
                    self.found.push(next);
                } else if is_nearer && next.edits.len() < MAX_EDITS {
                    self.step(&next, &after);
                }
            }
            // What was there a moment ago can be there again.
            if self.engine.apply(&undo(&before, std::iter::once(policy.name()))).is_err() {
                return;
            }
        }
    }

    fn candidates(&self, decision: &Decision) -> Vec<Edited> {
        let cluster = self.engine.cluster();
        let mends = side::to_mend(cluster, self.flow, decision, self.wanted);
        let mut found: Vec<Edited> = match self.wanted {
            // Every side must pass: one after the other.
            Verdict::Allow => mends.first().map_or_else(Vec::new, |mend| open::candidates(cluster, mend)),
            _ => mends.iter().flat_map(|mend| close::candidates(cluster, mend)).collect(),
        };
        found.sort_by_key(|(edit, _)| edit.action);
        found
    }
}
