//! What a policy's spec says of a direction, as it is written.

use crate::located::Tree;
use crate::name::Direction;

/// The field of the spec that lists the rules of a direction, and the field of a rule that lists its peers.
pub(super) fn fields_of(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Ingress => ("ingress", "from"),
        Direction::Egress => ("egress", "to"),
    }
}

/// Whether the policy isolates what it selects: by `policyTypes`; where none is written ingress always is, and egress where
/// there are egress rules (K3).
pub(super) fn isolates(spec: &Tree, direction: Direction) -> bool {
    let is_type = |each: &Tree| each.as_str().is_some_and(|each| each.eq_ignore_ascii_case(&direction.to_string()));
    let items = |field| spec.get(field).map_or(&[][..], Tree::items);
    match items("policyTypes") {
        [] => direction == Direction::Ingress || !items(fields_of(direction).0).is_empty(),
        types => types.iter().any(is_type),
    }
}
