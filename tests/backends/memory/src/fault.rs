//! The bugs that can be planted: kinds that data planes and policy engines are known for. Numbers are those of issues
//! and pull requests of the named project on GitHub.

/// The bug a plane has, if any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faulty(pub(crate) Option<Fault>);

impl Faulty {
    pub(crate) fn has(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}

/// When a bug can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// As soon as policies are installed.
    Installed,
    /// Only after changes.
    Changed,
    /// Only at faces of Services, on a profile that says what is seen there (U5, U9).
    AtFaces,
}

macro_rules! faults {
    ($($fault:ident $name:literal $shows:ident: $description:literal;)+) => {
        /// A bug to plant, one at a time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $(#[doc = $description] $fault),+ }

        impl Fault {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$fault),+];

            /// Its name, for command lines and reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$fault => $name),+ }
            }

            /// What goes wrong, and where such a bug comes from.
            pub fn description(self) -> &'static str {
                match self { $(Self::$fault => $description),+ }
            }

            /// Whether it needs changes to show.
            pub fn shows(self) -> Shows {
                match self { $(Self::$fault => Shows::$shows),+ }
            }
        }
    };
}

faults! {
    EmptyIngressAllowsAll "empty-ingress-allows-all" Installed:
        "`ingress: []` opens the pod: an empty list and a rule without fields are mistaken for each other, as one \
         well-known engine does";
    EmptyEgressIsolates "empty-egress-isolates" Installed:
        "`egress: []` cuts the pod off: a first draft of the API server's own defaulting took the empty list for \
         egress rules (kubernetes 51808)";
    PolicyTypesIgnored "policy-types-ignored" Installed:
        "rules alone decide the directions: the AWS controller enforced egress rules of a policy that declared Ingress \
         only (amazon-network-policy-controller-k8s 229)";
    EgressNeverDefaulted "egress-never-defaulted" Installed:
        "egress rules without `policyTypes` isolate nothing: what reads manifests without the server's defaulting must \
         do it itself";
    RulelessPolicyForgotten "ruleless-policy-forgotten" Installed:
        "the loop over rules also sets up the drop, so that a policy without rules isolates nothing; Cilium's own \
         policies mean just that by an empty list";
    IsolationLeaksNamespaces "isolation-leaks-namespaces" Installed:
        "the subject selector is held against pods of all namespaces, as by the policy analyzer of k8sgpt (1746)";
    IngressRulesOnEgress "ingress-rules-on-egress" Installed:
        "the code for one direction is copied for the other and keeps its rule list";
    PoliciesAnded "policies-anded" Installed:
        "each policy drops what it does not admit itself, so that two admit what both do (multi-networkpolicy-iptables \
         17; Azure NPM 468)";
    FirstRuleOnly "first-rule-only" Installed:
        "one rule of several counts: a jump lacks the return to the next (multi-networkpolicy-iptables 45)";
    FirstPeerOnly "first-peer-only" Installed:
        "one peer of several counts: kube-router lost the namespaces beside a podSelector (412)";
    FirstPortOnly "first-port-only" Installed:
        "one entry of `ports` counts: the data plane's rule has room for one and nobody makes a second";
    EmptyPeersNobody "empty-peers-nobody" Installed:
        "`from: []` admits nobody (Azure NPM 217)";
    EmptyPortsNone "empty-ports-none" Installed:
        "a rule without `ports` opens none: the product of peers and ports is empty where either list is";
    EmptySetOpens "empty-set-opens" Installed:
        "where no pod matches, the match on the set is left out and anybody passes (kube-router 85)";
    NotInNeedsKey "not-in-needs-key" Installed:
        "`NotIn` fails on a missing key: the negation is applied to the value, not to the match";
    NotInOred "not-in-ored" Installed:
        "`NotIn` of two values becomes one rule a value, and every value differs from one of them (Azure NPM 4866)";
    DoesNotExistIgnored "does-not-exist-ignored" Installed:
        "the operator without values is lost on the way into the data plane's own selectors";
    ExistsNeedsValue "exists-needs-value" Installed:
        "`Exists` fails on an empty value: an empty string is taken for no label";
    EmptyLabelValueIgnored "empty-label-value-ignored" Installed:
        "`matchLabels: {k: \"\"}` asks for nothing: an empty string is taken for no requirement";
    MatchLabelsOred "match-labels-ored" Installed:
        "each pair of `matchLabels` selects on its own, as in a query of KICS (8107)";
    MatchExpressionsIgnored "match-expressions-ignored" Installed:
        "only `matchLabels` are read (kube-router 614; Checkov 7668)";
    InFirstValueOnly "in-first-value-only" Installed:
        "`In` with several values misses pods: one value worked on AKS, two did not (AKS 2006)";
    PodSelectorAcrossNamespaces "pod-selector-across-namespaces" Installed:
        "a podSelector alone is looked up in all namespaces, as listers without a namespace do";
    SelectorsOred "selectors-ored" Installed:
        "namespaceSelector and podSelector of one peer are joined by \"or\", as by Calico 3.1 when both were new";
    EveryNamespaceIsOwn "every-namespace-is-own" Installed:
        "`namespaceSelector: {}` selects the policy's own namespace only (Calico 1893)";
    EveryNamespaceIsAnyone "every-namespace-is-anyone" Installed:
        "`namespaceSelector: {}` admits addresses outside the cluster too (Cilium 4513)";
    ExceptLeaksAcrossPeers "except-leaks-across-peers" Installed:
        "one list of cidrs and one of excepts for a whole rule (ovn-kubernetes 845)";
    ExceptLeaksAcrossRules "except-leaks-across-rules" Installed:
        "exceptions are drops that come before the policy's other rules (Azure NPM 462)";
    ExceptLeaksAcrossPolicies "except-leaks-across-policies" Installed:
        "exceptions are drops of a higher priority than any policy's rules (Kube-OVN 854; Antrea 367)";
    ExceptIgnored "except-ignored" Installed:
        "blocks are implemented before their exceptions are (openshift-sdn 55)";
    FirstExceptOnly "first-except-only" Installed:
        "one exception of several counts";
    MaskOneBitShort "mask-one-bit-short" Installed:
        "a prefix is compared by one bit too few";
    FamiliesMixedUp "families-mixed-up" Installed:
        "an IPv6 address is compared by its low 32 bits, where one key serves both families";
    EverythingCrossesFamilies "everything-crosses-families" Installed:
        "`0.0.0.0/0` is short for anything and admits IPv6 (Cilium 22610; Nebula 1538)";
    BlockReachesPods "block-reaches-pods" Installed:
        "a block reaches pods where it should be for addresses outside only, which users of Calico complain about \
         (6634)";
    BlockMissesPods "block-misses-pods" Installed:
        "a block that covers pods and nodes does not reach them (Cilium 9209; Terway 904)";
    EndPortExclusive "end-port-exclusive" Installed:
        "`endPort` itself is left out of the range";
    EndPortIgnored "end-port-ignored" Installed:
        "`endPort` is accepted and not looked at (Cilium 28684; aci-containers 1653)";
    EndPortWhereUnsupported "end-port-where-unsupported" Installed:
        "the range counts where the vendor documents that it does not";
    DefaultProtocolAny "default-protocol-any" Installed:
        "an entry without `protocol` is for every protocol; after defaulting that is every TCP entry";
    PortlessEntryNone "portless-entry-none" Installed:
        "a protocol without a port makes no rule (aci-containers 1279; ovn-kubernetes 1537)";
    UdpRuleAdmitsTcp "udp-rule-admits-tcp" Installed:
        "rules are kept by port number and lose the protocol";
    SctpRuleOpensTcp "sctp-rule-opens-tcp" Installed:
        "what is not UDP is taken for TCP, which conformance had to be taught to find (kubernetes 102509)";
    NamedPortAnyProtocol "named-port-any-protocol" Installed:
        "a port's name is looked up without its protocol";
    NamedPortOfSource "named-port-of-source" Installed:
        "a port's name is looked up at the pod that connects (aws-network-policy-agent 149)";
    NamedPortOfFirstPod "named-port-of-first-pod" Installed:
        "a port's name has one number for all pods (aci-containers 1707)";
    NamedPortOpensAll "named-port-opens-all" Installed:
        "a port's name is lost and the rule opens every port of the protocol (Azure NPM 550; ovn-kubernetes 2117)";
    SecondAddressUnprotected "second-address-unprotected" Installed:
        "only `podIP` is protected, not the other of `podIPs`: k3s before dual stack reached its policies (5386)";
    OwnNodeDropped "own-node-dropped" Installed:
        "kubelet's probes are dropped (kube-router 87; kube-network-policies 65)";
    AnyNodeExempt "any-node-exempt" Installed:
        "every node passes, not only the pod's own: Cilium before remote nodes had an identity of their own";
    NeighboursExempt "neighbours-exempt" Installed:
        "the exemption of the node takes in its pods, whose addresses are local there too (kube-router 803)";
    OwnNodeEgressExempt "own-node-egress-exempt" Installed:
        "the exemption of the node holds in both directions (kube-network-policies 283)";
    HostNetworkSelected "host-network-selected" Installed:
        "hostNetwork pods are selected, and with them their node's address (kube-network-policies 380)";
    HairpinDropped "hairpin-dropped" Installed:
        "a pod does not reach itself: its packet to itself takes the way of all others";
    FinishedPodSelected "finished-pod-selected" Installed:
        "a finished pod's address stays in the sets and another owner has it (Azure NPM 428; weave 2632; Antrea 6507)";
    PassingNodeUnseen "passing-node-unseen" AtFaces:
        "a node that passes a connection on with its own address is taken for the client, as if every face kept it";
    FacePortUntranslated "face-port-untranslated" AtFaces:
        "egress is held against the port that a face was sent to, where it is judged after translation";
    FaceAddressUntranslated "face-address-untranslated" AtFaces:
        "egress is held against the address of the face, where it is judged after translation";
    StalePeerAfterRelabel "stale-peer-after-relabel" Changed:
        "sets do not follow a pod's labels (Kube-OVN 1920)";
    StalePeerAfterNamespaceRelabel "stale-peer-after-namespace-relabel" Changed:
        "sets do not follow a namespace's labels (ovn-kubernetes 1850; kube-network-policies 223)";
    StaleSubjectAfterRelabel "stale-subject-after-relabel" Changed:
        "a pod keeps the policies that its old labels gave it";
    StaleIsolation "stale-isolation" Changed:
        "a policy is gone and its rules are not (AKS 2225)";
    StaleRules "stale-rules" Changed:
        "a changed policy keeps its old rules (kubernetes 107274, with weave; aws-network-policy-agent 643)";
    StaleNamedPort "stale-named-port" Changed:
        "a port's name keeps the number it had when the pod came";
    NewPodNotAPeer "new-pod-not-a-peer" Changed:
        "sets are not filled up with new pods (kube-router 378)";
    NewPodUnprotected "new-pod-unprotected" Changed:
        "a new pod that policies select is open until they change (openshift-docs 20691)";
    ReusedAddressKeepsPeers "reused-address-keeps-peers" Changed:
        "a pod is gone and its address stays in the sets for whoever has it next (Azure NPM 562)";
    SharedEntryDropped "shared-entry-dropped" Changed:
        "an old pod takes its address out of the sets although a new one has it already (weave 3177)";
}
