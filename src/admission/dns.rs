//! Name resolution under a new egress isolation.
//!
//! Pods that cannot ask the cluster's DNS reach nothing by name: the most common accident with egress
//! policies. Only what is certainly denied counts as cut off.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::admission::context::Review;
use crate::admission::cut_off::Cut;
use crate::admission::finding::{Findings, Place};
use crate::admission::text::{names, quoted};
use crate::diagnostic::Code;
use crate::labels::{LabelKey, LabelValue, Labels, Selector};
use crate::model::cluster::{ContainerPort, NAMESPACE_NAME_LABEL, Service, ServiceKind, ServicePort, TargetPort};
use crate::model::policy::{Namespaces, Peer, Peers, PodPeer, PortMatch, PortSpec, Ports, Rule};
use crate::name::Direction;
use crate::net::{IpBlock, Port, Protocol, remaining};
use crate::partition::index::Object;
use crate::profile::capability::{HostNetwork, IpBlockScope, Support, UnaddressedPod};

/// The namespace of the cluster's own services.
const SYSTEM: &str = "kube-system";
/// Where its DNS Service is, and the names that it goes by; OpenShift has its own.
const SERVICES: [(&str, &str); 3] = [(SYSTEM, "coredns"), (SYSTEM, "kube-dns"), ("openshift-dns", "dns-default")];
/// The ports on which DNS pods listen, where none is loaded.
const PORTS: [u16; 2] = [53, 5353];
/// The label its pods have, whichever server they run.
const LABEL: (&str, &str) = ("k8s-app", "kube-dns");

/// One server as a connection may reach it.
struct Server<'c> {
    namespace: &'c str,
    labels: &'c Labels,
    addresses: &'c [IpAddr],
    ports: &'c [ContainerPort],
    host_network: bool,
    /// Its own port for each protocol that is asked for.
    asked: Vec<(Protocol, Port)>,
    /// The Service's ClusterIPs, where it is reached by one.
    cluster_addresses: &'c [IpAddr],
}

pub(super) fn check(review: &Review<'_>, findings: &mut Findings) {
    if !review.policy.isolates(Direction::Egress) || review.is_unenforced(Direction::Egress) {
        return;
    }
    let Some(port) = Port::new(53) else { return };
    let (servers, known_as) = servers(review, port);
    let protocols: Vec<Protocol> = [Protocol::Udp, Protocol::Tcp]
        .into_iter()
        .filter(|wanted| {
            servers.is_empty() || servers.iter().any(|server| server.asked.iter().any(|(p, _)| p == wanted))
        })
        .collect();
    // Answers come by UDP first: TCP alone does not help a resolver that cannot ask.
    let Some(first) = protocols.first().copied() else { return };
    let Some(cut) = cut_off(review, &servers, first) else { return };
    let tcp_only = first == Protocol::Udp
        && protocols.contains(&Protocol::Tcp)
        && cut_off(review, &servers, Protocol::Tcp).is_none();
    let whom = cut.whom(review);
    let over = if tcp_only { " over UDP" } else { "" };
    let message = format!("DNS is cut off{over}: no egress rule lets {whom} reach {known_as}");
    let ports = own_ports(&servers, port);
    let help = format!("admit {ports} by UDP and TCP to the DNS pods");
    let help = match (servers.is_empty(), review.capabilities().ip_block_scope) {
        (false, IpBlockScope::OutsideCluster) => {
            format!("{help}, selected by labels: an `ipBlock` never matches them here")
        }
        _ => help,
    };
    findings.warn(Code::DnsCutOff, Place::Rules(Direction::Egress), message, help);
}

/// The ports that rules have to admit: what the servers listen on, whatever their Service calls it (K23).
fn own_ports(servers: &[Server<'_>], port: Port) -> String {
    let of_servers: BTreeSet<Port> = servers.iter().flat_map(|server| &server.asked).map(|(_, port)| *port).collect();
    let of_servers: Vec<String> = of_servers.iter().map(ToString::to_string).collect();
    match of_servers.as_slice() {
        [] => format!("port {port}"),
        [one] if *one == port.to_string() => format!("port {port}"),
        [one] => format!("port {one}, which {port} becomes,"),
        several => format!("the ports {}", several.join(" and ")),
    }
}

fn cut_off(review: &Review<'_>, servers: &[Server<'_>], protocol: Protocol) -> Option<Cut> {
    Cut::of(review, Direction::Egress, |policy| {
        policy.rules(Direction::Egress).iter().any(|rule| {
            if servers.is_empty() {
                let mut ports = PORTS.into_iter().filter_map(Port::new);
                let is_port = ports.any(|port| somewhere(rule, protocol, port));
                return is_port && may_reach_system(policy.name().namespace(), rule);
            }
            servers.iter().any(|server| reaches(review, policy.name().namespace(), rule, server, protocol))
        })
    })
}

