//! `netpol generate`.

use netpol_oracle::{Cluster, Flow, Loader, Release};

use crate::support::{Folder, netpol};

fn loaded(path: &str) -> Cluster {
    let loaded = Loader::new(Release::DEFAULT).text(path, std::fs::read(path).unwrap()).finish();
    assert_eq!(loaded.diagnostics, []);
    loaded.cluster
}

#[test]
fn the_same_seed_is_the_same_cluster_in_every_form() {
    let folder = Folder::new();
    let (json, yaml) = (folder.file("cluster.json"), folder.file("cluster.yaml"));
    netpol(["generate", "--pods", "60", "--seed", "3", "--output", &json]).with_code(0);
    netpol(["generate", "--pods", "60", "--seed", "3", "--output", &yaml]).with_code(0);
    let printed = netpol(["generate", "--pods", "60", "--seed", "3"]).with_code(0);
    assert_eq!(printed.out, std::fs::read_to_string(&json).unwrap());
    let cluster = loaded(&json);
    assert_eq!((cluster.pods().len(), cluster.policies().len()), (60, 6));
    assert!(cluster == loaded(&yaml), "YAML and JSON are one cluster");
    let other = netpol(["generate", "--pods", "60", "--seed", "4"]).with_code(0);
    assert_ne!(other.out, printed.out);
}

#[test]
fn counts_are_as_asked() {
    let folder = Folder::new();
    let path = folder.file("cluster.json");
    let counts = ["--policies", "7", "--namespaces", "5", "--nodes", "3", "--services", "11"];
    let arguments = ["generate", "--pods", "50", "--endpoint-slices", "--output", &path].into_iter().chain(counts);
    crate::support::ended(crate::support::command(arguments)).with_code(0);
    let cluster = loaded(&path);
    let found = (cluster.pods().len(), cluster.policies().len(), cluster.namespaces().len(), cluster.nodes().len());
    assert_eq!((found, cluster.services().len()), ((50, 7, 5, 3), 11));
    assert!(std::fs::read_to_string(&path).unwrap().contains("EndpointSlice"));
}

#[test]
fn its_flows_are_about_its_cluster() {
    let folder = Folder::new();
    let (cluster, flows) = (folder.file("cluster.yaml"), folder.file("flows.txt"));
    netpol(["generate", "--pods", "40", "--output", &cluster, "--flows", "25", "--flows-output", &flows]).with_code(0);
    let text = std::fs::read_to_string(&flows).unwrap();
    assert_eq!(text.lines().filter(|line| line.parse::<Flow>().is_ok()).count(), 25);
    let run = netpol(["decide", "--manifests", &cluster, "--flows", &flows, "--output", "table"]).with_code(0);
    assert_eq!(run.out.lines().count(), 25);
}

#[test]
fn what_cannot_be_written() {
    let folder = Folder::new();
    let path = folder.file("no/such/folder/cluster.json");
    let run = netpol(["generate", "--pods", "5", "--output", &path]).with_code(1);
    assert!(run.err.starts_with(&format!("error: {path}: ")), "{}", run.err);
    netpol(["generate", "--pods", "many"]).refused("--pods");
    netpol(["generate", "--hostile", "rude"]).refused("--hostile");
    netpol(["generate", "--flows", "3"]).refused("--flows-output");
}
