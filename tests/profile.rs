//! The vendor's table cell by cell, versions at their boundaries, and the profile file (SEMANTICS section 3).

use netpol_oracle::profile::cce::{self, Edition, NetworkModel, Setting};
use netpol_oracle::profile::{
    Capabilities, ClusterVersion, ControllerLabel, EndPort, HostNetwork, IpBlockScope, NodeOs, OtherProtocols, OwnNode,
    OwnNodeEgress, Rewritten, SeenSource, ServiceHairpin, Support, Switch, UnaddressedPod, Unowned, UnsaidNode,
};
use netpol_oracle::{Direction, Profile, Row};

fn version(text: &str) -> ClusterVersion {
    text.parse().unwrap()
}

fn preset(model: NetworkModel, at: &str) -> Profile {
    match model {
        NetworkModel::Tunnel => Profile::tunnel(version(at)),
        NetworkModel::Vpc => Profile::vpc(version(at)),
        NetworkModel::CloudNative2 => Profile::cloud_native_2(version(at)),
        _ => unreachable!("what these tests do not know"),
    }
}

/// What a model says well above every minimum.
fn says(model: NetworkModel) -> Capabilities {
    preset(model, "v1.31.6-r0").capabilities().clone()
}

fn on_by_default(model: NetworkModel) -> bool {
    let cell = cce::CELLS.iter().find(|cell| cell.row == Row::C1 && cell.model == model).unwrap();
    match cell.setting {
        Setting::Switch { on_by_default } => on_by_default,
        other => panic!("C1 of {model} is {other:?}"),
    }
}

/// The versions of a list, with the last one below each.
fn boundaries(model: NetworkModel, row: impl Fn(&Capabilities) -> Support, supported: &[&str], not: &[&str]) {
    for (texts, expected) in [(supported, Support::Supported), (not, Support::Unsupported)] {
        for text in texts {
            assert_eq!(row(preset(model, text).capabilities()), expected, "{model} {text}");
        }
    }
}

/// Which of these systems a model's nodes may run for a side to be enforced.
fn systems(model: NetworkModel, direction: Direction) -> Vec<&'static str> {
    let images = [
        "EulerOS 2.0 (SP9x86_64)",
        "CentOS Linux 7 (Core)",
        "CentOS Linux 8 (Core)",
        "Huawei Cloud EulerOS 2.0 (x86_64)",
        "HCE OS 2.0",
        "Huawei Cloud EulerOS 1.1",
        "Ubuntu 22.04.4 LTS",
        "Debian GNU/Linux 12",
        "",
    ];
    let os = says(model).node_os;
    images.into_iter().filter(|image| os.supports(image, direction)).collect()
}

const EULER: &str = "EulerOS 2.0 (SP9x86_64)";
const CENTOS_7: &str = "CentOS Linux 7 (Core)";
const CENTOS_8: &str = "CentOS Linux 8 (Core)";
const HCE: [&str; 2] = ["Huawei Cloud EulerOS 2.0 (x86_64)", "HCE OS 2.0"];

const VPC_FROM: &[&str] = &[
    "v1.27.16-r30",
    "v1.27.17-r0",
    "v1.28.15-r20",
    "v1.29.13-r0",
    "v1.30.10-r0",
    "v1.31.6-r0",
    "v1.31.6-r1",
    "v1.32.0-r0",
    "v1.40.0-r0",
];
const VPC_BELOW: &[&str] = &[
    "v1.19.16-r4",
    "v1.26.99-r99",
    "v1.27.16-r29",
    "v1.27.15-r99",
    "v1.28.15-r19",
    "v1.29.12-r99",
    "v1.29.9-r30",
    "v1.30.9-r99",
    "v1.31.5-r99",
    "v1.31.4-r0",
];
const CN2_FROM: &[&str] = &[
    "v1.27.16-r10",
    "v1.28.15-r0",
    "v1.29.10-r0",
    "v1.29.13-r0",
    "v1.30.6-r0",
    "v1.31.0-r0",
    "v1.31.4-r0",
    "v1.34.0-r0",
];
const CN2_BELOW: &[&str] =
    &["v1.26.99-r99", "v1.27.16-r9", "v1.28.14-r99", "v1.29.9-r30", "v1.29.9-r99", "v1.30.5-r99"];

