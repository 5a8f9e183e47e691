//! From flows to probes.

use crate::engine::{Connection, ConnectionEnd, ConnectionFront, EndName, FaceKind, PassedOn, Snapshot};
use crate::model::flow::Flow;
use crate::name::ObjectName;
use crate::net::canonical;
use crate::oracle::face::{ComesFrom, Face};
use crate::oracle::probe::Probe;
use crate::oracle::probe_end::{ProbeEnd, ProbeWho};
use crate::profile::capability::SeenSource;
use crate::verdict::{Backend, Decide, Decision, FlowError, Judged};

/// The probes that a flow stands for: one, or one for each ready backend of its Service, by name
/// ([K23](crate::semantics#k23)).
///
/// Ends have the addresses by which they meet ([K22](crate::semantics#k22)), IPv4-mapped ones as IPv4; of a Service
/// flow the port is the backend's, `sent_to` the ClusterIP or the address of another face ([K26](crate::semantics#k26)), and the
/// probe's flow names its backend where that is a pod, a workload or a replica. What cannot be written so, a node or an address
/// outside, is told by the destination's address. As whom it comes there, a face says ([U9](crate::semantics#u9)); what cannot be
/// sent at all has an [obstacle](Probe::obstacle).
///
/// # Errors
/// As [`Decide::decide`].
///
/// ```
/// use netpol_oracle::oracle::{ProbeWho, probes};
/// use netpol_oracle::{Cluster, Engine, ObjectName, Pod, Profile};
/// let mut web = Pod::new(ObjectName::new("default", "web-0"));
/// web.addresses = vec!["fd00::1".parse()?, "10.0.0.1".parse()?];
/// let mut builder = Cluster::builder();
/// builder.pod(web);
/// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
///
/// let asked = probes(&engine, &"192.0.2.7 -> default/web-0:80/tcp".parse()?)?;
/// assert_eq!(asked[0].source.who, ProbeWho::Outside);
/// assert_eq!(asked[0].destination.address, Some("10.0.0.1".parse()?), "the family of the source");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn probes(engine: &Snapshot, flow: &Flow) -> Result<Vec<Probe>, FlowError> {
    let connections = engine.connections(flow)?;
    let seen = engine.profile().capabilities().seen_source;
    let probe = |connection: Connection<'_>| Probe {
        flow: match connection.backend {
            Some(Backend::Object(name)) => flow.clone().via(name),
            Some(Backend::Workload(..) | Backend::Address(_)) | None => flow.clone(),
        },
        source: end(&connection.source),
        destination: end(&connection.destination),
        l4: connection.l4,
        sent_to: connection.front.as_ref().and_then(ConnectionFront::address).map(canonical),
        face: connection.front.as_ref().map(face),
        comes_from: connection.front.as_ref().map_or(ComesFrom::Source, |front| comes_from(front, seen)),
    };
    Ok(connections.into_iter().map(probe).collect())
}

fn face(front: &ConnectionFront<'_>) -> Face {
    match front {
        ConnectionFront::ClusterIp(_) => Face::ClusterIp,
        ConnectionFront::Face { kind: FaceKind::Address, .. } => Face::Address,
        ConnectionFront::Face { kind: FaceKind::NodePort, .. } => Face::NodePort,
        ConnectionFront::Face { kind: FaceKind::HostPort, .. } => Face::HostPort,
    }
}

/// As whom it comes that was passed on so (U9).
fn comes_from(front: &ConnectionFront<'_>, seen: SeenSource) -> ComesFrom {
    let ConnectionFront::Face { at, passed_on, .. } = front else { return ComesFrom::Source };
    match (passed_on, seen) {
        (PassedOn::Never, _) | (_, SeenSource::Client) => ComesFrom::Source,
        (PassedOn::Named, SeenSource::Node) => ComesFrom::Node(end(at)),
        (PassedOn::Named, SeenSource::Unknown) => ComesFrom::SourceOrNode(end(at)),
        (PassedOn::Some, SeenSource::Node) => ComesFrom::AnyNode,
        (PassedOn::Some, SeenSource::Unknown) => ComesFrom::SourceOrAnyNode,
    }
}

fn end(end: &ConnectionEnd<'_>) -> ProbeEnd {
    let who = match end.name {
        EndName::Pod(name) => ProbeWho::Pod(name.clone()),
        EndName::Workload(kind, name) => ProbeWho::Workload(kind.clone(), name.clone()),
        EndName::Node(name) => ProbeWho::Node(name.map(Into::into)),
        EndName::Replica(set, ordinal) => {
            ProbeWho::Replica(ObjectName::new(set.name.namespace().clone(), format!("{}-{ordinal}", set.name.name())))
        }
        EndName::Labelled(namespace, labels) => ProbeWho::Labelled(namespace.clone(), labels.clone()),
        EndName::External => ProbeWho::Outside,
    };
    ProbeEnd { who, address: end.address.map(canonical) }
}

/// The probes of a flow, each with the decision of its own backend.
pub(super) fn answered(engine: &Snapshot, flow: &Flow) -> Result<Vec<(Probe, Decision)>, FlowError> {
    let probes = probes(engine, flow)?.into_iter();
    let Decision { flow, verdict, rows, judged, notes } = engine.decide(flow)?;
    Ok(match judged {
        Judged::Sides(sides) => {
            let decision = Decision { flow, verdict, rows, judged: Judged::Sides(sides), notes };
            probes.zip([decision]).collect()
        }
        // Both are in the order of the backends.
        Judged::Backends(backends) => {
            let each = probes.zip(backends).map(|(probe, backend)| {
                let (flow, verdict, rows) = (probe.flow.clone(), backend.verdict, backend.rows);
                (probe, Decision { flow, verdict, rows, judged: Judged::Backends(vec![backend]), notes: notes.clone() })
            });
            each.collect()
        }
    })
}
