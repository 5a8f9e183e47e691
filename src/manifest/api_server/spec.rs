//! The rules for a policy's spec.

use super::cidrs;
use super::fields::{IntOrText, Node};
use super::metadata::{VALUE_HELP, label_key, label_map};
use super::report::{At, Path, Report};
use super::words;
use crate::labels::value_faults;
use crate::manifest::directions::fields_of;
use crate::name::Direction;
use crate::net::{PortName, PortNameError, Protocol};
use crate::release::Wording;

/// Everything the server has to say about the spec, in its order. Rules of an undeclared direction are
/// checked all the same.
pub(super) fn check(spec: Node<'_>, path: Path<'_>, strict_cidrs: bool, report: &mut Report) {
    selector(spec.node("podSelector"), path.field("podSelector"), report);
    for direction in [Direction::Ingress, Direction::Egress] {
        let (rules, peers) = fields_of(direction);
        let list = path.field(rules);
        for (i, rule) in spec.nodes(rules).enumerate() {
            let path = list.index(i);
            let ports = path.field("ports");
            for (i, entry) in rule.nodes("ports").enumerate() {
                port(entry, ports.index(i), report);
            }
            let list = path.field(peers);
            for (i, entry) in rule.nodes(peers).enumerate() {
                peer(entry, list.index(i), strict_cidrs, report);
            }
        }
    }
    policy_types(spec, path.field("policyTypes"), report);
}

fn selector(selector: Node<'_>, path: Path<'_>, report: &mut Report) {
    label_map(selector, "matchLabels", path, report);
    let list = path.field("matchExpressions");
    for (i, expression) in selector.nodes("matchExpressions").enumerate() {
        requirement(expression, list.index(i), report);
    }
}

fn requirement(expression: Node<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    let operator = expression.text("operator");
    let some_values = expression.texts("values").len() > 0;
    let values = path.field("values");
    let at = At { path: values, line: expression.line_at("values") };
    match operator.text {
        "In" | "NotIn" if some_values => {}
        "Exists" | "DoesNotExist" if !some_values => {}
        "In" | "NotIn" => {
            report.required(at, "must be specified when `operator` is 'In' or 'NotIn'", "");
        }
        "Exists" | "DoesNotExist" => {
            report.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'", "");
        }
        other => {
            let at = At { path: path.field("operator"), line: operator.line };
            let help = "write `In`, `NotIn`, `Exists` or `DoesNotExist`, capitals as here";
            report.invalid(at, &words::named(other, wording), "not a valid selector operator", help);
        }
    }
    label_key(expression.text("key"), path.field("key"), report);
    for (i, value) in expression.texts("values").enumerate() {
        for fault in value_faults(value.text) {
            let at = At { path: values.index(i), line: value.line };
            let detail = words::label_value(fault, wording);
            report.invalid(at, &words::quote(value.text), &detail, VALUE_HELP);
        }
    }
}