macro_rules! cells {
    ($($name:ident: $row:ident $model:ident => $check:expr;)+) => {
        $(
            #[test]
            fn $name() {
                let model = NetworkModel::$model;
                assert!(cce::CELLS.iter().any(|cell| cell.row == Row::$row && cell.model == model));
                let check: fn(NetworkModel) = $check;
                check(model);
            }
        )+

        #[test]
        fn every_cell_has_its_test() {
            let tested = [$((Row::$row, NetworkModel::$model)),+];
            let mut cells: Vec<_> = cce::CELLS.iter().map(|cell| (cell.row, cell.model)).collect();
            assert_eq!(cells.len(), 69, "14 C rows and 9 U rows for 3 models");
            cells.retain(|cell| !tested.contains(cell));
            assert_eq!(cells, []);
            for cell in cce::CELLS {
                assert!(!cell.wording.is_empty());
            }
        }
    };
}

cells! {
    c1_tunnel: C1 Tunnel => |m| {
        assert!(on_by_default(m));
        assert_eq!(says(m).enforcement, Support::Supported);
        assert_eq!(preset(m, "v1.31.6-r0").with_switch(Switch::Off).capabilities().enforcement, Support::Unsupported);
    };
    c1_vpc: C1 Vpc => |m| {
        assert!(!on_by_default(m));
        assert_eq!(says(m).enforcement, Support::Supported);
        assert_eq!(preset(m, "v1.31.6-r0").with_switch(Switch::Off).capabilities().enforcement, Support::Unsupported);
    };
    c1_cn2: C1 CloudNative2 => |m| {
        assert!(!on_by_default(m));
        assert_eq!(says(m).enforcement, Support::Supported);
        assert_eq!(preset(m, "v1.31.6-r0").with_switch(Switch::Off).capabilities().enforcement, Support::Unsupported);
    };
    c2_tunnel: C2 Tunnel => |m| boundaries(m, |c| c.ingress, &["v1.9.0-r0", "v1.21.1-r0", "v1.31.6-r0"], &[]);
    c2_vpc: C2 Vpc => |m| boundaries(m, |c| c.ingress, VPC_FROM, VPC_BELOW);
    c2_cn2: C2 CloudNative2 => |m| boundaries(m, |c| c.ingress, CN2_FROM, CN2_BELOW);
    c3_tunnel: C3 Tunnel => |m| {
        boundaries(m, |c| c.egress, &["v1.23.0-r0", "v1.23.18-r10", "v1.25.3-r0"], &["v1.22.99-r99", "v1.21.1-r0"]);
    };
    c3_vpc: C3 Vpc => |m| boundaries(m, |c| c.egress, VPC_FROM, VPC_BELOW);
    c3_cn2: C3 CloudNative2 => |m| boundaries(m, |c| c.egress, CN2_FROM, CN2_BELOW);
    c4_tunnel: C4 Tunnel => |m| assert_eq!(says(m).ingress_ip_block, Support::Unsupported);
    c4_vpc: C4 Vpc => |m| assert_eq!(says(m).ingress_ip_block, Support::Supported);
    c4_cn2: C4 CloudNative2 => |m| assert_eq!(says(m).ingress_ip_block, Support::Supported);
    c5_tunnel: C5 Tunnel => |m| assert_eq!(says(m).egress_ip_block, Support::Supported);
    c5_vpc: C5 Vpc => |m| assert_eq!(says(m).egress_ip_block, Support::Supported);
    c5_cn2: C5 CloudNative2 => |m| assert_eq!(says(m).egress_ip_block, Support::Supported);
    c6_tunnel: C6 Tunnel => |m| {
        assert_eq!(systems(m, Direction::Ingress), [EULER, CENTOS_7, CENTOS_8, HCE[0], HCE[1]]);
        assert_eq!(systems(m, Direction::Egress), [CENTOS_7, HCE[0], HCE[1]]);
    };
    c6_vpc: C6 Vpc => |m| {
        assert_eq!(systems(m, Direction::Ingress), HCE);
        assert_eq!(systems(m, Direction::Egress), HCE);
    };
    c6_cn2: C6 CloudNative2 => |m| {
        assert_eq!(systems(m, Direction::Ingress), HCE);
        assert_eq!(systems(m, Direction::Egress), HCE);
    };
    c7_tunnel: C7 Tunnel => |m| assert_eq!(says(m).ipv6, Support::Unsupported);
    c7_vpc: C7 Vpc => |m| assert_eq!(says(m).ipv6, Support::Unsupported);
    c7_cn2: C7 CloudNative2 => |m| assert_eq!(says(m).ipv6, Support::Supported);
    c8_tunnel: C8 Tunnel => |m| assert_eq!(says(m).secure_containers, Support::Unsupported);
    c8_vpc: C8 Vpc => |m| assert_eq!(says(m).secure_containers, Support::Unsupported);
    c8_cn2: C8 CloudNative2 => |m| assert_eq!(says(m).secure_containers, Support::Unsupported);
    c9_tunnel: C9 Tunnel => |m| assert_eq!(says(m).ip_block_scope, IpBlockScope::Any);
    c9_vpc: C9 Vpc => |m| {
        assert_eq!(says(m).ip_block_scope, IpBlockScope::OutsideCluster);
        assert_eq!(says(m).unowned_pod_address, Unowned::InCluster);
    };
    c9_cn2: C9 CloudNative2 => |m| {
        assert_eq!(says(m).ip_block_scope, IpBlockScope::OutsideCluster);
        assert_eq!(says(m).unowned_pod_address, Unowned::Unknown);
    };
    c10_tunnel: C10 Tunnel => |m| assert_eq!(says(m).cluster_ip, Support::Unsupported);
    c10_vpc: C10 Vpc => |m| assert_eq!(says(m).cluster_ip, Support::Supported);
    c10_cn2: C10 CloudNative2 => |m| assert_eq!(says(m).cluster_ip, Support::Supported);
    c11_tunnel: C11 Tunnel => |m| assert_eq!(says(m).internal_cloud, Support::Supported);
    c11_vpc: C11 Vpc => |m| assert_eq!(says(m).internal_cloud, Support::Supported);
    c11_cn2: C11 CloudNative2 => |m| assert_eq!(says(m).internal_cloud, Support::Unsupported);
    c12_tunnel: C12 Tunnel => |m| assert_eq!(says(m).sctp, Support::Unsupported);
    c12_vpc: C12 Vpc => |m| assert_eq!(says(m).sctp, Support::Supported);
    c12_cn2: C12 CloudNative2 => |m| assert_eq!(says(m).sctp, Support::Unsupported);
    c13_tunnel: C13 Tunnel => |m| assert_eq!(says(m).own_node, OwnNode::Supported);
    c13_vpc: C13 Vpc => |m| assert_eq!(says(m).own_node, OwnNode::EgressJudged);
    c13_cn2: C13 CloudNative2 => |m| assert_eq!(says(m).own_node, OwnNode::EgressJudged);
    c14_tunnel: C14 Tunnel => |m| assert_eq!(says(m).end_port, EndPort::SinglePort);
    c14_vpc: C14 Vpc => |m| assert_eq!(says(m).end_port, EndPort::Supported);
    c14_cn2: C14 CloudNative2 => |m| assert_eq!(says(m).end_port, EndPort::SinglePort);
    u1_tunnel: U1 Tunnel => |m| assert_eq!(says(m).other_protocols, OtherProtocols::Unknown);
    u1_vpc: U1 Vpc => |m| assert_eq!(says(m).other_protocols, OtherProtocols::Unknown);
    u1_cn2: U1 CloudNative2 => |m| assert_eq!(says(m).other_protocols, OtherProtocols::Unknown);
    u2_tunnel: U2 Tunnel => |m| assert_eq!(says(m).host_network, HostNetwork::Node);
    u2_vpc: U2 Vpc => |m| assert_eq!(says(m).host_network, HostNetwork::Node);
    u2_cn2: U2 CloudNative2 => |m| assert_eq!(says(m).host_network, HostNetwork::Node);
    u3_tunnel: U3 Tunnel => |m| assert_eq!(says(m).own_node_egress, OwnNodeEgress::Unknown);
    u3_vpc: U3 Vpc => |m| assert_eq!(says(m).own_node_egress, OwnNodeEgress::Unknown);
    u3_cn2: U3 CloudNative2 => |m| assert_eq!(says(m).own_node_egress, OwnNodeEgress::Unknown);
    u4_tunnel: U4 Tunnel => |m| assert_eq!(says(m).service_hairpin, ServiceHairpin::Unknown);
    u4_vpc: U4 Vpc => |m| assert_eq!(says(m).service_hairpin, ServiceHairpin::Unknown);
    u4_cn2: U4 CloudNative2 => |m| assert_eq!(says(m).service_hairpin, ServiceHairpin::Unknown);
    u5_tunnel: U5 Tunnel => |m| assert_eq!((says(m).outside_backend, says(m).face), (Rewritten::Unknown, Rewritten::Unknown));
    u5_vpc: U5 Vpc => |m| assert_eq!((says(m).outside_backend, says(m).face), (Rewritten::After, Rewritten::Unknown));
    u5_cn2: U5 CloudNative2 => |m| assert_eq!((says(m).outside_backend, says(m).face), (Rewritten::After, Rewritten::Unknown));
    u6_tunnel: U6 Tunnel => |m| assert_eq!(says(m).unaddressed_pod, UnaddressedPod::Unknown);
    u6_vpc: U6 Vpc => |m| assert_eq!(says(m).unaddressed_pod, UnaddressedPod::Unknown);
    u6_cn2: U6 CloudNative2 => |m| assert_eq!(says(m).unaddressed_pod, UnaddressedPod::Unknown);
    u7_tunnel: U7 Tunnel => |m| assert_eq!(says(m).controller_label, ControllerLabel::Unknown);
    u7_vpc: U7 Vpc => |m| assert_eq!(says(m).controller_label, ControllerLabel::Unknown);
    u7_cn2: U7 CloudNative2 => |m| assert_eq!(says(m).controller_label, ControllerLabel::Unknown);
    u8_tunnel: U8 Tunnel => |m| assert_eq!(says(m).unsaid_node, UnsaidNode::Unknown);
    u8_vpc: U8 Vpc => |m| assert_eq!(says(m).unsaid_node, UnsaidNode::Unknown);
    u8_cn2: U8 CloudNative2 => |m| assert_eq!(says(m).unsaid_node, UnsaidNode::Unknown);
    u9_tunnel: U9 Tunnel => |m| assert_eq!(says(m).seen_source, SeenSource::Unknown);
    u9_vpc: U9 Vpc => |m| assert_eq!(says(m).seen_source, SeenSource::Unknown);
    u9_cn2: U9 CloudNative2 => |m| assert_eq!(says(m).seen_source, SeenSource::Unknown);
}

