//! A flow with its addresses: what a packet is made from.

use std::net::IpAddr;

use serde::Serialize;

use crate::model::flow::{Destination, Flow, L4};
use crate::oracle::face::{ComesFrom, Face};
use crate::oracle::obstacle::Obstacle;
use crate::oracle::probe_end::{ProbeEnd, ProbeWho};

/// A flow as a data plane meets it: the ends with the addresses they use, a Service's port already translated.
///
/// As JSON, where `protocol` is a name with its `port`, `icmp`, or a number; `sent_to` and `face` are there where the destination is
/// not what was sent to, and `comes_from` where it may come as somebody else than its source:
///
/// ```json
/// {
///   "flow": "default/web -> svc/default/db:80/tcp via default/db",
///   "source": {"pod": "default/web", "address": "10.0.0.7"},
///   "destination": {"pod": "default/db", "address": "10.0.1.3"},
///   "protocol": "tcp",
///   "port": 6379,
///   "sent_to": "10.247.0.9",
///   "face": "cluster-ip"
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Probe {
    /// The flow; of a Service one that names its backend ([K23](crate::semantics#k23)). Its port is the one that is sent to.
    pub flow: Flow,
    /// Who opens the connection.
    pub source: ProbeEnd,
    /// Who is reached; of a Service flow the backend.
    pub destination: ProbeEnd,
    /// Protocol and port at the destination: after translation.
    #[serde(flatten)]
    pub l4: L4,
    /// The address that the source sends to, where that is not the destination's: a ClusterIP, or another face.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<IpAddr>,
    /// What has that address; none where the destination itself is sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face: Option<Face>,
    /// As whom it comes to the destination.
    #[serde(skip_serializing_if = "ComesFrom::is_source")]
    pub comes_from: ComesFrom,
}

impl Probe {
    /// The packet of a flow that no Service translates.
    #[must_use]
    pub fn new(flow: Flow, source: ProbeEnd, destination: ProbeEnd) -> Self {
        let l4 = flow.l4;
        Self { flow, source, destination, l4, sent_to: None, face: None, comes_from: ComesFrom::Source }
    }

    /// The same, sent to a ClusterIP and translated to `l4` at the destination ([K23](crate::semantics#k23)).
    #[must_use]
    pub fn translated(mut self, sent_to: Option<IpAddr>, l4: L4) -> Self {
        self.sent_to = sent_to;
        self.face = Some(Face::ClusterIp);
        self.l4 = l4;
        self
    }

    /// The same, sent to another face, which passes it on so ([K26](crate::semantics#k26)).
    #[must_use]
    pub fn by_face(mut self, face: Face, comes_from: ComesFrom) -> Self {
        self.face = Some(face);
        self.comes_from = comes_from;
        self
    }

    /// Why no packet can be made of it; a data plane that makes pods for the purpose may try nonetheless.
    ///
    /// ```
    /// use netpol_oracle::oracle::{Obstacle, probes};
    /// use netpol_oracle::{Cluster, Engine, Profile};
    /// let engine = Engine::new(&Cluster::default(), &Profile::kubernetes());
    /// let to_come = probes(&engine, &"192.0.2.7 -> shop/{app=db}:6379/tcp".parse()?)?;
    /// assert_eq!(to_come[0].obstacle(), Some(Obstacle::Labelled));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        let of_end = |end: &ProbeEnd| match end.who {
            ProbeWho::Labelled(..) => Some(Obstacle::Labelled),
            ProbeWho::Replica(_) => Some(Obstacle::Replica),
            ProbeWho::Workload(..) => Some(Obstacle::Workload),
            ProbeWho::Pod(_) | ProbeWho::Node(_) | ProbeWho::Outside => {
                end.address.is_none().then_some(Obstacle::NoAddress)
            }
        };
        let of_ends = [&self.source, &self.destination].into_iter().filter_map(of_end).min();
        of_ends.or_else(|| (self.face.is_some() && self.sent_to.is_none()).then_some(Obstacle::NoClusterIp))
    }

    /// The backend of a Service flow that is an address, which no flow can name.
    pub(super) fn outside_backend(&self) -> Option<IpAddr> {
        let is_by_service = self.sent_to.is_some() || matches!(self.flow.destination, Destination::Service(_));
        self.destination.address.filter(|_| is_by_service && self.flow.via.is_none())
    }
}
