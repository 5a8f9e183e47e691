//! What the profile says of a policy: every code, its text, and the neighbour that is left alone.

use std::collections::BTreeSet;

use netpol_oracle::admission::{CATALOGUE, idle, review};
use netpol_oracle::diagnostic::{Code, Diagnostic, Origin, Severity};
use netpol_oracle::{Loader, Profile};
use netpol_test_support::within;

const TUNNEL: &str = "{model: tunnel, version: v1.31.6-r0}";
const VPC: &str = "{model: vpc, version: v1.31.6-r0}";
const CN2: &str = "{model: cn2, version: v1.31.6-r0}";
const KUBERNETES: &str = "{model: kubernetes}";

fn profile(text: &str) -> Profile {
    Profile::read("profile.yaml", text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

/// The review of the policy `a/p`, held against everything in `manifests`.
fn reviewed(profile_text: &str, manifests: &str) -> Vec<Diagnostic> {
    let profile = profile(profile_text);
    let loaded = Loader::new(profile.release()).text("t.yaml", manifests).finish();
    let faults: Vec<_> = loaded.diagnostics.iter().filter(|fault| fault.severity == Severity::Error).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let policy = loaded.cluster.policy(&netpol_oracle::ObjectName::new("a", "p")).expect("policy a/p");
    let mut found = review(policy, &profile, &loaded.cluster);
    found.extend(idle(policy, &profile, &loaded.cluster));
    for diagnostic in &found {
        let is_lint = diagnostic.code.as_str().starts_with("NP3");
        let origin = if is_lint { Origin::Lint } else { Origin::Profile };
        assert_eq!((diagnostic.origin, &diagnostic.location), (origin, &None));
        for text in [&diagnostic.message, &diagnostic.help] {
            assert!(!text.contains(['\n', '\t']) && !text.ends_with('.'), "{text}");
        }
        assert!(is_lint || diagnostic.code.as_str().starts_with("NP2"), "{diagnostic}");
    }
    found
}

/// Findings of one code: severity, path and message.
fn of(code: Code, profile: &str, manifests: &str) -> Vec<String> {
    let found = reviewed(profile, manifests);
    found
        .into_iter()
        .filter(|found| found.code == code)
        .map(|mut found| {
            found.help.clear();
            found.to_string()
        })
        .collect()
}

fn policy(spec: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: a}}, spec: {{{spec}}}}}\n"
    )
}

fn other(name: &str, spec: &str) -> String {
    policy(spec).replace("name: p,", &format!("name: {name},"))
}

fn pod(name: &str, rest: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}, {rest}}}\n"
    )
}

fn joined(parts: &[&str]) -> String {
    parts.join("\n---\n")
}

#[test]
fn every_code_has_an_example_a_row_of_the_table_and_a_text() {
    let page = include_str!("../src/admission/mod.rs");
    let given: BTreeSet<Code> = CATALOGUE.iter().map(|example| example.code).collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().filter(|code| code.as_str() >= "NP2").collect();
    assert_eq!(given, all);
    assert!(all.len() >= 24);
    for code in all {
        assert!(page.contains(&format!("//! | {code} |")), "{code} is not in the table");
    }
    for example in CATALOGUE {
        let found = reviewed(example.profile, example.manifests);
        let meant = found.iter().find(|found| found.code == example.code);
        let meant = meant.unwrap_or_else(|| panic!("{}: {found:#?}", example.code));
        assert_eq!((meant.path.as_str(), meant.message.as_str()), (example.path, example.message));
    }
}

/// The same policy where Kubernetes does as it says: nothing but what K rules warn about.
#[test]
fn kubernetes_says_nothing_of_what_the_models_lack() {
    let rows = |code: Code| code.as_str() <= "NP214" || code == Code::DiscouragedExcept;
    for example in CATALOGUE {
        let found = reviewed(KUBERNETES, example.manifests);
        assert!(found.iter().all(|found| !rows(found.code)), "{found:#?}");
        assert!(found.iter().all(|found| found.severity == Severity::Warning));
    }
}

#[test]
fn c1_the_switch() {
    let allow = policy("podSelector: {}");
    let off =
        |model: &str| of(Code::NotEnforced, &format!("{{model: {model}, version: v1.31.6-r0, switch: false}}"), &allow);
    let said = ["warning[NP201]: network policies are switched off on this cluster: nothing of this one is enforced"];
    for (model, on) in [("tunnel", TUNNEL), ("vpc", VPC), ("cn2", CN2)] {
        assert_eq!(off(model), said, "{model}");
        assert_eq!(of(Code::NotEnforced, on, &allow), Vec::<String>::new(), "{model}");
    }
    assert_eq!(
        of(Code::NotEnforced, "{model: kubernetes, overrides: {C1: unknown}}", &allow),
        ["warning[NP201]: it is not known whether this cluster enforces network policies"]
    );
    assert_eq!(
        of(Code::NotEnforced, "{model: kubernetes, overrides: {C1: unsupported}}", &allow),
        ["warning[NP201]: this cluster does not enforce network policies: nothing of this one is enforced"]
    );
}

#[test]
fn c2_and_c3_versions() {
    let both = policy("podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]");
    let codes = |profile: &str| -> Vec<String> {
        reviewed(profile, &both)
            .into_iter()
            .map(|found| found.to_string())
            .filter(|text| text.contains("version"))
            .collect()
    };
    assert_eq!(
        codes("{model: vpc, version: v1.31.4-r0}"),
        [
            "warning[NP202]: spec.ingress: DataPlane V2 is on but has no effect: cluster version `v1.31.4-r0` does not \
             enforce ingress rules, traffic passes freely (help: they are enforced from `v1.27.16-r30`, `v1.28.15-r20`, \
             `v1.29.13-r0`, `v1.30.10-r0`, `v1.31.6-r0` on, for each minor line)",
            "warning[NP203]: spec.egress: DataPlane V2 is on but has no effect: cluster version `v1.31.4-r0` does not \
             enforce egress rules, traffic passes freely (help: they are enforced from `v1.27.16-r30`, `v1.28.15-r20`, \
             `v1.29.13-r0`, `v1.30.10-r0`, `v1.31.6-r0` on, for each minor line)",
        ]
    );
    assert_eq!(codes(VPC), Vec::<String>::new());
    assert_eq!(codes("{model: vpc, version: v1.29.10-r0, edition: seed-prose}"), Vec::<String>::new());
    assert_eq!(codes("{model: vpc, version: v1.29.10-r0}").len(), 2);
    assert_eq!(codes("{model: cn2, version: v1.30.6-r0}"), Vec::<String>::new());
    assert_eq!(codes("{model: cn2, version: v1.30.5-r9}").len(), 2);
    assert!(codes("{model: cn2, version: v1.31.6-r0, edition: '2026'}")[0].contains("from `v1.34.3-r10` on"));
    assert_eq!(
        codes("{model: tunnel, version: v1.21.1-r0}"),
        [
            "warning[NP203]: spec.egress: cluster version `v1.21.1-r0` does not enforce egress rules, traffic passes freely \
          (help: they are enforced from `v1.23.0-r0` on, for each minor line)"
        ]
    );
    // Only the directions that the policy has.
    let ingress = policy("podSelector: {}");
    assert_eq!(of(Code::EgressVersion, "{model: vpc, version: v1.31.4-r0}", &ingress), Vec::<String>::new());
    assert_eq!(
        of(Code::IngressVersion, "{model: tunnel, version: v1.31.6-r0, overrides: {C2: unsupported}}", &ingress),
        ["warning[NP202]: spec.ingress: this cluster does not enforce ingress rules, traffic passes freely"]
    );
    assert_eq!(
        of(Code::IngressVersion, "{model: vpc, version: v1.31.6-r0, overrides: {C2: unknown}}", &ingress),
        ["warning[NP202]: spec.ingress: it is not known whether this cluster enforces ingress rules"]
    );
}