#[test]
fn editions_move_the_minima() {
    let says = |model, at: &str, edition| preset(model, at).with_edition(edition).capabilities().clone();
    for row in [|c: Capabilities| c.ingress, |c: Capabilities| c.egress] {
        let side = |model, at: &str, edition| row(says(model, at, edition));
        // The prose gives VPC the list of Cloud Native Network 2.0.
        assert_eq!(side(NetworkModel::Vpc, "v1.27.16-r10", Edition::SeedProse), Support::Supported);
        assert_eq!(side(NetworkModel::Vpc, "v1.27.16-r9", Edition::SeedProse), Support::Unsupported);
        assert_eq!(side(NetworkModel::Vpc, "v1.31.0-r0", Edition::SeedProse), Support::Supported);
        assert_eq!(side(NetworkModel::CloudNative2, "v1.27.16-r10", Edition::SeedProse), Support::Supported);
        // The later page.
        assert_eq!(side(NetworkModel::CloudNative2, "v1.34.3-r10", Edition::Y2026), Support::Supported);
        assert_eq!(side(NetworkModel::CloudNative2, "v1.34.3-r9", Edition::Y2026), Support::Unsupported);
        assert_eq!(side(NetworkModel::CloudNative2, "v1.33.9-r99", Edition::Y2026), Support::Unsupported);
        assert_eq!(side(NetworkModel::CloudNative2, "v1.35.0-r0", Edition::Y2026), Support::Supported);
        assert_eq!(side(NetworkModel::Vpc, "v1.27.16-r30", Edition::Y2026), Support::Supported);
        assert_eq!(side(NetworkModel::Vpc, "v1.27.16-r29", Edition::Y2026), Support::Unsupported);
    }
}

