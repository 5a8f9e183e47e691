//! From objects to map entries.

mod addresses;
mod classes;
mod identities;
mod ids;
mod policies;
mod ports;
mod selectors;

use netpol_oracle::profile::{Capabilities, HostNetwork, OtherProtocols, OwnNode, OwnNodeEgress, Support};
use netpol_oracle::{Cluster, Pod, Profile};

pub(crate) use addresses::{Addresses, Owner, addresses_of};

use crate::encode::{AddressSpace, Tables, endpoint_value, own_node_key, switch};
use crate::fault::Fault;
use classes::Classes;
use identities::Identities;
pub(crate) use ids::Numbers;

/// What everything is compiled from.
pub(crate) struct Input<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) profile: &'c Profile,
    pub(crate) fault: Option<Fault>,
}

impl Input<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn capabilities(&self) -> &Capabilities {
        self.profile.capabilities()
    }

    /// The pods that are endpoints (K17, K20).
    fn endpoints(&self) -> impl Iterator<Item = &Pod> {
        let is_endpoint = |pod: &&Pod| {
            (pod.is_live() || self.has(Fault::FinishedPodStays))
                && (!pod.host_network || self.has(Fault::HostNetworkSelected))
        };
        self.cluster.pods().iter().filter(is_endpoint)
    }
}

/// What every map must hold.
pub(crate) fn compile(input: &Input<'_>, numbers: &mut Numbers) -> Tables {
    let space = AddressSpace { mixed: input.has(Fault::FamiliesMixed) };
    let addresses = Addresses::of(input.cluster);
    let identities = Identities::of(input, numbers);
    let classes = Classes::of(input, &addresses, numbers);
    let mut tables = Tables { config: config(input), ..Tables::default() };

    numbers.endpoints.begin();
    for pod in input.endpoints() {
        let Some(identity) = identities.of_pod(&pod.name) else { continue };
        let id = numbers.endpoints.of(&pod.name);
        for address in addresses_of(input.cluster, pod) {
            tables.endpoints.insert(space.key(address), endpoint_value(id, identity));
            tables.ipcache.insert(space.prefix(address.into()), identity);
        }
        let own = match input.has(Fault::EveryNodeExempt) {
            true => addresses.of_nodes().collect(),
            false => addresses.of_own_node(input.cluster, pod),
        };
        for address in own {
            tables.own_node.insert(own_node_key(id, space.key(address)), 1);
        }
    }
    numbers.endpoints.end();

    for (net, class) in &classes.by_net {
        tables.blocks.insert(space.prefix(*net), *class);
    }
    policies::fill(input, &identities, &classes, &mut tables);
    tables
}

fn config(input: &Input<'_>) -> u32 {
    let capabilities = input.capabilities();
    let on = |support: Support| support != Support::Unsupported;
    let version = |support| on(support) || input.has(Fault::VersionIgnored);
    let v6 = on(capabilities.ipv6) || input.has(Fault::Ipv6Judged);
    let (ingress, egress) = (version(capabilities.ingress), version(capabilities.egress));
    let enforced = on(capabilities.enforcement);
    let exempt = matches!(capabilities.own_node, OwnNode::Supported | OwnNode::EgressJudged);
    // U3 is no question where C13 answers it.
    let egress_exempt =
        capabilities.own_node_egress == OwnNodeEgress::Exempt && capabilities.own_node != OwnNode::EgressJudged;
    let switches = [
        (switch::ENFORCE_INGRESS_V4, enforced && ingress),
        (switch::ENFORCE_INGRESS_V6, enforced && ingress && v6),
        (switch::ENFORCE_EGRESS_V4, enforced && egress),
        (switch::ENFORCE_EGRESS_V6, enforced && egress && v6),
        (switch::HAIRPIN_EXEMPT, !input.has(Fault::HairpinJudged)),
        (switch::OWN_NODE_INGRESS, exempt && !input.has(Fault::OwnNodeJudged)),
        (switch::OWN_NODE_EGRESS, egress_exempt || input.has(Fault::EgressToOwnNodeExempt)),
        (switch::OTHERS_UNFILTERED, capabilities.other_protocols == OtherProtocols::Unfiltered),
        (switch::FAMILIES_MIXED, input.has(Fault::FamiliesMixed)),
    ];
    switches.into_iter().filter_map(|(bit, on)| on.then_some(bit)).fold(0, |word, bit| word | bit)
}

/// Whether the profile gives hostNetwork pods policies of their own, which an address cannot tell from its node's (U2).
pub(crate) fn host_network_are_pods(profile: &Profile) -> bool {
    profile.capabilities().host_network == HostNetwork::Pod
}
