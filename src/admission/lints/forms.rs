//! Which peers and port entries admit all that others do, whatever the cluster is like.

use crate::admission::context::Review;
use crate::admission::lints::chosen::Chosen;
use crate::admission::lints::wanted::Wanted;
use crate::model::policy::{Namespaces, Peer, PortMatch, PortSpec};
use crate::name::Direction;
use crate::net::{AddressRange, Port, covers, remaining};
use crate::profile::capability::{Capabilities, EndPort, Support};

/// Of which cluster something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of any, so by what selectors ask.
    AnyCluster,
    /// Of the one that is loaded, so by whom they select.
    ThisCluster,
}

/// One entry of `from` or `to`, to be compared with others.
#[derive(Debug)]
pub(super) enum Form<'p> {
    /// Every peer there is.
    Any,
    /// Pods, by what their namespaces' labels and their own must be.
    Pods { namespaces: Wanted<'p>, pods: Wanted<'p> },
    /// The pods of the cluster that are selected.
    Selected(Chosen),
    /// Addresses, in order.
    Block(Vec<AddressRange>),
    /// Nobody.
    Nobody,
    /// What is like itself alone.
    Opaque(&'p Peer),
}

impl<'p> Form<'p> {
    /// `own` is the namespace of the policy.
    pub(super) fn of(
        review: &Review<'_>,
        scope: Scope,
        (own, direction): (&'p str, Direction),
        peer: &'p Peer,
    ) -> Self {
        match (peer, scope) {
            (Peer::IpBlock(block), _) => match remaining(block) {
                // Where blocks are not supported one may admit somebody though it holds no address (C4, C5).
                none if none.is_empty() => Self::Opaque(peer),
                some => Self::Block(some),
            },
            (Peer::Pods(selectors), Scope::AnyCluster) => {
                let namespaces = Wanted::of_namespaces(own, &selectors.namespaces);
                let pods = Wanted::of(&selectors.pods);
                match namespaces.is_impossible() || pods.is_impossible() {
                    false => Self::Pods { namespaces, pods },
                    true if meets_cluster_ips(review.capabilities(), direction) => Self::Opaque(peer),
                    true => Self::Nobody,
                }
            }
            (Peer::Pods(selectors), Scope::ThisCluster) if review.may_be_controllers(&selectors.pods) => {
                Self::Opaque(peer)
            }
            (Peer::Pods(selectors), Scope::ThisCluster) => match Chosen::peers(review, own, selectors) {
                some if some.has_objects() => Self::Selected(some),
                none if !none.is_empty() || meets_cluster_ips(review.capabilities(), direction) => Self::Opaque(peer),
                _ => Self::Nobody,
            },
        }
    }

    /// Whether `wide` admits every end that this admits, under every reading.
    ///
    /// Blocks are never put together: two that hold all of a third may both be open for a pod without an address where the
    /// third is not (U6).
    pub(super) fn is_within(&self, wide: &Self) -> bool {
        match (self, wide) {
            (_, Self::Any) => true,
            (Self::Opaque(narrow), Self::Opaque(wide)) => narrow == wide,
            (Self::Pods { namespaces, pods }, Self::Pods { namespaces: wide_namespaces, pods: wide_pods }) => {
                pods.is_within(wide_pods) && namespaces.is_within(wide_namespaces)
            }
            (Self::Selected(narrow), Self::Selected(wide)) => narrow.is_within(wide),
            (Self::Block(narrow), Self::Block(wide)) => {
                let hull =
                    |ranges: &[AddressRange]| Some((ranges.first()?.first_number(), ranges.last()?.last_number()));
                let (Some(inner), Some(outer)) = (hull(narrow), hull(wide)) else { return false };
                outer.0 <= inner.0 && inner.1 <= outer.1 && narrow.iter().all(|range| covers(wide, range))
            }
            _ => false,
        }
    }

    /// A label that only pods have whom this admits: what is to be within this asks for it too.
    pub(super) fn anchor(&self) -> Option<Anchor<'p>> {
        match self {
            Self::Pods { namespaces, pods } => {
                let of = |wanted: &Wanted<'p>, of_pod| wanted.single().next().map(|(key, value)| (of_pod, key, value));
                of(pods, true).or_else(|| of(namespaces, false))
            }
            _ => None,
        }
    }

    /// Every label that could be the [anchor](Self::anchor) of what this is within.
    pub(super) fn anchors(&self) -> Vec<Anchor<'p>> {
        match self {
            Self::Pods { namespaces, pods } => {
                let of = |wanted: &Wanted<'p>, of_pod| {
                    wanted.single().map(|(key, value)| (of_pod, key, value)).collect::<Vec<_>>()
                };
                [of(pods, true), of(namespaces, false)].concat()
            }
            _ => Vec::new(),
        }
    }
}

