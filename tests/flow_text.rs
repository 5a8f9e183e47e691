//! Flow text (SEMANTICS section 6): every form, every fault with its column, and the round trip.

use netpol_oracle::labels::{LabelKey, LabelValue, Labels};
use netpol_oracle::model::{OtherProtocol, WorkloadKind};
use netpol_oracle::{Destination, Endpoint, Flow, L4, ObjectName, Port, Protocol};
use proptest::prelude::*;

#[test]
fn every_form_prints_as_it_parses() {
    for text in [
        "default/web-0 -> default/db-0:6379/tcp",
        "default/web -> default/db:53/udp",
        "default/web -> default/db:9999/sctp",
        "default/deployment/web -> shop/statefulset/db:80/tcp",
        "default/web@10.0.0.1 -> default/db@[2001:db8::1]:80/tcp",
        "node:n1 -> default/db:80/tcp",
        "default/web -> node:n1:10250/tcp",
        "default/web -> node:n1@192.168.0.1:10250/tcp",
        "default/web -> node:n1@[fd00::1]:10250/tcp",
        "default/web -> svc/default/api:443/tcp",
        "default/web -> svc/default/api:443/tcp via default/api-0",
        "default/web -> 192.0.2.1:443/tcp",
        "[2001:db8::1] -> [2001:db8::2]:443/tcp",
        "default/web -> default/db icmp",
        "default/web -> [2001:db8::2] icmp",
        "default/web -> default/db 47",
        "default/web -> 10.0.0.1 icmp via default/db-0",
        "svc/web -> svc/db:80/tcp",
        "shop/{} -> shop/{app=web}:80/tcp",
        "svc/{app.kubernetes.io/name=web,tier=} -> svc/{a.b/c=d}:443/tcp",
        "shop/{app=web} -> shop/{app=web} icmp",
        "t/rollout.argoproj.io/ro -> t/dc:80/tcp",
        "a/b.c -> a/1:1/tcp",
        "a/b -> a/c:65535/tcp",
        "a/b -> a/c 0",
        "a/b -> a/c 255",
    ] {
        let flow: Flow = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(flow.to_string(), text);
    }
}

#[test]
fn parts_are_what_they_say() {
    let flow: Flow = "  a/CronJob/b   ->  svc/c/d:53/udp  via c/e ".parse().unwrap();
    assert_eq!(flow.source, Endpoint::Workload { kind: WorkloadKind::CronJob, name: ObjectName::new("a", "b") });
    assert_eq!(flow.destination, Destination::Service(ObjectName::new("c", "d")));
    assert_eq!(flow.l4, L4::Port(Protocol::Udp, Port::new(53).unwrap()));
    assert_eq!(flow.via, Some(ObjectName::new("c", "e")));
    // K22: an IPv4-mapped address is the IPv4 it stands for.
    let mapped: Flow = "[::ffff:192.0.2.1] -> a/b 50".parse().unwrap();
    assert_eq!(mapped.source, Endpoint::Address("192.0.2.1".parse().unwrap()));
    assert_eq!(mapped.l4, L4::Other(OtherProtocol::new(50).unwrap()));
    // What may be written in several ways.
    for (text, printed) in [
        ("a/b->a/c:80/TCP", "a/b -> a/c:80/tcp"),
        ("a/b ->svc/a/c:80/Sctp  via a/d", "a/b -> svc/a/c:80/sctp via a/d"),
        ("a/b-> [::1] icmp", "a/b -> [::1] icmp"),
        ("a/{b=c}->a/{}:80/udp", "a/{b=c} -> a/{}:80/udp"),
        ("a/{z=1,b=2} -> a/c:80/tcp", "a/{b=2,z=1} -> a/c:80/tcp"),
        // A name that needs them keeps the blanks: the arrow is the word that stands alone.
        ("a/b->c -> a/d:80/tcp", "a/b->c -> a/d:80/tcp"),
        (
            "t/Rollout.argoproj.io/ro -> t/DeploymentConfig/dc:80/tcp",
            "t/rollout.argoproj.io/ro -> t/deploymentconfig/dc:80/tcp",
        ),
    ] {
        let flow: Flow = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(flow.to_string(), printed);
        assert_eq!(printed.parse::<Flow>().unwrap(), flow);
    }
    // Two parts after `svc/` are a pod's namespace and name, not a Service's.
    let pod: Flow = "a/b -> svc/c:80/tcp".parse().unwrap();
    assert_eq!(pod.destination, Destination::Endpoint(Endpoint::named("svc", "c")));
}

