//! The covering set: one flow for each question that policies can tell from another.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::{Distinctions, Snapshot};
use crate::model::cluster::Cluster;
use crate::model::flow::Flow;
use crate::net::{Family, Port, PortName, Protocol};
use crate::oracle::batches::Batch;
use crate::oracle::end_kinds::{EndKind, EndKinds};
use crate::oracle::face_flows::Senders;
use crate::oracle::report::Coverage;

/// In a budgeted set so many selectors are held against classes to find whom rules are about.
const CHECKS: usize = 1 << 22;

/// The covering set of a snapshot. Nothing of it is made before it is asked for: [`len`](Self::len) counts, iterating makes
/// one pair of ends after another, and [`budget`](Self::budget) puts the most telling first.
///
/// # What it holds
///
/// Ends are of one *kind*: pods of one [class](crate::engine::ClassId) by their addresses of one family, pods and workloads of one
/// class without an address, nodes by their addresses of one family. A pod with two addresses is an end by each. Then
/// there is
///
/// - for each pair of kinds, one pair of members for each interval of addresses that the policies of the other end tell
///   apart, on either side, and for each way in which two ends can stand to each other (different pods; the own node
///   and another, [K18](crate::semantics#k18)), with the first and the last port of every interval that the source's
///   egress policies and the destination's ingress policies make, each such number in the other two protocols as well,
///   what their names for ports stand for at the destination, at the source and elsewhere
///   ([K12](crate::semantics#k12)), ICMP and one other protocol. Where neither side is isolated one port of each
///   protocol stands for all;
/// - pods of each kind to themselves ([K19](crate::semantics#k19));
/// - for each kind the first and the last address outside of every interval that its own policies make, both ways, with
///   the ports as above; and the addresses of finished pods ([K20](crate::semantics#k20)), for 256 kinds each;
/// - from each kind, and from those addresses, through each port of each Service by way of a backend of each kind, as
///   [`via`](Flow::via) names it ([K23](crate::semantics#k23)), own nodes as above, and a backend to itself;
/// - from each kind, and from addresses outside, to each [face](crate::oracle::Face) of a Service or pod ([K26](crate::semantics#k26))
///   by way of a backend of each kind, at addresses that the source's policies tell apart, where the node at the face is the
///   source's own, the backend's, both, neither, or perhaps ([U8](crate::semantics#u8)), and where those that may pass the
///   connection on ([U9](crate::semantics#u9)) have addresses that the backend's policies tell apart. A port that all nodes have is
///   asked at 16 of their addresses at most, a `hostPort` at 16 pods of a kind;
/// - every pod that has not been named so far once as source and once as destination, denied and, where it can be,
///   admitted by a rule: data planes also fail pod by pod;
/// - one flow for all that have no pod end ([K24](crate::semantics#k24)).
///
/// So a flow that can be judged has one in the set with ends of the same kinds, at addresses and a port of the same
/// intervals, that stand to each other in the same way: its verdict is the same, whole and on each side. Left out are
/// addresses of pods that several pods claim, where they are not a pod's first of the family, those that two nodes have,
/// and a Service's external addresses as sources. Of the replicas that may back a Service alone
/// ([K27](crate::semantics#k27)) each is asked by its name. To faces, some flows have none like them yet: 0.6 % in
/// 400 random worlds, of ends that say no node.
#[derive(Clone)]
pub struct Covering {
    kinds: Arc<EndKinds>,
    former: Vec<IpAddr>,
}

/// The [covering set](Covering) of what the engine answers for.
///
/// ```
/// use netpol_oracle::oracle::covering_flows;
/// use netpol_oracle::generate::ClusterSpec;
/// use netpol_oracle::{Engine, Profile};
/// let engine = Engine::new(&ClusterSpec::new(30).build(), &Profile::kubernetes());
/// let covering = covering_flows(&engine);
/// assert_eq!(covering.len(), covering.iter().count() as u64);
///
/// let some = covering.budget(100);
/// assert_eq!(some.flows().len(), 100);
/// println!("asking {}", some.coverage());
/// ```
#[must_use]
pub fn covering_flows(engine: &Snapshot) -> Covering {
    Covering { kinds: Arc::new(EndKinds::new(engine)), former: Vec::new() }
}

/// The flows of a [`Covering`], in an order that is the same for equal clusters.
pub struct CoveringFlows {
    flows: Box<dyn Iterator<Item = Flow> + Send>,
}

