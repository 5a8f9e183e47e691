//! Addresses that several pods claim.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::model::cluster::Pod;
use crate::model::objects::Objects;
use crate::name::ObjectName;
use crate::text::first_of;

/// How many pods that share an address are named.
const MAX_NAMED: usize = 10;

/// A warning for each address that two live pods claim; hostNetwork pods claim none (K20).
pub(super) fn shared_addresses(
    pods: Objects<'_, Pod>,
    seen: &HashMap<(Cow<'static, str>, ObjectName), Location>,
) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<IpAddr, Vec<&ObjectName>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.is_live() && !pod.host_network) {
        for address in &pod.addresses {
            owners.entry(*address).or_default().push(&pod.name);
        }
    }
    owners.retain(|_, owners| owners.len() > 1);
    let warning = |(address, owners): (IpAddr, Vec<&ObjectName>)| {
        let message = format!("the address `{address}` is claimed by the live pods {}", first_of(&owners, MAX_NAMED));
        let location = owners.last().and_then(|name| seen.get(&(Cow::Borrowed("Pod"), (*name).clone())));
        Diagnostic {
            origin: Origin::Manifest,
            severity: Severity::Warning,
            code: Code::SharedAddress,
            path: FieldPath::root(),
            message,
            help: "a flow that names the address has no answer; name a pod".to_owned(),
            location: location.cloned(),
        }
    };
    owners.into_iter().map(warning).collect()
}
