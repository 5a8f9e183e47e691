//! Worlds: a cluster, what it runs on, and questions about it.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::flows::{flow_parts, flows};
use super::pods::{nodes, pod, pod_parts, workloads};
use super::policies::sets;
use super::profiles::{profiles, with_overrides};
use super::real::{Real, real_parts};
use super::selectors::labels;
use super::services::{service, service_parts, slice};
use super::spec::WorldSpec;
use super::themes::{Theme, theme_parts};
use super::vocabulary::NAMESPACES;
use crate::manifest::write::{documents, yaml};
use crate::model::cluster::{Cluster, Namespace, Node, Pod};
use crate::model::flow::Flow;
use crate::net::Family;
use crate::profile::profile::Profile;

/// A cluster, what it runs on, and questions about it.
///
/// Its `Debug` form is a case as the crate's corpus has it (profile, manifests, flows), to be loaded again or cut down by
/// hand:
///
/// ```
/// use netpol_oracle::generate::strategies::World;
/// use netpol_oracle::{Cluster, Profile};
/// let flow = "10.0.0.1 -> x/a icmp".parse()?;
/// let world = World::new(Cluster::default(), Profile::kubernetes(), vec![flow]);
/// assert!(format!("{world:?}").ends_with("flows:\n- {flow: \"10.0.0.1 -> x/a icmp\"}\n"));
/// # Ok::<(), netpol_oracle::model::FlowTextError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct World {
    /// The objects.
    pub cluster: Cluster,
    /// What the cluster's data plane does.
    pub profile: Profile,
    /// The questions.
    pub flows: Vec<Flow>,
}

impl World {
    /// Questions about a cluster.
    #[must_use]
    pub fn new(cluster: Cluster, profile: Profile, flows: Vec<Flow>) -> Self {
        Self { cluster, profile, flows }
    }
}

impl WorldSpec {
    /// Clusters.
    pub fn clusters(&self) -> impl Strategy<Value = Cluster> + use<> {
        clusters_of(self)
    }

    /// Clusters, profiles of every kind, and flows.
    pub fn worlds(&self) -> impl Strategy<Value = World> + use<> {
        worlds_of(self, profiles(), true)
    }

    /// Clusters and flows on profiles of one's own: the model that one's data plane is for.
    ///
    /// ```
    /// use netpol_oracle::Profile;
    /// use netpol_oracle::generate::strategies::{WorldSpec, with_ranges};
    /// let tunnel: Profile = "tunnel:v1.31.6-r0".parse()?;
    /// let worlds = WorldSpec::new().worlds_on(with_ranges(tunnel.clone()));
    /// proptest::proptest!(|(world in worlds)| {
    ///     assert_eq!(world.profile.base(), tunnel.base());
    /// });
    /// # Ok::<(), netpol_oracle::profile::ProfileError>(())
    /// ```
    pub fn worlds_on<P>(&self, profiles: P) -> impl Strategy<Value = World> + use<P>
    where
        P: Strategy<Value = Profile>,
    {
        worlds_of(self, profiles, false)
    }
}

/// Clusters of the default [`WorldSpec`]: up to three namespaces, two nodes, five pods, two workloads, two Services
/// and five policies, on few labels, ports and addresses.
///
/// ```
/// use netpol_oracle::generate::strategies::clusters;
/// proptest::proptest!(|(cluster in clusters())| {
///     assert!(cluster.pods().len() >= 2 && !cluster.policies().is_empty());
/// });
/// ```
pub fn clusters() -> impl Strategy<Value = Cluster> {
    WorldSpec::new().clusters()
}

/// Worlds of the default [`WorldSpec`]. See [the shares](super#shares) for what comes up how often.
///
/// ```
/// use netpol_oracle::generate::strategies::worlds;
/// proptest::proptest!(|(world in worlds())| {
///     assert_eq!(world.flows.len(), 6);
/// });
/// ```
pub fn worlds() -> impl Strategy<Value = World> {
    WorldSpec::new().worlds()
}

