//! Verdicts against what reading that many objects costs at least.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use netpol_oracle::generate::{ClusterSpec, flows};
use netpol_oracle::net::Family;
use netpol_oracle::{Decide, Endpoint, Engine, Flow, L4, PodId, Port, Profile, Protocol, Reference, Verdict};

use crate::goals::{Goals, short};
use crate::timing::{Compared, Effort};

/// Questions that are made before the clock starts.
const QUESTIONS: usize = 1 << 16;

/// Where the next question stands: it hangs on the answer before, so that no two are under way at once.
fn next(at: usize, answer: u32) -> usize {
    (at + 1 + (answer & 1) as usize) & (QUESTIONS - 1)
}

fn bit(verdict: Verdict) -> u32 {
    u32::from(verdict == Verdict::Allow)
}

pub(crate) fn measure(effort: Effort, goals: &mut Goals) {
    let mut growth: Vec<(f64, f64)> = Vec::new();
    for pods in effort.sizes().iter().copied() {
        let cluster = ClusterSpec::new(pods).build();
        let engine = Engine::new(&cluster, &Profile::kubernetes());
        let mut random = Rng::with_seed(pods as u64);
        let live: Vec<_> = cluster.pods().iter().filter(|pod| pod.is_live()).collect();
        let ids: Vec<PodId> = live.iter().filter_map(|pod| engine.pod_id(&pod.name)).collect();
        let ports = [80, 8080, 443, 9090, 5432, 6379, 53, 8443].map(|number| Port::new(number).unwrap());
        let l4 = |random: &mut Rng| L4::Port(Protocol::Tcp, ports[random.usize(..ports.len())]);
        let named: Vec<(PodId, PodId, L4)> = (0..QUESTIONS)
            .map(|_| (ids[random.usize(..ids.len())], ids[random.usize(..ids.len())], l4(&mut random)))
            .filter(|(a, b, l4)| engine.verdict_between(*a, *b, *l4).is_ok())
            .collect();
        // Questions that cannot be judged (families that do not meet) are asked of nobody: the others fill their places.
        let named: Vec<_> = named.iter().cycle().take(QUESTIONS).copied().collect();
        let allowed =
            named.iter().filter(|(a, b, l4)| engine.verdict_between(*a, *b, *l4) == Ok(Verdict::Allow)).count();

        // The floor: two reads in arrays of one number a pod, the second where the first says.
        let arrays: [Vec<u32>; 2] = [(); 2].map(|()| (0..pods).map(|_| random.usize(..pods) as u32).collect());
        let places: Vec<(u32, u32)> =
            (0..QUESTIONS).map(|_| (random.usize(..pods) as u32, random.usize(..pods) as u32)).collect();
        let mut floor = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                let (from, to) = places[at];
                let first = arrays[0][from as usize];
                let place = first as usize + to as usize;
                let second = arrays[1][if place >= pods { place - pods } else { place }];
                at = next(at, second);
            }
            black_box(at);
        };
        let mut by_id = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                let (from, to, l4) = named[at];
                at = next(at, engine.verdict_between(from, to, l4).map_or(0, bit));
            }
            black_box(at);
        };
        let compared = Compared::of(effort, &mut [&mut floor, &mut by_id]);
        growth.push((compared.nanoseconds(0), compared.nanoseconds(1)));
        println!(
            "{pods} pods: by id {} ns, floor {} ns, {} % allowed",
            short(compared.nanoseconds(1)),
            short(compared.nanoseconds(0)),
            allowed * 100 / QUESTIONS
        );
        goals.at_most(
            format!("verdict by id, {pods} pods, to two reads"),
            compared.ratio(1, 0),
            if pods < 100_000 { 8.0 } else { 3.0 },
        );

        // By address, against two look-ups in the standard map.
        let addressed: Vec<IpAddr> =
            live.iter().filter(|pod| !pod.host_network).filter_map(|pod| pod.addresses.first().copied()).collect();
        let map: HashMap<IpAddr, u32> = addressed.iter().copied().zip(0..).collect();
        let pairs: Vec<(IpAddr, IpAddr, L4)> = (0..QUESTIONS * 2)
            .map(|_| {
                (
                    addressed[random.usize(..addressed.len())],
                    addressed[random.usize(..addressed.len())],
                    l4(&mut random),
                )
            })
            .filter(|(a, b, _)| Family::of(*a) == Family::of(*b))
            .take(QUESTIONS)
            .collect();
        let mut two_maps = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                let (a, b, _) = &pairs[at];
                at = next(at, map.get(a).copied().unwrap_or(0) ^ map.get(b).copied().unwrap_or(0));
            }
            black_box(at);
        };
        let mut by_address = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                let (a, b, l4) = pairs[at];
                at = next(at, engine.verdict_of_addresses(a, b, l4).map_or(0, bit));
            }
            black_box(at);
        };
        let compared = Compared::of(effort, &mut [&mut two_maps, &mut by_address]);
        println!(
            "  by address {} ns, two look-ups {} ns",
            short(compared.nanoseconds(1)),
            short(compared.nanoseconds(0))
        );
        goals.at_most(format!("verdict by address, {pods} pods, to two HashMap look-ups"), compared.ratio(1, 0), 1.5);

        // From outside, against a binary search over the boundaries of all blocks.
        let boundaries: Vec<u32> = engine
            .address_intervals(Family::V4)
            .iter()
            .filter_map(|each| if let IpAddr::V4(first) = each.first { Some(u32::from(first)) } else { None })
            .collect();
        let outside: Vec<u32> =
            (0..QUESTIONS).map(|_| u32::from(Ipv4Addr::new(203, 0, 0, 0)) + random.usize(..1 << 16) as u32).collect();
        let asked: Vec<Flow> = outside
            .iter()
            .map(|address| {
                let to = addressed[random.usize(..addressed.len())];
                let to = if Family::of(to) == Family::V4 { to } else { addressed[0] };
                Flow::new(
                    Endpoint::Address(Ipv4Addr::from(*address).into()),
                    Endpoint::Address(to).into(),
                    l4(&mut random),
                )
            })
            .collect();
        let mut search = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                at = next(at, boundaries.partition_point(|each| *each <= outside[at]) as u32);
            }
            black_box(at);
        };
        let mut from_outside = |times: usize| {
            let mut at = 0;
            for _ in 0..times {
                at = next(at, engine.verdict(&asked[at]).map_or(0, bit));
            }
            black_box(at);
        };
        let compared = Compared::of(effort, &mut [&mut search, &mut from_outside]);
        println!(
            "  from outside {} ns, binary search over {} boundaries {} ns: {} times",
            short(compared.nanoseconds(1)),
            boundaries.len(),
            short(compared.nanoseconds(0)),
            short(compared.ratio(1, 0))
        );

        // Whole decisions, flows by name, batches; the definition, where it does not take too long.
        let mixed: Vec<Flow> = flows(&cluster, 4096, 1).filter(|flow| engine.verdict(flow).is_ok()).collect();
        let mut verdicts = |times: usize| {
            for at in 0..times {
                black_box(engine.verdict(&mixed[at % mixed.len()]).is_ok());
            }
        };
        let mut decide = |times: usize| {
            for at in 0..times {
                black_box(engine.decide(&mixed[at % mixed.len()]).is_ok());
            }
        };
        let mut batch = |times: usize| {
            for _ in 0..times.div_ceil(mixed.len()) {
                black_box(engine.verdicts(&mixed));
            }
        };
        let compared = Compared::of(effort, &mut [&mut verdicts, &mut decide, &mut batch]);
        println!(
            "  flows by name, mixed: verdict {} ns, decide {} times that, batch {} times that",
            short(compared.nanoseconds(0)),
            short(compared.ratio(1, 0)),
            short(compared.ratio(2, 0))
        );
        if pods <= 10_000 {
            let profile = Profile::kubernetes();
            let reference = Reference::new(&cluster, &profile);
            let few = &mixed[..64];
            let slow = crate::timing::time(|| few.iter().for_each(|flow| drop(black_box(reference.decide(flow))))).0;
            let fast = crate::timing::time(|| few.iter().for_each(|flow| drop(black_box(engine.decide(flow))))).0;
            println!("  decide: the definition takes {} times as long", short(slow / fast));
        }
    }
    if let (Some((floor, verdict)), Some((last_floor, last_verdict))) = (growth.first(), growth.last()) {
        let (floor, verdict) = (last_floor / floor, last_verdict / verdict);
        goals.at_most("growth of a verdict's cost, smallest to largest, to the floor's", verdict / floor, 1.0);
    }
}
