//! The table over classes says what decisions say.

use netpol_oracle::engine::CellPeer;
use netpol_oracle::model::OtherProtocol;
use netpol_oracle::net::Family;
use netpol_oracle::verdict::Judged;
use netpol_oracle::{Cluster, Decide, Direction, Endpoint, Engine, Flow, L4, Profile, Protocol, Reference, Verdict};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::support::worlds::{World, worlds};

/// The side of a pod, as the definition has it.
fn side(cluster: &Cluster, profile: &Profile, flow: &Flow, direction: Direction) -> Option<Verdict> {
    match Reference::new(cluster, profile).decide(flow).ok()?.judged {
        Judged::Sides(sides) => Some(sides.of(direction).verdict),
        Judged::Backends(_) => None,
    }
}

#[test]
fn cells_are_the_sides_of_decisions() {
    let mut runner = TestRunner::deterministic();
    let (strategy, mut compared, mut denied) = (worlds(), 0_u32, 0_u32);
    for _ in 0..120 {
        let World { cluster, profile, .. } = strategy.new_tree(&mut runner).unwrap().current();
        let engine = Engine::new(&cluster, &profile);
        let plain = |pod: &&netpol_oracle::Pod| pod.is_live() && !pod.host_network && !pod.addresses.is_empty();
        let pods: Vec<_> = cluster.pods().iter().filter(plain).collect();
        let outside = ["203.0.113.9", "198.51.100.20", "2001:db8::9"];
        for subject in &pods {
            let class = engine.class_of(engine.pod_id(&subject.name).unwrap()).unwrap();
            let mut peers: Vec<(Endpoint, CellPeer)> = Vec::new();
            for peer in pods.iter().filter(|peer| peer.name != subject.name) {
                let class = engine.class_of(engine.pod_id(&peer.name).unwrap()).unwrap();
                let end = |address| Endpoint::PodAddress { pod: peer.name.clone(), address };
                peers.extend(
                    peer.addresses.iter().map(|address| (end(*address), CellPeer::Pod { class, address: *address })),
                );
            }
            let observed = outside.iter().map(|text| text.parse().unwrap());
            peers.extend(observed.map(|address| (Endpoint::Address(address), CellPeer::Outside(address))));
            for (end, peer) in peers {
                for direction in [Direction::Ingress, Direction::Egress] {
                    let cell = engine.cell(class, direction, peer).unwrap();
                    let other = L4::Other(OtherProtocol::new(47).unwrap());
                    let l4s = engine
                        .port_intervals()
                        .into_iter()
                        .map(|interval| L4::Port(interval.protocol(), interval.last()));
                    for l4 in l4s.chain([L4::Icmp, other]) {
                        let own = Endpoint::Named(subject.name.clone());
                        let flow = match direction {
                            Direction::Ingress => Flow::new(end.clone(), own.into(), l4),
                            Direction::Egress => Flow::new(own, end.clone().into(), l4),
                        };
                        // Ends of different families do not meet.
                        let Some(expected) = side(&cluster, &profile, &flow, direction) else { continue };
                        assert_eq!(cell.verdict(l4), expected, "{flow}, {direction}, {cell:?} {:?}", cluster);
                        compared += 1;
                        denied += u32::from(expected == Verdict::Deny);
                    }
                }
            }
        }
    }
    println!("table: {compared} cells compared");
    assert!(compared > 10_000 && denied > 1000, "{compared} {denied}");
}

/// Members of one class are answered alike, but for their own node and themselves.
#[test]
fn intervals_cover_everything_once() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..60 {
        let World { cluster, profile, .. } = worlds().new_tree(&mut runner).unwrap().current();
        let engine = Engine::new(&cluster, &profile);
        for protocol in Protocol::ALL {
            let of: Vec<_> = engine.port_intervals().into_iter().filter(|each| each.protocol() == protocol).collect();
            assert_eq!((of[0].first().get(), of.last().unwrap().last().get()), (1, 65535));
            assert!(of.windows(2).all(|pair| pair[0].last().get() + 1 == pair[1].first().get()));
        }
        for family in [Family::V4, Family::V6] {
            let of = engine.address_intervals(family);
            assert!(of.windows(2).all(|pair| pair[0].last < pair[1].first));
            let ends = [&of[0].first, &of[of.len() - 1].last].map(ToString::to_string);
            match family {
                Family::V4 => assert_eq!(ends, ["0.0.0.0", "255.255.255.255"]),
                Family::V6 => assert_eq!(ends, ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
            }
            // No block tells two addresses of an interval apart.
            let rules = cluster.policies().iter().flat_map(|policy| {
                [Direction::Ingress, Direction::Egress].into_iter().flat_map(|of| policy.rules(of)).collect::<Vec<_>>()
            });
            for rule in rules {
                let netpol_oracle::model::Peers::Of(peers) = &rule.peers else { continue };
                for peer in peers {
                    let netpol_oracle::model::Peer::IpBlock(block) = peer else { continue };
                    assert!(of.iter().all(|each| block.contains(each.first) == block.contains(each.last)));
                }
            }
        }
        let names: Vec<_> = engine.classes().map(|class| engine.representative(class).unwrap()).collect();
        assert_eq!(names.len(), engine.classes().count());
        for class in engine.classes() {
            assert!(engine.members(class).all(|member| engine.class_of_endpoint(&member) == Some(class)));
        }
    }
}
