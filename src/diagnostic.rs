//! What is reported about manifests and policies: one type for every source.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::text::lines;

/// Who speaks: the reader of manifests, the API server's own rules, the cluster's profile, or the policies beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// Our reader: text that is no YAML or JSON, objects that cannot stand in a cluster.
    Manifest,
    /// What the API server of the given release answers, in its own words.
    ApiServer,
    /// What the cluster underneath does not support or would silently not do.
    Profile,
    /// What a policy says in vain: another rule or policy says as much.
    Lint,
}

/// Whether the object is refused (or lost), or merely suspicious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The object takes no part.
    Error,
    /// The object takes part; somebody should look.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// Stable code of a diagnostic: `NP0..` the reader of manifests, `NP1..` the API server,
        /// `NP2..` the profile, `NP3..` what is said in vain.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The stable text: `NP101`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML (or not JSON).
    Syntax = "NP001",
    /// A bound of the reader was passed: size, depth, expanded aliases.
    Limit = "NP002",
    /// A field holds a value of another type than its kind defines, or an object that has no form.
    FieldType = "NP003",
    /// A field holds a value that its kind forbids: an address that is none, a bad label.
    FieldValue = "NP004",
    /// A field that every object of the kind has is missing.
    FieldMissing = "NP005",
    /// The same object was given before; the last accepted one wins ([K25](crate::semantics#k25)).
    DuplicateObject = "NP006",
    /// A policy of another kind: answers ignore it ([K25](crate::semantics#k25)).
    OtherPolicyKind = "NP007",
    /// Two live pods claim one address, or two nodes have it ([K20](crate::semantics#k20)).
    SharedAddress = "NP008",
    /// A field is given twice; the last one wins.
    DuplicateField = "NP009",
    /// A kind of Kubernetes itself, in a version that the release does not serve, in another case or not quite written so
    /// ([K25](crate::semantics#k25)).
    UnservedKind = "NP010",
    /// Objects of an OpenShift Template need parameters ([K25](crate::semantics#k25)).
    TemplateParameters = "NP011",
    /// A list without rules of a direction that the policy does not isolate: it restricts nothing
    /// ([K3](crate::semantics#k3)).
    EmptyRules = "NP012",
    /// The text could not be read to its end: whoever gave it failed.
    Unread = "NP013",
    /// A field of a policy is written and left empty, and the policy means more than it seems to ([K5](crate::semantics#k5),
    /// [K8](crate::semantics#k8)).
    EmptyField = "NP014",

    /// The API server cannot read the document as a NetworkPolicy: a 400.
    Decode = "NP100",
    /// `Required value`.
    Required = "NP101",
    /// `Invalid value`.
    Invalid = "NP102",
    /// `Unsupported value`.
    Unsupported = "NP103",
    /// `Forbidden`.
    Forbidden = "NP104",
    /// `Too long`.
    TooLong = "NP105",
    /// A field that a NetworkPolicy does not have: dropped with a warning, refused under Strict.
    UnknownField = "NP110",
    /// A field given twice: the last one wins with a warning, refused under Strict.
    RepeatedField = "NP111",
    /// A CIDR with bits set beyond its prefix.
    AmbiguousCidr = "NP112",
    /// A CIDR in a form that later releases refuse.
    NonStandardCidr = "NP113",
    /// An IPv6 CIDR that is not in canonical form.
    NonCanonicalCidr = "NP114",
    /// The same owner twice: dropped with a warning.
    DuplicateOwner = "NP115",

    /// Nothing is enforced: the switch is off ([C1](crate::semantics#c1)).
    NotEnforced = "NP201",
    /// The cluster version does not enforce ingress rules ([C2](crate::semantics#c2)).
    IngressVersion = "NP202",
    /// The cluster version does not enforce egress rules ([C3](crate::semantics#c3)).
    EgressVersion = "NP203",
    /// An `ipBlock` in an ingress rule, which the cluster does not support ([C4](crate::semantics#c4)).
    IngressIpBlock = "NP204",
    /// An `ipBlock` in an egress rule, which the cluster does not support ([C5](crate::semantics#c5)).
    EgressIpBlock = "NP205",
    /// Subjects on nodes whose operating system is not known to enforce ([C6](crate::semantics#c6)).
    NodeOs = "NP206",
    /// An IPv6 block, or subjects with IPv6 addresses, where IPv6 policies are not supported
    /// ([C7](crate::semantics#c7)).
    Ipv6Policy = "NP207",
    /// Subjects in secure containers ([C8](crate::semantics#c8)).
    SecureContainers = "NP208",
    /// An `ipBlock` over addresses that it never matches here ([C9](crate::semantics#c9)).
    IpBlockScope = "NP209",
    /// Selectors that would have to limit a ClusterIP ([C10](crate::semantics#c10)).
    ClusterIpPeers = "NP210",
    /// 100.125.0.0/16 cannot be limited ([C11](crate::semantics#c11)).
    InternalCloud = "NP211",
    /// SCTP, which the cluster does not support ([C12](crate::semantics#c12)).
    Sctp = "NP212",
    /// Pods and their own node: cut off, or not exempt ([C13](crate::semantics#c13)).
    OwnNode = "NP213",
    /// `endPort`, which the cluster does not support ([C14](crate::semantics#c14)).
    EndPort = "NP214",
    /// `except`, which the vendor advises against on its eBPF data plane.
    DiscouragedExcept = "NP220",
    /// Isolated for egress, and no rule lets the subjects reach the cluster's DNS.
    DnsCutOff = "NP221",
    /// `podSelector` selects nothing that is loaded.
    SubjectSelectsNothing = "NP222",
    /// A peer's selectors select nothing that is loaded.
    PeerSelectsNothing = "NP223",
    /// A port name that no possible destination declares ([K12](crate::semantics#k12)).
    UndeclaredPortName = "NP224",
    /// A port name beside an egress `ipBlock`: outside the cluster no port has a name ([K12](crate::semantics#k12)).
    PortNameOutside = "NP225",
    /// Rules of a direction that `policyTypes` does not declare ([K4](crate::semantics#k4)).
    UndeclaredDirection = "NP226",
    /// A selector selects pods with hostNetwork ([K17](crate::semantics#k17), [U2](crate::semantics#u2)).
    HostNetworkPods = "NP227",
    /// Policies of other kinds exist, which answers ignore ([K25](crate::semantics#k25)).
    OtherPolicies = "NP228",
    /// `except` leaves nothing of its block.
    EmptyIpBlock = "NP229",
    /// A rule admits everyone on every port, or every pod, or every address of a family ([K5](crate::semantics#k5),
    /// [K6](crate::semantics#k6), [K15](crate::semantics#k15)).
    AdmitsEveryone = "NP230",
    /// Isolated for egress, and no rule lets the subjects reach node-local DNS, which is there.
    NodeDnsCutOff = "NP231",
    /// On CCE: isolated for ingress, and no rule admits the load balancers' health checks.
    HealthChecksCutOff = "NP232",

    /// Another peer or rule admits all that a peer does, in any cluster.
    ImpliedPeer = "NP301",
    /// Another entry or rule admits all that a port entry does, in any cluster.
    ImpliedPort = "NP302",
    /// Other rules admit all that a rule does, in any cluster.
    ImpliedRule = "NP303",
    /// The other exceptions of a block cut out all that an exception does ([K14](crate::semantics#k14)).
    ImpliedExcept = "NP304",
    /// Other policies isolate the same pods and admit all that a policy does, in any cluster.
    ImpliedPolicy = "NP305",
    /// Another policy of the namespace says the same.
    EqualPolicy = "NP306",
    /// A selector contradicts itself: nothing can have such labels ([K9](crate::semantics#k9)).
    Contradiction = "NP307",
    /// In the cluster as it is, another peer or rule admits all that a peer does.
    IdlePeer = "NP311",
    /// In the cluster as it is, another entry or rule admits all that a port entry does.
    IdlePort = "NP312",
    /// In the cluster as it is, other rules admit all that a rule does.
    IdleRule = "NP313",
    /// In the cluster as it is, other policies isolate the same pods and admit all that a policy does.
    IdlePolicy = "NP315",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Path of a field in the API server's notation: `spec.ingress[0].from[1].podSelector.matchLabels`.