#[test]
fn ubuntu_enforces_on_ebpf_by_the_later_page() {
    let ubuntu = |model, at, edition| {
        let os = preset(model, at).with_edition(edition).capabilities().node_os.clone();
        [Direction::Ingress, Direction::Egress].map(|direction| os.supports("Ubuntu 22.04.4 LTS", direction))
    };
    for model in [NetworkModel::Vpc, NetworkModel::CloudNative2] {
        for (at, expected) in [
            ("v1.27.99-r99", false),
            ("v1.28.15-r69", false),
            ("v1.28.15-r70", true),
            ("v1.29.15-r29", false),
            ("v1.29.15-r30", true),
            ("v1.30.14-r29", false),
            ("v1.30.14-r30", true),
            ("v1.31.10-r29", false),
            ("v1.31.10-r30", true),
            ("v1.32.6-r29", false),
            ("v1.32.6-r30", true),
            ("v1.33.5-r19", false),
            ("v1.33.5-r20", true),
            ("v1.34.0-r99", false),
            ("v1.34.1-r0", true),
            ("v1.35.0-r0", true),
        ] {
            assert_eq!(ubuntu(model, at, Edition::Y2026), [expected; 2], "{model} {at}");
            assert_eq!(ubuntu(model, at, Edition::Seed), [false; 2], "{model} {at}");
        }
    }
    assert_eq!(ubuntu(NetworkModel::Tunnel, "v1.35.0-r0", Edition::Y2026), [false; 2]);
}

