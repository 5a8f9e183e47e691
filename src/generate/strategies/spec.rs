//! How large worlds are, and how dense.

use std::ops::RangeInclusive;

/// The most pods of a world: their addresses are told apart by their number.
const MOST_PODS: usize = 500;

/// How large worlds are. The default is small: 2 to 5 pods, 1 to 5 policies, up to 2 Services, 6 flows; what disagrees
/// there is short to read.
///
/// ```
/// use netpol_oracle::generate::strategies::WorldSpec;
/// let spec = WorldSpec::new().pods(10..=20).policies(5..=8).flows(50).dense(true).dual_stack(60);
/// let config = proptest::test_runner::Config::with_cases(20);
/// proptest::proptest!(config, |(world in spec.worlds())| {
///     assert!((10..=20).contains(&world.cluster.pods().len()) && world.flows.len() == 50);
///     assert!(world.cluster.pods().iter().all(|pod| pod.host_network || !pod.addresses.is_empty()));
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSpec {
    pods: RangeInclusive<usize>,
    policies: RangeInclusive<usize>,
    services: RangeInclusive<usize>,
    flows: usize,
    batches: RangeInclusive<usize>,
    dense: bool,
    dual_stack: u32,
    real: u32,
}

impl Default for WorldSpec {
    fn default() -> Self {
        Self::new()
    }
}

/// The range, from its smaller end to its larger one and no further than `most`.
fn within(range: RangeInclusive<usize>, most: usize) -> RangeInclusive<usize> {
    let (one, other) = range.into_inner();
    one.min(other).min(most)..=one.max(other).min(most)
}

impl WorldSpec {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pods: 2..=5,
            policies: 1..=5,
            services: 0..=2,
            flows: 6,
            batches: 1..=8,
            dense: false,
            dual_stack: 35,
            real: 20,
        }
    }

    /// How many pods, at most 500.
    #[must_use]
    pub fn pods(mut self, count: RangeInclusive<usize>) -> Self {
        self.pods = within(count, MOST_PODS);
        self
    }

    /// How many policies.
    #[must_use]
    pub fn policies(mut self, count: RangeInclusive<usize>) -> Self {
        self.policies = within(count, usize::MAX);
        self
    }

    /// How many Services, at most 99. Some worlds have one more, which their flows ask for ([U4](crate::semantics#u4),
    /// [U5](crate::semantics#u5), [C10](crate::semantics#c10)).
    #[must_use]
    pub fn services(mut self, count: RangeInclusive<usize>) -> Self {
        self.services = within(count, 99);
        self
    }

    /// How many flows.
    #[must_use]
    pub fn flows(mut self, count: usize) -> Self {
        self.flows = count;
        self
    }

    /// How many batches of changes a [changing world](super::ChangingWorld) has.
    #[must_use]
    pub fn batches(mut self, count: RangeInclusive<usize>) -> Self {
        self.batches = within(count, usize::MAX);
        self
    }

    /// Whether every pod has an address and hardly any is its node: what a data plane can observe. Three times as many
    /// policies.
    #[must_use]
    pub fn dense(mut self, wanted: bool) -> Self {
        self.dense = wanted;
        self
    }

    /// How many of the pods with an address have one of each family, in percent.
    #[must_use]
    pub fn dual_stack(mut self, percent: u8) -> Self {
        self.dual_stack = u32::from(percent.min(100));
        self
    }

    /// How many worlds in a hundred hold what real clusters hold beside pods and ClusterIPs, and are asked about just that:
    /// other faces of a Service ([K26](crate::semantics#k26)), labels that controllers set ([K27](crate::semantics#k27)),
    /// replicas of a StatefulSet, workloads that say no node, host ports, `Endpoints`, pods and endpoints that terminate.
    ///
    /// ```
    /// use netpol_oracle::ObjectName;
    /// use netpol_oracle::generate::strategies::WorldSpec;
    /// proptest::proptest!(|(world in WorldSpec::new().real(100).worlds())| {
    ///     assert!(world.cluster.service(&ObjectName::new("x", "front")).is_some());
    /// });
    /// ```
    #[must_use]
    pub fn real(mut self, percent: u8) -> Self {
        self.real = u32::from(percent.min(100));
        self
    }

    pub(super) fn real_percent(&self) -> u32 {
        self.real
    }

    pub(super) fn pod_count(&self) -> RangeInclusive<usize> {
        self.pods.clone()
    }

    pub(super) fn policy_count(&self) -> RangeInclusive<usize> {
        let more = if self.dense { 3 } else { 1 };
        self.policies.start().saturating_mul(more)..=self.policies.end().saturating_mul(more)
    }

    pub(super) fn service_count(&self) -> RangeInclusive<usize> {
        self.services.clone()
    }

    pub(super) fn flow_count(&self) -> usize {
        self.flows
    }

    pub(super) fn batch_count(&self) -> RangeInclusive<usize> {
        self.batches.clone()
    }

    pub(super) fn is_dense(&self) -> bool {
        self.dense
    }

    pub(super) fn dual_stack_percent(&self) -> u32 {
        self.dual_stack
    }
}