///
/// ```
/// use netpol_oracle::diagnostic::FieldPath;
/// let path = FieldPath::root().child("spec").child("ingress").index(0).child("from");
/// assert_eq!(path.to_string(), "spec.ingress[0].from");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(String);

impl FieldPath {
    /// The object itself: the empty path.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The field `name` below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The element at `index` (from 0) of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The path as text; empty for the object itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Where an object was read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Location {
    /// The name the caller gave the text: a file's path, `stdin`, ...
    pub source: Arc<str>,
    /// Which document of that text, from 0.
    pub document: usize,
    /// Which item of a `List` document, from 0.
    pub item: Option<usize>,
    /// The line in the text, from 1, where known.
    pub line: Option<usize>,
}

impl Location {
    /// A document of the text `source`, as a whole.
    pub fn new(source: impl Into<Arc<str>>, document: usize) -> Self {
        Self { source: source.into(), document, item: None, line: None }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, " (document {}", self.document)?;
        if let Some(item) = self.item {
            write!(f, ", item {item}")?;
        }
        f.write_str(")")
    }
}

/// One finding: what, where, and how to mend it.
///
/// A message of [`Origin::ApiServer`] is the server's text, word for word, with its path in front; any
/// other is ours: lower case, one line, values in backticks, without a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Who speaks.
    pub origin: Origin,
    /// Refused or suspicious.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// The field, empty for the whole object.
    pub path: FieldPath,
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty where the message says it all.
    pub help: String,
    /// Where the object was read from; `None` for one that was built in code.
    pub location: Option<Location>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: ", self.code)?;
        if self.origin != Origin::ApiServer && !self.path.as_str().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, " (help: {})", self.help)?;
        }
        Ok(())
    }
}

/// Why a text that must be read whole was not: every fault of it, each at its line. A slice of [`Diagnostic`]s, never empty.
///
/// ```
/// use netpol_oracle::Profile;
/// let error = Profile::read("cluster.json", r#"{"model": "vpc", "version": 31}"#).unwrap_err();
/// assert_eq!(error[0].path.as_str(), "version");
/// assert_eq!(
///     error.to_string(),
///     "cluster.json:1 (document 0): error[NP003]: version: this must be a string, not a number (help: write it in quotes)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadError(Vec<Diagnostic>);

impl ReadError {
    /// The caller has found at least one.
    pub(crate) fn new(faults: Vec<Diagnostic>) -> Self {
        debug_assert!(!faults.is_empty(), "an error without a fault");
        Self(faults)
    }
}

impl Deref for ReadError {
    type Target = [Diagnostic];

    fn deref(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for ReadError {
    /// A line a fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.0)
    }
}

impl std::error::Error for ReadError {}

impl IntoIterator for ReadError {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'e> IntoIterator for &'e ReadError {
    type Item = &'e Diagnostic;
    type IntoIter = std::slice::Iter<'e, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