#[test]
fn c4_c5_blocks_by_direction() {
    let both = policy(
        "podSelector: {}, ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 192.0.2.0/24}}]}], \
         egress: [{}, {to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]",
    );
    let unsupported = "error[NP204]: spec.ingress[0].from[1].ipBlock: this cluster does not support `ipBlock` in ingress \
                       rules: what the block admits is not known";
    assert_eq!(of(Code::IngressIpBlock, TUNNEL, &both), [unsupported]);
    assert_eq!(
        of(Code::IngressIpBlock, "{model: vpc, version: v1.31.6-r0, overrides: {C4: unsupported}}", &both),
        [unsupported]
    );
    for quiet in [VPC, CN2, KUBERNETES, "{model: tunnel, version: v1.31.6-r0, overrides: {C4: supported}}"] {
        assert_eq!(of(Code::IngressIpBlock, quiet, &both), Vec::<String>::new(), "{quiet}");
        assert_eq!(of(Code::EgressIpBlock, quiet, &both), Vec::<String>::new(), "{quiet}");
    }
    assert_eq!(
        of(Code::EgressIpBlock, "{model: kubernetes, overrides: {C5: unknown}}", &both),
        [
            "warning[NP205]: spec.egress[1].to[0].ipBlock: it is not known whether this cluster supports `ipBlock` in egress rules"
        ]
    );
    // K4: what is ignored asks for nothing.
    let undeclared =
        policy("podSelector: {}, policyTypes: [Egress], ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]");
    assert_eq!(of(Code::IngressIpBlock, TUNNEL, &undeclared), Vec::<String>::new());
}

#[test]
fn c6_node_systems() {
    let node = |name: &str, os: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, status: {{nodeInfo: {{osImage: '{os}'}}}}}}\n"
        )
    };
    let world = |types: &str, first: &str, second: &str| {
        policy(&format!("podSelector: {{}}, policyTypes: [{types}]"))
            + &pod("a/x", "spec: {nodeName: n1}")
            + &pod("a/w", "spec: {nodeName: n2}")
            + &pod("b/z", "spec: {nodeName: n3}")
            + &node("n1", first)
            + &node("n2", second)
            + &node("n3", "Ubuntu 22.04.4 LTS")
    };
    let hce = "Huawei Cloud EulerOS 2.0 (x86_64)";
    let ubuntu = "Ubuntu 22.04.4 LTS";
    for quiet in [TUNNEL, VPC, CN2] {
        assert_eq!(of(Code::NodeOs, quiet, &world("Ingress, Egress", hce, hce)), Vec::<String>::new(), "{quiet}");
        assert_eq!(
            of(Code::NodeOs, quiet, &world("Ingress, Egress", hce, ubuntu)),
            [
                "warning[NP206]: spec.podSelector: only some of the nodes of the selected pods have an operating system that is \
              known to enforce policies: node `n2` with `Ubuntu 22.04.4 LTS`"
            ],
            "{quiet}"
        );
    }
    let euler = "EulerOS 2.0 (SP9x86_64)";
    assert_eq!(
        of(Code::NodeOs, TUNNEL, &world("Ingress, Egress", euler, euler)),
        [
            "warning[NP206]: spec.podSelector: none of the nodes of the selected pods have an operating system that is known \
          to enforce egress rules: nodes `n1`, `n2` with `EulerOS 2.0 (SP9x86_64)`"
        ]
    );
    assert_eq!(of(Code::NodeOs, TUNNEL, &world("Ingress", euler, euler)), Vec::<String>::new());
    assert_eq!(of(Code::NodeOs, KUBERNETES, &world("Ingress", ubuntu, ubuntu)), Vec::<String>::new());
    assert_eq!(
        of(Code::NodeOs, "{model: vpc, version: v1.31.10-r30, edition: '2026'}", &world("Ingress", ubuntu, hce)),
        Vec::<String>::new()
    );
}

#[test]
fn c7_ipv6() {
    let block = |cidr: &str| policy(&format!("podSelector: {{}}, egress: [{{to: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}]"));
    let said = "error[NP207]: spec.egress[0].to[0].ipBlock.cidr: this cluster does not support IPv6 policies: IPv6 \
                traffic passes whatever the block says";
    for (profile, expected) in [(TUNNEL, vec![said]), (VPC, vec![said]), (CN2, vec![]), (KUBERNETES, vec![])] {
        assert_eq!(of(Code::Ipv6Policy, profile, &block("2001:db8::/64")), expected, "{profile}");
        assert_eq!(of(Code::Ipv6Policy, profile, &block("192.0.2.0/24")), Vec::<String>::new(), "{profile}");
        // K22: a mapped block is the IPv4 one.
        assert_eq!(of(Code::Ipv6Policy, profile, &block("::ffff:192.0.2.0/120")), Vec::<String>::new(), "{profile}");
    }
    let with = |status: &str| policy("podSelector: {}") + &pod("a/x", status);
    let dual = with("status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}");
    assert_eq!(
        of(Code::Ipv6Policy, VPC, &dual),
        ["warning[NP207]: spec.podSelector: IPv6 traffic is not limited by policies here, and pod `a/x` can have it"]
    );
    assert_eq!(of(Code::Ipv6Policy, CN2, &dual), Vec::<String>::new());
    assert_eq!(of(Code::Ipv6Policy, VPC, &with("status: {podIPs: [{ip: 10.0.0.1}]}")), Vec::<String>::new());
}

#[test]
fn c8_secure_containers() {
    let with = |class: &str| policy("podSelector: {}") + &pod("a/x", &format!("spec: {{runtimeClassName: {class}}}"));
    for profile in [TUNNEL, VPC, CN2] {
        assert_eq!(
            of(Code::SecureContainers, profile, &with("kata-qemu")),
            [
                "warning[NP208]: spec.podSelector: policies are not known to be enforced for secure containers: pod `a/x`"
            ]
        );
        assert_eq!(of(Code::SecureContainers, profile, &with("katakomb")), Vec::<String>::new());
    }
    assert_eq!(of(Code::SecureContainers, KUBERNETES, &with("kata")), Vec::<String>::new());
    assert_eq!(
        of(Code::SecureContainers, "{model: vpc, version: v1.31.6-r0, secureRuntimes: [katakomb]}", &with("katakomb"))
            .len(),
        1
    );
    // As a peer its labels still match: only subjects matter.
    let peer = policy("podSelector: {matchLabels: {app: w}}")
        + &pod("a/x", "spec: {runtimeClassName: kata}")
        + &pod("a/w", "");
    assert_eq!(of(Code::SecureContainers, CN2, &peer), Vec::<String>::new());
}

#[test]
fn c9_scope_of_blocks() {
    let world = |cidr: &str, except: &str| {
        policy(&format!("podSelector: {{}}, egress: [{{to: [{{ipBlock: {{cidr: {cidr}, except: [{except}]}}}}]}}]"))
            + &pod("a/x", "spec: {nodeName: n1}, status: {podIPs: [{ip: 10.0.0.7}], hostIPs: [{ip: 192.168.0.1}]}")
            + &pod("b/w", "status: {podIPs: [{ip: 10.0.1.7}]}")
            + "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {clusterIP: 10.247.0.9, ports: [{port: 80}]}}\n"
    };
    let ranges = "podCIDRs: [10.0.0.0/16], serviceCIDRs: [10.247.0.0/16]";
    let vpc = format!("{{model: vpc, version: v1.31.6-r0, {ranges}}}");
    let cn2 = format!("{{model: cn2, version: v1.31.6-r0, {ranges}}}");
    let prefix = "warning[NP209]: spec.egress[0].to[0].ipBlock.cidr: an `ipBlock` never matches addresses of the cluster here, and";
    for profile in [&vpc, &cn2] {
        assert_eq!(
            of(Code::IpBlockScope, profile, &world("0.0.0.0/0", "")),
            [format!(
                "{prefix} `0.0.0.0/0` holds some: pod cidr `10.0.0.0/16`; Service cidr `10.247.0.0/16`; pods `a/x`, `b/w`; \
                 nodes `n1`; Services `a/s`"
            )]
        );
        assert_eq!(
            of(Code::IpBlockScope, profile, &world("192.168.0.0/24", "")),
            [format!("{prefix} `192.168.0.0/24` holds some: nodes `n1`")]
        );
        assert_eq!(of(Code::IpBlockScope, profile, &world("192.168.0.0/24", "192.168.0.1/32")), Vec::<String>::new());
        assert_eq!(of(Code::IpBlockScope, profile, &world("192.0.2.0/24", "")), Vec::<String>::new());
        assert_eq!(
            of(Code::IpBlockScope, profile, &world("10.0.1.0/24", "10.0.1.7/32")),
            [format!("{prefix} `10.0.1.0/24` holds some: pod cidr `10.0.0.0/16`")]
        );
    }
    let help = |profile: &str| {
        reviewed(profile, &world("10.0.2.0/24", "")).into_iter().find(|f| f.code == Code::IpBlockScope).unwrap().help
    };
    assert_eq!(help(&vpc), "select pods by labels; nodes need a rule without `to`");
    assert_eq!(
        help(&cn2),
        "select pods by labels; nodes need a rule without `to`; for addresses of a pod cidr that no known pod has it is not known"
    );
    for quiet in [TUNNEL, KUBERNETES, "{model: vpc, version: v1.31.6-r0, overrides: {C9: any}}"] {
        assert_eq!(of(Code::IpBlockScope, quiet, &world("0.0.0.0/0", "")), Vec::<String>::new(), "{quiet}");
    }
    let literal = format!("{{model: vpc, version: v1.31.6-r0, {ranges}, overrides: {{C9: inside}}}}");
    assert_eq!(
        of(Code::IpBlockScope, &literal, &world("10.0.0.0/15", "")),
        [
            "warning[NP209]: spec.egress[0].to[0].ipBlock.cidr: `10.0.0.0/15` holds addresses outside the cluster, which an \
          `ipBlock` never matches here"
        ]
    );
    for inside in ["10.0.3.0/24", "192.168.0.1/32", "10.247.0.0/16"] {
        assert_eq!(of(Code::IpBlockScope, &literal, &world(inside, "")), Vec::<String>::new(), "{inside}");
    }
}

