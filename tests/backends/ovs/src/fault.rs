//! Bugs to be planted in the compiler, one at a time.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// One way in which the compiler can be made wrong: most are bugs that real engines had.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $name,)+ }

        impl Fault {
            /// Every one.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)+];
        }
    };
}

faults! {
    /// `ingress: []` admits everything (K5).
    EmptyIngressAdmitsAll,
    /// A policy without egress rules does not isolate for egress (K5).
    EmptyEgressDoesNotIsolate,
    /// `policyTypes: [Ingress]` isolates for egress too (K3).
    EgressAlwaysDeclared,
    /// Rules of an undeclared direction count (K4).
    UndeclaredRulesCount,
    /// `podSelector` alone selects pods of every namespace (K7).
    OwnNamespaceIsEvery,
    /// `namespaceSelector` and `podSelector` of one peer are OR-ed (K7).
    SelectorsOred,
    /// `NotIn` fails on a missing key (K9).
    NotInFailsOnMissingKey,
    /// `Exists` and `In` take a missing key for an empty value (K9).
    MissingKeyIsEmptyValue,
    /// A UDP entry opens TCP too (K21).
    UdpOpensTcp,
    /// A named port is looked up by its name alone (K12).
    NamedPortIgnoresProtocol,
    /// A named port is looked up on the source pod (K12).
    NamedPortOfSource,
    /// A name that no pod bears stands for every port (K12).
    MissingNameIsEveryPort,
    /// The last port of a range is left out (K13).
    EndPortExclusive,
    /// The last mask of a range is one bit too short (K13).
    LastMaskTooShort,
    /// Ranges are enforced though the profile says they are not, and the other way round (C14).
    EndPortProfileIgnored,
    /// `except` is a drop for the whole pod (K14).
    ExceptDropsForAll,
    /// `except` is not looked at (K14).
    ExceptIgnored,
    /// Only a pod's first address is a peer (K22).
    FirstAddressOnly,
    /// IPv6 is isolated like IPv4 though the profile says it is not, and the other way round (C7).
    FamilyProfileIgnored,
    /// The own node is judged like any peer (K18).
    OwnNodeJudged,
    /// Every node counts as the own one (K18).
    EveryNodeExempt,
    /// hostNetwork pods are selected by their labels, with their node's address (K16).
    HostNetworkSelected,
    /// A finished pod's address is still a peer (K20).
    FinishedPodSelected,
    /// A pod reaching itself is judged (K19).
    HairpinJudged,
    /// Conjunctions of different policies share their ids (K2).
    SharedConjunctionIds,
    /// The drop of isolated pods goes before the rules (K1).
    DropFirst,
    /// A later policy replaces an earlier one of the same pod (K2).
    LastPolicyWins,
    /// A node that passes a connection on is taken for the client (U9).
    PassingNodeUnseen,
    /// Egress is judged by the port that a face was sent to, though it is judged after translation (U5).
    FacePortUntranslated,
    /// Egress is judged by a face's address, though it is judged after translation (U5).
    FaceAddressUntranslated,
    /// A change of labels is not followed.
    StaleLabels,
    /// Flows that are no longer wanted stay.
    NothingDeleted,
}
