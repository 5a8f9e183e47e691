// The links of the ids in the table below.
#![doc = include_str!("../_documentation/links.md")]
//! What this cluster will not do with a policy.
//!
//! [`review`] holds one policy against a [`Profile`](crate::Profile) and the objects around it: what the
//! profile's rows ([C1] to [C14]) do not support, what would silently not be done, and what looks like an
//! accident. It needs no API server and suits a validating webhook, which sees only policies that the
//! server has accepted. It says too what a policy says in vain, since another rule says as much: NP301 to NP307 hold on any
//! cluster, and what [`idle`] says on the cluster as it is.
//!
//! | code | row | severity | said when |
//! |---|---|---|---|
//! | NP201 | [C1] | warning | nothing is enforced: the switch is off |
//! | NP202 | [C2] | warning | the cluster version does not enforce ingress rules |
//! | NP203 | [C3] | warning | the cluster version does not enforce egress rules |
//! | NP204 | [C4] | error | an `ipBlock` in an ingress rule, not supported |
//! | NP205 | [C5] | error | an `ipBlock` in an egress rule, not supported |
//! | NP206 | [C6] | warning | selected pods on nodes whose operating system is not known to enforce |
//! | NP207 | [C7] | error, warning | an IPv6 block (error) or selected pods with IPv6 addresses, not supported |
//! | NP208 | [C8] | warning | selected pods in secure containers |
//! | NP209 | [C9] | warning | an `ipBlock` over pod, node or Service addresses, which it never matches |
//! | NP210 | [C10] | warning | egress selectors over the backends of a ClusterIP, which cannot be limited so |
//! | NP211 | [C11] | warning | 100.125.0.0/16 stays open (egress), or a block names it (ingress) |
//! | NP212 | [C12] | error, warning | a rule for SCTP (error) or selected pods that offer it, not supported |
//! | NP213 | [C13] | warning | an egress policy cuts nodes off, or nodes are not exempt from an ingress policy |
//! | NP214 | [C14] | error | `endPort` above `port`, not supported |
//! | NP220 | | warning | `except` on the eBPF data plane, which the vendor advises against |
//! | NP221 | | warning | isolated for egress, and no rule of any policy reaches the cluster's DNS |
//! | NP222 | | warning | `podSelector` selects nothing that is loaded |
//! | NP223 | | warning | a peer's selectors select nothing that is loaded |
//! | NP224 | [K12] | warning | a port name that no possible destination declares |
//! | NP225 | [K12] | warning | a port name in an egress rule with an `ipBlock` |
//! | NP226 | [K4] | warning | rules of a direction that `policyTypes` does not declare |
//! | NP227 | [K17], [U2] | warning | a selector selects pods with hostNetwork |
//! | NP228 | [K25] | warning | policies of other kinds exist |
//! | NP229 | [K14] | warning | `except` leaves nothing of its block |
//! | NP230 | [K5], [K6], [K15] | warning | a rule that admits everyone on every port, or every pod, or every address of a family |
//! | NP231 | | warning | where the node-local DNS cache is in use: isolated for egress, and no rule reaches it (169.254.20.10) |
//! | NP232 | | warning | on CCE: isolated for ingress, and no rule admits health checks (100.125.0.0/16) |
//!
//! | NP301 | | warning | another peer or rule admits all that the peer does, on any cluster |
//! | NP302 | | warning | another entry or rule admits all that the port entry does, on any cluster |
//! | NP303 | [K2] | warning | other rules, of this policy or another, admit all that the rule does, on any cluster |
//! | NP304 | [K14] | warning | other exceptions of the block cut out all that the exception does |
//! | NP305 | [K1], [K2] | warning | other policies isolate the same pods and admit all that the policy does, on any cluster |
//! | NP306 | [K2] | warning | another policy of the namespace says the same |
//! | NP307 | [K9] | warning | a selector contradicts itself: nothing can have such labels |
//! | NP311 | | warning | as NP301, on the cluster as it is |
//! | NP312 | | warning | as NP302, on the cluster as it is |
//! | NP313 | [K2] | warning | as NP303, on the cluster as it is |
//! | NP315 | [K1], [K2] | warning | as NP305, on the cluster as it is |
//!
//! A row that is overridden with `unknown` gives a warning where `unsupported` gives an error. Where no pod
//! and no workload is loaded at all, NP222 to NP224 are not given: nothing would ever be selected.
//!
//! Each code has an example in [`CATALOGUE`], which is data that compiles:
//!
//! ```
//! # #[cfg(feature = "yaml")] {
//! use netpol_oracle::{admission, Loader, ObjectName, Profile};
//!
//! for example in admission::CATALOGUE {
//!     let profile = Profile::read("profile.yaml", example.profile).expect("a good profile");
//!     let cluster = Loader::new(profile.release()).text("cluster.yaml", example.manifests).finish().cluster;
//!     let policy = cluster.policy(&ObjectName::new("a", "p")).expect("a policy");
//!     let mut found = admission::review(policy, &profile, &cluster);
//!     found.extend(admission::idle(policy, &profile, &cluster));
//!     let meant = found.iter().find(|found| found.code == example.code).expect(example.message);
//!     assert_eq!((meant.path.as_str(), meant.message.as_str()), (example.path, example.message));
//! }
//! # }
//! ```

mod blocks;
mod catalogue;
mod circumstances;
mod context;
mod controlled;
mod cut_off;
mod dns;
mod everyone;
mod finding;
mod lints;
mod owned;
mod platform;
mod ports;
mod review;
mod selectors;
mod text;

pub use catalogue::{CATALOGUE, Example};
pub use review::{Reviewer, idle, review};