#[test]
fn every_euleros_enforces_egress_on_tunnel_by_the_page_of_otc() {
    let os = |model, edition| preset(model, "v1.31.6-r0").with_edition(edition).capabilities().node_os.clone();
    for image in [EULER, "EulerOS 2.0 (SP5)", "EulerOS release 2.9"] {
        assert!(!os(NetworkModel::Tunnel, Edition::Seed).supports(image, Direction::Egress), "{image}");
        for direction in [Direction::Ingress, Direction::Egress] {
            assert!(os(NetworkModel::Tunnel, Edition::Otc).supports(image, direction), "{image}");
            assert!(!os(NetworkModel::Vpc, Edition::Otc).supports(image, direction), "{image}");
        }
    }
    // Everything else is as the seed has it.
    assert!(!os(NetworkModel::Tunnel, Edition::Otc).supports(CENTOS_8, Direction::Egress));
    assert!(!os(NetworkModel::Tunnel, Edition::Otc).supports("Huawei Cloud EulerOS 1.1", Direction::Egress));
    for model in NetworkModel::ALL {
        let seed = preset(model, "v1.31.6-r0");
        let mut otc = seed.clone().with_edition(Edition::Otc).capabilities().clone();
        otc.node_os = seed.capabilities().node_os.clone();
        assert_eq!(&otc, seed.capabilities());
    }
}

