//! The vendor's table, cell by cell ([SEMANTICS section 3](crate::semantics#section-3)).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::net::Cidr;
use crate::profile::capability::{Capabilities, NodeOs, OwnNode, Rewritten, Support, Unowned};
use crate::profile::os::Os;
use crate::profile::row::Row;
use crate::profile::version::ClusterVersion;
use crate::text::quoted;

/// The cloud's internal services, which some models cannot limit ([C11](crate::semantics#c11)): `100.125.0.0/16`.
pub const INTERNAL_CLOUD: Cidr = Cidr::known_v4([100, 125, 0, 0], 16);

/// Whether the address lies in [`INTERNAL_CLOUD`]: on the way of every verdict by address.
#[inline]
pub(crate) fn is_internal_cloud(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(address) if address.octets().starts_with(&[100, 125]))
}

/// A network model of CCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NetworkModel {
    /// Container tunnels on Open vSwitch.
    Tunnel,
    /// VPC network on eBPF (DataPlane V2).
    Vpc,
    /// Cloud Native Network 2.0 on eBPF (DataPlane V2).
    CloudNative2,
}

impl NetworkModel {
    /// The three models.
    pub const ALL: [Self; 3] = [Self::Tunnel, Self::Vpc, Self::CloudNative2];

    /// The word of profiles: `tunnel`, `vpc`, `cn2`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Vpc => "vpc",
            Self::CloudNative2 => "cn2",
        }
    }

    /// Every word that is read as this model, the profiles' own first, then those of the vendor's API.
    ///
    /// ```
    /// use netpol_oracle::profile::cce::NetworkModel;
    /// assert_eq!(NetworkModel::Tunnel.names(), ["tunnel", "overlay_l2", "container-tunnel"]);
    /// assert_eq!("vpc-router".parse(), Ok(NetworkModel::Vpc));
    /// ```
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Tunnel => &["tunnel", "overlay_l2", "container-tunnel"],
            Self::Vpc => &["vpc", "vpc-router"],
            Self::CloudNative2 => &["cn2", "eni", "cloud-native-2"],
        }
    }
}

/// The words of the three models as messages give them; `tests/profile.rs` holds them to [`NetworkModel::names`].
pub(super) const MODEL_WORDS: &str =
    "`tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)";

impl fmt::Display for NetworkModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no network model's word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a network model: {MODEL_WORDS}", quoted(text))]
pub struct NetworkModelError {
    text: String,
}

impl FromStr for NetworkModel {
    type Err = NetworkModelError;

    fn from_str(text: &str) -> Result<Self, NetworkModelError> {
        let model = Self::ALL.into_iter().find(|model| model.names().contains(&text));
        model.ok_or_else(|| NetworkModelError { text: text.to_owned() })
    }
}

/// Which edition of the vendor's page a profile follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Edition {
    /// The page's table: the stricter, newer lists.
    #[default]
    Seed,
    /// The page's prose: VPC from the versions of Cloud Native Network 2.0.
    SeedProse,
    /// The vendor's later page.
    Y2026,
    /// The page of Open Telekom Cloud: as seed, but every EulerOS enforces a pod's egress on Tunnel.
    Otc,
}

impl Edition {
    /// Every edition.
    pub const ALL: [Self; 4] = [Self::Seed, Self::SeedProse, Self::Y2026, Self::Otc];

    /// The word of profile files: `seed`, `seed-prose`, `2026`, `otc`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::SeedProse => "seed-prose",
            Self::Y2026 => "2026",
            Self::Otc => "otc",
        }
    }
}

/// Where a cell's wording comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The seed page.
    Seed,
    /// The same page in its original language, which decides where the English lost a negation.
    Original,
    /// The vendor's DataPlane V2 page.
    DataPlaneV2,
    /// Upstream Kubernetes.
    Kubernetes,
}

/// What a cell says, before version and switch are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// A switch, and how the product ships it; a preset means on.
    Switch {
        /// On without anybody's doing.
        on_by_default: bool,
    },
    /// Supported from these versions on, a minimum for each minor line.
    From(&'static [ClusterVersion]),
    /// One of the row's override words.
    Word(&'static str),
    /// The supported systems, for each direction.
    NodeOs {
        /// For a pod's ingress.
        ingress: &'static [Os],
        /// For a pod's egress.
        egress: &'static [Os],
    },
    /// [C9](crate::semantics#c9): outside the cluster only.
    OutsideCluster {
        /// What an address of the pod CIDRs is that no known pod has.
        unowned: Unowned,
    },
    /// [C13](crate::semantics#c13) on eBPF: ingress from the own node exempt, egress to it judged.
    EgressJudged,
    /// [U5](crate::semantics#u5) on eBPF: after translation for a ClusterIP, left open for other faces.
    ClusterIpAfter,
}

/// One cell of the table with its citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cell {
    /// The row.
    pub row: Row,
    /// The column.
    pub model: NetworkModel,
    /// What it says.
    pub setting: Setting,
    /// In what words, shortened.
    pub wording: &'static str,
    /// Whose words.
    pub source: Source,
}

