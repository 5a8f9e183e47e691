//! On which cluster and by which profile a flow's backends are looked for.

use std::cell::Cell;

use crate::model::cluster::Cluster;
use crate::profile::profile::Profile;
use crate::profile::row::Rows;

/// Cluster and profile; remembers which rows were looked at.
pub(super) struct Asking<'a, 'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) profile: &'a Profile,
    pub(super) seen: &'a Cell<Rows>,
}
