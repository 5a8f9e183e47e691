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
    assert_eq!(
        helps(spec),
        [
            "spec.podSelector.ingress: `ingress` belongs to `spec`, beside `podSelector`; as it stands the policy admits no ingress"
        ]
    );
    let spec =
        "podSelector: {}\negress:\n- to:\n  - namespaceSelector:\n      matchLabels: {a: b}\n      podSelector: {}\n";
    assert_eq!(
        helps(spec),
        [
            "spec.egress[0].to[0].namespaceSelector.podSelector: `podSelector` stands beside `namespaceSelector`, not under it; as it \
             stands the peer is every pod of these namespaces"
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
        (
            "podSelector: {}\nports: []",
            "spec.ports: `ports` belongs to an entry of `ingress` or `egress`; as it stands the policy admits no ingress",
        ),
        // Entries of ports, blocks and whole specs.
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {}}], ports: [{port: 53, prot: UDP}]}]",
            "spec.ingress[0].ports[0].prot: write `protocol`; as it stands the entry admits 53/TCP",
        ),
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {}}], ports: [{targetPort: 8080}]}]",
            "spec.ingress[0].ports[0].targetPort: the field is dropped; as it stands the entry admits all TCP",
        ),
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {}}], ports: [{port: 1000, endport: 2000}]}]",
            "spec.ingress[0].ports[0].endport: write `endPort`; as it stands the entry admits 1000/TCP",
        ),
        (
            "podSelector: {}\ningress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, expect: [10.0.0.0/8]}}]}]",
            "spec.ingress[0].from[0].ipBlock.expect: write `except`; as it stands nothing of the block is excepted",
        ),
        (
            "podSelector: {}\npolcyTypes: [Egress]",
            "spec.polcyTypes: write `policyTypes`; as it stands the policy admits no ingress and leaves egress open",
        ),
        (
            "podselector: {matchLabels: {a: b}}\ningress: [{}]",
            "spec.podselector: write `podSelector`; as it stands the policy selects every pod of its namespace",
        ),
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {}}]}]\nports: [{port: 80}]",
            "spec.ports: `ports` belongs to an entry of `ingress` or `egress`; as it stands the policy admits every port by \
             ingress rules that have no `ports`",
        ),
        (
            "podSelector: {}\negres: [{}]\npolicyTypes: [Egress]",
            "spec.egres: write `egress`; as it stands the policy admits no egress",
        ),
        (
            "podSelector: {}\ningress: [{}]\nnamespaceSelector: {}",
            "spec.namespaceSelector: `namespaceSelector` belongs to an entry of `from` in an entry of `ingress`, or to an entry of \
             `to` in an entry of `egress`",
        ),
        (
            "podSelector: {}\ningress: [{port: 80, from: [{podSelector: {}}]}]",
            "spec.ingress[0].port: `port` belongs to an entry of `ports`; as it stands the rule admits every port",
        ),
        (
            "podSelector: {}\ningress: [{podSelector: {matchLabels: {a: b}}}]",
            "spec.ingress[0].podSelector: `podSelector` belongs to an entry of `from`; as it stands the rule admits every source on \
             every port",
        ),
        (
            "podSelector: {}\ningress: [{fromm: [{podSelector: {}}]}]",
            "spec.ingress[0].fromm: write `from`; as it stands the rule admits every source on every port",
        ),
        ("foo: 1\npodSelector: {}\ningress: [{}]", "spec.foo: the field is dropped as if it had not been written"),
    ] {
        assert_eq!(helps(spec), [expected]);
    }
}