fn clusters_of(spec: &WorldSpec) -> impl Strategy<Value = Cluster> + use<> {
    let namespaces = vec(option::weighted(0.8, labels()), NAMESPACES.len());
    let pods = vec(pod_parts(spec), spec.pod_count());
    let services = vec(service_parts(), spec.service_count());
    (namespaces, nodes(), pods, workloads(), services, sets(spec.policy_count())).prop_map(
        |(namespaces, nodes, pods, workloads, services, policies)| {
            let mut builder = Cluster::builder();
            for (name, labels) in NAMESPACES.iter().zip(namespaces) {
                if let Some(labels) = labels {
                    builder.namespace(Namespace { name: (*name).into(), labels });
                }
            }
            let nodes_given: Vec<&Node> = nodes.iter().collect();
            let pods: Vec<Pod> =
                pods.into_iter().enumerate().map(|(number, parts)| pod(number, parts, &nodes_given)).collect();
            let pods_given: Vec<&Pod> = pods.iter().collect();
            for (number, parts) in services.into_iter().enumerate() {
                let (service, endpoints) = service(number, parts);
                for family in [Family::V4, Family::V6] {
                    if let Some(picks) = &endpoints {
                        builder.endpoint_slice(slice(&service, family, picks, &pods_given, &nodes_given));
                    }
                }
                builder.service(service);
            }
            for pod in pods {
                builder.pod(pod);
            }
            for node in nodes {
                builder.node(node);
            }
            for workload in workloads {
                builder.workload(workload);
            }
            for policy in policies {
                builder.policy(policy);
            }
            builder.build()
        },
    )
}

/// Worlds on `profiles`; where a world has a theme, the profile says something about it if it may.
pub(super) fn worlds_of<P>(spec: &WorldSpec, profiles: P, may_override: bool) -> impl Strategy<Value = World> + use<P>
where
    P: Strategy<Value = Profile>,
{
    let real = real_parts(spec.real_percent(), spec.flow_count());
    (clusters_of(spec), profiles, theme_parts(), vec(flow_parts(), spec.flow_count()), real).prop_map(
        move |(cluster, profile, theme, parts, real)| {
            if let Some(Real { cluster, word, flows }) = real.and_then(|real| Real::of(&cluster, real)) {
                let profile = with_overrides(profile, word.filter(|_| may_override));
                return World { cluster, profile, flows };
            }
            let Some(Theme { cluster, word, flow }) = theme.and_then(|theme| Theme::of(&cluster, theme)) else {
                let flows = flows(&cluster, parts);
                return World { cluster, profile, flows };
            };
            let mut flows = flows(&cluster, parts);
            if let Some(first) = flows.first_mut() {
                *first = flow;
            }
            World { cluster, profile: with_overrides(profile, word.filter(|_| may_override)), flows }
        },
    )
}

impl fmt::Debug for World {
    /// As a case of the corpus, to be cut down by hand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        if !is_written(&self.profile) {
            writeln!(f, "# {:?}", self.profile.capabilities())?;
        }
        let mut manifests = String::new();
        for object in documents(&self.cluster) {
            manifests.push_str(&serde_json::to_string(&object).map_err(|_| fmt::Error)?);
            manifests.push_str("\n---\n");
        }
        let mut text = String::new();
        yaml::entry(&mut text, 0, "profile", &serde_json::to_value(&self.profile).map_err(|_| fmt::Error)?);
        yaml::entry(&mut text, 0, "manifests", &json!(manifests));
        let flows: Vec<Value> = self.flows.iter().map(|flow| json!({"flow": flow.to_string()})).collect();
        yaml::list(&mut text, "flows", &flows);
        f.write_str(&text)
    }
}

/// Whether the profile is all that a profile file can say.
fn is_written(profile: &Profile) -> bool {
    let plain = Profile::new(profile.base()).with_edition(profile.edition()).with_switch(profile.switch());
    let plain = with_overrides(plain, profile.overrides().iter().map(|(row, word)| (*row, *word)));
    plain.capabilities() == profile.capabilities()
}