#[test]
fn faults_name_their_column_and_the_mend() {
    for (text, expected) in [
        ("", "column 1: no `->`; write `SRC -> DST:PORT/tcp`"),
        ("a/b", "column 4: no `->`; write `SRC -> DST:PORT/tcp`"),
        ("a/b c/d:80/tcp", "column 5: no `->`; write `SRC -> DST:PORT/tcp`"),
        ("-> a/b:80/tcp", "column 1: no source before `->`"),
        ("a/b ->", "column 7: no destination after `->`"),
        ("a/b -> a/c", "column 11: no port or protocol; write `DST:PORT/tcp`, `DST icmp` or `DST NUMBER`"),
        ("a/b -> a/c via a/d", "column 12: no port or protocol; write `DST:PORT/tcp`, `DST icmp` or `DST NUMBER`"),
        ("a/b -> a/c:80", "column 14: port without a protocol; write `/tcp`, `/udp` or `/sctp` after it"),
        ("a/b -> a/c:http/tcp", "column 12: `http` is not a port; it is a number from 1 to 65535"),
        ("a/b -> a/c:0/tcp", "column 12: `0` is not a port; it is a number from 1 to 65535"),
        ("a/b -> a/c:65536/tcp", "column 12: `65536` is not a port; it is a number from 1 to 65535"),
        ("a/b -> a/c:+80/tcp", "column 12: `+80` is not a port; it is a number from 1 to 65535"),
        ("a/b -> a/c:80/ICMP", "column 15: `ICMP` is not a protocol with ports; write `tcp`, `udp` or `sctp`"),
        ("a/b -> a/c:80/tcp icmp", "column 19: `icmp` beside a port; a port has `/tcp`, `/udp` or `/sctp`"),
        ("a/b -> a/c ICMP", "column 12: `ICMP` is not a protocol; write `icmp` or a number from 0 to 255"),
        ("a/b -> a/c 256", "column 12: `256` is not a protocol; write `icmp` or a number from 0 to 255"),
        ("a/b -> a/c 6", "column 12: protocol 6 has ports; write `DST:PORT/tcp`"),
        ("a/b -> a/c 17", "column 12: protocol 17 has ports; write `DST:PORT/udp`"),
        ("a/b -> a/c 132", "column 12: protocol 132 has ports; write `DST:PORT/sctp`"),
        ("svc/a/b -> a/c:80/tcp", "column 1: a Service cannot be a source"),
        (
            "web -> a/c:80/tcp",
            "column 1: `web` is not an endpoint; write `NS/NAME`, `NS/KIND/NAME`, `NS/NAME@ADDRESS`, `NS/{KEY=VALUE}`, `node:NAME`, `svc/NS/NAME` or an address (IPv6 in brackets)",
        ),
        ("a/pod/b -> a/c:80/tcp", "column 3: `pod` is not a workload kind; write `deployment`, `statefulset`, ..."),
        ("é/b@10.0.0 -> a/c:80/tcp", "column 5: `10.0.0` is not an address; IPv6 stands in brackets"),
        ("a/b -> 2001:db8::1:80/tcp", "column 8: `2001:db8::1:80/tcp` is not an address; IPv6 stands in brackets"),
        ("a/b -> [10.0.0.1]:80/tcp", "column 8: `[10.0.0.1]` is not an address; IPv6 stands in brackets"),
        ("a/b -> a/c:80/tcp by a/d", "column 19: `by` beside a port; a port has `/tcp`, `/udp` or `/sctp`"),
        ("a/b -> a/c icmp by", "column 17: unexpected `by`; a flow ends after its protocol or after `via NS/POD`"),
        ("a/b -> svc/a/c:80/tcp via", "column 26: `via` needs `NS/POD`"),
        ("a/b -> svc/a/c:80/tcp via 10.0.0.1", "column 27: `via` needs `NS/POD`"),
        ("->a/b:80/tcp", "column 1: no source before `->`"),
        ("a/b->", "column 6: no destination after `->`"),
        ("10.0.0.0/8 -> a/c:80/tcp", "column 1: `10.0.0.0/8` is a range; an end is one address: name one of it"),
        ("a/b -> 10.0.0.0/8:80/tcp", "column 8: `10.0.0.0/8` is a range; an end is one address: name one of it"),
        ("a/b->[fd00::]/8:80/tcp", "column 6: `[fd00::]/8` is a range; an end is one address: name one of it"),
        ("a/b -> [fd00::/8]:80/tcp", "column 8: `[fd00::/8]` is a range; an end is one address: name one of it"),
        ("a/b -> fd00::/8:80/tcp", "column 8: `fd00::/8` is a range; an end is one address: name one of it"),
        ("fd00::/8 -> a/b icmp", "column 1: `fd00::/8` is a range; an end is one address: name one of it"),
        ("a/{k=v -> a/c:80/tcp", "column 7: no `}` after the labels; write `NS/{KEY=VALUE,KEY=VALUE}`"),
        ("a/{k=v}x -> a/c:80/tcp", "column 9: no `}` after the labels; write `NS/{KEY=VALUE,KEY=VALUE}`"),
        ("a/{k} -> a/c:80/tcp", "column 4: `k` is not a label; write `KEY=VALUE`"),
        ("a/{k=v,=v} -> a/c:80/tcp", "column 8: `=v` is not a label; write `KEY=VALUE`"),
        ("a/{k=v,} -> a/c:80/tcp", "column 7: `,` is not a label; write `KEY=VALUE`"),
        (
            "a/c -> a/{k=v,j=a b}:80/tcp",
            "column 19: `b}:80/tcp` is not a protocol; write `icmp` or a number from 0 to 255",
        ),
        ("a/{k=v,k=w} -> a/c:80/tcp", "column 8: the label `k` is given twice"),
        (
            "{k=v} -> a/c:80/tcp",
            "column 1: `{k=v}` is not an endpoint; write `NS/NAME`, `NS/KIND/NAME`, `NS/NAME@ADDRESS`, `NS/{KEY=VALUE}`, `node:NAME`, `svc/NS/NAME` or an address (IPv6 in brackets)",
        ),
        (
            "a/b -> svc/a/c:80/tcp via a/d e",
            "column 31: unexpected `e`; a flow ends after its protocol or after `via NS/POD`",
        ),
    ] {
        let error = text.parse::<Flow>().expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

fn name() -> impl Strategy<Value = ObjectName> {
    ("[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?", "[a-z0-9]([-a-z0-9.]{0,6}[a-z0-9])?")
        .prop_map(|(ns, n)| ObjectName::new(ns, n))
}

fn address() -> impl Strategy<Value = std::net::IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(std::net::IpAddr::from),
        any::<[u8; 16]>().prop_map(std::net::IpAddr::from).prop_map(netpol_oracle::net::canonical),
    ]
}