/// The most telling flows of a [`Covering`]: [`Covering::budget`].
#[derive(Debug, Clone)]
pub struct Budgeted {
    flows: Vec<Flow>,
    covering: Covering,
}

impl Budgeted {
    /// The flows, the most telling first.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// How much of the whole they are. The whole is counted for it, which takes far longer than the flows took.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        Coverage { asked: self.flows.len() as u64, of: Some(self.covering.len()) }
    }
}

impl IntoIterator for Budgeted {
    type Item = Flow;
    type IntoIter = std::vec::IntoIter<Flow>;

    fn into_iter(self) -> Self::IntoIter {
        self.flows.into_iter()
    }
}

impl Covering {
    /// With the addresses that pods of `before` had as well, as far as nobody has them now: a data plane that follows changes
    /// may go on taking them for the pods'.
    #[must_use]
    pub fn with_former(mut self, before: &Cluster) -> Self {
        let pods = before.pods().iter().filter(|pod| pod.is_live() && !pod.host_network);
        let addresses = pods.flat_map(|pod| &pod.addresses).copied();
        self.former = addresses.filter(|address| self.kinds.engine.is_outside(*address)).collect();
        self
    }

    /// How many kinds of ends there are.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.kinds.all.len()
    }

    /// How many flows it has. They are counted, not made: pairs of pods by what they have in common.
    #[must_use]
    pub fn len(&self) -> u64 {
        let rest = self.batches(false).map(|batch| batch.l4s.len() as u64).sum::<u64>();
        self.count_pairs() + rest
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches(true).all(|batch| batch.l4s.is_empty())
    }

    /// Each flow once.
    #[must_use]
    pub fn iter(&self) -> CoveringFlows {
        CoveringFlows { flows: Box::new(self.batches(true).flat_map(Batch::flows)) }
    }

    /// At most `count` flows, the most telling first.
    ///
    /// In turns, each over all kinds before any is taken up again: whom rules are about and who stands just outside of
    /// that; pods one by one; own nodes and hairpins; Services; their other faces; addresses outside; pairs of kinds of which a side is
    /// isolated. What is left, where nobody is isolated, comes last.
    #[must_use]
    pub fn budget(&self, count: usize) -> Budgeted {
        let mut seen: HashSet<Flow> = HashSet::new();
        let mut flows = Vec::new();
        let mut sections = self.telling();
        let mut rest = self.iter();
        while flows.len() < count {
            let before = flows.len();
            sections.retain_mut(|section| {
                // The next that no other section had.
                let next = section.by_ref().take_while(|_| flows.len() < count).find(|flow| !seen.contains(flow));
                match next {
                    Some(flow) => {
                        seen.insert(flow.clone());
                        flows.push(flow);
                        true
                    }
                    None => false,
                }
            });
            if flows.len() == before {
                break;
            }
        }
        while flows.len() < count {
            let Some(flow) = rest.next() else { break };
            if !seen.contains(&flow) {
                flows.push(flow);
            }
        }
        Budgeted { flows, covering: self.clone() }
    }

    /// The places of all pods.
    fn members(&self) -> Vec<(usize, usize)> {
        let kinds = self.kinds.all.iter().enumerate().filter(|(_, kind)| kind.class.is_some());
        kinds.flat_map(|(at, kind)| (0..kind.members.len()).map(move |number| (at, number))).collect()
    }

    /// Everything but, unless `pairs`, the pairs of kinds of pods.
    fn batches(&self, pairs: bool) -> impl Iterator<Item = Batch> + Send + use<> {
        let count = self.kinds.all.len();
        let shared = || self.kinds.clone();
        let between = {
            let kinds = shared();
            (0..count).flat_map(move |source| {
                let kinds = kinds.clone();
                let is_host = |at: usize| kinds.kind(at).is_some_and(|kind| kind.is_host);
                let from_host = is_host(source);
                let wanted: Vec<usize> = (0..count).filter(|to| pairs || from_host || is_host(*to)).collect();
                wanted.into_iter().flat_map(move |destination| kinds.between(source, destination))
            })
        };
        let each = |section: fn(&EndKinds, usize) -> Vec<Batch>| {
            let kinds = shared();
            (0..count).flat_map(move |at| section(&kinds, at))
        };
        let through = {
            let kinds = shared();
            self.kinds.frontends().flat_map(move |frontend| {
                let kinds = kinds.clone();
                let around = kinds.around(&frontend);
                (0..count).flat_map(move |source| kinds.through(&frontend, source)).chain(around)
            })
        };
        let at_faces = {
            let (kinds, doors) = (shared(), self.kinds.doors());
            let outside = [Family::V4, Family::V6].map(Senders::Outside);
            (0..count).map(Senders::Kind).chain(outside).flat_map(move |senders| kinds.at_faces(&doors, senders))
        };
        let (pods, members) = (shared(), self.members());
        let (former, without) = (self.kinds.former(&self.former), self.kinds.without_pods());
        between
            .chain(each(EndKinds::hairpin))
            .chain(each(EndKinds::outside))
            .chain(former)
            .chain(through)
            .chain(at_faces)
            .chain(members.into_iter().flat_map(move |(at, number)| pods.each_pod(at, number)))
            .chain(without)
    }

    /// The flows of [`EndKinds::between`] for all pairs of kinds without hosts: how many ports a pair has depends on the rows of
    /// the two and on what they call their ports, how many pairs of members on where these lie.
    fn count_pairs(&self) -> u64 {
        let kinds = &*self.kinds;
        // What classes call ports, as far as rules ask for the name; by a number.
        let used: HashSet<&PortName> =
            kinds.partition.distinctions.iter().flat_map(|row| &row.names).map(|(_, name)| name).collect();
        let mut names: HashMap<Vec<&(Protocol, PortName, Port)>, usize> = HashMap::new();
        let mut ports: HashMap<([usize; 2], [usize; 2]), u64> = HashMap::new();
        let mut parts: HashMap<(usize, usize), u64> = HashMap::new();
        let mut pods = Vec::new();
        for (at, kind) in kinds.all.iter().enumerate().filter(|(_, kind)| !kind.is_host) {
            let Some(class) = kinds.class(kind) else { continue };
            let own: Vec<_> = class.named.iter().filter(|(_, name, _)| used.contains(name)).collect();
            let next = names.len();
            pods.push((at, kind, class, *names.entry(own).or_insert(next)));
        }
        let mut count = 0;
        for (from_at, from, source, from_names) in &pods {
            for (to_at, to, destination, to_names) in &pods {
                if !from.meets(to) {
                    continue;
                }
                if from_at == to_at || (from.is_by_name && to.is_by_name) {
                    // Not every two members are two pods, or can be asked.
                    count += kinds.between(*from_at, *to_at).iter().map(|batch| batch.l4s.len() as u64).sum::<u64>();
                    continue;
                }
                let key = ([source.egress, *from_names], [destination.ingress, *to_names]);
                let ports =
                    *ports.entry(key).or_insert_with(|| kinds.ports(Some(source), Some(destination)).len() as u64);
                let mut parts = |at: usize, kind: &EndKind, row: usize, known: &Distinctions| {
                    *parts.entry((at, row)).or_insert_with(|| kind.parts(known).len() as u64)
                };
                count += ports
                    * parts(*from_at, from, destination.ingress, kinds.ingress(Some(destination)))
                    * parts(*to_at, to, source.egress, kinds.egress(Some(source)));
            }
        }
        count
    }

    /// The sections of a budgeted set, each spread over everything it is about.
    fn telling(&self) -> Vec<Box<dyn Iterator<Item = Flow> + '_>> {
        let kinds = &*self.kinds;
        let count = kinds.all.len();
        let isolated = kinds.all.iter().take_while(|kind| kind.isolated.contains(&true)).count();
        let hosts: Vec<usize> = (0..count).filter(|at| kinds.kind(*at).is_some_and(|kind| kind.is_host)).collect();
        let mut checks = CHECKS;
        let mut around: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut about = Vec::new();
        for at in 0..isolated {
            let Some(class) = kinds.kind(at).and_then(|kind| kinds.class(kind)) else { continue };
            for (is_source, row) in [(true, class.egress), (false, class.ingress)] {
                let Some(known) = kinds.partition.distinctions.get(row).filter(|row| row.isolated) else { continue };
                let others = around
                    .entry(row)
                    .or_insert_with(|| kinds.engine.around_peers(&kinds.partition, known, &mut checks));
                let others = others.iter().filter_map(|class| kinds.of_class.get(*class).copied().flatten());
                about.extend(others.map(|other| if is_source { (at, other) } else { (other, at) }));
            }
        }
        let rules = about.len();
        let pairs = move |at: usize| about.get(at).map_or_else(Vec::new, |(from, to)| kinds.between(*from, *to));
        let members = self.members();
        let pod_count = members.len();
        let pods = move |at: usize| members.get(at).map_or_else(Vec::new, |(at, number)| kinds.each_pod(*at, *number));
        let own_count = isolated * hosts.len() * 2;
        let own_nodes = move |at: usize| {
            let (kind, host) = (at / (2 * hosts.len()), hosts.get(at / 2 % hosts.len()).copied().unwrap_or_default());
            if at % 2 == 0 { kinds.between(kind, host) } else { kinds.between(host, kind) }
        };
        let hairpins = move |at: usize| kinds.hairpin(at);
        let outside = move |at: usize| kinds.outside(at);
        let everything = move |at: usize| {
            let (from, to) = (at / count.max(1), at % count.max(1));
            let is_isolated = |at: usize, side: usize| {
                kinds.kind(at).and_then(|kind| kind.isolated.get(side).copied()).unwrap_or_default()
            };
            if is_isolated(from, 0) || is_isolated(to, 1) { kinds.between(from, to) } else { Vec::new() }
        };
        let frontends = self.kinds.frontends().flat_map(move |frontend| {
            let around = kinds.around(&frontend);
            let through = spread(isolated, move |at| kinds.through(&frontend, at)).take(isolated.min(64));
            around.into_iter().flat_map(Batch::flows).chain(through)
        });
        let doors = self.kinds.doors();
        let at_faces = move |at: usize| {
            let outside = [Family::V4, Family::V6].get(at.wrapping_sub(isolated)).copied();
            kinds.at_faces(&doors, outside.map_or(Senders::Kind(at), Senders::Outside))
        };
        vec![
            Box::new(spread(rules, pairs)),
            Box::new(spread(pod_count, pods)),
            Box::new(spread(own_count, own_nodes)),
            Box::new(spread(isolated, hairpins)),
            Box::new(frontends),
            Box::new(spread(isolated + 2, at_faces)),
            Box::new(self.kinds.former(&self.former).into_iter().flat_map(Batch::flows)),
            Box::new(spread(isolated, outside)),
            Box::new(spread(count * count, everything)),
        ]
    }
}

