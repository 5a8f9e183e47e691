//! The specification, the design and the changelog, as pages of this documentation. Nothing here is code.
//!
//! Every id in these docs, such as [K20](crate::semantics#k20), leads to its row of [`semantics`]: the rules of
//! Kubernetes (K), what those leave open (U), what a cluster supports (C).

// Of two definitions of one link Markdown takes the first. The pages' own, at their ends, lead to `SEMANTICS.md` where
// the files are read by themselves; `links.md`, put before them, leads to its page here.

#[doc = include_str!("../../SEMANTICS.md")]
pub mod semantics {}

#[doc = include_str!("../../DESIGN.md")]
pub mod design {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../CHANGELOG.md")]
pub mod changelog {}