fn kind() -> impl Strategy<Value = WorkloadKind> {
    let other = ("[A-Z][a-zA-Z]{3,5}", prop_oneof![Just(""), Just("argoproj.io")]);
    prop_oneof![
        3 => proptest::sample::select(WorkloadKind::ALL.to_vec()),
        1 => other.prop_map(|(kind, group)| format!("X{kind}.{group}").trim_end_matches('.').parse().unwrap()),
    ]
}

fn labels() -> impl Strategy<Value = Labels> {
    let key = "([a-z]{1,3}\\.[a-z]{1,3}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[A-Za-z0-9])?";
    let value = "([A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[A-Za-z0-9])?)?";
    let pair = (key, value).prop_map(|(key, value)| (LabelKey::new(&key).unwrap(), LabelValue::new(&value).unwrap()));
    proptest::collection::vec(pair, 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    prop_oneof![
        name().prop_map(Endpoint::Named),
        (kind(), name())
            .prop_filter("three parts after svc/ are a Service", |(_, name)| &**name.namespace() != "svc")
            .prop_map(|(kind, name)| Endpoint::Workload { kind, name }),
        (name(), labels())
            .prop_map(|(name, labels)| Endpoint::Labelled { namespace: name.namespace().clone(), labels }),
        (name(), address()).prop_map(|(pod, address)| Endpoint::PodAddress { pod, address }),
        "[a-z0-9]([-a-z0-9.]{0,6}[a-z0-9])?".prop_map(|node| Endpoint::Node(node.into())),
        ("[a-z]{1,4}", address()).prop_map(|(node, address)| Endpoint::NodeAddress { node: node.into(), address }),
        address().prop_map(Endpoint::Address),
    ]
}

fn flow() -> impl Strategy<Value = Flow> {
    let destination = prop_oneof![endpoint().prop_map(Destination::Endpoint), name().prop_map(Destination::Service)];
    let protocol = proptest::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let l4 = prop_oneof![
        (protocol, 1..=u16::MAX).prop_map(|(protocol, port)| L4::Port(protocol, Port::new(port).unwrap())),
        Just(L4::Icmp),
        any::<u8>().prop_filter_map("has ports", |n| OtherProtocol::new(n).map(L4::Other)),
    ];
    (endpoint(), destination, l4, proptest::option::of(name())).prop_map(|(source, destination, l4, via)| {
        let mut flow = Flow::new(source, destination, l4);
        flow.via = via;
        flow
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_round_trip(flow in flow()) {
        prop_assert_eq!(flow.to_string().parse::<Flow>(), Ok(flow));
    }

    #[test]
    fn no_text_panics_and_every_fault_lies_inside(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Flow>() {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
        }
    }
}
