//! Who has which address, kept up.

use std::net::IpAddr;
use std::sync::Arc;

use crate::engine::tables::{Held, Holder, Holders, Tables};
use crate::engine::writer::Writer;

impl Writer {
    /// A live pod claims the address.
    pub(super) fn claim(&mut self, tables: &mut Tables, address: IpAddr, seat: u32) {
        if tables.holder(address).is_none() {
            enter(tables, address, Holder::seat(seat));
        } else {
            self.hold(tables, address, |holders| holders.pods.push(seat));
        }
    }

    /// Changes who has the address.
    pub(super) fn hold(&mut self, tables: &mut Tables, address: IpAddr, change: impl FnOnce(&mut Holders)) {
        let known = tables.holder(address);
        let at = match known.map(Holder::held) {
            Some(Held::Several(at)) => at,
            Some(Held::Seat(seat)) => self.share(tables, Holders { pods: vec![seat], ..Holders::default() }),
            None => self.share(tables, Holders::default()),
        };
        let Some(Some(holders)) = tables.addresses.holders.get_mut(at) else { return };
        let holders = Arc::make_mut(holders);
        change(holders);
        let others = !holders.nodes.is_empty() || !holders.reporters.is_empty() || !holders.services.is_empty();
        let now = match holders.pods.as_slice() {
            [] if !others => None,
            [seat] if !others => Some(Holder::seat(*seat)),
            _ => Some(Holder::several(at)),
        };
        if now != Some(Holder::several(at)) {
            if let Some(place) = tables.addresses.holders.get_mut(at) {
                *place = None;
            }
            self.free_holders.push(at);
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

    fn share(&mut self, tables: &mut Tables, holders: Holders) -> u32 {
        let holders = Some(Arc::new(holders));
        match self.free_holders.pop() {
            Some(at) => {
                if let Some(place) = tables.addresses.holders.get_mut(at) {
                    *place = holders;
                }
                at
            }
            None => tables.addresses.holders.push(holders),
        }
    }
}

fn enter(tables: &mut Tables, address: IpAddr, holder: Holder) {
    let hasher = tables.hasher.clone();
    match address {
        IpAddr::V4(address) => {
            tables.addresses.v4.set(u32::from(address), holder.number());
        }
        IpAddr::V6(address) => {
            let key = u128::from(address);
            let hash_of = |(key, _): &(u128, Holder)| std::hash::BuildHasher::hash_one(&hasher, *key);
            tables.addresses.v6.insert(hash_of(&(key, holder)), (key, holder), hash_of);
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