const fn v(minor: u16, patch: u16, revision: u16) -> ClusterVersion {
    ClusterVersion::new(1, minor, patch, revision)
}

/// [C2](crate::semantics#c2) of VPC.
pub const VPC_MINIMA: &[ClusterVersion] = &[v(27, 16, 30), v(28, 15, 20), v(29, 13, 0), v(30, 10, 0), v(31, 6, 0)];
/// [C2](crate::semantics#c2) of Cloud Native Network 2.0.
pub const CN2_MINIMA: &[ClusterVersion] = &[v(27, 16, 10), v(28, 15, 0), v(29, 10, 0), v(30, 6, 0)];
/// [C3](crate::semantics#c3) of Tunnel: the whole line v1.23.
pub const TUNNEL_EGRESS_MINIMA: &[ClusterVersion] = &[v(23, 0, 0)];
/// [C2](crate::semantics#c2) and [C3](crate::semantics#c3) of Cloud Native Network 2.0 on the vendor's later page.
pub const CN2_MINIMA_2026: &[ClusterVersion] = &[v(34, 3, 10)];
/// [C6](crate::semantics#c6) on the vendor's later page: Ubuntu 22.04 on eBPF.
pub const UBUNTU_MINIMA_2026: &[ClusterVersion] =
    &[v(28, 15, 70), v(29, 15, 30), v(30, 14, 30), v(31, 10, 30), v(32, 6, 30), v(33, 5, 20), v(34, 1, 0)];

const TUNNEL: NetworkModel = NetworkModel::Tunnel;
const VPC: NetworkModel = NetworkModel::Vpc;
const CN2: NetworkModel = NetworkModel::CloudNative2;
const TUNNEL_OS: Setting = Setting::NodeOs {
    ingress: &[Os::EulerOs, Os::CentOs7, Os::CentOs, Os::HceOs2],
    egress: &[Os::CentOs7, Os::HceOs2],
};
const HCE_OS: Setting = Setting::NodeOs { ingress: &[Os::HceOs2], egress: &[Os::HceOs2] };
const YES: Setting = Setting::Word("supported");
const NO: Setting = Setting::Word("unsupported");

const fn cell(row: Row, model: NetworkModel, setting: Setting, wording: &'static str, source: Source) -> Cell {
    Cell { row, model, setting, wording, source }
}

