//! The shipped scenes: the five figures of a vendor's page on network policies, and flows to ask about them.

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../", $name)))),+]
    };
}

/// Manifests, by the name that messages say.
pub(crate) const MANIFESTS: [(&str, &str); 6] = shipped![
    "scenes/cluster.yaml",
    "scenes/figure-1.yaml",
    "scenes/figure-2.yaml",
    "scenes/figure-3.yaml",
    "scenes/figure-4.yaml",
    "scenes/figure-5.yaml",
];

/// One flow a line.
pub(crate) const FLOWS: &str = include_str!("../scenes/flows.txt");
