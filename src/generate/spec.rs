//! How large a generated cluster is.

use super::hostile::Hostile;

/// The most pods of a generated cluster: their range of addresses bounds them.
pub const MAX_PODS: u32 = 5_000_000;
/// The most nodes, and the most Services.
pub const MAX_NODES: u32 = 1_000_000;
/// The most policies, and the most namespaces.
pub const MAX_POLICIES: u32 = 5_000_000;

/// How large a generated cluster is. See [the mix](super#the-mix) for what it holds.
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
    pub(super) pods: u32,
    pub(super) policies: u32,
    pub(super) namespaces: u32,
    pub(super) nodes: u32,
    pub(super) services: u32,
    pub(super) seed: u64,
    pub(super) endpoint_slices: bool,
    pub(super) faces: bool,
    pub(super) hostile: Option<Hostile>,
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
            faces: false,
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

    /// Whether Services have other faces than their ClusterIPs ([K26](crate::semantics#k26)): of ten one has a load balancer and
    /// node ports, every third of these with `externalTrafficPolicy: Local`; of fifty one has an external IP. All else is as
    /// without.
    ///
    /// ```
    /// use netpol_oracle::generate::ClusterSpec;
    /// let cluster = ClusterSpec::new(1_000).faces(true).build();
    /// let balanced = cluster.services().iter().filter(|service| !service.load_balancer_addresses.is_empty());
    /// assert_eq!((balanced.count(), cluster.services().len()), (5, 50));
    /// ```
    #[must_use]
    pub fn faces(mut self, wanted: bool) -> Self {
        self.faces = wanted;
        self
    }
}
