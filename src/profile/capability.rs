//! What each row can say, as plain data.

use crate::name::Direction;
use crate::profile::os::Os;
use crate::profile::row::Row;

/// What a cluster does about a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Support {
    /// As Kubernetes defines it.
    Supported,
    /// As the row's last column in [SEMANTICS section 3](crate::semantics#section-3) says.
    Unsupported,
    /// The sources do not say.
    Unknown,
}

/// The operating systems whose nodes enforce ([C6](crate::semantics#c6)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeOs {
    /// Any.
    Any,
    /// Only these; on others enforcement is unknown.
    Only {
        /// For a pod's ingress.
        ingress: Vec<Os>,
        /// For a pod's egress.
        egress: Vec<Os>,
    },
    /// Nobody knows, whatever the system.
    Unknown,
}

impl NodeOs {
    /// Whether a node that reports `os_image` enforces `direction`.
    #[must_use]
    pub fn supports(&self, os_image: &str, direction: Direction) -> bool {
        match self {
            Self::Any => true,
            Self::Unknown => false,
            Self::Only { ingress, egress } => {
                let listed = match direction {
                    Direction::Ingress => ingress,
                    Direction::Egress => egress,
                };
                Os::of(os_image).is_some_and(|os| listed.contains(&os))
            }
        }
    }
}

/// What an address of the pod CIDRs is that no known pod has ([C9](crate::semantics#c9)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unowned {
    /// In the cluster: the range is the pods' own.
    InCluster,
    /// Nobody knows: pods share their subnets with other machines.
    Unknown,
}

/// Which addresses an `ipBlock` reaches ([C9](crate::semantics#c9)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IpBlockScope {
    /// Any address, whoever owns it ([K15](crate::semantics#k15)).
    Any,
    /// Only addresses outside the cluster.
    OutsideCluster,
    /// Only pod, node and Service addresses: the literal reading of the seed page.
    InsideCluster,
}

/// `endPort` ([C14](crate::semantics#c14)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndPort {
    /// The range counts ([K13](crate::semantics#k13)).
    Supported,
    /// Only `port` itself matches.
    SinglePort,
    /// Above `port`, nobody knows.
    Unknown,
}

/// The own node and its pods ([C13](crate::semantics#c13)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnNode {
    /// Ingress from it is always allowed ([K18](crate::semantics#k18)); egress to it is [U3](crate::semantics#u3)'s
    /// question.
    Supported,
    /// Ingress from it is always allowed; egress to it is judged like any other (DP).
    EgressJudged,
    /// It is judged like any peer.
    Unsupported,
    /// Nobody knows whether ingress from it is exempt.
    Unknown,
}

/// Other protocols at an isolated side ([U1](crate::semantics#u1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtherProtocols {
    /// Left open, for rules that allow too.
    Unknown,
    /// Rules without `ports` match.
    Portless,
    /// Denied.
    Denied,
    /// Not filtered.
    Unfiltered,
}

/// hostNetwork pods ([U2](crate::semantics#u2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostNetwork {
    /// The node: no subject, never selected ([K17](crate::semantics#k17)).
    Node,
    /// Like any pod.
    Pod,
    /// One of the two.
    Unknown,
}

/// A pod's egress to its own node ([U3](crate::semantics#u3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnNodeEgress {
    /// Left open unless a rule admits it.
    Unknown,
    /// Always allowed.
    Exempt,
    /// Judged like any other.
    Judged,
}

/// A pod that reaches itself through a Service ([U4](crate::semantics#u4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceHairpin {
    /// Left open unless its rules admit it.
    Unknown,
    /// Always allowed.
    Allowed,
    /// Judged like any other.
    Judged,
}

/// Which address and port the egress side sees of a destination that is rewritten on the way
/// ([U5](crate::semantics#u5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rewritten {
    /// Left open where the two differ.
    Unknown,
    /// Those that the source sent to.
    Before,
    /// The backend's.
    After,
}

/// `ipBlock` against a pod without an address ([U6](crate::semantics#u6)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnaddressedPod {
    /// It may be any address of the pod CIDRs.
    Unknown,
    /// It never matches.
    Never,
}

/// A controller's label ([K27](crate::semantics#k27)) whose value no manifest says ([U7](crate::semantics#u7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControllerLabel {
    /// It is there, with any value it may have.
    Unknown,
    /// As if it were not there.
    Absent,
}

/// The node of an end that says none ([U8](crate::semantics#u8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnsaidNode {
    /// It may be the own node.
    Unknown,
    /// It is never the own node.
    Elsewhere,
}

/// Whom the ingress side sees behind a face of a Service ([U9](crate::semantics#u9)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeenSource {
    /// One of the two.
    Unknown,
    /// The client.
    Client,
    /// A node that passed the connection on.
    Node,
}