/// The cluster's DNS as far as it is loaded, and what to call it.
fn servers<'c>(review: &Review<'c>, port: Port) -> (Vec<Server<'c>>, String) {
    let services = review.facts.cluster.services().iter().filter(|service| {
        SERVICES.contains(&(&**service.name.namespace(), &**service.name.name()))
            && service.kind != ServiceKind::ExternalName
    });
    let mut servers = Vec::new();
    let mut known_as = Vec::new();
    for service in services {
        known_as.push(format!("svc/{}", service.name));
        servers.extend(behind(review, service, port));
    }
    if !servers.is_empty() {
        return (servers, format!("{} on port 53", names(known_as)));
    }
    let objects = review.facts.index.objects().iter().copied();
    let labelled = objects.filter(|object| object.labels().get(LABEL.0).is_some_and(|value| value.as_str() == LABEL.1));
    let asked = vec![(Protocol::Udp, port), (Protocol::Tcp, port)];
    let servers: Vec<Server<'c>> = labelled.map(|object| server(object, asked.clone(), &[])).collect();
    let known_as = if servers.is_empty() {
        let rules = review.policy.rules(Direction::Egress);
        let is_anywhere = rules.iter().any(|rule| somewhere(rule, Protocol::Udp, port));
        if is_anywhere {
            format!("port 53 in `{SYSTEM}`, or outside the cluster")
        } else {
            "port 53 anywhere".to_owned()
        }
    } else {
        format!("the pods with {} on port 53", quoted(format!("{}={}", LABEL.0, LABEL.1)))
    };
    (servers, known_as)
}

fn server<'c>(object: Object<'c>, asked: Vec<(Protocol, Port)>, cluster_addresses: &'c [IpAddr]) -> Server<'c> {
    Server {
        namespace: object.name().namespace(),
        labels: object.labels(),
        addresses: object.addresses(),
        ports: object.ports(),
        host_network: object.is_host_network(),
        asked,
        cluster_addresses,
    }
}

/// The pods behind a Service; where none is loaded, one that has just the labels it selects.
fn behind<'c>(review: &Review<'c>, service: &'c Service, port: Port) -> Vec<Server<'c>> {
    let entries: Vec<&ServicePort> = service.ports.iter().filter(|entry| entry.port == port).collect();
    let asked = |ports: &[ContainerPort]| -> Vec<(Protocol, Port)> {
        let target = |entry: &&ServicePort| match &entry.target {
            TargetPort::Number(number) => Some((entry.protocol, *number)),
            TargetPort::Name(wanted) => {
                let named = ports.iter().find(|p| p.protocol == entry.protocol && p.name.as_ref() == Some(wanted));
                named.map(|found| (entry.protocol, found.port))
            }
        };
        entries.iter().filter_map(target).collect()
    };
    let found = review.facts.index.backends(review.facts.cluster, service);
    let mut servers: Vec<Server<'c>> = review
        .facts
        .index
        .of_set(&found)
        .map(|object| server(object, asked(object.ports()), &service.cluster_addresses))
        .filter(|server| !server.asked.is_empty())
        .collect();
    if servers.is_empty() {
        let numbers = asked(&[]);
        let asked = if numbers.is_empty() { vec![(Protocol::Udp, port), (Protocol::Tcp, port)] } else { numbers };
        servers.push(Server {
            namespace: service.name.namespace(),
            labels: &service.selector,
            addresses: &[],
            ports: &[],
            host_network: false,
            asked,
            cluster_addresses: &service.cluster_addresses,
        });
    }
    servers
}

/// Without a known server: whether any peer of the rule may be one, in the namespace where clusters have them, or outside.
fn may_reach_system(own: &str, rule: &Rule) -> bool {
    let Peers::Of(peers) = &rule.peers else { return true };
    peers.iter().any(|peer| match peer {
        Peer::Pods(PodPeer { namespaces: Namespaces::Own, .. }) => {
            SERVICES.iter().any(|(namespace, _)| *namespace == own)
        }
        Peer::Pods(PodPeer { namespaces: Namespaces::Matching(selector), .. }) => may_be_system(selector),
        Peer::IpBlock(block) => !remaining(block).is_empty(),
    })
}