#[test]
fn models_have_the_names_of_the_vendors_api() {
    let unknown = "ovs:v1.31.6-r0".parse::<Profile>().unwrap_err().to_string();
    for (model, names) in [
        (NetworkModel::Tunnel, &["tunnel", "overlay_l2", "container-tunnel"][..]),
        (NetworkModel::Vpc, &["vpc", "vpc-router"]),
        (NetworkModel::CloudNative2, &["cn2", "eni", "cloud-native-2"]),
    ] {
        assert_eq!((model.names(), model.as_str()), (names, names[0]));
        for name in names {
            let profile: Profile = format!("{name}:1.29.13-r0").parse().unwrap();
            assert_eq!(profile, preset(model, "v1.29.13-r0"), "{name}");
            let read = Profile::read("p.json", format!(r#"{{"model": "{name}", "version": "1.29.13-r0"}}"#)).unwrap();
            assert_eq!(read, profile, "{name}");
            assert!(unknown.contains(&format!("`{name}`")), "{unknown}");
        }
    }
    assert_eq!(
        unknown,
        "`ovs` is not a network model; write `kubernetes`, `tunnel` (`overlay_l2`, `container-tunnel`), \
         `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)"
    );
}

#[test]
fn versions_parse_and_compare_by_number() {
    for (text, printed) in [
        ("v1.27.16-r30", "v1.27.16-r30"),
        ("1.27.16-r30", "v1.27.16-r30"),
        ("v1.31.6-r0-31.0.22.4", "v1.31.6-r0"),
        ("v1.9.0-r10", "v1.9.0-r10"),
    ] {
        assert_eq!(version(text).to_string(), printed);
    }
    assert!(version("v1.27.16-r9") < version("v1.27.16-r10"));
    assert!(version("v1.9.0-r0") < version("v1.10.0-r0"));
    for text in [
        "",
        "1.27.16",
        "vv1.27.16-r30",
        "v1.27.16",
        "v1.27-r30",
        "v1.27.16-30",
        "v1.27.16.1-r0",
        "v1.27.16-r",
        "v1.27.x-r0",
        "v2.0.0-r0",
        "v1.27.16-r+1",
        "v1.99999.0-r0",
        "v1.27.16-r30.5",
    ] {
        let error = text.parse::<ClusterVersion>().expect_err(text);
        assert_eq!(
            error.to_string(),
            format!(
                "`{text}` is not a cluster version; write `v1.31.6-r0`, with its `-rN`: rows C2 and C3 hang on it, and C6 in edition `2026`"
            )
        );
    }
}

#[test]
fn every_row_knows_its_words_and_no_others() {
    let base = Profile::kubernetes();
    for row in Row::ALL {
        for word in Capabilities::words(*row) {
            let changed = base.clone().with_override(*row, word).unwrap();
            assert_eq!(changed.overrides()[row], *word);
        }
        let error = base.clone().with_override(*row, "perhaps").unwrap_err().to_string();
        assert!(error.starts_with(&format!("row {row} cannot be `perhaps`; ")), "{error}");
    }
    // What is not Kubernetes' own form is what definite verdicts may cite.
    let vpc: Vec<Row> = says(NetworkModel::Vpc).other_than_kubernetes().collect();
    assert_eq!(vpc, [Row::C6, Row::C7, Row::C8, Row::C9, Row::C13, Row::U5]);
    assert_eq!(Capabilities::KUBERNETES.other_than_kubernetes().count(), 0);
}

#[test]
fn overrides_outlive_switch_and_edition() {
    let profile = Profile::vpc(version("v1.31.6-r0")).with_override(Row::C14, "unknown").unwrap();
    let changed = profile.with_edition(Edition::SeedProse).with_switch(Switch::Off);
    assert_eq!(changed.capabilities().end_port, EndPort::Unknown);
    assert_eq!(changed.capabilities().enforcement, Support::Unsupported);
    assert_eq!(changed.with_switch(Switch::On).capabilities().enforcement, Support::Supported);
    // Who says what U3 is speaks of the own node, which C13 settles otherwise.
    let exempt = Profile::vpc(version("v1.31.6-r0")).with_override(Row::U3, "exempt").unwrap();
    assert_eq!(exempt.capabilities().own_node, OwnNode::Supported);
    let nowhere = Profile::kubernetes().with_override(Row::C6, "unsupported").unwrap();
    assert_eq!(nowhere.capabilities().node_os, NodeOs::Only { ingress: Vec::new(), egress: Vec::new() });
}

#[test]
#[cfg(feature = "yaml")]
fn a_profile_file_holds_everything() {
    let text = "model: cn2\nversion: v1.34.3-r10-34.0.1\nswitch: false\npodCIDRs: [10.0.0.0/16, fd00::/64]\n\
                serviceCIDRs: [10.247.0.0/16]\nedition: 2026\nsecureRuntimes: [kata, gvisor-*]\n\
                overrides: {C14: unknown, U3: judged}\n";
    let profile = Profile::read("profile.yaml", text).unwrap();
    assert_eq!(profile.switch(), Switch::Off);
    assert_eq!(profile.edition(), Edition::Y2026);
    assert_eq!(profile.pod_cidrs().len(), 2);
    assert_eq!(profile.service_cidrs().len(), 1);
    assert_eq!(profile.secure_runtimes(), ["kata", "gvisor-*"]);
    assert_eq!(profile.release().minor(), 34);
    assert_eq!(profile.capabilities().end_port, EndPort::Unknown);
    // What is written reads back.
    let written = serde_json::to_string(&profile).unwrap();
    assert_eq!(Profile::read("profile.json", &written).unwrap(), profile);
    assert_eq!(serde_json::from_str::<Profile>(&written).unwrap(), profile);
    assert_eq!(serde_json::from_str::<Profile>("\"vpc:v1.31.6-r0\"").unwrap(), Profile::vpc(version("v1.31.6-r0")));
}

#[test]
#[cfg(feature = "yaml")]
fn every_fault_of_a_profile_file_is_located() {
    let text = "model: vpc\nversion: 1.31\nswitch: yes please\npodCidrs: []\nserviceCIDRs:\n- 10.0.0.0\n- 7\n\
                edition: new\noverrides:\n  C14: maybe\n  C99: unknown\n  K23: unknown\n";
    let faults = Profile::read("profile.yaml", text).unwrap_err();
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "profile.yaml:4 (document 0): error[NP004]: podCidrs: `podCidrs` is not a field here (help: the fields are `model`, `version`, `switch`, `podCIDRs`, `serviceCIDRs`, `edition`, `secureRuntimes`, `overrides`)",
            "profile.yaml:2 (document 0): error[NP003]: version: this must be a string, not a number (help: write it in quotes)",
            "profile.yaml:3 (document 0): error[NP003]: switch: this must be a bool, not a string",
            "profile.yaml:8 (document 0): error[NP004]: edition: not an edition (help: write `seed`, `seed-prose`, `2026` or `otc`)",
            "profile.yaml:6 (document 0): error[NP004]: serviceCIDRs[0]: `10.0.0.0` is not a CIDR (help: write `10.0.0.0/16` or `2001:db8::/32`)",
            "profile.yaml:7 (document 0): error[NP003]: serviceCIDRs[1]: this must be a string, not a number (help: write it in quotes)",
            "profile.yaml:10 (document 0): error[NP004]: overrides.C14: row C14 cannot be `maybe`; its words are `supported`, `single-port`, `unknown`",
            "profile.yaml:11 (document 0): error[NP004]: overrides.C99: `C99` is not a row (help: rows are `C1` to `C14` and `U1` to `U9`)",
            "profile.yaml:12 (document 0): error[NP004]: overrides.K23: row K23 cannot be `unknown`; it cannot be overridden",
        ]
    );
    for (text, expected) in [
        (
            "{}",
            "p.json:1 (document 0): error[NP005]: model: the field `model` is missing (help: write `kubernetes`, `tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`))",
        ),
        (
            "{\"model\": \"vpc\", \"version\": \"v1.31.6-r0\", \"model\": \"kubernetes\"}",
            "p.json:1 (document 0): error[NP111]: model: the field `model` is given twice (help: keep one of them)",
        ),
        (
            "{\"model\": \"ovs\"}",
            "p.json:1 (document 0): error[NP004]: model: `ovs` is not a network model; write `kubernetes`, `tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)",
        ),
        (
            "{\"model\": \"vpc\"}",
            "p.json:1 (document 0): error[NP004]: version: model `vpc` needs a version; write `vpc:v1.31.6-r0`",
        ),
        (
            "{\"model\": \"vpc\", \"version\": \"v1.31.6\"}",
            "p.json:1 (document 0): error[NP004]: version: `v1.31.6` is not a cluster version; write `v1.31.6-r0`, with its `-rN`: rows C2 and C3 hang on it, and C6 in edition `2026`",
        ),
        (
            "[]",
            "p.json:1 (document 0): error[NP003]: this must be an object, not a list (help: write `model: kubernetes`)",
        ),
    ] {
        let faults = Profile::read("p.json", text).unwrap_err();
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
}
