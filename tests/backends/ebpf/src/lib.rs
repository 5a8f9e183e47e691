//! NetworkPolicy enforced inside the kernel, by eBPF programs of the kind that a CNI attaches to a pod's interface.
//!
//! Policies become map entries the way such CNIs do it: pods are grouped into identities, selectors become sets of
//! identities, address blocks become classes of addresses, ports become prefixes. The programs are run on packets that
//! are made for each probe (`BPF_PROG_TEST_RUN`): nothing is attached, pinned or mounted, and what was loaded goes with
//! the [`EbpfPlane`]. All of it is worked out from the objects alone: no verdict of the oracle's is looked at.
//!
//! Where the definition leaves a behaviour open, a data plane must do something. This one lets rules without `ports` admit
//! other protocols, judges egress to the own node like any other, lets a pod reach itself through a Service, sees the
//! address after translation, and enforces on every node, for secure containers and for SCTP.

mod compile;
mod encode;
mod fault;
mod kernel;
mod legs;
mod packet;
mod plane;
mod program;

pub use fault::Fault;
pub use kernel::KernelError;
pub use plane::{EbpfPlane, PlaneError};
pub use program::{Missing, missing};