/// One flow of each item, then a second one of each, and so on; items and flows by strides, so that whatever is taken from
/// the front is spread over all.
fn spread<'g>(items: usize, of: impl Fn(usize) -> Vec<Batch> + 'g) -> impl Iterator<Item = Flow> + 'g {
    let stride = stride(items);
    let mut most = 0;
    let mut turn = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let (round, at) = turn;
            if at == items {
                if round >= most {
                    return None;
                }
                turn = (round + 1, 0);
                continue;
            }
            turn = (round, at + 1);
            let item = (at as u128 * stride as u128 % items as u128) as usize;
            let batches = of(item);
            let len: usize = batches.iter().map(|batch| batch.l4s.len()).sum();
            most = most.max(len);
            if round < len {
                let mut place = (item + round * self::stride(len)) % len;
                for batch in batches {
                    if place < batch.l4s.len() {
                        return batch.flow(place);
                    }
                    place -= batch.l4s.len();
                }
            }
        }
    })
}

/// A stride that meets every one of `items`, and soon each part of them: near the golden section.
fn stride(items: usize) -> usize {
    let near = (items as f64 * 0.618_033_988_75) as usize;
    (near.max(1)..).find(|stride| gcd(*stride, items) == 1).unwrap_or(1)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Iterator for CoveringFlows {
    type Item = Flow;

    fn next(&mut self) -> Option<Flow> {
        self.flows.next()
    }
}

impl IntoIterator for Covering {
    type Item = Flow;
    type IntoIter = CoveringFlows;

    fn into_iter(self) -> CoveringFlows {
        self.iter()
    }
}

impl IntoIterator for &Covering {
    type Item = Flow;
    type IntoIter = CoveringFlows;

    fn into_iter(self) -> CoveringFlows {
        self.iter()
    }
}

impl fmt::Debug for Covering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Covering").field("kinds", &self.kinds()).finish_non_exhaustive()
    }
}

impl fmt::Debug for CoveringFlows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoveringFlows").finish_non_exhaustive()
    }
}