#[test]
fn c10_services_behind_peers() {
    let world = |direction: &str, list: &str, app: &str| {
        policy(&format!(
            "podSelector: {{}}, {direction}: [{{{list}: [{{podSelector: {{matchLabels: {{app: {app}}}}}}}]}}]"
        )) + &pod("a/x", "")
            + &pod("a/w", "")
            + "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {clusterIP: 10.247.0.9, selector: {app: x}, ports: [{port: 80}]}}\n"
            + "---\n{apiVersion: v1, kind: Service, metadata: {name: h, namespace: a}, spec: {clusterIP: None, selector: {app: w}, ports: [{port: 80}]}}\n"
    };
    assert_eq!(
        of(Code::ClusterIpPeers, TUNNEL, &world("egress", "to", "x")),
        ["warning[NP210]: spec.egress[0].to[0]: a ClusterIP cannot be limited by labels here: whether connections to \
          `svc/a/s` are limited is not known"]
    );
    assert_eq!(of(Code::ClusterIpPeers, TUNNEL, &world("egress", "to", "w")), Vec::<String>::new(), "headless");
    assert_eq!(of(Code::ClusterIpPeers, TUNNEL, &world("ingress", "from", "x")), Vec::<String>::new());
    for quiet in [VPC, CN2, KUBERNETES] {
        assert_eq!(of(Code::ClusterIpPeers, quiet, &world("egress", "to", "x")), Vec::<String>::new(), "{quiet}");
    }
}

#[test]
fn c11_the_internal_cloud() {
    let egress = |rules: &str| policy(&format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]"));
    let said = ["warning[NP211]: spec.egress: this cluster cannot limit `100.125.0.0/16`: the selected pods reach it \
                 whatever the rules say"];
    assert_eq!(of(Code::InternalCloud, CN2, &egress("")), said);
    assert_eq!(of(Code::InternalCloud, CN2, &egress("{to: [{ipBlock: {cidr: 100.125.0.0/24}}]}")), said);
    assert_eq!(of(Code::InternalCloud, CN2, &egress("{}")), Vec::<String>::new(), "nothing is limited anyway");
    for quiet in [TUNNEL, VPC, KUBERNETES] {
        assert_eq!(of(Code::InternalCloud, quiet, &egress("")), Vec::<String>::new(), "{quiet}");
    }
    let ingress =
        |cidr: &str| policy(&format!("podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}]"));
    assert_eq!(
        of(Code::InternalCloud, CN2, &ingress("100.0.0.0/8")),
        [
            "warning[NP211]: spec.ingress[0].from[0].ipBlock.cidr: this cluster cannot limit `100.125.0.0/16`: what comes \
          from there may pass, or not, whatever the block says"
        ]
    );
    assert_eq!(of(Code::InternalCloud, CN2, &ingress("100.124.0.0/16")), Vec::<String>::new());
    assert_eq!(of(Code::InternalCloud, CN2, &ingress("100.126.0.0/16")), Vec::<String>::new());
}

#[test]
fn c12_sctp() {
    let rule = |protocol: &str| {
        policy(&format!("podSelector: {{}}, ingress: [{{ports: [{{port: 80}}, {{protocol: {protocol}}}]}}]"))
    };
    let said = [
        "error[NP212]: spec.ingress[0].ports[1].protocol: this cluster does not support SCTP: what the rule admits is not known",
    ];
    assert_eq!(of(Code::Sctp, TUNNEL, &rule("SCTP")), said);
    assert_eq!(of(Code::Sctp, CN2, &rule("SCTP")), said);
    assert_eq!(of(Code::Sctp, CN2, &rule("UDP")), Vec::<String>::new());
    for quiet in [VPC, KUBERNETES] {
        assert_eq!(of(Code::Sctp, quiet, &rule("SCTP")), Vec::<String>::new(), "{quiet}");
    }
    let pods = |protocol: &str| {
        let ports =
            format!("spec: {{containers: [{{name: c, ports: [{{containerPort: 9999, protocol: {protocol}}}]}}]}}");
        policy("podSelector: {}") + &pod("a/x", &ports)
    };
    assert_eq!(
        of(Code::Sctp, CN2, &pods("SCTP")),
        [
            "warning[NP212]: spec.podSelector: what happens to SCTP traffic of isolated pods is not known here, and pod `a/x` offers it"
        ]
    );
    assert_eq!(of(Code::Sctp, CN2, &pods("TCP")), Vec::<String>::new());
}

#[test]
fn c13_own_node() {
    let egress = |rules: &str| policy(&format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]"));
    let said = ["warning[NP213]: spec.egress: the selected pods lose the addresses of nodes, their own too, and of \
                 hostNetwork pods: only a rule without `to` leaves those open"];
    for profile in [VPC, CN2] {
        assert_eq!(of(Code::OwnNode, profile, &egress("")), said, "{profile}");
        assert_eq!(of(Code::OwnNode, profile, &egress("{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}")), said, "{profile}");
        assert_eq!(of(Code::OwnNode, profile, &egress("{ports: [{port: 10250}]}")), Vec::<String>::new(), "{profile}");
        assert_eq!(of(Code::OwnNode, profile, &policy("podSelector: {}")), Vec::<String>::new(), "{profile}");
    }
    // Another policy of the same pods leaves nodes open; one of other pods does not.
    let helped = |selector: &str| {
        joined(&[&egress(""), &other("q", &format!("podSelector: {selector}, egress: [{{ports: [{{port: 53}}]}}]"))])
            + &pod("a/x", "")
    };
    assert_eq!(of(Code::OwnNode, VPC, &helped("{}")), Vec::<String>::new());
    assert_eq!(of(Code::OwnNode, VPC, &helped("{matchLabels: {app: w}}")), said);
    for quiet in [TUNNEL, KUBERNETES] {
        assert_eq!(of(Code::OwnNode, quiet, &egress("")), Vec::<String>::new(), "{quiet}");
    }
    let overridden = |word: &str| {
        of(Code::OwnNode, &format!("{{model: kubernetes, overrides: {{C13: {word}}}}}"), &policy("podSelector: {}"))
    };
    assert_eq!(
        overridden("unsupported"),
        [
            "warning[NP213]: spec.ingress: nodes have no access of their own to their pods here: probes need a rule that admits them"
        ]
    );
    assert_eq!(
        overridden("unknown"),
        ["warning[NP213]: spec.ingress: it is not known whether nodes keep access to their own pods here"]
    );
}

