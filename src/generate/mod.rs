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
//! | other faces of Services | none, unless [asked for](ClusterSpec::faces) |
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

mod cluster;
mod flows;
mod hostile;
mod spec;
#[cfg(feature = "strategies")]
pub mod strategies;
mod stream;
mod vocabulary;

pub use self::flows::flows;
pub use self::hostile::{Hostile, HostileError};
pub use self::spec::{ClusterSpec, MAX_NODES, MAX_PODS, MAX_POLICIES};
