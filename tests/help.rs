//! What the help of a finding says where the server's words alone send people the wrong way.

use netpol_oracle::Release;
use netpol_oracle::manifest::judge_text;

/// `path: help` of every finding of a spec, in YAML.
fn helps(spec: &str) -> Vec<String> {
    let lines: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec:\n{lines}");
    let mut judgements = judge_text(Release::DEFAULT, "p.yaml", text);
    assert_eq!(judgements.len(), 1);
    let found = judgements.remove(0).diagnostics;
    found.into_iter().map(|found| format!("{}: {}", found.path, found.help)).collect()
}

#[test]
fn a_selector_one_level_too_high() {
    let spec = "podSelector: {}\ningress:\n- from:\n  - podSelector:\n    matchLabels:\n      a: b\n  - namespaceSelector:\n    \
                matchExpressions: [{key: a, operator: Exists}]\n  - ipBlock:\n    cidr: 10.0.0.0/8\n";
    assert_eq!(
        helps(spec),
        [
            "spec.ingress[0].from[0].matchLabels: `matchLabels` stands one level too high: indent it under `podSelector`",
            "spec.ingress[0].from[1].matchExpressions: `matchExpressions` stands one level too high: indent it under `namespaceSelector`",
            "spec.ingress[0].from[2].cidr: `cidr` stands one level too high: indent it under `ipBlock`",
            "spec.ingress[0].from[0]: the selector stands one level too high: indent it under `podSelector`",
            "spec.ingress[0].from[1]: the selector stands one level too high: indent it under `namespaceSelector`",
            "spec.ingress[0].from[2]: the block stands one level too high: indent it under `ipBlock`",
        ]
    );
    assert_eq!(
        helps("podSelector: {}\ningress: [{from: [{}]}]"),
        ["spec.ingress[0].from[0]: write `podSelector: {}` for every pod of this namespace"]
    );
    assert_eq!(
        helps("podSelector: {}\ningress: [{from: [{podSelector: {}, matchLabels: {a: b}}]}]"),
        ["spec.ingress[0].from[0].matchLabels: `matchLabels` stands one level too high: indent it under `podSelector`"]
    );
}

#[test]
fn a_field_one_level_too_deep() {
    let spec = "podSelector:\n  matchLabels: {app: database}\n  ingress: [{from: [{podSelector: {}}]}]\n";
    assert_eq!(helps(spec), ["spec.podSelector.ingress: `ingress` belongs to `spec`, beside `podSelector`"]);
    let spec =
        "podSelector: {}\negress:\n- to:\n  - namespaceSelector:\n      matchLabels: {a: b}\n      podSelector: {}\n";
    assert_eq!(
        helps(spec),
        [
            "spec.egress[0].to[0].namespaceSelector.podSelector: `podSelector` stands beside `namespaceSelector`, not under it"
        ]
    );
}

#[test]
fn what_the_rest_means_without_an_unknown_field() {
    let spec = "podSelector: {}\ningress:\n- namespaceSelector: {matchLabels: {role: sdn}}\n  ports: [{port: 8000, protocol: TCP}]\n";
    assert_eq!(
        helps(spec),
        [
            "spec.ingress[0].namespaceSelector: `namespaceSelector` belongs to an entry of `from`; as it stands the rule admits \
          every source on 8000/TCP"
        ]
    );
    for (spec, expected) in [
        (
            "podSelector: {}\negress: [{from: [{podSelector: {}}]}]",
            "spec.egress[0].from: an egress rule has `to`; as it stands the rule admits every destination on every port",
        ),
        (
            "podSelector: {}\ningress: [{From: [{podSelector: {}}], ports: [{port: 53, endPort: 54, protocol: UDP}, {}]}]",
            "spec.ingress[0].From: write `from`; as it stands the rule admits every source on 53-54/UDP, all TCP",
        ),
        (
            "podSelector: {app: web}",
            "spec.podSelector.app: labels stand under `matchLabels`; as it stands the selector takes everything",
        ),
        ("podSelector: {matchLabels: {a: b}, app: web}", "spec.podSelector.app: labels stand under `matchLabels`"),
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {}}], comment: x}]",
            "spec.ingress[0].comment: the field is dropped as if it had not been written",
        ),
        (
            "podSelector: {}\ningress: [{comment: x}]",
            "spec.ingress[0].comment: the field is dropped; as it stands the rule admits every source on every port",
        ),
        ("podSelector: {}\nports: []", "spec.ports: `ports` belongs to an entry of `ingress` or `egress`"),
    ] {
        assert_eq!(helps(spec), [expected]);
    }
}

#[test]
fn protocols_and_ranges() {
    let path = "spec.egress[0].ports[0]";
    for (entry, expected) in [
        ("protocol: ICMP", "protocol: policies know TCP, UDP and SCTP; what becomes of ICMP is left open (U1)"),
        ("protocol: icmpv6", "protocol: policies know TCP, UDP and SCTP; what becomes of ICMP is left open (U1)"),
        ("protocol: tcp", "protocol: write it in upper case; without `protocol` it is TCP"),
        ("protocol: GRE", "protocol: policies know TCP, UDP and SCTP; without `protocol` it is TCP"),
        ("port: 8000-9000", "port: write `port: 8000` and `endPort: 9000` for a range"),
        ("port: '8000:9000'", "port: write `port: 8000` and `endPort: 9000` for a range"),
        ("port: '80'", "port: write the number without quotes"),
    ] {
        let found = helps(&format!("podSelector: {{}}\negress: [{{ports: [{{{entry}}}]}}]"));
        assert!(!found.is_empty());
        for found in found {
            assert_eq!(found, format!("{path}.{expected}"), "{entry}");
        }
    }
}
