//! `ipBlock`s: a range of addresses and what is cut out of it.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::addresses::Family;
use super::cidr::Cidr;
use crate::text::listed;

/// Exceptions that do not lie inside their block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptError(Vec<usize>);

impl ExceptError {
    /// Which they are: their places in the list, from 0.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for ExceptError {
    /// ``outside of the block: `except[2]`, `except[3]` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outside of the block: {}", listed(self.0.iter().map(|place| format!("except[{place}]"))))
    }
}

impl std::error::Error for ExceptError {}

/// Addresses in `cidr` and in none of `except` ([K14](crate::semantics#k14)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct IpBlock {
    cidr: Cidr,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    except: Vec<Cidr>,
}

impl IpBlock {
    /// The block. Each `except` lies inside `cidr`; an IPv4 one may equal it, since the API server lets that
    /// pass where one of the two is written as IPv4-mapped.
    ///
    /// # Errors
    /// Some `except`s do not.
    pub fn new(cidr: Cidr, except: Vec<Cidr>) -> Result<Self, ExceptError> {
        let fits = |inner: &Cidr| cidr.contains_cidr(inner) && (cidr != *inner || cidr.family() == Family::V4);
        let bad: Vec<usize> = except.iter().enumerate().filter_map(|(i, inner)| (!fits(inner)).then_some(i)).collect();
        if bad.is_empty() { Ok(Self { cidr, except }) } else { Err(ExceptError(bad)) }
    }

    /// The outer range.
    #[must_use]
    pub fn cidr(&self) -> Cidr {
        self.cidr
    }

    /// What is cut out of it, as written.
    #[must_use]
    pub fn except(&self) -> &[Cidr] {
        &self.except
    }

    /// Whether the block holds the address ([K14](crate::semantics#k14)).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(address) && !self.except.iter().any(|except| except.contains(address))
    }
}

impl fmt::Display for IpBlock {
    /// `10.0.0.0/8 except 10.1.0.0/16, 10.2.0.0/16`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cidr)?;
        for (i, except) in self.except.iter().enumerate() {
            write!(f, "{} {except}", if i == 0 { " except" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn k14_blocks() {
        let block = IpBlock::new(cidr("10.0.0.0/8"), vec![cidr("10.1.0.0/16"), cidr("10.1.0.0/16")]).unwrap();
        let holds = |text: &str| block.contains(text.parse().unwrap());
        assert!(holds("10.0.0.1") && holds("::ffff:10.0.0.1"));
        assert!(!holds("10.1.2.3") && !holds("11.0.0.1") && !holds("::a00:1"));
        assert_eq!(block.to_string(), "10.0.0.0/8 except 10.1.0.0/16, 10.1.0.0/16");
        let except = ["10.0.0.0/8", "10.2.0.0/16", "0.0.0.0/0", "::/0"].map(cidr).to_vec();
        let error = IpBlock::new(cidr("10.0.0.0/8"), except).unwrap_err();
        assert_eq!(error.places(), [2, 3]);
        assert_eq!(error.to_string(), "outside of the block: `except[2]`, `except[3]`");
        assert_eq!(IpBlock::new(cidr("::/0"), vec![cidr("::/0")]).unwrap_err().places(), [0]);
        let all_v6 = IpBlock::new(cidr("::/0"), vec![]).unwrap();
        assert!(!all_v6.contains("::ffff:10.0.0.1".parse().unwrap()), "mapped is IPv4 (K22)");
    }
}
