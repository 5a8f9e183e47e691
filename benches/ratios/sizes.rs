//! Memory beside the model.

use netpol_oracle::generate::{ClusterSpec, Hostile};
use netpol_oracle::{Engine, Profile};

use crate::goals::{Goals, short};
use crate::timing::{Effort, time};

pub(crate) fn measure(effort: Effort, goals: &mut Goals) {
    let profile = Profile::kubernetes();
    let held = |cluster: &netpol_oracle::Cluster| {
        let mut engine = None;
        let info = allocation_counter::measure(|| engine = Some(Engine::new(cluster, &profile)));
        drop(engine);
        info.bytes_current as f64 / cluster.pods().len() as f64
    };
    for pods in effort.sizes().iter().copied().filter(|pods| *pods >= 100_000) {
        goals.at_most(
            format!("bytes a pod beside the model, {pods} pods"),
            held(&ClusterSpec::new(pods).build()),
            200.0,
        );
    }
    // Bounded, not small: 64 ids (4 bytes) for each label set, 64 entries (20 bytes) for each class and direction, both
    // beside what an ordinary pod takes.
    for shape in Hostile::ALL {
        let cluster = ClusterSpec::hostile(shape, 20_000).build();
        let (seconds, _) = time(|| Engine::new(&cluster, &profile));
        let bytes = held(&cluster);
        println!(
            "hostile {shape}, {} pods, {} policies: build {} ms",
            cluster.pods().len(),
            cluster.policies().len(),
            short(seconds * 1e3)
        );
        goals.at_most(format!("bytes a pod beside the model, hostile {shape}"), bytes, 4096.0);
    }
}
