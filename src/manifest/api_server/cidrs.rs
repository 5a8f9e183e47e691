//! The rules for ip blocks, and what the server warns about in accepted ones.

use std::net::IpAddr;

use super::fields::{Node, Text};
use super::report::{At, Path, Report};
use super::words;
use crate::diagnostic::Code;
use crate::manifest::directions::fields_of;
use crate::name::Direction;
use crate::net::CidrText;
use crate::release::Wording;

/// The faults of one `ipBlock`. An empty or unreadable cidr hides the excepts.
pub(super) fn check(block: Node<'_>, path: Path<'_>, strict: bool, report: &mut Report) {
    let cidr = block.text("cidr");
    if cidr.text.is_empty() {
        report.required(At { path: path.field("cidr"), line: cidr.line }, "", "write `cidr: 10.9.8.0/24`");
        return;
    }
    let Some(outer) = one(cidr, path.field("cidr"), strict, report) else { return };
    let list = path.field("except");
    for (i, except) in block.texts("except").enumerate() {
        let path = list.index(i);
        let Some(inner) = one(except, path, strict, report) else { continue };
        if !outer.strictly_contains(&inner) {
            let at = At { path, line: except.line };
            let help = "an except is smaller than its cidr and lies inside it";
            report.invalid(at, &words::quote(except.text), words::NOT_A_SUBSET, help);
        }
    }
}

fn one(text: Text<'_>, path: Path<'_>, strict: bool, report: &mut Report) -> Option<CidrText> {
    let at = At { path, line: text.line };
    let value = words::quote(text.text);
    let Some(cidr) = CidrText::parse(text.text) else {
        report.invalid(at, &value, words::NOT_A_CIDR, &help(text.text));
        return None;
    };
    if strict {
        let fault = if cidr.has_leading_zeros() {
            Some(words::LEADING_ZEROS)
        } else if cidr.is_mapped() {
            Some(words::MAPPED)
        } else if cidr.has_host_bits() {
            Some(words::HOST_BITS)
        } else {
            None
        };
        if let Some(fault) = fault {
            let help = cidr.cidr().map_or_else(|_| String::new(), |cidr| format!("write `{cidr}`"));
            report.invalid(at, &value, fault, &help);
        }
    }
    Some(cidr)
}

/// How to write what is no CIDR.
fn help(text: &str) -> String {
    let text = text.trim();
    if text.contains('/') {
        return "write an address, `/` and the number of its fixed bits".to_owned();
    }
    if matches!(text.to_ascii_lowercase().as_str(), "*" | "any" | "all") {
        return "write `0.0.0.0/0` for every IPv4 address, and another entry with `::/0` for every IPv6 address"
            .to_owned();
    }
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => {
            format!("add the number of fixed bits: `{address}/0` for every address of the family")
        }
        Ok(IpAddr::V4(address)) => format!("add the number of fixed bits: `{address}/32` for one address"),
        Ok(IpAddr::V6(address)) => format!("add the number of fixed bits: `{address}/128` for one address"),
        Err(_) if text.split_once('-').is_some_and(|(a, b)| is_address(a) && is_address(b)) => {
            "a range is written as CIDRs, an entry for each: an address, `/` and the number of its fixed bits"
                .to_owned()
        }
        Err(_) if text.contains(|c: char| c.is_ascii_alphabetic()) && !text.contains(':') => {
            "policies know addresses alone, no names: write an address, `/` and the number of its fixed bits".to_owned()
        }
        Err(_) => "write an address, `/` and the number of its fixed bits".to_owned(),
    }
}

fn is_address(text: &str) -> bool {
    text.trim().parse::<IpAddr>().is_ok()
}

/// The warnings about the CIDRs of an accepted policy; the measured 1.31 has none.
pub(super) fn warn(spec: Node<'_>, path: Path<'_>, report: &mut Report) {
    if report.wording() < Wording::V1_34 {
        return;
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let (rules, peers) = fields_of(direction);
        let list = path.field(rules);
        for (i, rule) in spec.nodes(rules).enumerate() {
            let rule_path = list.index(i);
            let list = rule_path.field(peers);
            for (i, peer) in rule.nodes(peers).enumerate() {
                let Some(block) = peer.some_node("ipBlock") else { continue };
                let peer_path = list.index(i);
                let path = peer_path.field("ipBlock");
                warn_one(block.text("cidr"), path.field("cidr"), report);
                let list = path.field("except");
                for (i, except) in block.texts("except").enumerate() {
                    warn_one(except, list.index(i), report);
                }
            }
        }
    }
}

fn warn_one(text: Text<'_>, path: Path<'_>, report: &mut Report) {
    let Some(cidr) = CidrText::parse(text.text) else { return };
    let Ok(meant) = cidr.cidr().map(|cidr| words::quote(&cidr.to_string())) else { return };
    let at = At { path, line: text.line };
    let value = words::quote(text.text);
    let help = format!("write {}", meant.replace('"', "`"));
    let (host_bits, odd) = (cidr.has_host_bits(), cidr.has_leading_zeros() || cidr.is_mapped());
    if host_bits {
        let single = words::quote(&cidr.single());
        let message =
            format!("{path}: CIDR value {value} is ambiguous in this context (should be {meant} or {single}?)");
        report.warning(Code::AmbiguousCidr, at, message, &help);
    }
    if odd {
        let message = format!(
            "{path}: non-standard CIDR value {value} will be considered invalid in a future Kubernetes release: use {meant}"
        );
        report.warning(Code::NonStandardCidr, at, message, &help);
    }
    if !host_bits && !odd && cidr.is_v6() && meant != value {
        let message = format!("{path}: IPv6 CIDR value {value} should be in RFC 5952 canonical format ({meant})");
        report.warning(Code::NonCanonicalCidr, at, message, &help);
    }
}
