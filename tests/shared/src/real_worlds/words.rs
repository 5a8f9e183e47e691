//! Texts as values.

use netpol_oracle::Port;
use netpol_oracle::labels::{LabelKey, LabelValue};
use netpol_oracle::net::Cidr;

pub(super) fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

pub(super) fn label(key: &str, value: &str) -> (LabelKey, LabelValue) {
    (LabelKey::new(key).unwrap(), LabelValue::new(value).unwrap())
}

pub(super) fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}
