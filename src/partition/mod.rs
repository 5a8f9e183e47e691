//! What no policy tells apart, in one snapshot or in two: pods and workloads in groups, nodes and hostNetwork pods one by one, and the
//! intervals of addresses outside the cluster.

mod controllers;
mod ends;
mod ground;
pub(crate) mod index;
mod outside;
mod same;
mod view;

pub(crate) use controllers::outermost;
pub(crate) use ends::{EndIx, Who};
pub(crate) use ground::{Ground, Group};
pub(crate) use view::View;
