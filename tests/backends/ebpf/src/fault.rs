//! Bugs of real data planes, to be planted one at a time: a comparison that finds none of them is worth nothing.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A bug of the compiler from policies to map entries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $name,)+ }

        impl Fault {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

faults! {
    /// `ingress: []` admits everything (K5).
    EmptyIngressAllowsAll,
    /// A policy without egress rules does not isolate for egress (K1, K4).
    EmptyEgressIsolatesNothing,
    /// A policy isolates for both directions, whatever it declares (K1, K4).
    PolicyTypesIgnored,
    /// `NotIn` fails where the key is missing (K9).
    NotInNeedsKey,
    /// A label with an empty value counts as missing (K9).
    EmptyValueIsMissing,
    /// A peer with only `podSelector` selects pods of every namespace (K7).
    PodSelectorCrossesNamespaces,
    /// `namespaceSelector` and `podSelector` of one peer are OR-ed (K7).
    SelectorsOred,
    /// `except` is not looked at (K14).
    ExceptIgnored,
    /// `except` forbids its addresses to every peer, rule and policy (K14).
    ExceptLeaks,
    /// Of the blocks that hold an address only the longest count (K14).
    LongestPrefixShadows,
    /// IPv4 and IPv6 addresses share one space: `::/0` holds IPv4 too (K14, K22).
    FamiliesMixed,
    /// `ipBlock` reaches pods and nodes where the profile says it does not (C9).
    BlocksReachCluster,
    /// `ipBlock` reaches nothing in the cluster where the profile says it does (K15).
    BlocksStopAtCluster,
    /// `endPort` itself is not in the range (K13).
    EndPortExclusive,
    /// `endPort` is not looked at (C14 where it is supported).
    EndPortIgnored,
    /// A named port is looked up by name alone (K12).
    NamedPortIgnoresProtocol,
    /// A named port means what any pod with the same labels calls so (K12).
    NamedPortOfAnyTwin,
    /// A named port is looked up on the source (K12).
    NamedPortOfSource,
    /// A rule for UDP opens TCP (K21).
    UdpOpensTcp,
    /// A rule without `ports` opens TCP alone (K6).
    PortlessIsTcp,
    /// A pod's own node is judged like any other peer (K18).
    OwnNodeJudged,
    /// Every node is exempt, not the own one alone (K18, C13).
    EveryNodeExempt,
    /// Egress to the own node is exempt (C13).
    EgressToOwnNodeExempt,
    /// A pod does not reach itself (K19).
    HairpinJudged,
    /// hostNetwork pods are selected by their labels (K17).
    HostNetworkSelected,
    /// A finished pod keeps its address (K20).
    FinishedPodStays,
    /// 100.125.0.0/16 is limited where it cannot be (C11).
    CloudRangeLimited,
    /// IPv6 flows are judged where they are not (C7).
    Ipv6Judged,
    /// Versions that do not enforce yet do (C2, C3).
    VersionIgnored,
    /// A node that passes a connection on is taken for the client (U9).
    PassingNodeUnseen,
    /// Egress is judged by the port that a face was sent to, though it is judged after translation (U5).
    FacePortUntranslated,
    /// Egress is judged by a face's address, though it is judged after translation (U5).
    FaceAddressUntranslated,
    /// The labels that a pod had when it came are its labels for good; updates alone show it.
    StaleAfterRelabel,
}
