//! Clusters out of a seed: for benchmarks, load tests and comparisons of engines.
//!
//! [`ClusterSpec`] says how large; [`ClusterSpec::build`] makes the cluster, the same on every platform. [`flows`] asks
//! questions about it. [`Hostile`] names clusters that are shaped against engines rather than after life.
//!
//! ```
//! use netpol_oracle::generate::{ClusterSpec, flows};
//! use netpol_oracle::{Decide, Profile, Reference};
//! let cluster = ClusterSpec::new(200).seed(7).build();
//! assert_eq!((cluster.pods().len(), cluster.policies().len()), (200, 20));
//! let profile = Profile::kubernetes();
//! let reference = Reference::new(&cluster, &profile);
//! let answered = flows(&cluster, 50, 7).filter(|flow| reference.decide(flow).is_ok()).count();
//! assert!(answered > 45);
//! ```
//!
//! # The mix
//!
//! What [`ClusterSpec::new`] makes. Shares are of what is drawn, so a small cluster strays from them.
//!
//! | objects | what they are like |
//! |---|---|
//! | namespaces | the first is `kube-system` where there are two or more; the others are called `TEAM-ENV-NUMBER`, are labelled `env` (prod 40 %, staging, test, dev 20 % each) and `team` (one of 12), and hold 1 to 8 shares of the pods |
//! | applications | 3 to 8 of 16 kinds a namespace, named after their kind, so that a name occurs in many namespaces; one pod in ten belongs to a store (postgres, redis, kafka, mongo) |
//! | pods | labels `app`, `tier`, `version`, `team`; `pod-template-hash` of one or two ReplicaSets an application; `statefulset.kubernetes.io/pod-name`, of each pod its own, on the stores' 10 % |
//! | | 1 % hostNetwork, 1 % Succeeded, 1 % not ready, 0.5 % Pending: without node and address |
//! | | addresses in 10.0.0.0/8 without 10.96.0.0/12, a range a node; 10 % have a second one in fd00:10::/64 |
//! | | container ports named http, https, grpc, metrics, dns, dns-tcp, statsd, s1ap and after the stores; some without a name, some pods without any |
//! | nodes | InternalIPs in 172.16.0.0/12 and fd00:172::/64, every tenth an ExternalIP in 198.18.0.0/15; three OS images (60, 30, 10 %) |
//! | Services | ClusterIPs in 10.96.0.0/12, every 20th headless; the first is the DNS; a selector of one application; targets by name and by number |
//! | EndpointSlices | none, unless [asked for](ClusterSpec::endpoint_slices) |
//!
//! | a policy declares | share |
//! |---|---|
//! | Ingress | 60 % |
//! | Egress | 15 % |
//! | both | 25 % |
//!
//! | its name begins with | its peers | share |
//! |---|---|---|
//! | `deny` | none: `podSelector: {}` without rules | 10 % |
//! | `app` | one or two applications of its namespace | 25 % |
//! | `own` | its whole namespace, for its whole namespace (`podSelector: {}` on both sides) | 10 % |
//! | `name` | a namespace by `kubernetes.io/metadata.name` | 10 % |
//! | `team` | namespaces by `env`, `team` or both | 10 % |
//! | `pods` | namespaces by labels and in them pods by `app` | 12 % |
//! | `expr` | `matchExpressions` of all four operators, on pods or on pods and namespaces | 8 % |
//! | `all` | all namespaces, half of them with an `app` | 4 % |
//! | `block` | one to three ipBlocks: everything except the private ranges 35 %, a /24 of 203.0.0.0/16 30 %, a /8, /12, /16 or /24 among the pods (some with an exception) 20 %, IPv6 15 % | 11 % |
//!
//! | of the others | share |
//! |---|---|
//! | subject: an application, everything, a tier, an expression | 70, 10, 10, 10 % |
//! | one rule a direction, two, three | 70, 20, 10 % |
//! | ports of a rule: none given, a number, a name, a range, UDP, SCTP, several | 20, 40, 20, 8, 7, 2, 3 % |
//! | with egress rules: another one for DNS at kube-system | 60 % |