#[test]
fn c14_end_port() {
    let range = |last: u16| policy(&format!("podSelector: {{}}, egress: [{{ports: [{{port: 80, endPort: {last}}}]}}]"));
    let said =
        ["error[NP214]: spec.egress[0].ports[0].endPort: this cluster does not support `endPort`: only port `80` is \
                 admitted, not `80` to `90`"];
    for profile in [TUNNEL, CN2, "{model: vpc, version: v1.31.6-r0, overrides: {C14: single-port}}"] {
        assert_eq!(of(Code::EndPort, profile, &range(90)), said, "{profile}");
        assert_eq!(of(Code::EndPort, profile, &range(80)), Vec::<String>::new(), "{profile}");
    }
    for quiet in [VPC, KUBERNETES] {
        assert_eq!(of(Code::EndPort, quiet, &range(90)), Vec::<String>::new(), "{quiet}");
    }
    assert_eq!(
        of(Code::EndPort, "{model: tunnel, version: v1.31.6-r0, overrides: {C14: unknown}}", &range(90)),
        [
            "warning[NP214]: spec.egress[0].ports[0].endPort: it is not known whether this cluster supports `endPort`: above \
          port `80` nothing is certain"
        ]
    );
}

#[test]
fn except() {
    let block = |except: &str| {
        policy(&format!(
            "podSelector: {{}}, egress: [{{to: [{{ipBlock: {{cidr: 192.0.2.0/24, except: [{except}]}}}}]}}]"
        ))
    };
    for profile in [VPC, CN2] {
        assert_eq!(
            of(Code::DiscouragedExcept, profile, &block("192.0.2.0/25")),
            [
                "warning[NP220]: spec.egress[0].to[0].ipBlock.except: the vendor advises against `except` on this data plane"
            ]
        );
        assert_eq!(of(Code::DiscouragedExcept, profile, &block("")), Vec::<String>::new());
    }
    assert_eq!(of(Code::DiscouragedExcept, TUNNEL, &block("192.0.2.0/25")), Vec::<String>::new());
    let said = [
        "warning[NP229]: spec.egress[0].to[0].ipBlock.except: `except` leaves nothing of `192.0.2.0/24`: the block admits no address",
    ];
    assert_eq!(of(Code::EmptyIpBlock, KUBERNETES, &block("192.0.2.128/25, 192.0.2.64/26, 192.0.2.0/25")), said);
    assert_eq!(
        of(Code::EmptyIpBlock, KUBERNETES, &block("192.0.2.128/25, 192.0.2.64/26, 192.0.2.0/26, 192.0.2.255/32")),
        said
    );
    assert_eq!(
        of(Code::EmptyIpBlock, KUBERNETES, &block("192.0.2.128/25, 192.0.2.1/32, 192.0.2.2/31")),
        Vec::<String>::new()
    );
}

const DNS: &str = "---
{apiVersion: v1, kind: Service, metadata: {name: coredns, namespace: kube-system}, spec: {clusterIP: 10.247.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP, targetPort: 5353}, {name: dns-tcp, port: 53, protocol: TCP, targetPort: 5353}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: coredns-0, namespace: kube-system, labels: {k8s-app: kube-dns}}, status: {podIPs: [{ip: 10.0.9.9}]}}
";

#[test]
fn dns_cut_off() {
    let dns = |profile: &str, rules: &str, more: &str| {
        let world = policy(&format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]"))
            + &pod("a/x", "")
            + &pod("a/w", "")
            + more;
        of(Code::DnsCutOff, profile, &world)
    };
    let said = [
        "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/w`, `a/x` reach `svc/kube-system/coredns` on port 53",
    ];
    let quiet = Vec::<String>::new();
    for profile in [KUBERNETES, TUNNEL, VPC, CN2] {
        assert_eq!(dns(profile, "", DNS), said, "{profile}");
        assert_eq!(dns(profile, "{ports: [{port: 5353, protocol: UDP}]}", DNS), quiet, "{profile}");
        // The rules see the backend's port.
        assert_eq!(dns(profile, "{ports: [{port: 53, protocol: UDP}, {port: 53}]}", DNS), said, "{profile}");
        assert_eq!(
            dns(profile, "{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]}", DNS),
            quiet,
            "{profile}"
        );
    }
    // Where no DNS is loaded it is in `kube-system`, which a peer of the own namespace is not, nor one that names another.
    let system = [
        "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/w`, `a/x` reach port 53 in `kube-system`, or outside the cluster",
    ];
    for own in [
        "{to: [{podSelector: {}}]}",
        "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}",
        "{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}}]}",
    ] {
        assert_eq!(dns(KUBERNETES, own, ""), system, "{own}");
    }
    for perhaps in [
        "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}",
        "{to: [{namespaceSelector: {matchLabels: {team: infra}}}]}",
        "{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}",
    ] {
        assert_eq!(dns(KUBERNETES, perhaps, ""), quiet, "{perhaps}");
    }
    // Only TCP: the protocol that `ports` defaults to.
    assert_eq!(
        dns(KUBERNETES, "{ports: [{port: 5353}]}", DNS),
        [
            "warning[NP221]: spec.egress: DNS is cut off over UDP: no egress rule lets `a/w`, `a/x` reach `svc/kube-system/coredns` on port 53"
        ]
    );
    // The policy's own namespace is not the servers'. On Tunnel a ClusterIP is not limited by labels: not certain (C10).
    let own = "{to: [{podSelector: {}}]}";
    assert_eq!(dns(KUBERNETES, own, DNS), said);
    assert_eq!(dns(TUNNEL, own, DNS), quiet);
    // C9: an `ipBlock` never matches the servers on eBPF.
    let world = "{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}";
    assert_eq!(dns(KUBERNETES, world, DNS), quiet);
    assert_eq!(dns(VPC, world, DNS), said);
    // Where nothing is enforced, nothing is cut off.
    assert_eq!(dns("{model: vpc, version: v1.31.4-r0}", "", DNS), quiet);
    assert_eq!(dns("{model: vpc, version: v1.31.6-r0, switch: false}", "", DNS), quiet);

    // Without the Service the labelled pods, without those any rule for the port.
    let pods = &DNS[DNS.rfind("---").unwrap()..];
    assert_eq!(
        dns(KUBERNETES, "", pods),
        [
            "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/w`, `a/x` reach the pods with `k8s-app=kube-dns` on port 53"
        ]
    );
    assert_eq!(dns(KUBERNETES, "{ports: [{port: 53, protocol: UDP}]}", pods), quiet);
    assert_eq!(
        dns(KUBERNETES, "{ports: [{port: 443}]}", ""),
        ["warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/w`, `a/x` reach port 53 anywhere"]
    );
    assert_eq!(
        dns(KUBERNETES, "{to: [{ipBlock: {cidr: 192.0.2.53/32}}], ports: [{port: 53, protocol: UDP}]}", ""),
        quiet
    );

    // Other policies help those that they select.
    let help = |selector: &str| {
        format!(
            "---\n{}",
            other(
                "dns",
                &format!(
                    "podSelector: {selector}, egress: [{{ports: [{{port: 5353, protocol: UDP}}, {{port: 5353}}]}}]"
                )
            )
        ) + DNS
    };
    assert_eq!(dns(KUBERNETES, "", &help("{}")), quiet);
    assert_eq!(
        dns(KUBERNETES, "", &help("{matchLabels: {app: x}}")),
        [
            "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/w` reach `svc/kube-system/coredns` on port 53"
        ]
    );
    // Ingress alone cuts nothing off.
    assert_eq!(of(Code::DnsCutOff, KUBERNETES, &(policy("podSelector: {}") + DNS)), quiet);
    // An empty namespace: those to come.
    assert_eq!(
        of(Code::DnsCutOff, KUBERNETES, &(policy("podSelector: {}, policyTypes: [Egress]") + DNS)),
        [
            "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets the pods it will select reach `svc/kube-system/coredns` on port 53"
        ]
    );
}