/// A peer of which nothing is left is refused; the help never widens what was meant.
#[test]
fn what_a_peer_was_meant_to_be() {
    let mend = "mend the fields that nobody knows: a peer has `podSelector`, `namespaceSelector` or `ipBlock`";
    for (peer, expected) in [
        ("{}", "write `podSelector: {}` for every pod of this namespace"),
        ("{podSelector: }", "write `podSelector: {}` for every pod of this namespace"),
        (
            "{namespaceSelector: }",
            "write labels under `namespaceSelector`, or `namespaceSelector: {}` for every pod of every namespace",
        ),
        ("{ipBlock: }", "give `ipBlock` a `cidr`"),
        ("{app: web}", "labels stand under `podSelector`, in `matchLabels`"),
        ("{podselector: {}}", mend),
        ("{namespace: kube-system}", mend),
        ("{ports: [{port: 80}]}", mend),
        (
            "{matchLabels: {a: b}}",
            "the selector stands one level too high: indent it under `podSelector` or `namespaceSelector`",
        ),
    ] {
        let found = helps(&format!("podSelector: {{}}\ningress: [{{from: [{peer}]}}]"));
        let wanted = format!("spec.ingress[0].from[0]: {expected}");
        assert!(found.contains(&wanted), "{peer}: {found:#?}");
    }
    let found = helps("podSelector: {}\ningress: [{from: [{namespace: kube-system, podSelector: {}}]}]");
    assert_eq!(
        found,
        ["spec.ingress[0].from[0].namespace: a namespace is named by `namespaceSelector`, with the label \
             `kubernetes.io/metadata.name`"]
    );
}

#[test]
fn what_is_no_cidr() {
    for (cidr, expected) in [
        ("'*'", "write `0.0.0.0/0` for every IPv4 address, and another entry with `::/0` for every IPv6 address"),
        ("0.0.0.0", "add the number of fixed bits: `0.0.0.0/0` for every address of the family"),
        ("10.0.0.1", "add the number of fixed bits: `10.0.0.1/32` for one address"),
        ("'2001:db8::1'", "add the number of fixed bits: `2001:db8::1/128` for one address"),
        (
            "10.0.0.1-10.0.0.9",
            "a range is written as CIDRs, an entry for each: an address, `/` and the number of its fixed bits",
        ),
        (
            "example.com",
            "policies know addresses alone, no names: write an address, `/` and the number of its fixed bits",
        ),
        ("10.0.0.0/33", "write an address, `/` and the number of its fixed bits"),
    ] {
        let found = helps(&format!("podSelector: {{}}\ningress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}]"));
        assert_eq!(found, [format!("spec.ingress[0].from[0].ipBlock.cidr: {expected}")]);
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
        ("port: ':80'", "port: write `port: 80`"),
        ("port: '70000'", "port: ports are 1 to 65535"),
        ("port: '*'", "port: leave `port` away for every port of the protocol"),
        ("port: 0-65535", "port: leave `port` away for every port of the protocol"),
        ("port: 9000-8000", "port: a range goes up: write `port: 8000` and `endPort: 9000`"),
        ("port: 1-70000", "port: ports are 1 to 65535; a range is `port` and `endPort`"),
        ("port: 80/tcp", "port: write `port: 80` and `protocol: TCP`"),
        ("port: '80,443'", "port: write an entry for each port"),
        ("port: [80, 443]", "port: write an entry for each port"),
        ("protocol: 17", "protocol: write `UDP`"),
    ] {
        let found = helps(&format!("podSelector: {{}}\negress: [{{ports: [{{{entry}}}]}}]"));
        assert!(!found.is_empty());
        for found in found {
            assert_eq!(found, format!("{path}.{expected}"), "{entry}");
        }
    }
}

