//! Clusters of a [`ClusterSpec`].

mod addresses;
mod hostile;
mod nodes;
mod plan;
mod pods;
mod policies;
mod services;
mod usual;

use crate::generate::spec::ClusterSpec;
use crate::model::cluster::Cluster;

impl ClusterSpec {
    /// The cluster.
    #[must_use]
    pub fn build(&self) -> Cluster {
        match self.hostile {
            None => usual::build(self),
            Some(shape) => hostile::build(shape, self),
        }
    }
}
