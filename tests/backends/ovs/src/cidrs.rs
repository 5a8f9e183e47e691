//! Sets of addresses as CIDRs: what is left of a block where others are cut out (K14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netpol_oracle::net::{Cidr, Family};

/// A range of addresses of one family, its low bits free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Net {
    family: Family,
    /// IPv4 in the low 32 bits.
    bits: u128,
    prefix: u8,
}

impl Net {
    pub(crate) fn of(cidr: &Cidr) -> Self {
        Self { family: cidr.family(), bits: bits(cidr.network()), prefix: cidr.prefix_len() }
    }

    pub(crate) fn host(address: IpAddr) -> Self {
        let family = Family::of(address);
        Self { family, bits: bits(address), prefix: width(family) }
    }

    pub(crate) fn family(self) -> Family {
        self.family
    }

    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }

    pub(crate) fn address(self) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(self.bits).unwrap_or_default())),
            Family::V6 => IpAddr::V6(Ipv6Addr::from(self.bits)),
        }
    }

    fn contains(self, other: Self) -> bool {
        let free = u32::from(width(self.family) - self.prefix);
        let high = |bits: u128| bits.checked_shr(free).unwrap_or(0);
        self.family == other.family && self.prefix <= other.prefix && high(self.bits) == high(other.bits)
    }

    fn halves(self) -> [Self; 2] {
        let prefix = self.prefix + 1;
        let upper = 1_u128 << (width(self.family) - prefix);
        [Self { prefix, ..self }, Self { prefix, bits: self.bits | upper, ..self }]
    }

    /// What is left of it without `hole`.
    fn without(self, hole: Self, left: &mut Vec<Self>) {
        if hole.contains(self) {
            return;
        }
        if !self.contains(hole) {
            left.push(self);
            return;
        }
        for half in self.halves() {
            half.without(hole, left);
        }
    }
}

fn width(family: Family) -> u8 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// What is left of `nets` without `holes`.
pub(crate) fn subtract(nets: Vec<Net>, holes: &[Net]) -> Vec<Net> {
    holes.iter().fold(nets, |nets, hole| {
        let mut left = Vec::new();
        nets.into_iter().for_each(|net| net.without(*hole, &mut left));
        left
    })
}

/// What of `nets` lies in `others`.
pub(crate) fn intersect(nets: &[Net], others: &[Net]) -> Vec<Net> {
    let mut common: Vec<Net> = Vec::new();
    for net in nets {
        for other in others {
            match (net.contains(*other), other.contains(*net)) {
                (true, _) => common.push(*other),
                (false, true) => common.push(*net),
                (false, false) => {}
            }
        }
    }
    common.sort();
    common.dedup();
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Net {
        Net::of(&text.parse().unwrap())
    }

    fn text(nets: &[Net]) -> Vec<String> {
        nets.iter().map(|net| format!("{}/{}", net.address(), net.prefix())).collect()
    }

    #[test]
    fn what_is_cut_out_is_gone_and_nothing_else() {
        let left = subtract(vec![net("10.0.0.0/8")], &[net("10.128.0.0/9"), net("10.0.0.0/10")]);
        assert_eq!(text(&left), ["10.64.0.0/10"]);
        assert_eq!(subtract(vec![net("0.0.0.0/0")], &[net("203.0.113.9/32")]).len(), 32);
        assert_eq!(subtract(vec![net("::/0")], &[net("::1/128")]).len(), 128);
        assert_eq!(text(&subtract(vec![net("::/0")], &[net("0.0.0.0/0")])), ["::/0"], "families never cross");
        assert!(subtract(vec![net("10.0.0.0/8")], &[net("0.0.0.0/0")]).is_empty());
    }

    #[test]
    fn what_is_common_is_the_smaller_of_two() {
        let common = intersect(&[net("10.0.0.0/8"), net("::/0")], &[net("10.1.0.0/16"), net("0.0.0.0/0")]);
        assert_eq!(text(&common), ["10.0.0.0/8", "10.1.0.0/16"]);
    }
}
