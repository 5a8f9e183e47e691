//! What no policy tells apart, in one snapshot or in two: pods and workloads in groups, nodes and hostNetwork pods one by one, and the
//! intervals of addresses outside the cluster.

mod between;
mod controllers;
mod ends;
mod ground;
mod hosts;
pub(crate) mod index;
mod interned;
mod leading;
mod nearness;
mod outside;
mod parts;
mod rest;
mod roster;
mod same;
mod subjects;
mod touched;
mod towards;
mod view;

pub(crate) use between::Between;
pub(crate) use controllers::outermost;
pub(crate) use ends::{EndIx, Who};
pub(crate) use ground::{ClassPlace, Ground, Group};
pub(crate) use interned::Interned;
pub(crate) use leading::Leads;
pub(crate) use nearness::{NearIx, Nearnesses};
pub(crate) use outside::faces_alone;
pub(crate) use roster::Roster;
pub(crate) use subjects::{SightIx, SubjectIx, Subjects};
pub(crate) use view::View;
