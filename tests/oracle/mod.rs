//! The oracle: flows to probes, a data plane held against the engine, the covering set.

mod case;
mod check;
mod covering;
mod covering_faces;
mod resolve;
mod shrink;