/// Every row's setting. Plain data: change what is known to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Capabilities {
    /// [C1](crate::semantics#c1).
    pub enforcement: Support,
    /// [C2](crate::semantics#c2).
    pub ingress: Support,
    /// [C3](crate::semantics#c3).
    pub egress: Support,
    /// [C4](crate::semantics#c4).
    pub ingress_ip_block: Support,
    /// [C5](crate::semantics#c5).
    pub egress_ip_block: Support,
    /// [C6](crate::semantics#c6).
    pub node_os: NodeOs,
    /// [C7](crate::semantics#c7).
    pub ipv6: Support,
    /// [C8](crate::semantics#c8).
    pub secure_containers: Support,
    /// [C9](crate::semantics#c9).
    pub ip_block_scope: IpBlockScope,
    /// [C9](crate::semantics#c9), where the scope is limited.
    pub unowned_pod_address: Unowned,
    /// [C10](crate::semantics#c10).
    pub cluster_ip: Support,
    /// [C11](crate::semantics#c11).
    pub internal_cloud: Support,
    /// [C12](crate::semantics#c12).
    pub sctp: Support,
    /// [C13](crate::semantics#c13).
    pub own_node: OwnNode,
    /// [C14](crate::semantics#c14).
    pub end_port: EndPort,
    /// [U1](crate::semantics#u1).
    pub other_protocols: OtherProtocols,
    /// [U2](crate::semantics#u2).
    pub host_network: HostNetwork,
    /// [U3](crate::semantics#u3).
    pub own_node_egress: OwnNodeEgress,
    /// [U4](crate::semantics#u4).
    pub service_hairpin: ServiceHairpin,
    /// [U5](crate::semantics#u5), for a ClusterIP whose backend is outside the cluster.
    pub outside_backend: Rewritten,
    /// [U5](crate::semantics#u5), for the faces of [K26](crate::semantics#k26).
    pub face: Rewritten,
    /// [U6](crate::semantics#u6).
    pub unaddressed_pod: UnaddressedPod,
    /// [U7](crate::semantics#u7).
    pub controller_label: ControllerLabel,
    /// [U8](crate::semantics#u8).
    pub unsaid_node: UnsaidNode,
    /// [U9](crate::semantics#u9).
    pub seen_source: SeenSource,
}

impl Capabilities {
    /// Everything supported; what Kubernetes leaves open has its default reading.
    pub const KUBERNETES: Self = Self {
        enforcement: Support::Supported,
        ingress: Support::Supported,
        egress: Support::Supported,
        ingress_ip_block: Support::Supported,
        egress_ip_block: Support::Supported,
        node_os: NodeOs::Any,
        ipv6: Support::Supported,
        secure_containers: Support::Supported,
        ip_block_scope: IpBlockScope::Any,
        unowned_pod_address: Unowned::InCluster,
        cluster_ip: Support::Supported,
        internal_cloud: Support::Supported,
        sctp: Support::Supported,
        own_node: OwnNode::Supported,
        end_port: EndPort::Supported,
        other_protocols: OtherProtocols::Unknown,
        host_network: HostNetwork::Node,
        own_node_egress: OwnNodeEgress::Unknown,
        service_hairpin: ServiceHairpin::Unknown,
        outside_backend: Rewritten::Unknown,
        face: Rewritten::Unknown,
        unaddressed_pod: UnaddressedPod::Unknown,
        controller_label: ControllerLabel::Unknown,
        unsaid_node: UnsaidNode::Unknown,
        seen_source: SeenSource::Unknown,
    };

