//! The console's form (SEMANTICS section 5): texts, rows and rules, both ways, and every error to the letter.

use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Requirement, Selector};
use netpol_oracle::manifest::write::Manifest;
use netpol_oracle::model::{
    NAMESPACE_NAME_LABEL, Namespaces, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule,
};
use netpol_oracle::net::{Cidr, IpBlock, PortName, PortRange};
use netpol_oracle::profile::Support;
use netpol_oracle::profile::console::{
    CidrBlock, Column, Columns, InboundRow, Label, NamespaceName, Obstacle, OutboundRow, ProtocolPort, RowFaultKind,
    RowPeer, RowProtocol, WhichSelector,
};
use netpol_oracle::{Direction, Loader, NetworkPolicy, ObjectName, Port, Profile, Protocol, Release};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn typed<'t>(port: &'t str, block: &'t str, namespace: &'t str, label: &'t str) -> Columns<&'t str> {
    Columns { protocol_port: Some(port), cidr_block: Some(block), namespace: Some(namespace), pod_label: Some(label) }
}

/// The printed columns, an empty one as an empty text.
fn printed(columns: &Columns<String>) -> [&str; 4] {
    [&columns.protocol_port, &columns.cidr_block, &columns.namespace, &columns.pod_label]
        .map(|text| text.as_deref().unwrap_or_default())
}

fn inbound(port: &str, block: &str, namespace: &str, label: &str) -> InboundRow {
    InboundRow::new(&typed(port, block, namespace, label)).unwrap_or_else(|error| panic!("{error}"))
}

