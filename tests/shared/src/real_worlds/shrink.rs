//! The smallest part of a world that still shows a difference.

use netpol_oracle::model::Object;
use netpol_oracle::{Change, Cluster, Direction, Flow, NetworkPolicy};

use netpol_oracle::generate::strategies::World;

/// The world with that flow alone, without the objects and rules that the difference does not need.
pub fn shrunk(world: &World, flow: &Flow, differs: impl Fn(&World, &Flow) -> bool) -> World {
    let mut small = World::new(world.cluster.clone(), world.profile.clone(), vec![flow.clone()]);
    loop {
        let smaller = candidates(&small.cluster).into_iter().find_map(|cluster| {
            let candidate = World::new(cluster, small.profile.clone(), small.flows.clone());
            differs(&candidate, flow).then_some(candidate)
        });
        match smaller {
            Some(smaller) => small = smaller,
            None => return small,
        }
    }
}

fn candidates(cluster: &Cluster) -> Vec<Cluster> {
    let objects = cluster.objects().filter(|object| !matches!(object, Object::Namespace(_)));
    let mut changes: Vec<Change> = objects.map(|object| Change::Remove(object.id())).collect();
    for policy in cluster.policies() {
        for direction in [Direction::Ingress, Direction::Egress] {
            for at in 0..policy.written_rules(direction).len() {
                changes.push(Change::Put(without(policy, direction, at).into()));
            }
        }
    }
    let apply = |change: Change| {
        let mut smaller = cluster.clone();
        smaller.apply(&[change]).ok().map(|_| smaller)
    };
    changes.into_iter().filter_map(apply).collect()
}

fn without(policy: &NetworkPolicy, direction: Direction, at: usize) -> NetworkPolicy {
    let rules = |of: Direction| {
        let mut rules = policy.written_rules(of).to_vec();
        if of == direction {
            rules.remove(at);
        }
        rules
    };
    let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
    NetworkPolicy::new(policy.name().clone(), policy.subject().clone(), policy.types(), ingress, egress)
}
