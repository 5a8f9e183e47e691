//! What a decision is made from: policies, the cluster's objects, and the flow in question.

pub(crate) mod builder;
pub(crate) mod change;
pub(crate) mod cluster;
pub(crate) mod flow;
pub(crate) mod flow_text;
pub(crate) mod objects;
pub(crate) mod policy;