/// Whether a pod's label (else its namespace's), the key and the value.
pub(super) type Anchor<'p> = (bool, &'p str, &'p str);

/// Whether selectors may admit a flow to a ClusterIP whomever they select (C10).
fn meets_cluster_ips(capabilities: &Capabilities, direction: Direction) -> bool {
    direction == Direction::Egress && capabilities.cluster_ip != Support::Supported
}

/// Whether no namespace or no pod can be what the peer asks for, and nobody else is admitted by it either.
pub(super) fn is_nobody(capabilities: &Capabilities, direction: Direction, peer: &Peer) -> bool {
    let Peer::Pods(peer) = peer else { return false };
    let namespaces = match &peer.namespaces {
        Namespaces::Own => false,
        Namespaces::Matching(selector) => Wanted::of(selector).is_impossible(),
    };
    (namespaces || Wanted::of(&peer.pods).is_impossible()) && !meets_cluster_ips(capabilities, direction)
}

/// How ranges of ports are read: as all of them, as the first alone, or as either (C14).
#[derive(Debug, Clone, Copy)]
pub(super) struct PortOrder(EndPort);

impl PortOrder {
    pub(super) fn of(capabilities: &Capabilities) -> Self {
        Self(capabilities.end_port)
    }

    /// Whether `wide` admits every port that `narrow` does, under every reading; `None` is a rule without `ports`, which may
    /// admit other protocols too (U1).
    pub(super) fn is_within(self, narrow: Option<&PortMatch>, wide: Option<&PortMatch>) -> bool {
        let (Some(narrow), Some(wide)) = (narrow, wide) else { return wide.is_none() };
        let by = |read: fn(&PortSpec) -> Option<(Port, Port)>| match (read(&narrow.port), read(&wide.port)) {
            (_, Some((Port::MIN, Port::MAX))) => true,
            (Some(narrow), Some(wide)) => wide.0 <= narrow.0 && narrow.1 <= wide.1,
            // Of two names: the same one.
            (None, None) => narrow.port == wide.port,
            _ => false,
        };
        narrow.protocol == wide.protocol
            && match self.0 {
                EndPort::Supported => by(whole),
                EndPort::SinglePort => by(first_alone),
                EndPort::Unknown => by(whole) && by(first_alone),
            }
    }
}

/// The ports from the first to the last; none of a name.
fn whole(port: &PortSpec) -> Option<(Port, Port)> {
    match port {
        PortSpec::Any => Some((Port::MIN, Port::MAX)),
        PortSpec::Number(number) => Some((*number, *number)),
        PortSpec::Range(range) => Some((range.first(), range.last())),
        PortSpec::Name(_) => None,
    }
}

fn first_alone(port: &PortSpec) -> Option<(Port, Port)> {
    match port {
        PortSpec::Range(range) => Some((range.first(), range.first())),
        other => whole(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{PortRange, Protocol};

    #[test]
    fn ranges_are_read_as_the_cluster_reads_them() {
        let port = |number| Port::new(number).unwrap();
        let entry = |port| PortMatch { protocol: Protocol::Tcp, port };
        let range = |first, last| entry(PortSpec::Range(PortRange::new(port(first), port(last)).unwrap()));
        let (inner, first, all) =
            (entry(PortSpec::Number(port(85))), entry(PortSpec::Number(port(80))), entry(PortSpec::Any));
        let wide = range(80, 90);
        let within = |read, narrow: &PortMatch, wide: &PortMatch| PortOrder(read).is_within(Some(narrow), Some(wide));
        for (narrow, wide, expected) in [
            (&inner, &wide, [true, false, false]),
            (&first, &wide, [true, true, true]),
            (&wide, &first, [false, true, false]),
            (&range(1, 65535), &all, [true, true, true]),
            (&all, &range(1, 65535), [true, false, false]),
            (&wide, &range(80, 95), [true, true, true]),
            (&wide, &range(70, 95), [true, false, false]),
        ] {
            let reads = [EndPort::Supported, EndPort::SinglePort, EndPort::Unknown];
            assert_eq!(reads.map(|read| within(read, narrow, wide)), expected, "{narrow:?} within {wide:?}");
        }
        let order = PortOrder(EndPort::Supported);
        assert!(order.is_within(Some(&all), None) && order.is_within(None, None) && !order.is_within(None, Some(&all)));
        let udp = PortMatch { protocol: Protocol::Udp, port: PortSpec::Any };
        assert!(!within(EndPort::Supported, &inner, &udp), "K21");
    }
}