fn port(entry: Node<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    if let Some(protocol) = entry.some_text("protocol") {
        if protocol.text.parse::<Protocol>().is_err() {
            let at = At { path: path.field("protocol"), line: protocol.line };
            let value = words::named(protocol.text, wording);
            let help = match protocol.text.to_ascii_uppercase().as_str() {
                "TCP" | "UDP" | "SCTP" => "write it in upper case; without `protocol` it is TCP",
                "ICMP" | "ICMPV6" => "policies know TCP, UDP and SCTP; what becomes of ICMP is left open (U1)",
                _ => "policies know TCP, UDP and SCTP; without `protocol` it is TCP",
            };
            report.unsupported(at, &value, r#""TCP", "UDP", "SCTP""#, help);
        }
    }
    let in_range = |number: i32| (1..=65535).contains(&number);
    let end = entry.int("endPort");
    let at_end = At { path: path.field("endPort"), line: entry.line_at("endPort") };
    let at_port = At { path: path.field("port"), line: entry.line_at("port") };
    match entry.int_or_text("port") {
        Some((IntOrText::Int(number), _)) => {
            if !in_range(number) {
                report.invalid(at_port, &number.to_string(), words::PORT_RANGE, "");
            }
            let Some((end, _)) = end else { return };
            if end < number {
                // Older releases print the wrong one of the two.
                let shown = if wording >= Wording::V1_37 { end } else { number };
                let help = "`endPort` is the last port of the range that begins at `port`";
                report.invalid(at_end, &shown.to_string(), "must be greater than or equal to `port`", help);
            }
            if !in_range(end) {
                report.invalid(at_end, &end.to_string(), words::PORT_RANGE, "");
            }
        }
        Some((IntOrText::Text(name), _)) => {
            if let Some((end, _)) = end {
                report.invalid(at_end, &end.to_string(), "may not be specified when `port` is non-numeric", "");
            }
            for fault in PortName::new(name).err().map(PortNameError::into_faults).unwrap_or_default() {
                report.invalid(at_port, &words::quote(name), words::port_name(fault), &port_help(name));
            }
        }
        None => {
            if let Some((end, _)) = end {
                report.invalid(at_end, &end.to_string(), "may not be specified when `port` is not specified", "");
            }
        }
    }
}

/// How to write what was written as a name and is none.
fn port_help(name: &str) -> String {
    let text = name.trim();
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let is_port = |number: &u32| (1..=65535).contains(number);
    if let Some(number) = number(text.trim_start_matches(':')) {
        return match text.starts_with(':') {
            _ if !is_port(&number) => "ports are 1 to 65535".to_owned(),
            true => format!("write `port: {number}`"),
            false => "write the number without quotes".to_owned(),
        };
    }
    if matches!(text.to_ascii_lowercase().as_str(), "*" | "any" | "all") {
        return "leave `port` away for every port of the protocol".to_owned();
    }
    if let Some((first, last)) = text.split_once(['-', ':']).and_then(|(a, b)| Some((number(a)?, number(b)?))) {
        return match (first, last) {
            (0 | 1, 65535) => "leave `port` away for every port of the protocol".to_owned(),
            _ if is_port(&first) && is_port(&last) && first <= last => {
                format!("write `port: {first}` and `endPort: {last}` for a range")
            }
            _ if is_port(&first) && is_port(&last) => {
                format!("a range goes up: write `port: {last}` and `endPort: {first}`")
            }
            _ => "ports are 1 to 65535; a range is `port` and `endPort`".to_owned(),
        };
    }
    if let Some((port, protocol)) = text.split_once('/').and_then(|(port, protocol)| Some((number(port)?, protocol))) {
        if protocol.to_ascii_uppercase().parse::<Protocol>().is_ok() && is_port(&port) {
            return format!("write `port: {port}` and `protocol: {}`", protocol.to_ascii_uppercase());
        }
    }
    if text.contains([',', ' '])
        && text.split([',', ' ']).filter(|part| !part.is_empty()).all(|part| number(part).is_some())
    {
        return "write an entry for each port".to_owned();
    }
    "write the name of a container's port: at most 15 of `a` to `z`, digits and single `-`".to_owned()
}

fn peer(peer: Node<'_>, path: Path<'_>, strict_cidrs: bool, report: &mut Report) {
    let mut selectors = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(node) = peer.some_node(name) {
            selectors += 1;
            selector(node, path.field(name), report);
        }
    }
    let block = peer.some_node("ipBlock");
    if let Some(block) = block {
        cidrs::check(block, path.field("ipBlock"), strict_cidrs, report);
    }
    let at = At { path, line: peer.line };
    match (block, selectors) {
        (None, 0) => {
            report.required(at, "must specify a peer", no_peer_help(peer));
        }
        (Some(_), 1..) => {
            let help = "write two entries: peers of one list are alternatives";
            report.forbidden(at, "may not specify both ipBlock and another peer", help);
        }
        _ => {}
    }
}

/// How to mend a peer that has neither a selector nor a block.
fn no_peer_help(peer: Node<'_>) -> &'static str {
    let written = |field| peer.get(field).is_some();
    let begun = |field| peer.has(field);
    let known = |name: &str| ["podSelector", "namespaceSelector", "ipBlock"].contains(&name);
    let others: Vec<&str> = peer.names().filter(|name| !known(name)).collect();
    if written("matchLabels") || written("matchExpressions") {
        return match (begun("podSelector"), begun("namespaceSelector")) {
            (true, false) => "the selector stands one level too high: indent it under `podSelector`",
            (false, true) => "the selector stands one level too high: indent it under `namespaceSelector`",
            _ => "the selector stands one level too high: indent it under `podSelector` or `namespaceSelector`",
        };
    }
    if written("cidr") {
        return "the block stands one level too high: indent it under `ipBlock`";
    }
    if !others.is_empty() {
        let are_labels = others.iter().all(|name| peer.get(name).is_some_and(|value| value.as_str().is_some()));
        return if are_labels && !others.iter().any(|name| name.contains("amespace")) {
            "labels stand under `podSelector`, in `matchLabels`"
        } else {
            "mend the fields that nobody knows: a peer has `podSelector`, `namespaceSelector` or `ipBlock`"
        };
    }
    match (begun("podSelector"), begun("namespaceSelector"), begun("ipBlock")) {
        (_, _, true) => "give `ipBlock` a `cidr`",
        (_, true, _) => {
            "write labels under `namespaceSelector`, or `namespaceSelector: {}` for every pod of every namespace"
        }
        _ => "write `podSelector: {}` for every pod of this namespace",
    }
}

fn policy_types(spec: Node<'_>, path: Path<'_>, report: &mut Report) {
    let wording = report.wording();
    if spec.texts("policyTypes").len() > 2 {
        let types = spec.texts("policyTypes").map(|text| text.text);
        let value = words::list(types, "networking.PolicyType", wording);
        let at = At { path, line: spec.line_at("policyTypes") };
        report.invalid(at, &value, "may not specify more than two policyTypes", "");
        return;
    }
    for (i, entry) in spec.texts("policyTypes").enumerate() {
        if !["Ingress", "Egress"].contains(&entry.text) {
            let at = At { path: path.index(i), line: entry.line };
            let help = match entry.text.to_ascii_lowercase().as_str() {
                "ingress" => "write `Ingress`",
                "egress" => "write `Egress`",
                _ => "",
            };
            report.unsupported(at, &words::named(entry.text, wording), r#""Ingress", "Egress""#, help);
        }
    }
}
