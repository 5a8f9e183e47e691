//! Whom policies isolate, in each snapshot.

use crate::analysis::changes::{Isolation, IsolationChange};
use crate::analysis::end::End;
use crate::analysis::world::World;
use crate::model::flow::Endpoint;
use crate::name::Direction;
use crate::partition::index::Bits;
use crate::profile::capability::{HostNetwork, Support};
use crate::profile::profile::Profile;
use crate::reference::Reference;

/// Who becomes isolated or free.
pub(super) fn isolation<'c>(
    worlds: &[World<'c>; 2],
    references: &[Reference<'c>; 2],
    ends: &[End<'c>],
) -> Vec<IsolationChange> {
    let mut changes = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let sets: Vec<Bits> = worlds.iter().map(|world| isolated(world, direction)).collect();
        for end in ends {
            let (Some((_, object)), Some(endpoint)) = (end.object(0), end.endpoint()) else { continue };
            let is_open = (0..2).any(|at| is_open(worlds, end, at));
            let of = |snapshot: usize| -> Option<Isolation> {
                let (reference, (at, _)) = (references.get(snapshot)?, end.object(snapshot)?);
                Some(match sets.get(snapshot)?.contains(at) {
                    false => Isolation::Free,
                    true if is_open => by_reading(reference, endpoint, direction),
                    true => Isolation::Isolated,
                })
            };
            let (Some(was), Some(is)) = (of(0), of(1)) else { continue };
            if was != is {
                let name = match endpoint {
                    Endpoint::Named(name) => name,
                    _ => object.name(),
                };
                changes.push(IsolationChange { object: name.clone(), direction, becomes: is });
            }
        }
    }
    changes
}

fn is_open(worlds: &[World<'_>; 2], end: &End<'_>, snapshot: usize) -> bool {
    end.object(snapshot).zip(worlds.get(snapshot)).is_some_and(|((at, _), world)| world.is_open(at))
}

/// Where policies ask for what its controller sets (U7).
fn by_reading(reference: &Reference<'_>, endpoint: &Endpoint, direction: Direction) -> Isolation {
    match reference.isolates(endpoint, direction).as_slice() {
        [true] => Isolation::Isolated,
        [false] => Isolation::Free,
        _ => Isolation::Open,
    }
}

/// The pods and workloads that policies isolate, as far as the cluster enforces them (K1, K17, C1 to C3).
fn isolated(world: &World<'_>, direction: Direction) -> Bits {
    let mut set = Bits::new(world.index.objects().len());
    if !is_enforced(world.profile, direction) {
        return set;
    }
    for (_, subjects) in world.policies.iter().filter(|(policy, _)| policy.isolates(direction)) {
        set.add(subjects);
    }
    if world.profile.capabilities().host_network == HostNetwork::Node {
        let mut host = Bits::new(world.index.objects().len());
        let objects = world.index.objects().iter().enumerate();
        objects.filter(|(_, object)| object.is_host_network()).for_each(|(at, _)| host.set(at));
        set = set.without(&host);
    }
    set
}

fn is_enforced(profile: &Profile, direction: Direction) -> bool {
    let capabilities = profile.capabilities();
    let version = match direction {
        Direction::Ingress => capabilities.ingress,
        Direction::Egress => capabilities.egress,
    };
    capabilities.enforcement != Support::Unsupported && version != Support::Unsupported
}

/// The pods whose side may have changed: those that a changed policy selects for `direction`; where more
/// than policies differs, all that any policy selects.
pub(super) fn affected(worlds: &[World<'_>; 2], direction: Direction, same_world: bool) -> [Bits; 2] {
    let [before, after] = worlds;
    let selected = |world: &World<'_>, other: &World<'_>| {
        let mut set = Bits::new(world.index.objects().len());
        for (policy, subjects) in &world.policies {
            let changed = !same_world || other.cluster.policy(policy.name()) != Some(policy);
            if changed && policy.isolates(direction) {
                set.add(subjects);
            }
        }
        set
    };
    [selected(before, after), selected(after, before)]
}