#[test]
fn rules_that_admit_everyone() {
    let all = |spec: &str| of(Code::AdmitsEveryone, KUBERNETES, &policy(&format!("podSelector: {{}}, {spec}")));
    let said = |path: &str, whom: &str, direction: &str| {
        [format!(
            "warning[NP230]: {path}: the rule admits every {whom} on every port: the policy limits no {direction}"
        )]
    };
    assert_eq!(all("ingress: [{from: [{podSelector: {}}]}, {}]"), said("spec.ingress[1]", "source", "ingress"));
    assert_eq!(all("ingress: [{from: [], ports: []}]"), said("spec.ingress[0]", "source", "ingress"));
    assert_eq!(all("egress: [{}]"), said("spec.egress[0]", "destination", "egress"));
    // By other spellings.
    let every = "ports: [{protocol: UDP, port: 1, endPort: 65535}, {protocol: TCP}, {protocol: SCTP}]";
    assert_eq!(all(&format!("ingress: [{{{every}}}]")), said("spec.ingress[0]", "source", "ingress"));
    let blocks = "{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/1'}}, {ipBlock: {cidr: '8000::/1'}}";
    assert_eq!(all(&format!("egress: [{{to: [{blocks}]}}]")), said("spec.egress[0]", "destination", "egress"));
    let admits = |profile: &str, peers: &str| {
        let found =
            of(Code::AdmitsEveryone, profile, &policy(&format!("podSelector: {{}}, egress: [{{to: [{peers}]}}]")));
        found
            .iter()
            .map(|text| text.replace("warning[NP230]: spec.egress[0]: the rule admits ", ""))
            .collect::<Vec<_>>()
    };
    let pods = "{namespaceSelector: {}, podSelector: {}}";
    assert_eq!(admits(KUBERNETES, "{namespaceSelector: {}}"), ["every pod of every namespace on every port"]);
    assert_eq!(admits(KUBERNETES, pods), ["every pod of every namespace on every port"]);
    let v4 = "{ipBlock: {cidr: 0.0.0.0/0}}";
    assert_eq!(admits(KUBERNETES, v4), ["every IPv4 address, pods' and nodes' too on every port"]);
    assert_eq!(admits(VPC, v4), ["every IPv4 address outside the cluster on every port"]);
    assert_eq!(
        admits(VPC, &format!("{pods}, {blocks}")),
        ["every pod of every namespace, and every IPv4 and IPv6 address outside the cluster on every port"]
    );
    assert_eq!(
        admits("{model: kubernetes, overrides: {U6: never}}", blocks),
        ["every IPv4 and IPv6 address, pods' and nodes' too on every port"]
    );
    assert_eq!(
        of(Code::AdmitsEveryone, TUNNEL, &policy(&format!("podSelector: {{}}, ingress: [{{from: [{v4}]}}]"))),
        Vec::<String>::new(),
        "ingress blocks do nothing that is known there (C4)"
    );
    for quiet in [
        "ingress: []",
        "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]",
        "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: w}}}]}]",
        "ingress: [{ports: [{protocol: TCP}, {protocol: UDP}, {protocol: SCTP, port: 2, endPort: 65535}]}]",
        "ingress: [{ports: [{port: 80}]}]",
        "ingress: [{from: [{podSelector: {}}]}]",
        "policyTypes: [Ingress], egress: [{}]",
    ] {
        assert_eq!(all(quiet), Vec::<String>::new(), "{quiet}");
    }
}

/// OpenShift's DNS is its own.
#[test]
fn dns_of_openshift() {
    let dns = "---\n{apiVersion: v1, kind: Service, metadata: {name: dns-default, namespace: openshift-dns}, spec: {clusterIP: 10.247.0.10, \
               selector: {dns: default}, ports: [{port: 53, protocol: UDP, targetPort: 5353}]}}\n---\n{apiVersion: v1, kind: Pod, metadata: \
               {name: dns-0, namespace: openshift-dns, labels: {dns: default}}, status: {podIPs: [{ip: 10.0.9.9}]}}\n";
    let rule = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{port: 5353, protocol: UDP}]}";
    let cut = |rules: &str, more: &str| {
        let world =
            policy(&format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]")) + &pod("a/x", "") + more;
        of(Code::DnsCutOff, KUBERNETES, &world)
    };
    assert_eq!(cut(rule, dns), Vec::<String>::new());
    assert_eq!(cut(rule, ""), Vec::<String>::new(), "nobody says where DNS is");
    assert_eq!(
        cut("", dns),
        [
            "warning[NP221]: spec.egress: DNS is cut off: no egress rule lets `a/x` reach `svc/openshift-dns/dns-default` on port 53"
        ]
    );
}

/// What rules have to admit is the servers' own port.
#[test]
fn the_help_names_the_port_of_the_dns_pods() {
    let world = policy("podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]")
        + &pod("a/x", "")
        + DNS;
    let loaded = Loader::new(netpol_oracle::Release::DEFAULT).text("t.yaml", &world).finish();
    let found = review(loaded.cluster.policies().first().unwrap(), &profile(KUBERNETES), &loaded.cluster);
    let found = found.iter().find(|found| found.code == Code::DnsCutOff).unwrap();
    assert_eq!(found.help, "admit port 5353, which 53 becomes, by UDP and TCP to the DNS pods");
}

#[test]
fn node_local_dns_cut_off() {
    let cut = |profile: &str, rules: &str, more: &str| {
        let cache = pod("kube-system/node-local-dns-x", "").replace("app: node-local-dns-x", "k8s-app: node-local-dns");
        let world = policy(&format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]"))
            + &pod("a/x", "")
            + &cache
            + more;
        of(Code::NodeDnsCutOff, profile, &world)
    };
    let said = [
        "warning[NP231]: spec.egress: node-local DNS is cut off: no egress rule lets `a/x` reach `169.254.20.10` on port 53 over UDP",
    ];
    let quiet = Vec::<String>::new();
    for profile in [TUNNEL, VPC, CN2] {
        for rules in [
            "",
            "{to: [{namespaceSelector: {}}]}",
            "{ports: [{port: 53}]}",
            "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}}]}",
        ] {
            assert_eq!(cut(profile, rules, ""), said, "{profile} {rules}");
        }
        for rules in [
            "{}",
            "{ports: [{port: 53, protocol: UDP}]}",
            "{to: [{ipBlock: {cidr: 169.254.20.10/32}}], ports: [{port: 53, protocol: UDP}]}",
            "{to: [{podSelector: {}}, {ipBlock: {cidr: 169.254.0.0/16}}]}",
        ] {
            assert_eq!(cut(profile, rules, ""), quiet, "{profile} {rules}");
        }
        let helped = other("dns", "podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}]");
        assert_eq!(cut(profile, "", &format!("---\n{helped}")), quiet);
    }
    // Wherever it runs.
    assert_eq!(cut(KUBERNETES, "", ""), said);
    assert_eq!(cut("{model: vpc, version: v1.31.4-r0}", "", ""), quiet);
    // Where pods always reach their node they reach the cache there.
    assert_eq!(cut("{model: tunnel, version: v1.31.6-r0, overrides: {U3: exempt}}", "", ""), quiet);
    // The cache is an add-on: nobody knows that it runs, or that these pods ask it.
    let alone = policy("podSelector: {}, policyTypes: [Egress]") + &pod("a/x", "");
    assert_eq!(of(Code::NodeDnsCutOff, TUNNEL, &alone), quiet);
    let namespace = |name: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{node-local-dns-injection: enabled}}}}}}\n"
        )
    };
    assert_eq!(of(Code::NodeDnsCutOff, TUNNEL, &(alone.clone() + &namespace("b"))), quiet);
    assert_eq!(of(Code::NodeDnsCutOff, TUNNEL, &(alone + &namespace("a"))), said);
    assert_eq!(of(Code::NodeDnsCutOff, TUNNEL, &policy("podSelector: {}")), quiet);
}