fn outbound(port: &str, block: &str, namespace: &str, label: &str) -> OutboundRow {
    OutboundRow::new(&typed(port, block, namespace, label)).unwrap_or_else(|error| panic!("{error}"))
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn block(outer: &str, except: &[&str]) -> IpBlock {
    IpBlock::new(cidr(outer), except.iter().map(|text| cidr(text)).collect()).unwrap()
}

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

fn label_key(text: &str) -> LabelKey {
    LabelKey::new(text).unwrap()
}

fn label_value(text: &str) -> LabelValue {
    LabelValue::new(text).unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Selector {
    let labels: Labels = pairs.iter().map(|(key, value)| (label_key(key), label_value(value))).collect();
    Selector::new(labels, Vec::new())
}

fn exists(text: &str) -> Selector {
    Selector::new(Labels::new(), vec![Requirement::Exists { key: label_key(text) }])
}

fn pods(namespaces: Namespaces, pods: Selector) -> Peer {
    Peer::Pods(PodPeer { namespaces, pods })
}

fn of_namespace(selector: Selector) -> Peer {
    pods(Namespaces::Matching(selector), Selector::everything())
}

fn own(selector: Selector) -> Peer {
    pods(Namespaces::Own, selector)
}

fn tcp(port: PortSpec) -> PortMatch {
    PortMatch { protocol: Protocol::Tcp, port }
}

fn rule(peer: Peer, port: PortMatch) -> Rule {
    Rule { peers: Peers::Of(vec![peer]), ports: Ports::Of(vec![port]) }
}

#[test]
fn rows_become_the_rules_that_the_form_documents() {
    let any_tcp = || tcp(PortSpec::Any);
    // All peer columns empty: every pod of the own namespace, not every peer.
    assert_eq!(inbound("TCP", "", "", "").to_rule(), rule(own(Selector::everything()), any_tcp()));
    assert_eq!(
        inbound("TCP:6379", "", "", "role=frontend").to_rule(),
        rule(own(labels(&[("role", "frontend")])), tcp(PortSpec::Number(port(6379))))
    );
    let shop = || labels(&[(NAMESPACE_NAME_LABEL, "shop")]);
    assert_eq!(inbound("TCP", "", "shop", "").to_rule(), rule(of_namespace(shop()), any_tcp()));
    assert_eq!(
        inbound("UDP:53", "", "shop", "role=").to_rule(),
        rule(
            pods(Namespaces::Matching(shop()), labels(&[("role", "")])),
            PortMatch { protocol: Protocol::Udp, port: PortSpec::Number(port(53)) }
        )
    );
    assert_eq!(
        inbound("TCP", "172.17.0.0/16|172.17.1.0/24,172.17.2.0/24", "", "").to_rule(),
        rule(Peer::IpBlock(block("172.17.0.0/16", &["172.17.1.0/24", "172.17.2.0/24"])), any_tcp())
    );
    // Protocol absent, outbound: every protocol. TCP without a port is not that.
    let nothing = outbound("", "", "", "").to_rule();
    assert_eq!(nothing, Rule { peers: Peers::Of(vec![own(Selector::everything())]), ports: Ports::Any });
    assert_eq!(outbound("TCP", "", "", "").to_rule().ports, Ports::Of(vec![any_tcp()]));
    assert_eq!(OutboundRow::new(&Columns::<&str>::default()).unwrap().to_rule(), nothing);
}

#[test]
fn rows_print_as_they_were_typed_but_for_blanks_and_spelling() {
    for row in [
        ["TCP", "", "", ""],
        ["UDP:65535", "", "", ""],
        ["TCP:1", "172.17.0.0/16", "", ""],
        ["TCP:1", "172.17.0.0/16|172.17.1.0/24,172.17.2.0/24", "", ""],
        ["TCP:1", "172.17.0.0/16|172.17.1.0/24,172.17.1.0/24", "", ""],
        ["TCP:1", "2001:db8::/32|2001:db8:1::/48", "", ""],
        ["TCP:1", "0.0.0.0/0|0.0.0.0/1", "", ""],
        ["TCP:1", "", "kube-system", ""],
        ["TCP:1", "", "", "example.com/role=v1.2"],
        ["TCP:1", "", "1", "role="],
    ] {
        let [port, block, namespace, label] = row;
        assert_eq!(printed(&inbound(port, block, namespace, label).columns()), row);
        assert_eq!(printed(&outbound(port, block, namespace, label).columns()), row);
    }
    assert_eq!(printed(&outbound("", "", "", "").columns()), ["", "", "", ""]);

    let spelt = inbound(" TCP : 080 ", "\t172.17.3.4/016 |172.17.1.0/24 , ::ffff:172.17.2.0/120", "", " ");
    assert_eq!(printed(&spelt.columns()), ["TCP:80", "172.17.0.0/16|172.17.1.0/24,172.17.2.0/24", "", ""]);
    let spelt = outbound(" ", "", " shop\n", " role = frontend ");
    assert_eq!(printed(&spelt.columns()), ["", "", "shop", "role=frontend"]);
}

#[test]
fn c4_a_source_block_needs_data_plane_v2_and_a_destination_block_does_not() {
    assert!(inbound("TCP", "10.0.0.0/8", "", "").needs_ip_block());
    assert!(!inbound("TCP", "", "shop", "role=web").needs_ip_block());
    assert!(outbound("TCP", "10.0.0.0/8", "", "").needs_ip_block());
    assert!(!outbound("", "", "", "").needs_ip_block());
    let at = "v1.31.6-r0".parse().unwrap();
    for (profile, source) in
        [(Profile::tunnel(at), false), (Profile::vpc(at), true), (Profile::cloud_native_2(at), true)]
    {
        assert_eq!(profile.capabilities().ingress_ip_block == Support::Supported, source);
        assert_eq!(profile.capabilities().egress_ip_block, Support::Supported);
    }
}

const PORT: usize = 0;
const BLOCK: usize = 1;
const NAMESPACE: usize = 2;
const LABEL: usize = 3;

/// The errors of one column, all others of the row being empty or right.
fn faults(column: usize, text: &str) -> (String, String) {
    let mut texts = ["TCP:80", "", "", ""];
    texts[column] = text;
    let [port, block, namespace, label] = texts;
    let columns = typed(port, block, namespace, label);
    (InboundRow::new(&columns).unwrap_err().to_string(), OutboundRow::new(&columns).unwrap_err().to_string())
}

#[test]
fn a_malformed_text_names_column_character_fault_and_mend() {
    let syntax = "not letters, digits, `-`, `_`, `.` with a letter or digit at both ends";
    let key_help = "write it like `role` or `example.com/role`";
    let value_help = "write it like `frontend` or `v1.2`, or leave it empty";
    let name_help = "write at most 63 of `a` to `z`, `0` to `9` and `-`, with no `-` at either end";
    let smaller = "an exception is a smaller part of its block";
    let long = "n".repeat(64);
    let longer = "n".repeat(81);
    let cases: &[(usize, &str, &[&str])] = &[
        (PORT, ":80", &["1: no protocol; write `TCP` or `UDP`, or with a port `TCP:6379`"]),
        (PORT, " 6379", &["2: `6379` is a port without its protocol; write `TCP:6379` or `UDP:6379`"]),
        (PORT, "0", &["1: `0` is not a protocol of the form; write `TCP` or `UDP`"]),
        (PORT, "SCTP:80", &["1: `SCTP` is not a protocol of the form; write `TCP` or `UDP`"]),
        (PORT, "tcp", &["1: `tcp` is not a protocol of the form; write `TCP` or `UDP`"]),
        (PORT, "80:80", &["1: `80` is not a protocol of the form; write `TCP` or `UDP`"]),
        (PORT, "TCP/80", &["1: `TCP/80` is not a protocol of the form; write `TCP` or `UDP`"]),
        (PORT, "TCP:", &["4: no port after `:`; write one number from 1 to 65535, or for every port take the `:` out"]),
        (PORT, "TCP:http", &["5: `http` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP: 0", &["6: `0` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP:65536", &["5: `65536` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP:+80", &["5: `+80` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP:80-90", &["5: `80-90` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP:80:90", &["5: `80:90` is not a port; write one number from 1 to 65535"]),
        (PORT, "TCP:٨", &["5: `٨` is not a port; write one number from 1 to 65535"]),
        (
            PORT,
            "é:x",
            &[
                "1: `é` is not a protocol of the form; write `TCP` or `UDP`",
                "3: `x` is not a port; write one number from 1 to 65535",
            ],
        ),
        (BLOCK, "172.17.0.0", &["1: `172.17.0.0` is no cidr; for this address alone write `172.17.0.0/32`"]),
        (BLOCK, "2001:DB8::1", &["1: `2001:DB8::1` is no cidr; for this address alone write `2001:db8::1/128`"]),
        (BLOCK, "é", &["1: `é` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`"]),
        (BLOCK, "10.0.0.0/33", &["1: `10.0.0.0/33` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`"]),
        (BLOCK, "a\nb", &["1: `a\\nb` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`"]),
        (
            BLOCK,
            "10.0.0.0/8 10.1.0.0/16",
            &["1: `10.0.0.0/8 10.1.0.0/16` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`"],
        ),
        (
            BLOCK,
            "|10.1.0.0/16",
            &["1: no cidr block at the beginning; write the block first: `172.17.0.0/16|172.17.1.0/24`"],
        ),
        (BLOCK, "10.0.0.0/8|", &["11: no exception after `|`; write a cidr there or take the `|` out"]),
        (BLOCK, "10.0.0.0/8 | 10.1.0.0/16 ,", &["26: no exception after `,`; write a cidr there or take the `,` out"]),
        (BLOCK, "10.0.0.0/8|,10.1.0.0/16", &["11: no exception after `|`; write a cidr there or take the `|` out"]),
        (
            BLOCK,
            "10.0.0.0/8,11.1.0.0/16",
            &["11: `,` before any `|`; a row has one block, and its exceptions follow a `|`"],
        ),
        (BLOCK, "10.0.0.0/8|10.1.0.0/16|10.2.0.0/16", &["23: a second `|`; put `,` between exceptions"]),
        (
            BLOCK,
            "10.0.0.0/8|10.1.0.0,x",
            &[
                "12: `10.1.0.0` is no cidr; for this address alone write `10.1.0.0/32`",
                "21: `x` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`",
            ],
        ),
        (BLOCK, "10.0.0.0/8|11.0.0.0/16", &[&format!("12: `11.0.0.0/16` does not lie inside `10.0.0.0/8`; {smaller}")]),
        (
            BLOCK,
            "10.1.2.3/16| 10.1.2.3/8,::/0",
            &[
                &format!("14: `10.0.0.0/8` does not lie inside `10.1.0.0/16`; {smaller}"),
                &format!("25: `::/0` does not lie inside `10.1.0.0/16`; {smaller}"),
            ],
        ),
        (BLOCK, "10.0.0.0/8|10.1.2.3/8", &[&format!("12: `10.0.0.0/8` is the whole block; {smaller}")]),
        (BLOCK, "10.0.0.0/8|::ffff:10.0.0.0/104", &[&format!("12: `10.0.0.0/8` is the whole block; {smaller}")]),
        (BLOCK, "::/0|::/0", &[&format!("6: `::/0` is the whole block; {smaller}")]),
        (
            BLOCK,
            "x|y||z,",
            &[
                "1: `x` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`",
                "3: `y` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`",
                "4: a second `|`; put `,` between exceptions",
                "4: no exception after `|`; write a cidr there or take the `|` out",
                "5: a second `|`; put `,` between exceptions",
                "6: `z` is no cidr; write `172.17.0.0/16` or `2001:db8::/32`",
                "7: no exception after `,`; write a cidr there or take the `,` out",
            ],
        ),
        (NAMESPACE, " My_Shop", &[&format!("2: `My_Shop` is not the name of a namespace; {name_help}")]),
        (NAMESPACE, "a.b", &[&format!("1: `a.b` is not the name of a namespace; {name_help}")]),
        (NAMESPACE, "-a", &[&format!("1: `-a` is not the name of a namespace; {name_help}")]),
        (NAMESPACE, &long, &[&format!("1: `{long}` is not the name of a namespace; {name_help}")]),
        (NAMESPACE, &longer, &[&format!("1: `{}…` is not the name of a namespace; {name_help}", "n".repeat(80))]),
        (LABEL, " role", &["2: `role` has no `=`; write `KEY=VALUE`; the value may be empty"]),
        (LABEL, "a b=c", &[&format!("1: `a b` is not a label key: the name is {syntax}; {key_help}")]),
        (LABEL, "=c", &[&format!("1: `` is not a label key: the name is empty, the name is {syntax}; {key_help}")]),
        (LABEL, "a/b/c=d", &[&format!("1: `a/b/c` is not a label key: a label key has at most one `/`; {key_help}")]),
        (LABEL, "a==b", &[&format!("3: `=b` is not a label value: the value is {syntax}; {value_help}")]),
        (
            LABEL,
            "é= ü",
            &[
                &format!("1: `é` is not a label key: the name is {syntax}; {key_help}"),
                &format!("4: `ü` is not a label value: the value is {syntax}; {value_help}"),
            ],
        ),
        (LABEL, "a=b,c=d", &["4: `,` after the label; a row has one label"]),
        (LABEL, "a=b,", &["4: `,` after the label; a row has one label"]),
        (
            LABEL,
            "a=b, c",
            &[
                "4: `,` after the label; a row has one label",
                "6: `c` has no `=`; write `KEY=VALUE`; the value may be empty",
            ],
        ),
    ];
    let titles = [
        [Column::ProtocolPort, Column::SourceCidrBlock, Column::SourceNamespace, Column::SourcePodLabel],
        [Column::ProtocolPort, Column::DestinationCidrBlock, Column::DestinationNamespace, Column::DestinationPodLabel],
    ];
    for (column, text, expected) in cases {
        let under = |title: Column| -> String {
            let all: Vec<String> = expected.iter().map(|line| format!("{title}, character {line}")).collect();
            all.join("\n")
        };
        let (inbound, outbound) = faults(*column, text);
        assert_eq!(inbound, under(titles[0][*column]), "{text:?}");
        assert_eq!(outbound, under(titles[1][*column]), "{text:?}");
    }
    assert_eq!(
        titles.concat().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "Protocol & Port",
            "Source CIDR Block",
            "Source Namespace",
            "Source Pod Label",
            "Protocol & Port",
            "Destination CIDR Block",
            "Destination Namespace",
            "Destination Pod Label",
        ]
    );
}

#[test]
fn an_inbound_row_needs_a_protocol() {
    let expected = "Protocol & Port, character 1: no protocol; write `TCP` or `UDP`, or with a port `TCP:6379`";
    for text in [None, Some(""), Some("  ")] {
        let columns = Columns { protocol_port: text, ..Columns::default() };
        assert_eq!(InboundRow::new(&columns).unwrap_err().to_string(), expected);
        assert_eq!(OutboundRow::new(&columns).unwrap().port, None);
    }
}

#[test]
fn a_block_beside_namespace_or_label_is_a_fault_at_the_second_column() {
    let beside = |namespace, label| {
        let columns = typed("TCP", "10.0.0.0/8", namespace, label);
        (InboundRow::new(&columns).unwrap_err().to_string(), OutboundRow::new(&columns).unwrap_err().to_string())
    };
    let end = "beside a cidr block; empty one of the two columns";
    let (inbound, outbound) = beside(" shop", "");
    assert_eq!(inbound, format!("Source Namespace, character 2: a namespace {end}"));
    assert_eq!(outbound, format!("Destination Namespace, character 2: a namespace {end}"));
    let (inbound, outbound) = beside("", "role=web");
    assert_eq!(inbound, format!("Source Pod Label, character 1: a pod label {end}"));
    assert_eq!(outbound, format!("Destination Pod Label, character 1: a pod label {end}"));
    let (inbound, _) = beside("shop", "role=web");
    assert_eq!(
        inbound,
        format!("Source Namespace, character 1: a namespace {end}\nSource Pod Label, character 1: a pod label {end}")
    );
}

#[test]
fn all_faults_of_a_row_come_at_once() {
    let error = InboundRow::new(&typed("ICMP:0", "10.0.0.0/8|x", "Shop", "role")).unwrap_err();
    let found: Vec<_> = error.faults().iter().map(|fault| (fault.column, fault.position, fault.kind.clone())).collect();
    assert_eq!(
        found,
        [
            (Column::ProtocolPort, 1, RowFaultKind::BadProtocol("ICMP".to_owned())),
            (Column::ProtocolPort, 6, RowFaultKind::BadPort("0".to_owned())),
            (Column::SourceCidrBlock, 12, RowFaultKind::BadCidr("x".to_owned())),
            (Column::SourceNamespace, 1, RowFaultKind::NamespaceBesideBlock),
            (Column::SourceNamespace, 1, RowFaultKind::BadNamespace("Shop".to_owned())),
            (Column::SourcePodLabel, 1, RowFaultKind::LabelBesideBlock),
            (Column::SourcePodLabel, 1, RowFaultKind::NoEquals("role".to_owned())),
        ]
    );
    // A bad block still is a block.
    let error = OutboundRow::new(&typed("", "x", "shop", "")).unwrap_err();
    assert_eq!(error.faults().len(), 2);
}

#[test]
fn hostile_texts_stay_small() {
    let commas = ",".repeat(1 << 20);
    for columns in [typed("TCP", &commas, "", ""), typed("TCP", "", &commas, &commas), typed(&commas, "", "", "")] {
        let error = InboundRow::new(&columns).unwrap_err();
        assert!((1..=1000).contains(&error.faults().len()));
        assert!(error.to_string().len() < 200_000);
    }
}

#[test]
fn what_the_form_cannot_show_is_said() {
    let web = || own(labels(&[("role", "web")]));
    let http = || tcp(PortSpec::Number(port(80)));
    let peer = |peer| rule(peer, http());
    let entry = |entry| rule(web(), entry);
    let named = |name: &str| PortSpec::Name(PortName::new(name).unwrap());
    let range = |first, last| PortSpec::Range(PortRange::new(port(first), port(last)).unwrap());
    let one_name = Requirement::in_(label_key(NAMESPACE_NAME_LABEL), [label_value("shop")]).unwrap();
    let cases: &[(Rule, &[&str])] = &[
        (
            Rule { peers: Peers::Any, ports: Ports::Of(vec![http()]) },
            &["the rule admits every peer, while a row without a peer admits the pods of the own namespace alone"],
        ),
        (
            Rule { peers: Peers::Of(vec![]), ports: Ports::Of(vec![http()]) },
            &["the rule's list of peers is empty, while a row always has one"],
        ),
        (
            Rule { peers: Peers::Of(vec![web(), web()]), ports: Ports::Of(vec![http()]) },
            &["the rule has 2 peers, a row has one"],
        ),
        (peer(own(exists("a"))), &["the rule's `podSelector` has `matchExpressions`, the form has labels alone"]),
        (
            peer(of_namespace(Selector::new(Labels::new(), vec![one_name]))),
            &["the rule's `namespaceSelector` has `matchExpressions`, the form has labels alone"],
        ),
        (
            peer(pods(
                Namespaces::Matching(Selector::new(
                    labels(&[(NAMESPACE_NAME_LABEL, "shop"), ("a", "b")]).match_labels().clone(),
                    exists("a").expressions().to_vec(),
                )),
                labels(&[("a", "1"), ("b", "2"), ("c", "3")]),
            )),
            &[
                "the rule's `namespaceSelector` has 2 labels, the form has one",
                "the rule's `namespaceSelector` has `matchExpressions`, the form has labels alone",
                "the rule's `podSelector` has 3 labels, the form has one",
            ],
        ),
        (peer(of_namespace(Selector::everything())), &["the rule selects every namespace, a row selects one"]),
        (
            peer(of_namespace(labels(&[("project", "myproject")]))),
            &["the rule selects namespaces by `project`, the form by `kubernetes.io/metadata.name` alone"],
        ),
        (
            peer(of_namespace(labels(&[(NAMESPACE_NAME_LABEL, "My.Shop")]))),
            &["the rule selects the namespace `My.Shop`, and no namespace can be named so"],
        ),
        (
            peer(of_namespace(labels(&[(NAMESPACE_NAME_LABEL, "")]))),
            &["the rule selects the namespace ``, and no namespace can be named so"],
        ),
        (
            peer(Peer::IpBlock(block("10.0.0.0/8", &["10.1.0.0/16", "10.0.0.0/8"]))),
            &["the rule's `except` holds the whole block `10.0.0.0/8`, an exception of the form is a smaller part"],
        ),
        (
            Rule { peers: Peers::Of(vec![web()]), ports: Ports::Of(vec![]) },
            &["the rule's list of ports is empty, while a row has one entry or does not limit ports"],
        ),
        (
            Rule { peers: Peers::Of(vec![web()]), ports: Ports::Of(vec![http(), http(), http()]) },
            &["the rule has 3 entries in `ports`, a row has one"],
        ),
        (
            entry(PortMatch { protocol: Protocol::Sctp, port: PortSpec::Any }),
            &["the rule admits SCTP, the form has TCP and UDP alone"],
        ),
        (entry(tcp(range(80, 90))), &["the rule has an `endPort` (ports 80-90), a row has a single port"]),
        (entry(tcp(range(80, 80))), &["the rule has an `endPort` (ports 80-80), a row has a single port"]),
        (entry(tcp(named("http"))), &["the rule names the port `http`, the form has numbers alone"]),
        (
            rule(own(exists("a")), PortMatch { protocol: Protocol::Sctp, port: named("http") }),
            &[
                "the rule's `podSelector` has `matchExpressions`, the form has labels alone",
                "the rule admits SCTP, the form has TCP and UDP alone",
                "the rule names the port `http`, the form has numbers alone",
            ],
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(InboundRow::from_rule(rule).unwrap_err().to_string(), expected.join("\n"));
        assert_eq!(OutboundRow::from_rule(rule).unwrap_err().to_string(), expected.join("\n"));
    }
    // Without `ports`: only the outbound form can leave its protocol empty.
    let any = Rule { peers: Peers::Of(vec![web()]), ports: Ports::Any };
    assert_eq!(
        InboundRow::from_rule(&any).unwrap_err().to_string(),
        "the rule admits every protocol, an inbound row names one"
    );
    assert_eq!(printed(&OutboundRow::from_rule(&any).unwrap().columns()), ["", "", "", "role=web"]);

    let error = OutboundRow::from_rule(&peer(own(exists("a")))).unwrap_err();
    assert_eq!(error.obstacles(), [Obstacle::Expressions(WhichSelector::Pods)]);
}

/// The policies of SEED's figures, but for the labels of their subjects.
#[test]
fn the_figures_of_the_page_as_rows() {
    let policy = |ingress: &str, egress: &str| -> NetworkPolicy {
        let text = format!(
            r#"{{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{{"name":"p"}},
               "spec":{{"podSelector":{{}},"policyTypes":["Ingress","Egress"],"ingress":[{ingress}],"egress":[{egress}]}}}}"#
        );
        let loaded = Loader::new(Release::DEFAULT).text("p.json", text).finish();
        assert_eq!(loaded.diagnostics, []);
        loaded.cluster.policies().first().unwrap().clone()
    };
    let redis = r#""ports":[{"protocol":"TCP","port":6379}]"#;
    let frontend = r#""podSelector":{"matchLabels":{"role":"frontend"}}"#;
    let project = r#""namespaceSelector":{"matchLabels":{"project":"myproject"}}"#;

    // Figures 1 and 5 (ingress); 4; 5 (egress).
    let figure = policy(&format!(r#"{{"from":[{{{frontend}}}],{redis}}}"#), "");
    let row = InboundRow::from_rule(&figure.rules(Direction::Ingress)[0]).unwrap();
    assert_eq!(printed(&row.columns()), ["TCP:6379", "", "", "role=frontend"]);
    let figure = policy("", r#"{"to":[{"ipBlock":{"cidr":"172.16.0.0/16","except":["172.16.0.40/32"]}}]}"#);
    let row = OutboundRow::from_rule(&figure.rules(Direction::Egress)[0]).unwrap();
    assert_eq!(printed(&row.columns()), ["", "172.16.0.0/16|172.16.0.40/32", "", ""]);
    let figure = policy("", r#"{"to":[{"podSelector":{"matchLabels":{"role":"web"}}}]}"#);
    let row = OutboundRow::from_rule(&figure.rules(Direction::Egress)[0]).unwrap();
    assert_eq!(printed(&row.columns()), ["", "", "", "role=web"]);
    // Figures 2 and 3 go by a namespace's own label, which the form does not know.
    for from in [project.to_owned(), format!("{project},{frontend}")] {
        let figure = policy(&format!(r#"{{"from":[{{{from}}}],{redis}}}"#), "");
        let error = InboundRow::from_rule(&figure.rules(Direction::Ingress)[0]).unwrap_err();
        assert_eq!(error.obstacles(), [Obstacle::NamespaceLabel(label_key("project"))]);
    }
}

fn any_label() -> impl Strategy<Value = (LabelKey, LabelValue)> {
    let key = prop_oneof![
        Just("role".to_owned()),
        Just(NAMESPACE_NAME_LABEL.to_owned()),
        "([a-z]{1,3}(\\.[a-z0-9]{1,3})?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[A-Za-z0-9])?",
    ];
    let value = prop_oneof![Just(String::new()), "[A-Za-z0-9]([-A-Za-z0-9_.]{0,5}[A-Za-z0-9])?"];
    (key, value).prop_map(|(key, value)| (label_key(&key), label_value(&value)))
}

fn any_cidr() -> impl Strategy<Value = Cidr> {
    prop_oneof![
        (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(octets, prefix)| Cidr::new(octets.into(), prefix).unwrap()),
        (any::<[u16; 8]>(), 0..=128_u8).prop_map(|(groups, prefix)| Cidr::new(groups.into(), prefix).unwrap()),
        (any::<[u8; 4]>(), 80..=128_u8).prop_map(|(octets, prefix)| {
            Cidr::new(std::net::Ipv4Addr::from(octets).to_ipv6_mapped().into(), prefix).unwrap()
        }),
        Just(cidr("0.0.0.0/0")),
        Just(cidr("::/0")),
    ]
}

/// A block with parts of it as exceptions; now and then an exception is the whole.
fn any_block() -> impl Strategy<Value = IpBlock> {
    (any_cidr(), vec((any::<u128>(), 0..=128_u8), 0..4)).prop_map(|(outer, parts)| {
        let except = parts.into_iter().filter_map(|(bits, longer)| {
            let prefix = outer.prefix_len().saturating_add(longer);
            let part = match outer.network() {
                std::net::IpAddr::V4(network) => {
                    let host = u32::MAX.checked_shr(outer.prefix_len().into()).unwrap_or(0);
                    let host = u32::try_from(bits & u128::from(host)).unwrap();
                    Cidr::new(std::net::Ipv4Addr::from(u32::from(network) | host).into(), prefix.min(32)).unwrap()
                }
                std::net::IpAddr::V6(network) => {
                    let host = bits & u128::MAX.checked_shr(outer.prefix_len().into()).unwrap_or(0);
                    Cidr::new(std::net::Ipv6Addr::from(u128::from(network) | host).into(), prefix.min(128)).unwrap()
                }
            };
            IpBlock::new(outer, vec![part]).is_ok().then_some(part)
        });
        IpBlock::new(outer, except.collect()).unwrap()
    })
}

fn any_port() -> impl Strategy<Value = Port> {
    (1..=u16::MAX).prop_map(port)
}

fn any_protocol_port() -> impl Strategy<Value = ProtocolPort> {
    (prop_oneof![Just(RowProtocol::Tcp), Just(RowProtocol::Udp)], option::of(any_port()))
        .prop_map(|(protocol, port)| ProtocolPort { protocol, port })
}

fn any_row_peer() -> impl Strategy<Value = RowPeer> {
    let namespace = "[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?".prop_map(|text| NamespaceName::new(&text).unwrap());
    let label = any_label().prop_map(|(key, value)| Label { key, value });
    prop_oneof![
        (option::of(namespace), option::of(label)).prop_map(|(namespace, label)| RowPeer::Pods { namespace, label }),
        any_block().prop_filter_map("the form takes smaller exceptions", |block| {
            CidrBlock::new(block).map(RowPeer::Block)
        }),
    ]
}

fn any_selector() -> impl Strategy<Value = Selector> {
    let requirement = prop_oneof![
        any_label().prop_map(|(key, _)| Requirement::Exists { key }),
        any_label().prop_map(|(key, _)| Requirement::DoesNotExist { key }),
        any_label().prop_map(|(key, value)| Requirement::in_(key, [value]).unwrap()),
        any_label().prop_map(|(key, value)| Requirement::not_in(key, [value]).unwrap()),
    ];
    (vec(any_label(), 0..3), prop_oneof![4 => Just(vec![]), 1 => vec(requirement, 0..3)])
        .prop_map(|(labels, expressions)| Selector::new(labels.into_iter().collect(), expressions))
}

fn any_namespaces() -> impl Strategy<Value = Namespaces> {
    prop_oneof![
        Just(Namespaces::Own),
        any_selector().prop_map(Namespaces::Matching),
        "[a-z][-a-zA-Z0-9]{0,3}[a-z]".prop_map(|name| Namespaces::Matching(labels(&[(NAMESPACE_NAME_LABEL, &name)]))),
    ]
}

fn any_peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        2 => (any_namespaces(), any_selector()).prop_map(|(namespaces, selector)| pods(namespaces, selector)),
        1 => any_block().prop_map(Peer::IpBlock),
    ]
}

fn any_entry() -> impl Strategy<Value = PortMatch> {
    let spec = prop_oneof![
        3 => Just(PortSpec::Any),
        3 => any_port().prop_map(PortSpec::Number),
        1 => (any_port(), any_port())
            .prop_map(|(a, b)| PortSpec::Range(PortRange::new(a.min(b), a.max(b)).unwrap())),
        1 => "[a-z]{1,5}".prop_map(|name| PortSpec::Name(PortName::new(&name).unwrap())),
    ];
    (prop_oneof![2 => Just(Protocol::Tcp), 2 => Just(Protocol::Udp), 1 => Just(Protocol::Sctp)], spec)
        .prop_map(|(protocol, port)| PortMatch { protocol, port })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let peers = prop_oneof![
        1 => Just(Peers::Any),
        4 => any_peer().prop_map(|peer| Peers::Of(vec![peer])),
        1 => vec(any_peer(), 0..3).prop_map(Peers::Of),
    ];
    let ports = prop_oneof![
        1 => Just(Ports::Any),
        4 => any_entry().prop_map(|entry| Ports::Of(vec![entry])),
        1 => vec(any_entry(), 0..3).prop_map(Ports::Of),
    ];
    (peers, ports).prop_map(|(peers, ports)| Rule { peers, ports })
}

/// Whether the form has columns for the peers and for the ports of an outbound rule, from how the rule reads.
fn showable(rule: &Rule) -> (bool, bool) {
    let simple = |selector: &Selector| selector.expressions().is_empty() && selector.match_labels().len() <= 1;
    let peers = match &rule.peers {
        Peers::Of(peers) if peers.len() == 1 => match &peers[0] {
            Peer::IpBlock(block) => block.except().iter().all(|except| except.prefix_len() > block.cidr().prefix_len()),
            Peer::Pods(PodPeer { namespaces: Namespaces::Own, pods }) => simple(pods),
            Peer::Pods(PodPeer { namespaces: Namespaces::Matching(selector), pods }) => {
                let text = selector.to_string();
                let name = text.strip_prefix("kubernetes.io/metadata.name=").unwrap_or("-");
                let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                let edges = name.starts_with('-') || name.ends_with('-');
                simple(pods) && !name.is_empty() && !edges && name.chars().all(lower)
            }
        },
        _ => false,
    };
    let ports = match &rule.ports {
        Ports::Any => true,
        Ports::Of(entries) if entries.len() == 1 => {
            entries[0].protocol != Protocol::Sctp && matches!(entries[0].port, PortSpec::Any | PortSpec::Number(_))
        }
        Ports::Of(_) => false,
    };
    (peers, ports)
}

/// Texts of the form's own characters: nearer to right ones than any text is.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,12}",
        "(TCP|UDP|SCTP|80|:| ){0,4}",
        "(10\\.0\\.0\\.0/8|10\\.1\\.0\\.0/16|10\\.1\\.0\\.1/32|::/0|\\||,| ){0,7}",
        "(a|b|é|=|,|/|-| ){0,6}",
    ]
}

proptest! {
    #[test]
    fn an_inbound_row_survives_rule_and_texts(port in any_protocol_port(), source in any_row_peer()) {
        let row = InboundRow { port, source };
        prop_assert_eq!(InboundRow::from_rule(&row.to_rule()), Ok(row.clone()));
        prop_assert_eq!(InboundRow::new(&row.columns()), Ok(row));
    }

    #[test]
    fn an_outbound_row_survives_rule_and_texts(port in option::of(any_protocol_port()), destination in any_row_peer()) {
        let row = OutboundRow { port, destination };
        prop_assert_eq!(OutboundRow::from_rule(&row.to_rule()), Ok(row.clone()));
        prop_assert_eq!(OutboundRow::new(&row.columns()), Ok(row));
    }

    #[test]
    fn a_rule_is_refused_or_survives_its_row(rule in any_rule()) {
        match InboundRow::from_rule(&rule) {
            Ok(row) => {
                prop_assert_eq!(&row.to_rule(), &rule);
                prop_assert_eq!(InboundRow::new(&row.columns()).unwrap().to_rule(), rule.clone());
            }
            Err(error) => prop_assert!(!error.obstacles().is_empty()),
        }
        match OutboundRow::from_rule(&rule) {
            Ok(row) => {
                prop_assert_eq!(&row.to_rule(), &rule);
                prop_assert_eq!(OutboundRow::new(&row.columns()).unwrap().to_rule(), rule);
            }
            Err(error) => prop_assert!(!error.obstacles().is_empty()),
        }
    }

    /// Nothing that the form can show is refused: `showable` says the same by its own way.
    #[test]
    fn exactly_the_showable_rules_are_shown(rule in any_rule()) {
        let (peers, entries) = showable(&rule);
        prop_assert_eq!(OutboundRow::from_rule(&rule).is_ok(), peers && entries);
        prop_assert_eq!(InboundRow::from_rule(&rule).is_ok(), peers && entries && rule.ports != Ports::Any);
    }

    #[test]
    fn no_text_panics_and_every_fault_lies_inside(texts in [any_text(), any_text(), any_text(), any_text()]) {
        let [port, block, namespace, label] = &texts;
        let columns = typed(port, block, namespace, label);
        let length = |column: Column| match column {
            Column::ProtocolPort => port,
            Column::SourceCidrBlock => block,
            Column::SourceNamespace => namespace,
            _ => label,
        }.chars().count();
        match InboundRow::new(&columns) {
            Ok(row) => prop_assert_eq!(InboundRow::new(&row.columns()), Ok(row)),
            Err(error) => {
                prop_assert!(!error.faults().is_empty());
                for fault in error.faults() {
                    prop_assert!((1..=length(fault.column).max(1)).contains(&fault.position), "{}", fault);
                    prop_assert!(!fault.to_string().contains('\n'));
                }
                let places: Vec<_> = error.faults().iter().map(|fault| (fault.column, fault.position)).collect();
                prop_assert!(places.is_sorted(), "{:?}", places);
            }
        }
    }

    /// No row makes a manifest that the API server refuses or warns about.
    #[test]
    fn rows_make_manifests_that_the_server_accepts(port in any_protocol_port(), peer in any_row_peer()) {
        let rule = InboundRow { port, source: peer }.to_rule();
        let policy = NetworkPolicy::new(
            ObjectName::new("default", "p"),
            Selector::everything(),
            PolicyTypes::Both,
            vec![rule.clone()],
            vec![rule],
        );
        let json = serde_json::to_string(&Manifest(&policy)).unwrap();
        let loaded = Loader::new(Release::v1(36)).text("p.json", json).finish();
        prop_assert_eq!(loaded.diagnostics, vec![]);
        prop_assert_eq!(loaded.cluster.policies().iter().collect::<Vec<_>>(), [&policy]);
    }
}

/// The generators reach both ends: neither "refused" nor "shown" is a rarity.
#[test]
fn generated_rules_are_shown_and_refused() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut next = || any_rule().new_tree(&mut runner).unwrap().current();
    let rules: Vec<Rule> = (0..1000).map(|_| next()).collect();
    let shown = rules.iter().filter(|rule| OutboundRow::from_rule(rule).is_ok()).count();
    assert!((100..=700).contains(&shown), "{shown}");
    let blocks = rules.iter().filter_map(|rule| InboundRow::from_rule(rule).ok()).filter(InboundRow::needs_ip_block);
    assert!(blocks.count() > 20);
}
