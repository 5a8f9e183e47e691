//! Model -> manifest -> model is the identity, by every way a manifest can be read.

use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use netpol_oracle::manifest::write::Manifest;
use netpol_oracle::manifest::{judge_object, judge_text};
use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule};
use netpol_oracle::net::{Cidr, IpBlock, PortName, PortRange};
use netpol_oracle::{NetworkPolicy, ObjectName, Port, Protocol, Release};
use proptest::collection::vec;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = LabelKey> {
    // Among them what YAML 1.1 would read as something else, were it not quoted.
    prop_oneof![
        Just("app"),
        Just("n"),
        Just("1"),
        Just("010"),
        Just("true"),
        Just("kubernetes.io/metadata.name"),
        Just("a.b/C_d-e")
    ]
    .prop_map(|text| LabelKey::new(text).unwrap())
}

fn value() -> impl Strategy<Value = LabelValue> {
    prop_oneof![
        Just(String::new()),
        Just("null".to_owned()),
        Just("no".to_owned()),
        Just("1e3".to_owned()),
        Just("0x1F".to_owned()),
        "[A-Za-z0-9]([-A-Za-z0-9_.]{0,5}[A-Za-z0-9])?"
    ]
    .prop_map(|text| LabelValue::new(&text).unwrap())
}

fn requirement() -> impl Strategy<Value = Requirement> {
    prop_oneof![
        (key(), vec(value(), 1..3)).prop_map(|(key, values)| Requirement::in_(key, values).unwrap()),
        (key(), vec(value(), 1..3)).prop_map(|(key, values)| Requirement::not_in(key, values).unwrap()),
        key().prop_map(|key| Requirement::Exists { key }),
        key().prop_map(|key| Requirement::DoesNotExist { key }),
    ]
}

fn selector() -> impl Strategy<Value = Selector> {
    (vec((key(), value()), 0..3), vec(requirement(), 0..3))
        .prop_map(|(labels, expressions)| Selector::new(labels.into_iter().collect::<Labels>(), expressions))
}

fn cidr() -> impl Strategy<Value = Cidr> {
    prop_oneof![
        (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(octets, prefix)| Cidr::new(octets.into(), prefix).unwrap()),
        (any::<[u16; 8]>(), 0..=128_u8).prop_map(|(groups, prefix)| Cidr::new(groups.into(), prefix).unwrap()),
        Just("::ffff:0:0/95".parse().unwrap()),
    ]
}

/// Excepts inside the cidr; one of IPv4 may equal it.
fn ip_block() -> impl Strategy<Value = IpBlock> {
    (cidr(), vec((0..=32_u8, any::<u32>()), 0..3)).prop_map(|(cidr, inner)| {
        let except = inner.into_iter().filter_map(|(longer, bits)| {
            let prefix = cidr.prefix_len().checked_add(longer)?;
            let shift = u32::from(128 - cidr.prefix_len().min(127)) - 1;
            let address = match cidr.network() {
                std::net::IpAddr::V4(v4) => {
                    let host = u32::MAX.checked_shr(u32::from(cidr.prefix_len())).unwrap_or(0);
                    std::net::Ipv4Addr::from_bits(v4.to_bits() | (bits & host)).into()
                }
                std::net::IpAddr::V6(v6) => {
                    let host = u128::MAX.checked_shr(u32::from(cidr.prefix_len())).unwrap_or(0);
                    let spread = u128::from(bits) << shift.saturating_sub(31).min(96);
                    std::net::Ipv6Addr::from_bits(v6.to_bits() | (spread & host)).into()
                }
            };
            let except = Cidr::new(address, prefix).ok()?;
            IpBlock::new(cidr, vec![except]).is_ok().then_some(except)
        });
        IpBlock::new(cidr, except.collect()).unwrap()
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let pods = |namespaces, pods| Peer::Pods(PodPeer { namespaces, pods });
    prop_oneof![
        selector().prop_map(move |own| pods(Namespaces::Own, own)),
        (selector(), selector())
            .prop_map(move |(namespaces, selected)| pods(Namespaces::Matching(namespaces), selected)),
        ip_block().prop_map(Peer::IpBlock),
    ]
}

fn port() -> impl Strategy<Value = PortMatch> {
    let number = || any::<u16>().prop_filter_map("0 is no port", Port::new);
    let spec = prop_oneof![
        Just(PortSpec::Any),
        number().prop_map(PortSpec::Number),
        (number(), number()).prop_map(|(a, b)| PortSpec::Range(PortRange::new(a.min(b), a.max(b)).unwrap())),
        prop_oneof![Just("http"), Just("n"), Just("1e3"), Just("a-1")]
            .prop_map(|text| PortSpec::Name(PortName::new(text).unwrap())),
    ];
    (prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)], spec)
        .prop_map(|(protocol, port)| PortMatch { protocol, port })
}

fn rule() -> impl Strategy<Value = Rule> {
    (vec(peer(), 0..3), vec(port(), 0..3)).prop_map(|(peers, ports)| Rule {
        peers: if peers.is_empty() { Peers::Any } else { Peers::Of(peers) },
        ports: if ports.is_empty() { Ports::Any } else { Ports::Of(ports) },
    })
}

fn policy() -> impl Strategy<Value = NetworkPolicy> {
    let types = prop_oneof![Just(PolicyTypes::Ingress), Just(PolicyTypes::Egress), Just(PolicyTypes::Both)];
    let name = prop_oneof![Just("p"), Just("1"), Just("a.b-c"), Just("null"), Just("1e3")];
    let namespace = prop_oneof![Just("default"), Just("no"), Just("0x1")];
    (name, namespace, selector(), types, vec(rule(), 0..3), vec(rule(), 0..3)).prop_map(
        |(name, namespace, subject, types, ingress, egress)| {
            NetworkPolicy::new(ObjectName::new(namespace, name), subject, types, ingress, egress)
        },
    )
}

proptest! {
    #[test]
    fn a_policy_survives_its_manifest(policy in policy()) {
        // An IPv4 except that equals its cidr has a form up to 1.35 only.
        let release = Release::DEFAULT;
        let manifest = Manifest(&policy);
        let object = judge_object(release, "p", &manifest);
        prop_assert_eq!(object.policy.as_ref(), Some(&policy), "{:#?}", object.diagnostics);
        prop_assert!(object.accepted_strict);

        let json = serde_json::to_string(&manifest).unwrap();
        let read_back = judge_text(release, "p.json", &json).remove(0).policy;
        prop_assert_eq!(read_back.as_ref(), Some(&policy));

        #[cfg(feature = "yaml")]
        {
            // JSON read as YAML, where every string is quoted: what our own YAML writer leaves bare is its matter.
            let read_back = judge_text(release, "p.yaml", &json).remove(0).policy;
            prop_assert_eq!(read_back.as_ref(), Some(&policy));
        }
    }
}

#[test]
fn an_except_that_leaves_nothing_has_a_manifest() {
    let cidr: Cidr = "10.0.0.0/8".parse().unwrap();
    let block = IpBlock::new(cidr, vec![cidr]).unwrap();
    let rule = Rule { peers: Peers::Of(vec![Peer::IpBlock(block)]), ports: Ports::Any };
    let name = ObjectName::new("default", "p");
    let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![rule], vec![]);
    let json = serde_json::to_string(&Manifest(&policy)).unwrap();
    assert!(json.contains(r#""except":["::ffff:10.0.0.0/104"]"#), "{json}");
    let judged = |release| judge_text(release, "p.json", &json).remove(0);
    assert_eq!(judged(Release::DEFAULT).policy, Some(policy));
    assert!(!judged(Release::v1(36)).accepted);
}
