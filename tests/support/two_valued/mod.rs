//! A second mind: SEMANTICS.md as plain boolean code, without the reference's formulas and decision ways.
//!
//! Whatever the sources leave open is asked of a closure ([`resolution::Resolve`]), which settles it one way: under one full
//! resolution a flow passes or does not. [`explore`] tries every resolution.

mod blocks;
mod brute_force;
mod ends;
mod faces;
mod labels;
mod matching;
mod nodes;
mod resolution;
mod route;
mod seen;
mod services;
mod side;

pub(crate) use brute_force::explore;
pub(crate) use resolution::Open;
pub(crate) use route::Route;