    /// The words that `row` may be overridden with (SEMANTICS, sections
    /// [2](crate::semantics#section-2) and [3](crate::semantics#section-3)).
    #[must_use]
    pub fn words(row: Row) -> &'static [&'static str] {
        match row {
            Row::C9 => &["any", "outside", "inside"],
            Row::C14 => &["supported", "single-port", "unknown"],
            Row::U1 => &["unknown", "portless", "denied", "unfiltered"],
            Row::U2 => &["node", "pod", "unknown"],
            Row::U3 => &["unknown", "exempt", "judged"],
            Row::U4 => &["unknown", "allowed", "judged"],
            Row::U5 => &["unknown", "before", "after"],
            Row::U6 => &["unknown", "never"],
            Row::U7 => &["unknown", "absent"],
            Row::U8 => &["unknown", "elsewhere"],
            Row::U9 => &["unknown", "client", "node"],
            Row::K23 => &[],
            _ => &["supported", "unsupported", "unknown"],
        }
    }

    /// Sets `row` to what `word` says; `false`, and nothing changed, where the row does not know it.
    pub fn set(&mut self, row: Row, word: &str) -> bool {
        if !Self::words(row).contains(&word) {
            return false;
        }
        let support = match word {
            "supported" => Support::Supported,
            "unsupported" => Support::Unsupported,
            _ => Support::Unknown,
        };
        match row {
            Row::C1 => self.enforcement = support,
            Row::C2 => self.ingress = support,
            Row::C3 => self.egress = support,
            Row::C4 => self.ingress_ip_block = support,
            Row::C5 => self.egress_ip_block = support,
            Row::C6 => {
                self.node_os = match support {
                    Support::Supported => NodeOs::Any,
                    Support::Unsupported => NodeOs::Only { ingress: Vec::new(), egress: Vec::new() },
                    Support::Unknown => NodeOs::Unknown,
                }
            }
            Row::C7 => self.ipv6 = support,
            Row::C8 => self.secure_containers = support,
            Row::C9 => {
                self.ip_block_scope = match word {
                    "any" => IpBlockScope::Any,
                    "outside" => IpBlockScope::OutsideCluster,
                    _ => IpBlockScope::InsideCluster,
                }
            }
            Row::C10 => self.cluster_ip = support,
            Row::C11 => self.internal_cloud = support,
            Row::C12 => self.sctp = support,
            Row::C13 => {
                self.own_node = match support {
                    Support::Supported => OwnNode::Supported,
                    Support::Unsupported => OwnNode::Unsupported,
                    Support::Unknown => OwnNode::Unknown,
                }
            }
            Row::C14 => {
                self.end_port = match word {
                    "supported" => EndPort::Supported,
                    "single-port" => EndPort::SinglePort,
                    _ => EndPort::Unknown,
                }
            }
            Row::U1 => {
                self.other_protocols = match word {
                    "portless" => OtherProtocols::Portless,
                    "denied" => OtherProtocols::Denied,
                    "unfiltered" => OtherProtocols::Unfiltered,
                    _ => OtherProtocols::Unknown,
                }
            }
            Row::U2 => {
                self.host_network = match word {
                    "node" => HostNetwork::Node,
                    "pod" => HostNetwork::Pod,
                    _ => HostNetwork::Unknown,
                }
            }
            Row::U3 => {
                self.own_node_egress = match word {
                    "exempt" => OwnNodeEgress::Exempt,
                    "judged" => OwnNodeEgress::Judged,
                    _ => OwnNodeEgress::Unknown,
                }
            }
            Row::U4 => {
                self.service_hairpin = match word {
                    "allowed" => ServiceHairpin::Allowed,
                    "judged" => ServiceHairpin::Judged,
                    _ => ServiceHairpin::Unknown,
                }
            }
            Row::U5 => {
                self.outside_backend = match word {
                    "before" => Rewritten::Before,
                    "after" => Rewritten::After,
                    _ => Rewritten::Unknown,
                };
                self.face = self.outside_backend;
            }
            Row::U6 => {
                self.unaddressed_pod = match word {
                    "never" => UnaddressedPod::Never,
                    _ => UnaddressedPod::Unknown,
                }
            }
            Row::U7 => {
                self.controller_label = match word {
                    "absent" => ControllerLabel::Absent,
                    _ => ControllerLabel::Unknown,
                }
            }
            Row::U8 => {
                self.unsaid_node = match word {
                    "elsewhere" => UnsaidNode::Elsewhere,
                    _ => UnsaidNode::Unknown,
                }
            }
            Row::U9 => {
                self.seen_source = match word {
                    "client" => SeenSource::Client,
                    "node" => SeenSource::Node,
                    _ => SeenSource::Unknown,
                }
            }
            Row::K23 => return false,
        }
        true
    }

    /// Sets `row` to its form in [`Capabilities::KUBERNETES`].
    pub(crate) fn set_as_kubernetes(&mut self, row: Row) {
        self.copy(row, &Self::KUBERNETES);
    }

    /// Sets `row` to its form in `other`.
    fn copy(&mut self, row: Row, other: &Self) {
        match row {
            Row::C1 => self.enforcement = other.enforcement,
            Row::C2 => self.ingress = other.ingress,
            Row::C3 => self.egress = other.egress,
            Row::C4 => self.ingress_ip_block = other.ingress_ip_block,
            Row::C5 => self.egress_ip_block = other.egress_ip_block,
            Row::C6 => self.node_os.clone_from(&other.node_os),
            Row::C7 => self.ipv6 = other.ipv6,
            Row::C8 => self.secure_containers = other.secure_containers,
            Row::C9 => self.ip_block_scope = other.ip_block_scope,
            Row::C10 => self.cluster_ip = other.cluster_ip,
            Row::C11 => self.internal_cloud = other.internal_cloud,
            Row::C12 => self.sctp = other.sctp,
            Row::C13 => self.own_node = other.own_node,
            Row::C14 => self.end_port = other.end_port,
            Row::U1 => self.other_protocols = other.other_protocols,
            Row::U2 => self.host_network = other.host_network,
            Row::U3 => self.own_node_egress = other.own_node_egress,
            Row::U4 => self.service_hairpin = other.service_hairpin,
            Row::U5 => {
                self.outside_backend = other.outside_backend;
                self.face = other.face;
            }
            Row::U6 => self.unaddressed_pod = other.unaddressed_pod,
            Row::U7 => self.controller_label = other.controller_label,
            Row::U8 => self.unsaid_node = other.unsaid_node,
            Row::U9 => self.seen_source = other.seen_source,
            Row::K23 => {}
        }
    }

    /// The rows whose form is not Kubernetes' own.
    pub fn other_than_kubernetes(&self) -> impl Iterator<Item = Row> {
        // C9's second field means nothing while its scope is any.
        let kubernetes = Self { unowned_pod_address: self.unowned_pod_address, ..Self::KUBERNETES };
        Row::ALL.iter().copied().filter(move |row| {
            let mut one_back = kubernetes.clone();
            one_back.copy(*row, self);
            one_back != kubernetes
        })
    }
}
