//! Judging one connection by the compiled policies, in the one order of SEMANTICS section 1.
//!
//! A side is judged in three steps: the [`circumstances`], which may let everything pass before a rule is asked; what the
//! side [sees](sight) of the other end; and the [`rules`], held against that. Who asks for a verdict gets it in the
//! [coarse](logic::Coarse) grain ([`verdict`]); who asks why, in [diagrams] ([`decide`]). The [fast path](fast_path) answers
//! what is asked most, from tables in which the circumstances and the profile are compiled in.
//!
//! Most open behaviours push one way only: they let pass, or not. The others are [choices](choice) in both senses: what a
//! hostNetwork pod is (U2), which address and port are seen of a translated destination (U5), which [labels](variants) a
//! controller sets (U7), whether ends are on one node (U8), whom a backend sees (U9). These are [read](reading) one way after
//! the other, and what is said under each reading is put together.

mod choice;
pub(super) mod circumstances;
mod decide;
pub(super) mod diagrams;
mod evaluation;
pub(super) mod fast_path;
mod fast_side;
pub(super) mod logic;
mod notes;
mod passers;
pub(in crate::engine) mod question;
mod reading;
mod rules;
pub(super) mod settings;
mod side;
mod side_course;
pub(in crate::engine) mod side_says;
mod sight;
mod variants;
mod verdict;
