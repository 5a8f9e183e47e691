//! NetworkPolicies.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::manifest::Manifest;
use super::metadata::Metadata;
use crate::manifest::directions::fields_of;
use crate::model::policy::{Namespaces, NetworkPolicy, Peer, Peers, PolicyTypes, PortMatch, PortSpec, Ports, Rule};
use crate::name::Direction;
use crate::net::{Cidr, Family, IpBlock};

impl Serialize for Manifest<'_, NetworkPolicy> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("apiVersion", "networking.k8s.io/v1")?;
        map.serialize_entry("kind", "NetworkPolicy")?;
        map.serialize_entry("metadata", &Metadata::of(self.0.name()))?;
        map.serialize_entry("spec", &Spec(self.0))?;
        map.end()
    }
}

struct Spec<'a>(&'a NetworkPolicy);

impl Serialize for Spec<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("podSelector", self.0.subject())?;
        let types: &[&str] = match self.0.types() {
            PolicyTypes::Ingress => &["Ingress"],
            PolicyTypes::Egress => &["Egress"],
            PolicyTypes::Both => &["Ingress", "Egress"],
        };
        map.serialize_entry("policyTypes", types)?;
        for (direction, (field, peers)) in
            [Direction::Ingress, Direction::Egress].map(|direction| (direction, fields_of(direction)))
        {
            // The rules of an undeclared direction too: they are part of what was written (K4).
            let rules: Vec<RuleForm<'_>> =
                self.0.written_rules(direction).iter().map(|rule| RuleForm { rule, peers }).collect();
            if !rules.is_empty() {
                map.serialize_entry(field, &rules)?;
            }
        }
        map.end()
    }
}

struct RuleForm<'a> {
    rule: &'a Rule,
    /// `from` or `to`.
    peers: &'static str,
}

impl Serialize for RuleForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Peers::Of(peers) = &self.rule.peers {
            let peers: Vec<PeerForm<'_>> = peers.iter().map(PeerForm).collect();
            map.serialize_entry(self.peers, &peers)?;
        }
        if let Ports::Of(ports) = &self.rule.ports {
            let ports: Vec<PortForm<'_>> = ports.iter().map(PortForm).collect();
            map.serialize_entry("ports", &ports)?;
        }
        map.end()
    }
}

struct PeerForm<'a>(&'a Peer);

impl Serialize for PeerForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Peer::IpBlock(block) => map.serialize_entry("ipBlock", &IpBlockForm(block))?,
            Peer::Pods(pods) => match &pods.namespaces {
                Namespaces::Own => map.serialize_entry("podSelector", &pods.pods)?,
                Namespaces::Matching(namespaces) => {
                    map.serialize_entry("namespaceSelector", namespaces)?;
                    if !pods.pods.is_everything() {
                        map.serialize_entry("podSelector", &pods.pods)?;
                    }
                }
            },
        }
        map.end()
    }
}

struct IpBlockForm<'a>(&'a IpBlock);

impl Serialize for IpBlockForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("cidr", &self.0.cidr())?;
        if !self.0.except().is_empty() {
            map.serialize_entry("except", &ExceptForm(self.0))?;
        }
        map.end()
    }
}

struct ExceptForm<'a>(&'a IpBlock);

impl Serialize for ExceptForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let except = self.0.except();
        let mut list = serializer.serialize_seq(Some(except.len()))?;
        for inner in except {
            if *inner == self.0.cidr() && inner.family() == Family::V4 {
                list.serialize_element(&mapped(inner))?;
            } else {
                list.serialize_element(inner)?;
            }
        }
        list.end()
    }
}

/// An IPv4 cidr in IPv4-mapped form.
fn mapped(cidr: &Cidr) -> String {
    format!("::ffff:{}/{}", cidr.network(), u16::from(cidr.prefix_len()) + 96)
}

struct PortForm<'a>(&'a PortMatch);

impl Serialize for PortForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("protocol", &self.0.protocol)?;
        match &self.0.port {
            PortSpec::Any => {}
            PortSpec::Number(port) => map.serialize_entry("port", port)?,
            PortSpec::Name(name) => map.serialize_entry("port", name)?,
            PortSpec::Range(range) => {
                map.serialize_entry("port", &range.first())?;
                map.serialize_entry("endPort", &range.last())?;
            }
        }
        map.end()
    }
}
