//! What a decision is made from: policies, the cluster's objects, and the flow in question.

pub(crate) mod cluster;
pub(crate) mod flow;
pub(crate) mod flow_text;
pub(crate) mod policy;