#[test]
fn health_checks_cut_off() {
    let cut = |profile: &str, rules: &str| {
        let world = policy(&format!("podSelector: {{}}, ingress: [{rules}]")) + &pod("a/x", "");
        of(Code::HealthChecksCutOff, profile, &world)
    };
    let said = [
        "warning[NP232]: spec.ingress: health checks of load balancers are cut off: no ingress rule lets `100.125.0.0/16` reach `a/x`",
    ];
    let quiet = Vec::<String>::new();
    for profile in [TUNNEL, VPC] {
        for rules in ["", "{from: [{namespaceSelector: {}}]}", "{from: [{ipBlock: {cidr: 100.126.0.0/16}}]}"] {
            assert_eq!(cut(profile, rules), said, "{profile} {rules}");
        }
        for rules in ["{}", "{ports: [{port: 80}]}", "{from: [{ipBlock: {cidr: 100.125.0.0/16}}]}"] {
            assert_eq!(cut(profile, rules), quiet, "{profile} {rules}");
        }
    }
    // Nobody knows what CN2 does with the range (C11).
    assert_eq!(cut(CN2, ""), quiet);
    assert_eq!(cut(KUBERNETES, ""), quiet);
    assert_eq!(of(Code::HealthChecksCutOff, VPC, &policy("podSelector: {}, policyTypes: [Egress]")), quiet);
}

#[test]
fn k3_an_empty_egress_list() {
    let said = |spec: &str| -> Vec<String> {
        let loaded = Loader::new(netpol_oracle::Release::DEFAULT).text("t.yaml", policy(spec)).finish();
        loaded.diagnostics.iter().map(ToString::to_string).collect()
    };
    let expected = "t.yaml:1 (document 0): warning[NP012]: spec.egress: `egress: []` without `policyTypes` restricts nothing \
                    (help: to deny all egress, add `policyTypes: [Ingress, Egress]`)";
    assert_eq!(said("podSelector: {}, ingress: [{}], egress: []"), [expected]);
    assert_eq!(said("podSelector: {}, policyTypes: [], egress: []"), [expected]);
    assert_eq!(said("podSelector: {}, egress: null"), [expected.replace("`egress: []`", "`egress:`")]);
    for (spec, field, word) in [
        ("podSelector: {}, policyTypes: [Ingress], egress: []", "egress", "Egress"),
        ("podSelector: {}, policyTypes: [Egress], ingress: []", "ingress", "Ingress"),
    ] {
        let expected = format!(
            "t.yaml:1 (document 0): warning[NP012]: spec.{field}: `{field}: []` restricts nothing: `policyTypes` does not name `{word}` \
             (help: to deny all {field}, add `{word}` to `policyTypes`; else remove the field)"
        );
        assert_eq!(said(spec), [expected]);
    }
    for quiet in [
        "podSelector: {}",
        "podSelector: {}, ingress: null",
        "podSelector: {}, policyTypes: [Egress], egress: []",
        "podSelector: {}, policyTypes: [Ingress], egress: [{}]",
        "podSelector: {}, egress: [{}]",
    ] {
        assert_eq!(said(quiet), Vec::<String>::new(), "{quiet}");
    }
}

#[test]
fn findings_are_placed_by_the_lines_of_fields() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec:\n  podSelector: {}\n  \
                ingress:\n  - from:\n    - ipBlock:\n        cidr: 192.0.2.0/24\n        except:\n        - 192.0.2.0/24\n  - {}\n";
    let text = text.replace("- 192.0.2.0/24", "- 192.0.2.0/25\n        - 192.0.2.128/25");
    let loaded = Loader::new(netpol_oracle::Release::DEFAULT).text("t.yaml", &text).finish();
    let judged = netpol_oracle::manifest::judge_text(netpol_oracle::Release::DEFAULT, "t.yaml", &text);
    let policy = loaded.cluster.policies().first().unwrap();
    let lines: Vec<_> =
        review(policy, &profile("{model: tunnel, version: v1.31.6-r0, switch: false}"), &loaded.cluster)
            .iter()
            .map(|found| (found.code.as_str(), loaded.objects[0].lines.line(&found.path)))
            .collect();
    for expected in [("NP201", None), ("NP204", Some(8)), ("NP229", Some(10)), ("NP230", Some(13))] {
        assert!(lines.contains(&expected), "{lines:?}");
    }
    assert_eq!(judged[0].lines, loaded.objects[0].lines);
}

#[test]
fn selectors_that_select_nothing() {
    let with = |subject: &str, from: &str| {
        policy(&format!("podSelector: {subject}, ingress: [{{from: [{from}]}}]")) + &pod("a/x", "") + &pod("b/w", "")
    };
    let subject = |text: &str| of(Code::SubjectSelectsNothing, KUBERNETES, &with(text, "{podSelector: {}}"));
    assert_eq!(
        subject("{matchLabels: {app: w}}"),
        ["warning[NP222]: spec.podSelector: `app=w` selects no pod of namespace `a`"]
    );
    assert_eq!(subject("{matchExpressions: [{key: app, operator: DoesNotExist}]}").len(), 1);
    assert_eq!(subject("{matchExpressions: [{key: app, operator: NotIn, values: [w]}]}"), Vec::<String>::new());
    assert_eq!(subject("{}"), Vec::<String>::new());
    assert_eq!(
        of(Code::SubjectSelectsNothing, KUBERNETES, &(policy("podSelector: {}") + &pod("b/w", ""))),
        ["warning[NP222]: spec.podSelector: namespace `a` has no pods to isolate"]
    );
    let peer = |text: &str| of(Code::PeerSelectsNothing, KUBERNETES, &with("{}", text));
    let at = "warning[NP223]: spec.ingress[0].from[0]:";
    for (text, said) in [
        ("{podSelector: {matchLabels: {app: w}}}", "`app=w` selects no pod of namespace `a`"),
        ("{namespaceSelector: {matchLabels: {team: a}}}", "no namespace has the labels `team=a`"),
        ("{namespaceSelector: {}, podSelector: {matchLabels: {app: z}}}", "`app=z` selects no pod"),
        (
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}, podSelector: {matchLabels: {app: x}}}",
            "`app=x` selects no pod of the namespaces with `kubernetes.io/metadata.name=b`",
        ),
    ] {
        assert_eq!(peer(text), [format!("{at} {said}")]);
    }
    for quiet in [
        "{podSelector: {}}",
        "{namespaceSelector: {}, podSelector: {matchLabels: {app: w}}}",
        "{namespaceSelector: {}}",
    ] {
        assert_eq!(peer(quiet), Vec::<String>::new(), "{quiet}");
    }
    // A workload's template counts; finished pods and an unloaded cluster say nothing.
    let deployment = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: a}, spec: {selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}}}}\n";
    let d = policy("podSelector: {matchLabels: {app: d}}");
    assert_eq!(of(Code::SubjectSelectsNothing, KUBERNETES, &(d.clone() + deployment)), Vec::<String>::new());
    assert_eq!(
        of(
            Code::SubjectSelectsNothing,
            KUBERNETES,
            &(d.clone() + &pod("a/d", "status: {phase: Succeeded}") + &pod("a/x", ""))
        )
        .len(),
        1
    );
    assert_eq!(reviewed(KUBERNETES, &d), []);
}

