//! Random clusters, profiles, questions and changes that shrink: for tests of one's own data plane with
//! [proptest](https://docs.rs/proptest). Needs the feature `strategies`.
//!
//! ```
//! # use std::convert::Infallible;
//! # use netpol_oracle::{Change, Cluster, Engine, Profile, Verdict};
//! # use netpol_oracle::generate::strategies::worlds;
//! # use netpol_oracle::oracle::{DataPlane, Observed, Outcome, Probe, ProbeEnd, ProbeWho};
//! # #[derive(Default)]
//! # struct Mine(Option<Engine>);
//! # impl DataPlane for Mine {
//! #     type Error = Infallible;
//! #     fn install(&mut self, cluster: &Cluster, profile: &Profile) -> Result<(), Infallible> {
//! #         self.0 = Some(Engine::new(cluster, profile));
//! #         Ok(())
//! #     }
//! #     fn apply(&mut self, _: &[Change], _: &Cluster) -> Result<(), Infallible> { Ok(()) }
//! #     fn probe(&mut self, probe: &Probe) -> Result<Observed, Infallible> {
//! #         Ok(match self.0.as_ref().map(|engine| engine.verdict(&probe.flow)) {
//! #             Some(Ok(Verdict::Allow)) => Observed::EndToEnd(Outcome::Delivered),
//! #             Some(Ok(_)) => Observed::EndToEnd(Outcome::Dropped),
//! #             _ => Observed::NotObservable("no answer".to_owned()),
//! #         })
//! #     }
//! # }
//! # fn probe_of(cluster: &Cluster, flow: &netpol_oracle::Flow) -> Probe {
//! #     let end = || ProbeEnd::new(ProbeWho::Outside, None);
//! #     Probe::new(flow.clone(), end(), end())
//! # }
//! use proptest::prelude::*;
//! proptest! {
//!     # /*
//!     #[test]
//!     # */
//!     fn mine_agrees(world in worlds()) {
//!         let engine = Engine::new(&world.cluster, &world.profile);
//!         let mut mine = Mine::default(); // your `DataPlane`
//!         mine.install(&world.cluster, &world.profile).unwrap();
//!         for flow in &world.flows {
//!             let Ok(verdict) = engine.verdict(flow) else { continue }; // names what is not there
//!             let seen = mine.probe(&probe_of(&world.cluster, flow)).unwrap(); // the flow with its addresses
//!             let wrong = if verdict == Verdict::Allow { Outcome::Dropped } else { Outcome::Delivered };
//!             // What is undefined nobody can get wrong.
//!             prop_assert!(verdict == Verdict::Undefined || seen != Observed::EndToEnd(wrong), "{flow}: {verdict}");
//!         }
//!     }
//! }
//! # mine_agrees();
//! ```
//!
//! What fails is shrunk, and printed as a case that can be loaded again: profile, manifests, flows.
//!
//! | strategy | what it makes |
//! |---|---|
//! | [`worlds`] | a cluster, a profile, questions drawn from the cluster |
//! | [`changing_worlds`] | a world that changes in small steps |
//! | [`inconsistent_worlds`], [`arbitrary_flows`] | objects that contradict each other, questions about what is not there |
//! | [`clusters`], [`policies`], [`profiles`], [`selectors`], ... | their parts |
//! | [`flows_of`], [`changes_of`] | questions about, and changes of, a cluster that you have |
//!
//! [`WorldSpec`] says how large, how dense and how dual-stack they are, and takes profiles of one's own. Everything lives
//! on few names, labels, addresses and ports (namespaces `x`, `y`, `z`; labels `app` and `tier`; 10.0.0.0/16, fd00::/64),
//! so that selectors select and blocks are hit.
//!
//! # The shares
//!
//! Of the flows of [`worlds`], rounded; `tests/strategies.rs` measures them and holds their floors:
//!
//! | what | share |
//! |---|---|
//! | allow, deny, undefined | 55, 19, 16 % |
//! | no answer, most of them as no backend of a Service is ready | 10 % |
//! | every row left open by some Undefined, and named by some definite verdict if it can be; every reason of a side | |
//! | worlds in which [U4](crate::semantics#u4) `allowed` or [U5](crate::semantics#u5) `before` decides a flow | 3, 3 % |
//! | worlds with what real clusters hold ([`WorldSpec::real`]) | 20 % |
//! | selectors with two `matchLabels`; with `In`, `NotIn` of several values | 8; 3, 3 % |
//!
//! Of [`inconsistent_worlds`]: allow, deny, undefined 31, 9, 6 %, and every error that a flow can come to. Of [`arbitrary_flows`] in
//! plain worlds 90 % have no answer.
//!
//! Of the steps of [`changing_worlds`]:
//!
//! | step | share |
//! |---|---|
//! | about one pod: labels 14, ports 7, replaced 7, succeeded at its address 7, finished 4, added 4, removed 3, readiness 2 | 49 % |
//! | about a policy: changed 9, added 9, removed 3 | 21 % |
//! | about a Service or its slice: 5 and 2, 5 and 3 | 14 % |
//! | another namespace's labels, another node's system | 9, 7 % |
//!
//! One step in eight changes nothing: a label that is given its old value, an address taken again.

mod arbitrary_flows;
mod changes;
mod changing_worlds;
mod flows;
mod inconsistent_worlds;
mod pods;
mod policies;
mod profiles;
mod real;
mod selectors;
mod services;
mod spec;
mod themes;
mod vocabulary;
mod worlds;

pub use self::arbitrary_flows::arbitrary_flows;
pub use self::changes::{Step, StepKind, changes_of};
pub use self::changing_worlds::{ChangingWorld, changing_worlds};
pub use self::flows::flows_of;
pub use self::inconsistent_worlds::inconsistent_worlds;
pub use self::policies::{ip_blocks, peers, policies, port_matches, rules};
pub use self::profiles::{overrides, profiles, with_ranges};
pub use self::selectors::{labels, requirements, selectors};
pub use self::spec::WorldSpec;
pub use self::worlds::{World, clusters, worlds};