/// Of the labels of a namespace that was not loaded its name is known (K10).
fn may_be_system(selector: &Selector) -> bool {
    let is_name = |key: &LabelKey| key.as_str() == NAMESPACE_NAME_LABEL;
    SERVICES.iter().any(|(namespace, _)| {
        let (Ok(key), Ok(value)) = (LabelKey::new(NAMESPACE_NAME_LABEL), LabelValue::new(namespace)) else {
            return true;
        };
        let labels: Labels = [(key, value)].into_iter().collect();
        let pairs = selector.match_labels().iter().all(|(key, value)| !is_name(key) || value.as_str() == *namespace);
        pairs && selector.expressions().iter().all(|each| !is_name(each.key()) || each.matches(&labels))
    })
}

/// Without a known server: whether the rule admits the port to anybody.
pub(super) fn somewhere(rule: &Rule, protocol: Protocol, port: Port) -> bool {
    let admits = |entry: &PortMatch| {
        entry.protocol == protocol
            && match &entry.port {
                PortSpec::Any | PortSpec::Name(_) => true,
                PortSpec::Number(number) => *number == port,
                PortSpec::Range(range) => range.contains(port),
            }
    };
    match &rule.ports {
        Ports::Any => true,
        Ports::Of(entries) => entries.iter().any(admits),
    }
}

/// Whether the rule may admit the server: what is merely not known counts as admitted.
fn reaches(review: &Review<'_>, own: &str, rule: &Rule, server: &Server<'_>, protocol: Protocol) -> bool {
    let mut asked = server.asked.iter().filter(|(asked, _)| *asked == protocol);
    asked.any(|(_, port)| match &rule.ports {
        Ports::Any => true,
        Ports::Of(entries) => entries.iter().any(|entry| admits_port(server, entry, protocol, *port)),
    }) && match &rule.peers {
        Peers::Any => true,
        Peers::Of(peers) => peers.iter().any(|peer| match peer {
            Peer::Pods(pods) => selects(review, own, pods, server),
            Peer::IpBlock(block) => holds(review, block, server),
        }),
    }
}

fn admits_port(server: &Server<'_>, entry: &PortMatch, protocol: Protocol, port: Port) -> bool {
    entry.protocol == protocol
        && match &entry.port {
            PortSpec::Any => true,
            PortSpec::Number(number) => *number == port,
            PortSpec::Range(range) => range.contains(port),
            PortSpec::Name(name) => {
                // A server that stands for pods nobody loaded may declare any name.
                server.ports.is_empty() && server.addresses.is_empty()
                    || server
                        .ports
                        .iter()
                        .any(|p| p.protocol == protocol && p.port == port && p.name.as_ref() == Some(name))
            }
        }
}

fn selects(review: &Review<'_>, own: &str, peer: &PodPeer, server: &Server<'_>) -> bool {
    if review.capabilities().cluster_ip != Support::Supported && !server.cluster_addresses.is_empty() {
        return true; // C10: nobody knows.
    }
    if server.host_network && review.capabilities().host_network == HostNetwork::Node {
        return false;
    }
    let namespace = match &peer.namespaces {
        Namespaces::Own => server.namespace == own,
        Namespaces::Matching(selector) => review
            .facts
            .cluster
            .namespace(server.namespace)
            .is_some_and(|namespace| selector.matches(&namespace.labels)),
    };
    namespace && peer.pods.matches(server.labels)
}

fn holds(review: &Review<'_>, block: &IpBlock, server: &Server<'_>) -> bool {
    let capabilities = review.capabilities();
    if capabilities.egress_ip_block != Support::Supported {
        return true;
    }
    if capabilities.ip_block_scope == IpBlockScope::OutsideCluster {
        return false; // C9: servers are in the cluster.
    }
    if server.addresses.is_empty() && capabilities.unaddressed_pod == UnaddressedPod::Unknown {
        return !remaining(block).is_empty();
    }
    let by_cluster_ip = capabilities.cluster_ip != Support::Supported;
    let clusters: &[IpAddr] = if by_cluster_ip { server.cluster_addresses } else { &[] };
    server.addresses.iter().chain(clusters).any(|address| block.contains(*address))
}