/// Every cell, row by row.
pub static CELLS: &[Cell] = &[
    cell(Row::C1, TUNNEL, Setting::Switch { on_by_default: true }, "enabled by default", Source::Seed),
    cell(
        Row::C1,
        VPC,
        Setting::Switch { on_by_default: false },
        "disabled by default; DataPlane V2 enables it",
        Source::Seed,
    ),
    cell(
        Row::C1,
        CN2,
        Setting::Switch { on_by_default: false },
        "disabled by default; DataPlane V2 enables it",
        Source::Seed,
    ),
    cell(Row::C2, TUNNEL, YES, "ingress rules: all versions", Source::Seed),
    cell(
        Row::C2,
        VPC,
        Setting::From(VPC_MINIMA),
        "ingress rules from v1.27.16-r30, v1.28.15-r20, v1.29.13-r0, v1.30.10-r0, v1.31.6-r0",
        Source::Seed,
    ),
    cell(
        Row::C2,
        CN2,
        Setting::From(CN2_MINIMA),
        "ingress rules from v1.27.16-r10, v1.28.15-r0, v1.29.10-r0, v1.30.6-r0",
        Source::Seed,
    ),
    cell(Row::C3, TUNNEL, Setting::From(TUNNEL_EGRESS_MINIMA), "egress rules from v1.23", Source::Seed),
    cell(
        Row::C3,
        VPC,
        Setting::From(VPC_MINIMA),
        "egress rules from the versions of ingress rules",
        Source::DataPlaneV2,
    ),
    cell(
        Row::C3,
        CN2,
        Setting::From(CN2_MINIMA),
        "egress rules from the versions of ingress rules",
        Source::DataPlaneV2,
    ),
    cell(Row::C4, TUNNEL, NO, "ingress selectors: namespaceSelector, podSelector", Source::Seed),
    cell(Row::C4, VPC, YES, "ingress selectors: namespaceSelector, podSelector, ipBlock", Source::Seed),
    cell(Row::C4, CN2, YES, "ingress selectors: namespaceSelector, podSelector, ipBlock", Source::Seed),
    cell(Row::C5, TUNNEL, YES, "egress selectors: namespaceSelector, podSelector, ipBlock", Source::Seed),
    cell(Row::C5, VPC, YES, "egress selectors: namespaceSelector, podSelector, ipBlock", Source::Seed),
    cell(Row::C5, CN2, YES, "egress selectors: namespaceSelector, podSelector, ipBlock", Source::Seed),
    cell(
        Row::C6,
        TUNNEL,
        TUNNEL_OS,
        "EulerOS, CentOS, HCE OS 2.0; egress rules: CentOS 7.x or HCE OS 2.0 only",
        Source::Seed,
    ),
    cell(Row::C6, VPC, HCE_OS, "HCE OS 2.0", Source::Seed),
    cell(Row::C6, CN2, HCE_OS, "HCE OS 2.0", Source::Seed),
    cell(Row::C7, TUNNEL, NO, "IPv6 network policies: not supported", Source::Seed),
    cell(Row::C7, VPC, NO, "IPv6 network policies: not supported", Source::Seed),
    cell(Row::C7, CN2, YES, "IPv6 network policies: supported", Source::Seed),
    cell(Row::C8, TUNNEL, NO, "secure containers: not supported", Source::Seed),
    cell(Row::C8, VPC, NO, "secure containers: not supported", Source::Seed),
    cell(Row::C8, CN2, NO, "secure containers: not supported", Source::Seed),
    cell(Row::C9, TUNNEL, Setting::Word("any"), "ipBlock scope: not limited", Source::Seed),
    cell(
        Row::C9,
        VPC,
        Setting::OutsideCluster { unowned: Unowned::InCluster },
        "pod and Service CIDR blocks and node addresses cannot be configured",
        Source::Original,
    ),
    cell(
        Row::C9,
        CN2,
        Setting::OutsideCluster { unowned: Unowned::Unknown },
        "pod and Service CIDR blocks and node addresses cannot be configured",
        Source::Original,
    ),
    cell(Row::C10, TUNNEL, NO, "limiting a ClusterIP by workload labels: not supported", Source::Seed),
    cell(Row::C10, VPC, YES, "limiting a ClusterIP by workload labels: supported", Source::Seed),
    cell(Row::C10, CN2, YES, "limiting a ClusterIP by workload labels: supported", Source::Seed),
    cell(Row::C11, TUNNEL, YES, "limiting 100.125.0.0/16: supported", Source::Seed),
    cell(Row::C11, VPC, YES, "limiting 100.125.0.0/16: supported", Source::Seed),
    cell(Row::C11, CN2, NO, "limiting 100.125.0.0/16: not supported", Source::Seed),
    cell(Row::C12, TUNNEL, NO, "SCTP: not supported", Source::Seed),
    cell(Row::C12, VPC, YES, "SCTP: supported", Source::Seed),
    cell(Row::C12, CN2, NO, "SCTP: not supported", Source::Seed),
    cell(Row::C13, TUNNEL, YES, "a node always reaches the pods on it", Source::Original),
    cell(
        Row::C13,
        VPC,
        Setting::EgressJudged,
        "a node always reaches the pods on it; an egress policy cuts node addresses off",
        Source::DataPlaneV2,
    ),
    cell(
        Row::C13,
        CN2,
        Setting::EgressJudged,
        "a node always reaches the pods on it; an egress policy cuts node addresses off",
        Source::DataPlaneV2,
    ),
    cell(Row::C14, TUNNEL, Setting::Word("single-port"), "endPort: not supported", Source::Seed),
    cell(Row::C14, VPC, YES, "endPort: supported", Source::Seed),
    cell(Row::C14, CN2, Setting::Word("single-port"), "endPort: not supported", Source::Seed),
    cell(Row::U1, TUNNEL, Setting::Word("unknown"), "other protocols: undefined", Source::Kubernetes),
    cell(Row::U1, VPC, Setting::Word("unknown"), "other protocols: undefined", Source::Kubernetes),
    cell(Row::U1, CN2, Setting::Word("unknown"), "other protocols: undefined", Source::Kubernetes),
    cell(Row::U2, TUNNEL, Setting::Word("node"), "hostNetwork pods: most commonly the node", Source::Kubernetes),
    cell(Row::U2, VPC, Setting::Word("node"), "hostNetwork addresses are node addresses", Source::DataPlaneV2),
    cell(Row::U2, CN2, Setting::Word("node"), "hostNetwork addresses are node addresses", Source::DataPlaneV2),
    cell(Row::U3, TUNNEL, Setting::Word("unknown"), "egress to the own node: two sentences differ", Source::Kubernetes),
    cell(Row::U3, VPC, Setting::Word("unknown"), "egress to the own node: C13 settles it", Source::DataPlaneV2),
    cell(Row::U3, CN2, Setting::Word("unknown"), "egress to the own node: C13 settles it", Source::DataPlaneV2),
    cell(Row::U4, TUNNEL, Setting::Word("unknown"), "hairpin through a Service: not said", Source::Kubernetes),
    cell(Row::U4, VPC, Setting::Word("unknown"), "hairpin through a Service: not said", Source::Kubernetes),
    cell(Row::U4, CN2, Setting::Word("unknown"), "hairpin through a Service: not said", Source::Kubernetes),
    cell(
        Row::U5,
        TUNNEL,
        Setting::Word("unknown"),
        "a destination rewritten before or after: not said",
        Source::Kubernetes,
    ),
    cell(Row::U5, VPC, Setting::ClusterIpAfter, "limiting a ClusterIP by workload labels: supported", Source::Seed),
    cell(Row::U5, CN2, Setting::ClusterIpAfter, "limiting a ClusterIP by workload labels: supported", Source::Seed),
    cell(Row::U6, TUNNEL, Setting::Word("unknown"), "a pod without an address: not said", Source::Kubernetes),
    cell(Row::U6, VPC, Setting::Word("unknown"), "a pod without an address: not said", Source::Kubernetes),
    cell(Row::U6, CN2, Setting::Word("unknown"), "a pod without an address: not said", Source::Kubernetes),
    cell(Row::U7, TUNNEL, Setting::Word("unknown"), "the value of a controller's label: not said", Source::Kubernetes),
    cell(Row::U7, VPC, Setting::Word("unknown"), "the value of a controller's label: not said", Source::Kubernetes),
    cell(Row::U7, CN2, Setting::Word("unknown"), "the value of a controller's label: not said", Source::Kubernetes),
    cell(Row::U8, TUNNEL, Setting::Word("unknown"), "the node of an end that says none: not said", Source::Kubernetes),
    cell(Row::U8, VPC, Setting::Word("unknown"), "the node of an end that says none: not said", Source::Kubernetes),
    cell(Row::U8, CN2, Setting::Word("unknown"), "the node of an end that says none: not said", Source::Kubernetes),
    cell(Row::U9, TUNNEL, Setting::Word("unknown"), "whom a Service's backend sees: not said", Source::Kubernetes),
    cell(Row::U9, VPC, Setting::Word("unknown"), "whom a Service's backend sees: not said", Source::Kubernetes),
    cell(Row::U9, CN2, Setting::Word("unknown"), "whom a Service's backend sees: not said", Source::Kubernetes),
];

