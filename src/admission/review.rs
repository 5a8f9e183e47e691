//! One policy held against one profile and cluster.

use crate::admission::context::{Facts, Review};
use crate::admission::finding::Findings;
use crate::admission::{blocks, circumstances, dns, everyone, lints, platform, ports, selectors};
use crate::diagnostic::Diagnostic;
use crate::model::cluster::Cluster;
use crate::model::policy::NetworkPolicy;
use crate::profile::profile::Profile;

/// Everything that `profile` does not support of `policy`, or would silently not do, on `cluster`.
///
/// `cluster` may hold the policy already, in this or an older form: it is not counted twice. What is said
/// follows [`Profile::capabilities`], overrides included, and never the model's name alone. The module's
/// page lists every code.
///
/// Errors are what the policy itself asks for and does not get; everything else is a warning. The order is that of
/// the fields: the object, its `podSelector`, ingress rules, egress rules; within a rule ports, then peers.
///
/// ```
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::profile::Switch;
/// use netpol_oracle::{Cluster, NetworkPolicy, ObjectName, Profile, admission};
/// let policy = NetworkPolicy::new(
///     ObjectName::new("default", "db"),
///     Selector::everything(),
///     PolicyTypes::Ingress,
///     vec![],
///     vec![],
/// );
/// let profile = Profile::tunnel("v1.31.6-r0".parse()?).with_switch(Switch::Off);
/// let found = admission::review(&policy, &profile, &Cluster::default());
/// assert_eq!(
///     found[0].to_string(),
///     "warning[NP201]: network policies are switched off on this cluster: nothing of this one is enforced \
///      (help: turn the cluster's NetworkPolicy switch on)"
/// );
/// # Ok::<(), netpol_oracle::profile::VersionError>(())
/// ```
#[must_use]
pub fn review(policy: &NetworkPolicy, profile: &Profile, cluster: &Cluster) -> Vec<Diagnostic> {
    Reviewer::new(profile, cluster).review(policy)
}

/// What of `policy` changes nothing on `cluster` as it is, and may on another: the codes NP311 to NP315. What changes nothing
/// on any cluster, [`review`] says.
///
/// A thing is told only where something that stays admits all that it admits, under every reading of what `profile` leaves
/// open: of all policies together everything that is told can be removed. It is not told of everything that could be: two
/// rules that admit between them what a third one does are not put together, and pods that are not there yet are not thought
/// of. Costs a look at each policy of the namespace, and at the pods that its selectors select.
///
/// ```
/// use netpol_oracle::{Loader, Profile, admission};
/// let manifests = r#"{"apiVersion": "v1", "kind": "List", "items": [
///   {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web", "tier": "front"}}, "spec": {}},
///   {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db"}, "spec": {}},
///   {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "db"}, "spec": {"podSelector": {},
///    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}, {"podSelector": {"matchLabels": {"tier": "front"}}}]}]}}
/// ]}"#;
/// let profile = Profile::kubernetes();
/// let cluster = Loader::new(profile.release()).text("shop.json", manifests).finish().cluster;
/// let policy = cluster.policies().first().expect("the policy");
/// let idle = admission::idle(policy, &profile, &cluster);
/// assert_eq!(
///     idle[0].to_string(),
///     "warning[NP311]: spec.ingress[0].from[1]: in this cluster, as it is, whoever this admits is admitted by \
///      `spec.ingress[0].from[0]` too (help: remove the entry)"
/// );
/// ```
#[must_use]
pub fn idle(policy: &NetworkPolicy, profile: &Profile, cluster: &Cluster) -> Vec<Diagnostic> {
    Reviewer::new(profile, cluster).idle(policy)
}

/// Reviews many policies of one cluster, which is looked through once.
///
/// ```
/// use netpol_oracle::admission::Reviewer;
/// use netpol_oracle::generate::ClusterSpec;
/// use netpol_oracle::{Profile, admission};
/// let (cluster, profile) = (ClusterSpec::new(30).policies(10).build(), Profile::kubernetes());
/// let reviewer = Reviewer::new(&profile, &cluster);
/// for policy in cluster.policies() {
///     assert_eq!(reviewer.review(policy), admission::review(policy, &profile, &cluster));
/// }
/// ```
pub struct Reviewer<'c> {
    facts: Facts<'c>,
}

impl<'c> Reviewer<'c> {
    /// For a profile and what is there.
    #[must_use]
    pub fn new(profile: &'c Profile, cluster: &'c Cluster) -> Self {
        Self { facts: Facts::new(profile, cluster) }
    }

    /// As [`review`].
    #[must_use]
    pub fn review(&self, policy: &NetworkPolicy) -> Vec<Diagnostic> {
        self.review_on(policy, self.facts.cluster)
    }

    /// Whether a cluster came of this one by changes of policies, so that all that was found out of the others holds there too.
    #[must_use]
    pub fn serves(&self, now: &Cluster) -> bool {
        let own = self.facts.cluster;
        own.pods().is_shared_with(now.pods())
            && own.workloads().is_shared_with(now.workloads())
            && own.namespaces() == now.namespaces()
            && own.nodes() == now.nodes()
            && own.services() == now.services()
            && own.endpoint_slices() == now.endpoint_slices()
            && own.endpoints() == now.endpoints()
            && own.other_policies() == now.other_policies()
    }

    /// As [`review`] on another cluster; fastest where this reviewer [serves](Self::serves) it.
    ///
    /// ```
    /// use netpol_oracle::admission::Reviewer;
    /// use netpol_oracle::generate::ClusterSpec;
    /// use netpol_oracle::model::ObjectId;
    /// use netpol_oracle::{Change, Profile, admission};
    /// let (cluster, profile) = (ClusterSpec::new(30).policies(10).build(), Profile::kubernetes());
    /// let reviewer = Reviewer::new(&profile, &cluster);
    /// let mut policies = cluster.policies().iter();
    /// let (first, last) = (policies.next().unwrap(), policies.next_back().unwrap());
    /// let mut now = cluster.clone();
    /// now.apply(&[Change::Remove(ObjectId::Policy(first.name().clone()))])?;
    /// assert!(reviewer.serves(&now));
    /// assert_eq!(reviewer.review_on(last, &now), admission::review(last, &profile, &now));
    /// # Ok::<(), netpol_oracle::model::ChangeError>(())
    /// ```
    #[must_use]
    pub fn review_on(&self, policy: &NetworkPolicy, now: &Cluster) -> Vec<Diagnostic> {
        if !self.serves(now) {
            return review(policy, self.facts.profile, now);
        }
        let review = Review::new(policy, &self.facts, now.policies());
        let mut findings = Findings::default();
        circumstances::check(&review, &mut findings);
        selectors::check(&review, &mut findings);
        everyone::check(&review, &mut findings);
        blocks::check(&review, &mut findings);
        ports::check(&review, &mut findings);
        dns::check(&review, &mut findings);
        platform::check(&review, &mut findings);
        lints::check(&review, &mut findings);
        findings.sorted()
    }

    /// As [`idle`].
    #[must_use]
    pub fn idle(&self, policy: &NetworkPolicy) -> Vec<Diagnostic> {
        let mut findings = Findings::default();
        lints::check_here(&Review::new(policy, &self.facts, self.facts.cluster.policies()), &mut findings);
        findings.sorted()
    }
}
