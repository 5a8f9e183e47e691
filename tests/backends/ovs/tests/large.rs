//! A cluster with more pods than a new switch has ports.

use std::time::Instant;

use netpol_oracle::labels::{LabelKey, LabelValue, Labels, Selector};
use netpol_oracle::model::{Namespaces, Peer, Peers, PodPeer, PolicyTypes, PortMatch, PortSpec, Ports, Rule};
use netpol_oracle::oracle::DataPlane;
use netpol_oracle::{Change, Cluster, Endpoint, Flow, L4, NetworkPolicy, ObjectName, Pod, Port, Profile, Protocol};

use crate::ask::ask;
use crate::harness::{Tally, say, setting, switch};

const APPS: [&str; 4] = ["a", "b", "c", "d"];

fn app(number: usize) -> Labels {
    let value = LabelValue::new(APPS[number % APPS.len()]).expect("a value");
    [(LabelKey::new("app").expect("a key"), value)].into_iter().collect()
}

fn port(number: u16) -> Port {
    Port::new(number).expect("not 0")
}

fn pod(number: usize) -> Pod {
    let mut pod = Pod::new(ObjectName::new("shop", format!("p{number}")));
    pod.labels = app(number);
    pod.addresses = vec![format!("10.1.{}.{}", number / 200, number % 200 + 1).parse().expect("an address")];
    pod
}

/// Each app admits the next one.
fn policy(number: usize) -> NetworkPolicy {
    let next = PodPeer { namespaces: Namespaces::Own, pods: Selector::new(app(number + 1), Vec::new()) };
    let ports = vec![PortMatch { protocol: Protocol::Tcp, port: PortSpec::Number(port(80)) }];
    let rule = Rule { peers: Peers::Of(vec![Peer::Pods(next)]), ports: Ports::Of(ports) };
    let name = ObjectName::new("shop", format!("n{number}"));
    NetworkPolicy::new(name, Selector::new(app(number), Vec::new()), PolicyTypes::Ingress, vec![rule], Vec::new())
}

#[test]
fn a_switch_grows_with_the_cluster() {
    let Some(mut plane) = switch("large") else { return };
    let pods = setting("NETPOL_OVS_PODS", 150);
    let mut builder = Cluster::builder();
    for number in 0..pods {
        builder.pod(pod(number));
    }
    for number in 0..APPS.len() {
        builder.policy(policy(number));
    }
    let mut cluster = builder.build();
    let profile: Profile = "tunnel:v1.31.6-r0".parse().expect("a profile's text");

    let begun = Instant::now();
    plane.install(&cluster, &profile).unwrap_or_else(|error| panic!("{error}"));
    let (installed, flows) = (begun.elapsed(), plane.flow_count());
    let mut relabelled = pod(0);
    relabelled.labels = app(1);
    let changes = [Change::Put(pod(pods).into()), Change::Put(relabelled.into())];
    cluster.apply(&changes).expect("only additions");
    let begun = Instant::now();
    plane.apply(&changes, &cluster).unwrap_or_else(|error| panic!("{error}"));
    let (applied, changed) = (begun.elapsed(), plane.last_change());

    let mut tally = Tally::default();
    let end = |number| Endpoint::Named(pod(number).name);
    for source in 0..=pods {
        for destination in [0, 1, pods - 1, pods] {
            for number in [80, 81] {
                let l4 = L4::Port(Protocol::Tcp, port(number));
                let flow = Flow::new(end(source), end(destination).into(), l4);
                let asked = ask(&cluster, &profile, &flow).unwrap_or_else(|error| panic!("{error}"));
                asked.iter().for_each(|one| tally.compare(&mut plane, one));
            }
        }
    }
    say(&format!("ovs: {pods} pods, {flows} flows in {installed:?}; {changed} flows changed in {applied:?}; {tally}"));
    assert!(tally.mismatches.is_empty(), "{:#?}", tally.mismatches);
    assert!(tally.denied > 0 && tally.allowed > 0, "{tally}");
    assert!(changed < flows / 10, "few flows change with two pods: {changed} of {flows}");
}
