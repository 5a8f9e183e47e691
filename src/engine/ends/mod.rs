//! Who the ends of a flow are, and the connections that it stands for.
//!
//! [`resolve`] says whom a text or an observed address means, [`meet`] by which addresses two ends meet, [`node_relation`]
//! whether they are on one node, [`sent`] what was sent to where the destination is translated on the way. A flow to a Service is
//! one connection for each ready backend: a [`service_front`] is the Service as one source sees it, [`backends`] are who stands
//! behind it, [`services`] puts the two together.

pub(super) mod backends;
pub(super) mod connections;
pub(super) mod end;
pub(super) mod faces;
pub(super) mod meet;
pub(super) mod node_relation;
pub(super) mod resolve;
pub(super) mod sent;
pub(super) mod service_front;
pub(super) mod services;