/// Labels that a controller will set count as the replicas' own (K27): such a selector selects, where some value fits.
#[test]
fn selectors_on_what_controllers_set() {
    let set = |name: &str, template: &str, port: &str| {
        format!(
            "---\n{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: {name}, namespace: a}}, spec: {{replicas: 3, \
             selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}{template}}}}}, \
             spec: {{containers: [{{name: c, ports: [{{name: {port}, containerPort: 80}}]}}]}}}}}}}}\n"
        )
    };
    let world = set("db", "", "pg") + &set("mq", ", apps.kubernetes.io/pod-index: x", "mqtt");
    let said = |profile: &str, labels: &str| {
        let spec = format!("podSelector: {{{labels}}}, ingress: [{{from: [{{podSelector: {{{labels}}}}}]}}]");
        let found = reviewed(profile, &(policy(&spec) + &world));
        let of = |code: Code| found.iter().filter(|one| one.code == code).count();
        assert_eq!(of(Code::SubjectSelectsNothing), of(Code::PeerSelectsNothing), "{labels}");
        of(Code::PeerSelectsNothing)
    };
    for selects in [
        "matchLabels: {statefulset.kubernetes.io/pod-name: db-0}",
        "matchLabels: {app: db, apps.kubernetes.io/pod-index: '2'}",
        "matchLabels: {statefulset.kubernetes.io/pod-name: db-1, apps.kubernetes.io/pod-index: '1'}",
        "matchExpressions: [{key: apps.kubernetes.io/pod-index, operator: NotIn, values: ['0', '1']}]",
        "matchExpressions: [{key: controller-revision-hash, operator: In, values: [db-6bc5]}]",
        "matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: Exists}]",
    ] {
        assert_eq!(said(KUBERNETES, selects), 0, "{selects}");
    }
    for nothing in [
        "matchLabels: {statefulset.kubernetes.io/pod-name: db-3}",
        "matchLabels: {statefulset.kubernetes.io/pod-name: web-0}",
        "matchLabels: {apps.kubernetes.io/pod-index: x}",
        "matchLabels: {app: other, apps.kubernetes.io/pod-index: '2'}",
        "matchLabels: {statefulset.kubernetes.io/pod-name: db-1, apps.kubernetes.io/pod-index: '2'}",
        "matchExpressions: [{key: apps.kubernetes.io/pod-index, operator: NotIn, values: ['0', '1', '2']}]",
        "matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: DoesNotExist}]",
    ] {
        assert_eq!(said(KUBERNETES, nothing), 1, "{nothing}");
    }
    // Before 1.28 nobody sets the index; what the template says stands.
    let old = "{model: kubernetes, version: \"1.27\"}";
    assert_eq!(said(old, "matchLabels: {apps.kubernetes.io/pod-index: '2'}"), 1);
    assert_eq!(said(old, "matchLabels: {apps.kubernetes.io/pod-index: x}"), 0);
    // And they are whom the other findings speak of: whose ports have names, who is behind a ClusterIP.
    let replica = "matchLabels: {statefulset.kubernetes.io/pod-name: db-0}";
    let named = |port: &str| {
        let spec = format!("podSelector: {{{replica}}}, ingress: [{{ports: [{{port: {port}}}]}}]");
        of(Code::UndeclaredPortName, KUBERNETES, &(policy(&spec) + &world)).len()
    };
    assert_eq!((named("pg"), named("mqtt")), (0, 1));
    let service = "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {clusterIP: 10.247.0.9, selector: {app: db}, ports: [{port: 80}]}}\n";
    let peer = policy(&format!("podSelector: {{}}, egress: [{{to: [{{podSelector: {{{replica}}}}}]}}]"));
    assert_eq!(of(Code::ClusterIpPeers, TUNNEL, &(peer + &world + service)).len(), 1);
}

#[test]
fn port_names() {
    let http = "spec: {containers: [{name: c, ports: [{name: http, containerPort: 80}, {name: q, containerPort: 81, protocol: UDP}]}]}";
    let with = |spec: &str| policy(spec) + &pod("a/x", http) + &pod("a/w", "");
    let ingress = |subject: &str, port: &str| {
        of(
            Code::UndeclaredPortName,
            KUBERNETES,
            &with(&format!("podSelector: {{matchLabels: {{app: {subject}}}}}, ingress: [{{ports: [{port}]}}]")),
        )
    };
    assert_eq!(ingress("x", "{port: http}"), Vec::<String>::new());
    assert_eq!(
        ingress("w", "{port: http}"),
        [
            "warning[NP224]: spec.ingress[0].ports[0].port: no selected pod declares a TCP port named `http`: the entry admits nothing"
        ]
    );
    assert_eq!(ingress("x", "{port: q}").len(), 1, "another protocol");
    assert_eq!(ingress("x", "{port: q, protocol: UDP}"), Vec::<String>::new());
    assert_eq!(ingress("z", "{port: http}"), Vec::<String>::new(), "nothing selected is said by another code");
    let found = reviewed(KUBERNETES, &with("podSelector: {}, ingress: [{ports: [{port: q}]}]"));
    assert_eq!(
        found.iter().map(|f| (f.code, f.help.as_str())).collect::<Vec<_>>(),
        [(Code::UndeclaredPortName, "the name is declared for `UDP`")]
    );

    let egress = |code: Code, to: &str| {
        of(code, KUBERNETES, &with(&format!("podSelector: {{}}, egress: [{{to: [{to}], ports: [{{port: http}}]}}]")))
    };
    assert_eq!(egress(Code::UndeclaredPortName, "{podSelector: {matchLabels: {app: x}}}"), Vec::<String>::new());
    assert_eq!(
        egress(Code::UndeclaredPortName, "{podSelector: {matchLabels: {app: w}}}"),
        [
            "warning[NP224]: spec.egress[0].ports[0].port: no possible destination declares a TCP port named `http`: the entry admits nothing"
        ]
    );
    assert_eq!(egress(Code::UndeclaredPortName, ""), Vec::<String>::new(), "any pod may be meant");
    assert_eq!(egress(Code::PortNameOutside, "{podSelector: {}}"), Vec::<String>::new());
    assert_eq!(
        egress(Code::PortNameOutside, "{podSelector: {}}, {ipBlock: {cidr: 192.0.2.0/24}}"),
        [
            "warning[NP225]: spec.egress[0].ports[0].port: only pods have port names: `http` admits no address outside the cluster by `to[1]`"
        ]
    );
}

#[test]
fn k4_undeclared_directions() {
    let count = |rules: &str| {
        of(
            Code::UndeclaredDirection,
            VPC,
            &policy(&format!("podSelector: {{}}, policyTypes: [Egress], ingress: [{rules}]")),
        )
    };
    assert_eq!(count(""), Vec::<String>::new());
    assert_eq!(
        count("{}"),
        ["warning[NP226]: spec.ingress: `policyTypes` does not declare `Ingress`: the rule here is ignored"]
    );
    assert_eq!(
        count("{}, {}"),
        ["warning[NP226]: spec.ingress: `policyTypes` does not declare `Ingress`: the 2 rules here are ignored"]
    );
}

#[test]
fn k17_host_network() {
    let world = policy("podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]")
        + &pod("a/x", "")
        + &pod("b/agent", "spec: {hostNetwork: true}");
    assert_eq!(
        of(Code::HostNetworkPods, KUBERNETES, &world),
        [
            "warning[NP227]: spec.ingress[0].from[1]: selectors do not match pods with hostNetwork, and this one would select some: `b/agent`"
        ]
    );
    assert_eq!(
        of(Code::HostNetworkPods, "{model: kubernetes, overrides: {U2: unknown}}", &world),
        [
            "warning[NP227]: spec.ingress[0].from[1]: it is not known whether selectors match pods with hostNetwork, and this one would select some: `b/agent`"
        ]
    );
    assert_eq!(of(Code::HostNetworkPods, "{model: kubernetes, overrides: {U2: pod}}", &world), Vec::<String>::new());
    let own = policy("podSelector: {}") + &pod("a/agent", "spec: {hostNetwork: true}");
    for profile in [TUNNEL, VPC, CN2] {
        assert_eq!(
            of(Code::HostNetworkPods, profile, &own),
            [
                "warning[NP227]: spec.podSelector: policies do not isolate pods with hostNetwork, and the selector selects some: `a/agent`"
            ]
        );
    }
}

#[test]
fn k25_policies_of_other_kinds() {
    let with = |kind: &str, version: &str| {
        joined(&[
            &policy("podSelector: {}"),
            &format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: b}}}}"),
        ])
    };
    assert_eq!(
        of(Code::OtherPolicies, VPC, &with("CiliumClusterwideNetworkPolicy", "cilium.io/v2")),
        [
            "warning[NP228]: policies of other kinds exist, which may decide otherwise and are not judged: `CiliumClusterwideNetworkPolicy`"
        ]
    );
    assert_eq!(of(Code::OtherPolicies, VPC, &with("ConfigMap", "v1")), Vec::<String>::new());
}

/// Findings come field by field, numbers as numbers.
#[test]
fn the_order_is_that_of_the_fields() {
    let block = "{ipBlock: {cidr: 192.0.2.0/24}}";
    let from = [block; 11].join(", ");
    let found = reviewed(
        "{model: tunnel, version: v1.21.1-r0, switch: false}",
        &policy(&format!(
            "podSelector: {{}}, policyTypes: [Egress, Ingress], egress: [{{ports: [{{port: 1, endPort: 2}}]}}], \
             ingress: [{{from: [{from}], ports: [{{protocol: SCTP, port: 1, endPort: 2}}]}}, {{ports: [{{protocol: SCTP}}]}}]"
        )),
    );
    let ours = found.iter().filter(|found| found.origin == Origin::Profile);
    let paths: Vec<&str> = ours.map(|found| found.path.as_str()).collect();
    let blocks: Vec<String> = (0..11).map(|at| format!("spec.ingress[0].from[{at}].ipBlock")).collect();
    let mut expected = vec!["", "spec.ingress[0].ports[0].endPort", "spec.ingress[0].ports[0].protocol"];
    expected.extend(blocks.iter().map(String::as_str));
    expected.extend(["spec.ingress[1].ports[0].protocol", "spec.egress", "spec.egress[0].ports[0].endPort"]);
    assert_eq!(paths, expected);
}

