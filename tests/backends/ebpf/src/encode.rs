//! Keys and values as the programs lay them out: `policy.bpf.c` has the same structures.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use netpol_oracle::Direction;

/// `struct address`.
pub(crate) type AddressKey = [u8; 20];
/// The bits of `struct address` before the address: the family.
const FAMILY_BITS: u32 = 32;

/// Switches of the word in `config`.
pub(crate) mod switch {
    pub(crate) const ENFORCE_INGRESS_V4: u32 = 1;
    pub(crate) const ENFORCE_INGRESS_V6: u32 = 1 << 1;
    pub(crate) const ENFORCE_EGRESS_V4: u32 = 1 << 2;
    pub(crate) const ENFORCE_EGRESS_V6: u32 = 1 << 3;
    pub(crate) const HAIRPIN_EXEMPT: u32 = 1 << 4;
    pub(crate) const OWN_NODE_INGRESS: u32 = 1 << 5;
    pub(crate) const OWN_NODE_EGRESS: u32 = 1 << 6;
    pub(crate) const OTHERS_UNFILTERED: u32 = 1 << 7;
    pub(crate) const FAMILIES_MIXED: u32 = 1 << 8;
}

/// How addresses become keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressSpace {
    /// Both families in one space: planted.
    pub(crate) mixed: bool,
}

impl AddressSpace {
    pub(crate) fn key(self, address: IpAddr) -> AddressKey {
        let mut key = [0; 20];
        let (family, rest) = key.split_at_mut(4);
        match address {
            IpAddr::V4(v4) => {
                family[0] = 4;
                rest[..4].copy_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                family[0] = 6;
                rest.copy_from_slice(&v6.octets());
            }
        }
        if self.mixed {
            family[0] = 0;
        }
        key
    }

    /// Prefix length and key.
    pub(crate) fn prefix(self, net: IpNet) -> (u32, AddressKey) {
        (FAMILY_BITS + u32::from(net.prefix_len()), self.key(net.network()))
    }
}

/// `struct policy_key`: one entry of what an isolated identity admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PolicyKey {
    pub(crate) subject: u32,
    pub(crate) direction: Direction,
    pub(crate) peer: PeerKey,
    pub(crate) port: PortKey,
}

/// Whom an entry admits; 0 is any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PeerKey {
    pub(crate) identity: u32,
    pub(crate) class: u32,
}

impl PeerKey {
    pub(crate) const ANYBODY: Self = Self { identity: 0, class: 0 };
}

/// Which ports an entry admits; protocol 0 is any, portless ones too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PortKey {
    pub(crate) protocol: u8,
    pub(crate) bits: u8,
    pub(crate) port: u16,
}

impl PortKey {
    pub(crate) const EVERYTHING: Self = Self { protocol: 0, bits: 0, port: 0 };
}

impl PolicyKey {
    pub(crate) fn bytes(&self) -> [u8; 20] {
        let mut key = [0; 20];
        key[0..4].copy_from_slice(&self.subject.to_ne_bytes());
        key[4..8].copy_from_slice(&self.peer.identity.to_ne_bytes());
        key[8..12].copy_from_slice(&self.peer.class.to_ne_bytes());
        key[12] = direction(self.direction);
        key[13] = self.port.protocol;
        key[14] = self.port.bits;
        key[16..18].copy_from_slice(&self.port.port.to_ne_bytes());
        key
    }
}

fn direction(direction: Direction) -> u8 {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}

pub(crate) fn endpoint_value(id: u32, identity: u32) -> [u8; 8] {
    pair(id, identity)
}

pub(crate) fn subject_key(identity: u32, of: Direction) -> [u8; 8] {
    pair(identity, u32::from(direction(of)))
}

pub(crate) fn own_node_key(endpoint: u32, address: AddressKey) -> [u8; 24] {
    let mut key = [0; 24];
    key[..4].copy_from_slice(&endpoint.to_ne_bytes());
    key[4..].copy_from_slice(&address);
    key
}

fn pair(first: u32, second: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first.to_ne_bytes());
    bytes[4..].copy_from_slice(&second.to_ne_bytes());
    bytes
}

/// What every map holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) config: u32,
    pub(crate) endpoints: BTreeMap<AddressKey, [u8; 8]>,
    pub(crate) ipcache: BTreeMap<(u32, AddressKey), u32>,
    pub(crate) blocks: BTreeMap<(u32, AddressKey), u32>,
    pub(crate) own_node: BTreeMap<[u8; 24], u32>,
    pub(crate) subjects: BTreeMap<[u8; 8], u32>,
    pub(crate) policy: BTreeMap<[u8; 20], u32>,
}
