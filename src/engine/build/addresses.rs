//! Who claims which address.

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::build::writer::Writer;
use crate::engine::ids::{ClaimsIx, SlotIx};
use crate::engine::tables::{Claim, PackedClaim, SharedClaims, Tables};
use crate::model::cluster::Pod;

impl Writer {
    /// A live pod claims the address.
    pub(super) fn claim(&mut self, tables: &mut Tables, address: IpAddr, slot: SlotIx) {
        if tables.claim(address).is_none() {
            enter(tables, address, PackedClaim::pod(slot));
        } else {
            self.change_claims(tables, address, |claims| claims.pods.push(slot));
        }
    }

    /// Changes who claims the address.
    pub(super) fn change_claims(
        &mut self,
        tables: &mut Tables,
        address: IpAddr,
        change: impl FnOnce(&mut SharedClaims),
    ) {
        let before = tables.claim(address);
        let id = match before.map(PackedClaim::unpack) {
            Some(Claim::Shared(id)) => id,
            Some(Claim::Pod(slot)) => self.share(tables, SharedClaims { pods: vec![slot], ..SharedClaims::default() }),
            None => self.share(tables, SharedClaims::default()),
        };
        let place = tables.addresses.shared.get_mut(id);
        let claims = Arc::make_mut(place.get_or_insert_default());
        change(claims);
        let has_others = claims.has_others();
        let now = match claims.pods.as_slice() {
            [] if !has_others => None,
            [slot] if !has_others => Some(PackedClaim::pod(*slot)),
            _ => Some(PackedClaim::shared(id)),
        };
        if now != Some(PackedClaim::shared(id)) {
            *place = None;
            self.free_claims.push(id);
        }
        match (before, now) {
            (None, Some(now)) => enter(tables, address, now),
            (Some(_), None) => leave(tables, address),
            (Some(before), Some(now)) if before != now => {
                leave(tables, address);
                enter(tables, address, now);
            }
            _ => {}
        }
    }

    fn share(&mut self, tables: &mut Tables, claims: SharedClaims) -> ClaimsIx {
        let claims = Some(Arc::new(claims));
        match self.free_claims.pop() {
            Some(id) => {
                *tables.addresses.shared.get_mut(id) = claims;
                id
            }
            None => tables.addresses.shared.push(claims),
        }
    }
}

fn enter(tables: &mut Tables, address: IpAddr, claim: PackedClaim) {
    match address {
        IpAddr::V4(address) => {
            tables.addresses.v4.set(u32::from(address), claim.number());
        }
        IpAddr::V6(address) => {
            let key = u128::from(address);
            let hasher = tables.hasher.clone();
            tables.addresses.v6.insert(hasher.hash_one(key), (key, claim), |(key, _)| hasher.hash_one(*key));
        }
    }
}

fn leave(tables: &mut Tables, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            tables.addresses.v4.remove(u32::from(address));
        }
        IpAddr::V6(address) => {
            let key = u128::from(address);
            let hash = tables.hash(key);
            tables.addresses.v6.remove(hash, |(each, _)| *each == key);
        }
    }
}

/// The addresses that a pod claims for itself (K20).
pub(super) fn claimed(pod: &Pod) -> Vec<IpAddr> {
    if pod.is_live() && !pod.host_network { distinct(&pod.addresses) } else { Vec::new() }
}

/// The addresses that a pod says are its node's (SEMANTICS section 1).
pub(super) fn reported(pod: &Pod) -> Vec<IpAddr> {
    let own: &[IpAddr] = if pod.is_live() && pod.host_network { &pod.addresses } else { &[] };
    let all: Vec<IpAddr> = pod.host_addresses.iter().chain(own).copied().collect();
    distinct(&all)
}

pub(super) fn distinct(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !found.contains(address) {
            found.push(*address);
        }
    }
    found
}
