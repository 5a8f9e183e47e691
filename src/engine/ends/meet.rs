//! By which addresses two ends meet (K22).

use std::net::IpAddr;

use crate::engine::ends::end::{Candidate, EndIdentity, ResolvedEnd};
use crate::net::Family;
use crate::verdict::FlowError;

/// The two ends with the addresses they meet by: the first family of the destination's that the source has too (K22).
/// `fits` says which of the destination's addresses come into question.
pub(in crate::engine) fn meet<'t>(
    source: &Candidate<'t>,
    destination: &Candidate<'t>,
    fits: impl Fn(IpAddr) -> bool,
) -> Result<(ResolvedEnd<'t>, ResolvedEnd<'t>), FlowError> {
    let with_address =
        |candidate: &Candidate<'t>, address| ResolvedEnd { identity: candidate.identity, address, taken_on: None };
    let own = || source.addresses.iter();
    let theirs = || destination.addresses.iter().filter(|address| fits(*address));
    let (first, target) = (own().next(), theirs().next());
    if first.is_none() || target.is_none() {
        return Ok((with_address(source, first), with_address(destination, target)));
    }
    for to in theirs() {
        let family = Family::of(to);
        if let Some(from) = own().find(|from| Family::of(*from) == family) {
            return Ok((with_address(source, Some(from)), with_address(destination, Some(to))));
        }
    }
    for end in [source, destination] {
        if let (EndIdentity::Node(Some(name)), false) = (end.identity, end.fixed) {
            return Err(FlowError::NodeWithoutAddress(name.into()));
        }
    }
    let wrong = |end: &Candidate<'_>, asked: Option<IpAddr>| match asked {
        Some(address) => FlowError::WrongFamily { end: end.written.to_string(), family: Family::of(address) },
        None => FlowError::NoCommonFamily,
    };
    Err(match (source.fixed, destination.fixed) {
        (false, false) => FlowError::NoCommonFamily,
        (true, false) => wrong(destination, first),
        (_, true) => wrong(source, target),
    })
}
