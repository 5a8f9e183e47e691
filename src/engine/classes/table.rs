//! The table over classes, to look at.

use std::net::IpAddr;

use crate::engine::ids::PodId;
use crate::engine::ids::{ClassIx, Id as _, SlotIx};
use crate::engine::judge::question::SideQuestion;
use crate::engine::snapshot::Snapshot;
use crate::engine::tables::SlotObject;
use crate::model::flow::{Endpoint, L4};
use crate::name::Direction;
use crate::net::PortInterval;
use crate::verdict::Verdict;

/// A class: pods and workloads of one namespace that no selector of a policy or Service tells apart, that give the same
/// names to the same ports, have addresses of the same families, and on whose node and runtime enforcement stands alike
/// ([C6](crate::semantics#c6), [C8](crate::semantics#c8)).
///
/// "The same pod" and "the own node" are relations between two ends, and where a pod's address lies in an ipBlock is a
/// matter of [intervals](crate::engine::AddressInterval): a class says nothing of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(ClassIx);

impl From<ClassIx> for ClassId {
    fn from(class: ClassIx) -> Self {
        Self(class)
    }
}

/// Whom a side of a [`Cell`] is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CellPeer {
    /// A member of a class, at an address.
    Pod {
        /// Its class.
        class: ClassId,
        /// Its address in the flow.
        address: IpAddr,
    },
    /// An address that nobody in the cluster has.
    Outside(IpAddr),
}

/// What one side's policies say of one peer: a cell of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cell {
    /// What the side says on each port, in order, intervals as long as they can be.
    pub ports: Vec<(PortInterval, Verdict)>,
    /// What it says of other protocols ([U1](crate::semantics#u1)).
    pub other: Verdict,
}

impl Cell {
    /// What the cell says of one question.
    #[must_use]
    pub fn verdict(&self, l4: L4) -> Verdict {
        let L4::Port(protocol, port) = l4 else { return self.other };
        self.ports
            .iter()
            .find(|(interval, _)| interval.contains(protocol, port))
            .map_or(Verdict::Undefined, |(_, verdict)| *verdict)
    }
}

impl Snapshot {
    /// The classes that have members.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.tables.members.iter().filter(|(_, members)| !members.is_empty()).map(|(id, _)| ClassId(id))
    }

    /// The class of a pod; none of one that has finished or is gone.
    #[must_use]
    pub fn class_of(&self, pod: PodId) -> Option<ClassId> {
        let slot = self.tables.slot_of_id(pod);
        slot.class().filter(|_| slot.generation() == pod.generation).map(ClassId)
    }

    /// The class of whom a flow names; none of a node, an address outside, or what is not there.
    #[must_use]
    pub fn class_of_endpoint(&self, endpoint: &Endpoint) -> Option<ClassId> {
        use crate::engine::ends::end::EndIdentity;
        use crate::engine::ends::resolve::Resolution;
        match self.tables.resolve(endpoint) {
            Ok(Resolution::End(end)) => match end.identity {
                EndIdentity::Pod(_, place) | EndIdentity::Workload(_, place) => Some(ClassId(place.class)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The members of a class, as flows name them; pods and workloads in no order.
    pub fn members(&self, class: ClassId) -> impl Iterator<Item = Endpoint> + '_ {
        let slots = self.tables.members.find(class.0).into_iter().flat_map(|members| members.iter());
        slots.filter_map(|slot| match self.tables.object(*slot) {
            SlotObject::Empty => None,
            SlotObject::Pod(pod) => Some(Endpoint::Named(pod.name.clone())),
            SlotObject::Workload(workload) => {
                Some(Endpoint::Workload { kind: workload.kind.clone(), name: workload.name.clone() })
            }
        })
    }

    /// One member of the class, the first by its text: any other would be answered alike.
    #[must_use]
    pub fn representative(&self, class: ClassId) -> Option<Endpoint> {
        self.members(class).min_by_key(ToString::to_string)
    }

    /// A cell of the table: what the policies of `subject`'s members say in `direction` of `peer`, whatever the other
    /// side says. None where class is none of this snapshot's.
    ///
    /// It is read off the entries that verdicts are read off.
    ///
    /// ```
    /// use netpol_oracle::engine::CellPeer;
    /// use netpol_oracle::{Cluster, Direction, Endpoint, Engine, ObjectName, Pod, Profile, Verdict};
    /// let mut builder = Cluster::builder();
    /// builder.pod(Pod::new(ObjectName::new("default", "web-0")));
    /// let engine = Engine::new(&builder.build(), &Profile::kubernetes());
    /// let web = engine.class_of_endpoint(&Endpoint::named("default", "web-0")).unwrap();
    /// let cell = engine.cell(web, Direction::Egress, CellPeer::Outside("192.0.2.1".parse().unwrap())).unwrap();
    /// assert!(cell.ports.iter().all(|(_, verdict)| *verdict == Verdict::Allow));
    /// ```
    #[must_use]
    pub fn cell(&self, subject: ClassId, direction: Direction, peer: CellPeer) -> Option<Cell> {
        let asked = |l4| SideQuestion { direction, l4 };
        let mut ports: Vec<(PortInterval, Verdict)> = Vec::new();
        for interval in self.known_port_intervals().iter().copied() {
            let verdict = self.tables.side_of_class(subject.0, &self.peer(peer)?, asked(interval.into()))?;
            let longer = ports.last().filter(|(_, same)| *same == verdict);
            let both = longer.and_then(|(before, _)| before.joined(interval));
            if both.is_some() {
                ports.pop();
            }
            ports.push((both.unwrap_or(interval), verdict));
        }
        let other = self.tables.side_of_class(subject.0, &self.peer(peer)?, asked(L4::Icmp))?;
        Some(Cell { ports, other })
    }

    fn peer(&self, peer: CellPeer) -> Option<crate::engine::ends::end::ResolvedEnd<'_>> {
        use crate::engine::ends::end::{EndIdentity, Membership, ResolvedEnd};
        Some(match peer {
            CellPeer::Outside(address) => ResolvedEnd::new(EndIdentity::External, Some(address)),
            CellPeer::Pod { class, address } => {
                let slot = *self.tables.members.find(class.0)?.first()?;
                let identity = match self.tables.identity(slot)? {
                    // Any other member than the subject, in a slot that nobody has: the same pod is a relation, not a class.
                    EndIdentity::Pod(pod, place) => {
                        EndIdentity::Pod(pod, Membership { slot: SlotIx::from_index(u32::MAX), ..place })
                    }
                    other => other,
                };
                ResolvedEnd::new(identity, Some(address))
            }
        })
    }
}