/// Names from clusters are not checked: nothing of them breaks a line or a backtick.
#[test]
fn hostile_names_stay_on_one_line() {
    use netpol_oracle::labels::Selector;
    use netpol_oracle::model::PolicyTypes;
    use netpol_oracle::{Cluster, NetworkPolicy, ObjectName, Pod};
    let mut builder = Cluster::builder();
    for at in 0..50 {
        let mut pod = Pod::new(ObjectName::new("a", format!("x\n\t`{at}{}", "y".repeat(500))));
        pod.runtime_class = Some("kata".into());
        builder.pod(pod);
    }
    let name = ObjectName::new("a", "p\n");
    let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Both, vec![], vec![]);
    let found = review(&policy, &profile(CN2), &builder.build());
    assert!(found.iter().any(|found| found.code == Code::SecureContainers));
    for found in found {
        assert!(!found.message.contains(['\n', '\t']) && found.message.len() < 600, "{}", found.message);
        assert_eq!(found.message.matches('`').count() % 2, 0);
    }
}

/// 1,000 rules of every kind over 10,000 pods.
#[test]
fn a_large_policy_in_a_large_cluster() {
    use netpol_oracle::labels::*;
    use netpol_oracle::model::*;
    use netpol_oracle::net::{IpBlock, PortName};
    use netpol_oracle::*;
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(k, v)| (LabelKey::new(k).unwrap(), LabelValue::new(v).unwrap())).collect()
    };
    let mut builder = Cluster::builder();
    for at in 0..10_000_u32 {
        let mut pod = Pod::new(ObjectName::new(format!("ns-{}", at % 100), format!("pod-{at}")));
        pod.labels = labels(&[("app", &format!("app-{}", at % 500)), ("pod", &format!("pod-{at}"))]);
        pod.addresses = vec![std::net::Ipv4Addr::from(0x0A00_0000 + at).into()];
        let http = PortName::new("http").unwrap();
        pod.ports = vec![ContainerPort::new(Protocol::Tcp, Port::new(80).unwrap()).named(http)];
        builder.pod(pod);
    }
    for at in 0..500 {
        let mut service = Service::new(ObjectName::new(format!("ns-{}", at % 100), format!("svc-{at}")));
        service.selector = labels(&[("app", &format!("app-{at}"))]);
        builder.service(service);
    }
    let rule = |at: usize| {
        let key = || LabelKey::new("pod").unwrap();
        let not = Requirement::not_in(key(), [LabelValue::new(&format!("pod-{at}")).unwrap()]).unwrap();
        let block = IpBlock::new(
            format!("10.{}.0.0/16", at % 4).parse().unwrap(),
            vec![format!("10.{}.1.0/24", at % 4).parse().unwrap()],
        );
        let port = |port| PortMatch { protocol: Protocol::Tcp, port };
        Rule {
            peers: Peers::Of(vec![
                Peer::Pods(PodPeer {
                    namespaces: Namespaces::Matching(Selector::everything()),
                    pods: Selector::new(Labels::new(), vec![not]),
                }),
                Peer::Pods(PodPeer {
                    namespaces: Namespaces::Own,
                    pods: Selector::new(labels(&[("app", &format!("app-{at}"))]), vec![]),
                }),
                Peer::IpBlock(block.unwrap()),
            ]),
            ports: Ports::Of(vec![
                port(PortSpec::Name(PortName::new("http").unwrap())),
                port(PortSpec::Name(PortName::new("none").unwrap())),
            ]),
        }
    };
    let rules: Vec<Rule> = (0..500).map(rule).collect();
    let policy = NetworkPolicy::new(
        ObjectName::new("ns-1", "p"),
        Selector::everything(),
        PolicyTypes::Both,
        rules.clone(),
        rules,
    );
    let cluster = builder.build();
    for text in [TUNNEL, VPC, KUBERNETES] {
        let found = within(20, || review(&policy, &profile(text), &cluster));
        println!("{text}: {} findings", found.len());
        assert!(found.len() > 1_000);
    }
}

/// A namespace's own name is the label that everybody has; a rule that names ports is told to name fewer.
#[test]
fn helps_fit_what_is_written() {
    let helps = |rules: &str, code: Code| -> Vec<String> {
        let namespace = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: mon}}\n";
        let text =
            policy(&format!("podSelector: {{}}, ingress: [{rules}]")) + &pod("a/x", "") + &pod("mon/y", "") + namespace;
        let loaded = Loader::new(netpol_oracle::Release::DEFAULT).text("t.yaml", &text).finish();
        let found = review(loaded.cluster.policies().first().unwrap(), &profile(KUBERNETES), &loaded.cluster);
        found.into_iter().filter(|found| found.code == code).map(|found| found.help).collect()
    };
    let by = |label: &str| format!("{{from: [{{namespaceSelector: {{matchLabels: {{name: {label}}}}}}}]}}");
    assert_eq!(
        helps(&by("mon"), Code::PeerSelectsNothing),
        [
            "every namespace has its name as the label `kubernetes.io/metadata.name`: write `kubernetes.io/metadata.name: mon`"
        ]
    );
    assert_eq!(helps(&by("other"), Code::PeerSelectsNothing), [""]);
    let all = "{protocol: TCP, port: 1, endPort: 65535}, {protocol: UDP}, {protocol: SCTP}";
    for (rule, help) in [
        ("{}".to_owned(), "where that is not meant, give it `from` or `ports`"),
        (format!("{{ports: [{all}]}}"), "where that is not meant, give it `from` or fewer ports"),
        (
            "{from: [{namespaceSelector: {}}]}".to_owned(),
            "where that is not meant, narrow its peers or give it `ports`",
        ),
        (
            format!("{{from: [{{namespaceSelector: {{}}}}], ports: [{all}]}}"),
            "where that is not meant, narrow its peers or its ports",
        ),
    ] {
        assert_eq!(helps(&rule, Code::AdmitsEveryone), [help]);
    }
}

/// A null is what is not written: each place where the policy then means more.
#[test]
fn fields_that_are_left_empty() {
    let said = |spec: &str| -> Vec<String> {
        let loaded = Loader::new(netpol_oracle::Release::DEFAULT).text("t.yaml", policy(spec)).finish();
        let found = loaded.diagnostics.iter().filter(|found| found.code == Code::EmptyField);
        found.map(|found| format!("{}: {}", found.path, found.message.rsplit(": ").next().unwrap())).collect()
    };
    assert_eq!(
        said("podSelector: , ingress: [{ports: , from: [{podSelector: {matchLabels: {a: b}}, namespaceSelector: }]}]"),
        [
            "spec.podSelector: the policy selects every pod of its namespace",
            "spec.ingress[0].ports: the rule admits every port",
            "spec.ingress[0].from[0].namespaceSelector: the peer is of the policy's own namespace",
        ]
    );
    assert_eq!(
        said(
            "podSelector: {matchLabels: }, egress: [{ports: [{port: , protocol: UDP}], to: [{ipBlock: {cidr: 10.0.0.0/8, except: }}, \
             {podSelector: , namespaceSelector: {matchLabels: {a: b}, matchExpressions: }}]}]"
        ),
        [
            "spec.podSelector.matchLabels: the selector takes everything",
            "spec.egress[0].ports[0].port: the entry admits every port of its protocol",
            "spec.egress[0].to[0].ipBlock.except: nothing of the block is excepted",
            "spec.egress[0].to[1].podSelector: the peer is every pod of these namespaces",
        ]
    );
    assert_eq!(said("podSelector: {}, ingress: [{}, {ports: []}]"), Vec::<String>::new());
}
