//! Fields of manifests as the types of the model.

use std::net::IpAddr;

use crate::diagnostic::Code;
use crate::labels::{LabelKey, LabelValue, Labels};
use crate::located::{At, Faults, Value};
use crate::net;
use crate::text::quoted;

impl<'a> At<'a> {
    /// This value as a port's number.
    pub(crate) fn as_port(&self, faults: &mut Faults) -> Option<net::Port> {
        let number = self.as_number(faults)?;
        let port = u16::try_from(number).ok().and_then(net::Port::new);
        if port.is_none() {
            self.wrong_value(faults, format!("`{number}` is no port; ports are 1 to 65535"));
        }
        port
    }

    /// A port field that must be there.
    pub(crate) fn needed_port(&self, faults: &mut Faults, name: &'static str) -> Option<net::Port> {
        match self.field(name) {
            Some(at) => at.as_port(faults),
            None => {
                faults.missing(self, name);
                None
            }
        }
    }

    /// This value as a port's name.
    pub(crate) fn as_port_name(&self, faults: &mut Faults) -> Option<net::PortName> {
        let text = self.as_text(faults)?;
        match net::PortName::new(text) {
            Ok(name) => Some(name),
            Err(why) => {
                self.wrong_value(faults, format!("`{}` is no port name: {why}", quoted(text)));
                None
            }
        }
    }

    /// A protocol field; absent is TCP. None where it is wrong.
    pub(crate) fn protocol(&self, faults: &mut Faults) -> Option<net::Protocol> {
        let Some(at) = self.field("protocol") else {
            return Some(net::Protocol::Tcp);
        };
        let text = at.as_text(faults)?;
        match text.parse() {
            Ok(protocol) => Some(protocol),
            Err(_) => {
                let message = format!("`{}` is no protocol; it must be `TCP`, `UDP` or `SCTP`", quoted(text));
                at.wrong_value(faults, message);
                None
            }
        }
    }

    /// This value as an address; IPv4-mapped IPv6 is the IPv4 it stands for (K22).
    pub(crate) fn as_address(&self, faults: &mut Faults) -> Option<IpAddr> {
        let text = self.as_text(faults)?;
        match text.parse() {
            Ok(address) => Some(net::canonical(address)),
            Err(_) => {
                self.wrong_value(faults, format!("`{}` is no ip address", quoted(text)));
                None
            }
        }
    }

    /// Addresses as `LIST: [{ip: ..}]`, or where that is absent or empty as `SINGLE: ..`.
    pub(crate) fn addresses(&self, faults: &mut Faults, list: &str, single: &str) -> Vec<IpAddr> {
        let mut found = Vec::new();
        if let Some(list) = self.field(list) {
            for item in list.objects(faults) {
                if item.text(faults, "ip").is_some() {
                    found.extend(item.field("ip").and_then(|at| at.as_address(faults)));
                }
            }
        }
        let list_given = self.field(list).is_some_and(|at| at.tree.value != Value::Sequence(Vec::new()));
        if !list_given && self.text(faults, single).is_some() {
            found.extend(self.field(single).and_then(|at| at.as_address(faults)));
        }
        distinct(found)
    }

    /// A field that holds labels.
    pub(crate) fn labels(&self, faults: &mut Faults, name: &str) -> Labels {
        let mut labels = Labels::new();
        let Some(at) = self.field(name) else {
            return labels;
        };
        if !matches!(at.tree.value, Value::Mapping(_)) {
            at.wrong_type(faults, "an object", "");
            return labels;
        }
        for entry in at.tree.entries() {
            // The server names the map, not the key; the line is the entry's own.
            let place = at.with_tree(&entry.value);
            let key = match LabelKey::new(&entry.key) {
                Ok(key) => Some(key),
                Err(why) => {
                    place.wrong_value(faults, format!("`{}` is no label key: {why}", quoted(&entry.key)));
                    None
                }
            };
            let text = match &entry.value.value {
                Value::Null => "",
                Value::String(text) => text,
                _ => {
                    let message = format!("the value of the label `{}` must be a string", quoted(&entry.key));
                    faults.note(Code::FieldType, &place, message, place.quote_help());
                    continue;
                }
            };
            match (key, LabelValue::new(text)) {
                (Some(key), Ok(value)) => {
                    labels.insert(key, value);
                }
                (None, Ok(_)) => {}
                (_, Err(why)) => {
                    place.wrong_value(faults, format!("`{}` is no label value: {why}", quoted(text)));
                }
            }
        }
        labels
    }
}

pub(super) fn distinct(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    addresses
}
