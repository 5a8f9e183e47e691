//! Verdicts allocate nothing.

use netpol_oracle::generate::{ClusterSpec, flows};
use netpol_oracle::{Engine, Flow, L4, PodId, Port, Profile, Protocol};

#[test]
fn verdicts_allocate_nothing() {
    for profile in ["kubernetes", "tunnel:v1.31.6-r0", "vpc:v1.31.6-r0", "cn2:v1.31.6-r0"] {
        let profile: Profile = profile.parse().unwrap();
        for slices in [false, true] {
            let cluster = ClusterSpec::new(1000).endpoint_slices(slices).build();
            let engine = Engine::new(&cluster, &profile);
            // Errors carry texts and names: those may allocate.
            let asked: Vec<Flow> = flows(&cluster, 3000, 5).filter(|flow| engine.verdict(flow).is_ok()).collect();
            let services =
                asked.iter().filter(|flow| matches!(flow.destination, netpol_oracle::Destination::Service(_))).count();
            assert!(asked.len() > 2500 && services > 50, "{} {services}", asked.len());
            let ids: Vec<PodId> =
                cluster.pods().iter().filter(|pod| pod.is_live()).filter_map(|pod| engine.pod_id(&pod.name)).collect();
            let http = L4::Port(Protocol::Tcp, Port::new(8080).unwrap());
            let (mut flow_answers, mut pair_answers) = (0, 0);
            let made = allocation_counter::measure(|| {
                flow_answers = asked.iter().filter(|flow| engine.verdict(flow).is_ok()).count();
            });
            assert_eq!((made.count_total, flow_answers), (0, asked.len()), "by flow, {profile:?}");
            let pairs: Vec<_> = ids
                .iter()
                .zip(ids.iter().rev())
                .filter(|(a, b)| engine.verdict_between(**a, **b, http).is_ok())
                .collect();
            let made = allocation_counter::measure(|| {
                pair_answers = pairs.iter().filter(|(a, b)| engine.verdict_between(**a, **b, http).is_ok()).count();
            });
            assert_eq!((made.count_total, pair_answers), (0, pairs.len()), "by id, {profile:?}");
        }
    }
}
