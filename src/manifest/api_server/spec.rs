//! The rules for a policy's spec.

use super::cidrs;
use super::fields::{IntOrText, Node, fields_of};
use super::metadata::{VALUE_HELP, label_key, label_map};
use super::report::{At, Path, Report};
use super::words;
use crate::labels::value_faults;
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
            let help = "write `In`, `NotIn`, `Exists` or `DoesNotExist`, in this case";
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

fn port_help(name: &str) -> String {
    let number = |text: &str| text.trim().parse::<u16>().ok();
    let range = name.split_once(['-', ':']).and_then(|(first, last)| Some((number(first)?, number(last)?)));
    match (number(name), range) {
        (Some(_), _) => "write the number without quotes".to_owned(),
        (_, Some((first, last))) => format!("write `port: {first}` and `endPort: {last}` for a range"),
        _ => "write the name of a container's port: at most 15 of `a` to `z`, digits and single `-`".to_owned(),
    }
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
            let written = |field| peer.get(field).is_some();
            let begun = |field| peer.has(field);
            let help = if written("matchLabels") || written("matchExpressions") {
                match (begun("podSelector"), begun("namespaceSelector")) {
                    (true, false) => "the selector stands one level too high: indent it under `podSelector`",
                    (false, true) => "the selector stands one level too high: indent it under `namespaceSelector`",
                    _ => "the selector stands one level too high: indent it under `podSelector` or `namespaceSelector`",
                }
            } else if written("cidr") {
                "the block stands one level too high: indent it under `ipBlock`"
            } else {
                "write `podSelector: {}` for every pod of this namespace"
            };
            report.required(at, "must specify a peer", help)
        }
        (Some(_), 1..) => {
            let help = "write two entries: peers of one list are alternatives";
            report.forbidden(at, "may not specify both ipBlock and another peer", help);
        }
        _ => {}
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
            report.unsupported(at, &words::named(entry.text, wording), r#""Ingress", "Egress""#, "");
        }
    }
}
