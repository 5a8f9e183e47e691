//! Who claims which address, kept up.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::tables::{Claim, PackedClaim, SharedClaims, Tables};
use crate::engine::writer::Writer;

impl Writer {
    /// A live pod claims the address.
    pub(super) fn claim(&mut self, tables: &mut Tables, address: IpAddr, slot: u32) {
        if tables.claim(address).is_none() {
            enter(tables, address, PackedClaim::pod(slot));
        } else {
            self.change_claims(tables, address, |claims| claims.pods.push(slot));
        }
    }

    /// Changes who has the address.
    pub(super) fn change_claims(
        &mut self,
        tables: &mut Tables,
        address: IpAddr,
        change: impl FnOnce(&mut SharedClaims),
    ) {
        let known = tables.claim(address);
        let at = match known.map(PackedClaim::unpack) {
            Some(Claim::Shared(at)) => at,
            Some(Claim::Pod(slot)) => self.share(tables, SharedClaims { pods: vec![slot], ..SharedClaims::default() }),
            None => self.share(tables, SharedClaims::default()),
        };
        let Some(Some(claims)) = tables.addresses.shared.get_mut(at) else { return };
        let claims = Arc::make_mut(claims);
        change(claims);
        let others = !claims.nodes.is_empty() || !claims.reporters.is_empty() || !claims.services.is_empty();
        let now = match claims.pods.as_slice() {
            [] if !others => None,
            [slot] if !others => Some(PackedClaim::pod(*slot)),
            _ => Some(PackedClaim::shared(at)),
        };
        if now != Some(PackedClaim::shared(at)) {
            if let Some(place) = tables.addresses.shared.get_mut(at) {
                *place = None;
            }
            self.free_claims.push(at);
        }
        match (known, now) {
            (None, Some(now)) => enter(tables, address, now),
            (Some(_), None) => leave(tables, address),
            (Some(before), Some(now)) if before != now => {
                leave(tables, address);
                enter(tables, address, now);
            }
            _ => {}
        }
    }

    fn share(&mut self, tables: &mut Tables, claims: SharedClaims) -> u32 {
        let claims = Some(Arc::new(claims));
        match self.free_claims.pop() {
            Some(at) => {
                if let Some(place) = tables.addresses.shared.get_mut(at) {
                    *place = claims;
                }
                at
            }
            None => tables.addresses.shared.push(claims),
        }
    }
}

fn enter(tables: &mut Tables, address: IpAddr, claim: PackedClaim) {
    let hasher = tables.hasher.clone();
    match address {
        IpAddr::V4(address) => {
            tables.addresses.v4.set(u32::from(address), claim.number());
        }
        IpAddr::V6(address) => {
            let key = u128::from(address);
            let hash_of = |(key, _): &(u128, PackedClaim)| std::hash::BuildHasher::hash_one(&hasher, *key);
            tables.addresses.v6.insert(hash_of(&(key, claim)), (key, claim), hash_of);
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