mod address;
mod flows;
mod hostile;
mod policies;
pub(crate) mod random;
mod services;
#[cfg(feature = "generate")]
pub mod strategies;
mod town;
mod vocabulary;

use crate::model::cluster::Cluster;

pub use self::flows::flows;
pub use self::hostile::{Hostile, HostileError};

/// The most pods of a generated cluster: their range of addresses bounds them.
pub const MAX_PODS: u32 = 5_000_000;
/// The most nodes, and the most Services.
pub const MAX_NODES: u32 = 1_000_000;
/// The most policies, and the most namespaces.
pub const MAX_POLICIES: u32 = 5_000_000;

/// How large a generated cluster is. See [the mix](self#the-mix) for what it holds.
///
/// The same spec yields the same cluster on every platform; a change of what a spec yields is noted in the changelog.
///
/// ```
/// use netpol_oracle::generate::ClusterSpec;
/// let spec = ClusterSpec::new(1_000).seed(3).policies(50);
/// let cluster = spec.build();
/// assert_eq!(cluster.pods().len(), 1_000);
/// assert_eq!(cluster.policies().len(), 50);
/// assert_eq!(cluster.namespaces().len(), 10, "one for a hundred pods");
/// assert_eq!(cluster, spec.build());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSpec {
    pods: u32,
    policies: u32,
    namespaces: u32,
    nodes: u32,
    services: u32,
    seed: u64,
    endpoint_slices: bool,
    hostile: Option<Hostile>,
}

fn bounded(count: usize, most: u32) -> u32 {
    u32::try_from(count).unwrap_or(most).min(most)
}

impl ClusterSpec {
    /// A cluster of `pods` pods, at most [`MAX_PODS`]: for ten of them a policy, for twenty a Service, for a hundred a
    /// namespace and a node (at least one of these two); seed 0; no EndpointSlices.
    #[must_use]
    pub fn new(pods: usize) -> Self {
        let pods = bounded(pods, MAX_PODS);
        Self {
            pods,
            policies: pods / 10,
            namespaces: (pods / 100).max(1),
            nodes: (pods / 100).max(1),
            services: pods / 20,
            seed: 0,
            endpoint_slices: false,
            hostile: None,
        }
    }

    /// A cluster that is shaped against engines, without Services.
    ///
    /// ```
    /// use netpol_oracle::generate::{ClusterSpec, Hostile};
    /// let cluster = ClusterSpec::hostile(Hostile::NotIn, 100).policies(10).build();
    /// assert_eq!((cluster.namespaces().len(), cluster.policies().len()), (1, 10));
    /// ```
    #[must_use]
    pub fn hostile(shape: Hostile, pods: usize) -> Self {
        Self { hostile: Some(shape), ..Self::new(pods) }
    }

    /// Another seed: another cluster of the same mix.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many policies, at most [`MAX_POLICIES`].
    #[must_use]
    pub fn policies(mut self, count: usize) -> Self {
        self.policies = bounded(count, MAX_POLICIES);
        self
    }

    /// How many namespaces: at least one, at most [`MAX_POLICIES`]. [`Hostile::NotIn`] has one.
    #[must_use]
    pub fn namespaces(mut self, count: usize) -> Self {
        self.namespaces = bounded(count, MAX_POLICIES).max(1);
        self
    }

    /// How many nodes: at least one, at most [`MAX_NODES`].
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes = bounded(count, MAX_NODES).max(1);
        self
    }

    /// How many Services, at most [`MAX_NODES`]. Hostile clusters have none.
    #[must_use]
    pub fn services(mut self, count: usize) -> Self {
        self.services = bounded(count, MAX_NODES);
        self
    }

    /// Whether Services have EndpointSlices: of at most 100 endpoints each, as the cluster's controller would make them.
    #[must_use]
    pub fn endpoint_slices(mut self, wanted: bool) -> Self {
        self.endpoint_slices = wanted;
        self
    }

    /// The cluster.
    #[must_use]
    pub fn build(&self) -> Cluster {
        match self.hostile {
            None => town::build(self),
            Some(shape) => hostile::build(shape, self),
        }
    }
}