/// A field in a place that is wrong by more than one level, or of another kind: where it belongs, and what is left of a peer.
#[test]
fn what_stands_far_from_its_place() {
    let rule = "podSelector: {}\ningress: [{from: [{podSelector: {}}], ";
    for (spec, expected) in [
        (
            "podSelector: {}\ningress: [{ports: [{port: 80, podSelector: {matchLabels: {app: web}}}]}]".to_owned(),
            "spec.ingress[0].ports[0].podSelector: `podSelector` belongs to an entry of `from`; as it stands the rule admits every source \
             on 80/TCP",
        ),
        (
            "podSelector: {}\ningress: [{ports: [{port: 80, cidr: 10.0.0.0/8}]}]".to_owned(),
            "spec.ingress[0].ports[0].cidr: `cidr` belongs to `ipBlock` in an entry of `from`; as it stands the rule admits every source on \
             80/TCP",
        ),
        (
            "podSelector: {}\ningress: [{from: [{namespaceSelector: {matchLabels: {a: b}}, podselector: {matchLabels: {c: d}}}]}]"
                .to_owned(),
            "spec.ingress[0].from[0].podselector: write `podSelector`; as it stands the peer is every pod of these namespaces",
        ),
        (
            "podSelector: {}\ningress: [{from: [{namespaceSelector: {matchLabels: {a: b}, podSelector: {}}}]}]".to_owned(),
            "spec.ingress[0].from[0].namespaceSelector.podSelector: `podSelector` stands beside `namespaceSelector`, not under it; as it \
             stands the peer is every pod of these namespaces",
        ),
        (
            "podSelector: {}\ningress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, except: [10.0.0.0/9]}]}]".to_owned(),
            "spec.ingress[0].from[0].except: `except` stands one level too high: it belongs under `ipBlock`; as it stands nothing of the \
             block is excepted",
        ),
        (
            "podSelector: {}\ningress: [{from: [{podSelector: {matchLabels: {a: b}, ipBlock: {cidr: 10.0.0.0/8}}}]}]".to_owned(),
            "spec.ingress[0].from[0].podSelector.ipBlock: write an entry of its own in `from`: `- ipBlock: {cidr: ...}`",
        ),
        (
            "podSelector: {}\ningress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, podSelector: {}}}]}]".to_owned(),
            "spec.ingress[0].from[0].ipBlock.podSelector: write an entry of its own in `from`: `- podSelector: ...`",
        ),
        (
            "podSelector: {matchLabels: {a: b}, from: [{podSelector: {}}]}".to_owned(),
            "spec.podSelector.from: `from` belongs to an entry of `ingress`; as it stands the policy admits no ingress",
        ),
        (
            "podSelector: {matchLabels: {a: b}, Ingress: [{}]}".to_owned(),
            "spec.podSelector.Ingress: `ingress` belongs to `spec`, beside `podSelector`; as it stands the policy admits no ingress",
        ),
        (
            format!("{rule}spec: {{}}}}]"),
            "spec.ingress[0].spec: `spec` is written around this already",
        ),
        // A rule that is ignored admits nobody (K4).
        (
            "podSelector: {}\npolicyTypes: [Egress]\ningress: [{podSelector: {}}]\negress: [{}]".to_owned(),
            "spec.ingress[0].podSelector: `podSelector` belongs to an entry of `from`",
        ),
    ] {
        assert_eq!(helps(&spec), [expected], "{spec}");
    }
    let found = helps("podSelector: {}\ningress: [{from: [{podSelector: {}}, {port: 80, protocol: TCP}]}]");
    assert_eq!(
        found[..2],
        [
            "spec.ingress[0].from[1].port: `port` belongs to an entry of `ports`; as it stands the rule admits every port",
            "spec.ingress[0].from[1].protocol: `protocol` belongs to an entry of `ports`; as it stands the rule admits every port"
        ]
    );
    for (peer, expected) in [
        ("ip: 10.0.0.5", "ip: an address is written as `ipBlock: {cidr: ADDRESS/BITS}`"),
        ("name: web", "name: labels stand under `podSelector`, in `matchLabels`"),
        ("pod: web", "pod: labels stand under `podSelector`, in `matchLabels`"),
    ] {
        let found = helps(&format!("podSelector: {{}}\ningress: [{{from: [{{{peer}}}]}}]"));
        assert_eq!(found[0], format!("spec.ingress[0].from[0].{expected}"));
    }
    for (spec, expected) in [
        (
            "podSelector: {matchLabels: {a: [x, y]}}",
            "spec.podSelector.matchLabels.a: a label has one value: `matchExpressions` with `operator: In` takes several",
        ),
        (
            "podSelector: {matchLabels: {namespaceSelector: {}}}",
            "spec.podSelector.matchLabels.namespaceSelector: a label's value is a string: what stands here belongs elsewhere",
        ),
        ("podSelector: {}\ningress: [{ports: ['443']}]", "spec.ingress[0].ports[0]: write `port: ` before it"),
        (
            "podSelector: {}\ningress: [{ports: [{port: 1, endPort: web}]}]",
            "spec.ingress[0].ports[0].endPort: write a whole number",
        ),
        (
            "podSelector: {}\ningress: [{from: [10.0.0.0/8]}]",
            "spec.ingress[0].from[0]: write `ipBlock: {cidr: ADDRESS/BITS}`",
        ),
        (
            "podSelector: {}\ningress: [{from: [{ipBlock: 10.0.0.0/8}]}]",
            "spec.ingress[0].from[0].ipBlock: write `cidr: ` before it",
        ),
    ] {
        assert_eq!(helps(spec), [expected]);
    }
}