/// What a cluster of `model` and `version` enforces with its switch on, as `edition` words it.
#[must_use]
pub fn capabilities(model: NetworkModel, version: ClusterVersion, edition: Edition) -> Capabilities {
    let mut capabilities = Capabilities::KUBERNETES;
    for cell in CELLS.iter().filter(|cell| cell.model == model) {
        apply(&mut capabilities, cell, version, edition);
    }
    if let NodeOs::Only { ingress, egress } = &mut capabilities.node_os {
        match (edition, model) {
            (Edition::Y2026, VPC | CN2) if version.reaches(UBUNTU_MINIMA_2026) => {
                ingress.push(Os::Ubuntu2204);
                egress.push(Os::Ubuntu2204);
            }
            (Edition::Otc, TUNNEL) => egress.push(Os::EulerOs),
            _ => {}
        }
    }
    capabilities
}

fn apply(capabilities: &mut Capabilities, cell: &Cell, version: ClusterVersion, edition: Edition) {
    match cell.setting {
        Setting::Switch { .. } => capabilities.enforcement = Support::Supported,
        Setting::From(minima) => {
            let minima = match (edition, cell.model) {
                (Edition::SeedProse, VPC) => CN2_MINIMA,
                (Edition::Y2026, CN2) => CN2_MINIMA_2026,
                _ => minima,
            };
            capabilities.set(cell.row, if version.reaches(minima) { "supported" } else { "unsupported" });
        }
        Setting::Word(word) => {
            capabilities.set(cell.row, word);
        }
        Setting::NodeOs { ingress, egress } => {
            capabilities.node_os = NodeOs::Only { ingress: ingress.to_vec(), egress: egress.to_vec() };
        }
        Setting::OutsideCluster { unowned } => {
            capabilities.set(cell.row, "outside");
            capabilities.unowned_pod_address = unowned;
        }
        Setting::EgressJudged => capabilities.own_node = OwnNode::EgressJudged,
        Setting::ClusterIpAfter => capabilities.outside_backend = Rewritten::After,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internal_cloud_is_one_range() {
        for text in
            ["100.125.0.0", "100.125.255.255", "100.124.255.255", "100.126.0.0", "::ffff:100.125.3.3", "64:7d::"]
        {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(is_internal_cloud(address), INTERNAL_CLOUD.contains(address), "{text}");
        }
        assert_eq!(INTERNAL_CLOUD.to_string(), "100.125.0.0/16");
        assert_eq!(INTERNAL_CLOUD, "100.125.0.0/16".parse().unwrap());
    }
}
