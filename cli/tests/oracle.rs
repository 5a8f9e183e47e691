//! `netpol oracle`.

use netpol_backend_memory::Fault;

use crate::support::{Folder, SHOP, netpol};

#[test]
fn every_bug_is_listed() {
    let run = netpol(["oracle", "--list"]).with_code(0);
    let names: Vec<&str> = run.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, Fault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>());
}

#[test]
fn a_bug_is_found_cut_down_and_replayed() {
    let folder = Folder::new();
    let file = folder.file("cases/found.yaml");
    let run = netpol(["oracle", "--fault", "end-port-exclusive", "--pods", "20", "--output", &file]).with_code(0);
    assert!(run.out.starts_with("planted: end-port-exclusive: "), "{}", run.out);
    assert!(run.out.contains("found after ") && run.out.contains("cut down to "), "{}", run.out);
    let replay = run.out.lines().last().unwrap();
    assert!(replay.ends_with(&format!(" oracle --replay {file} --fault end-port-exclusive")), "{replay}");
    let case = std::fs::read_to_string(&file).unwrap();
    assert!(run.out.contains(&case) && case.contains("endPort"), "{case}");

    let with = netpol(["oracle", "--replay", &file, "--fault", "end-port-exclusive"]).with_code(1);
    assert!(with.out.contains("mismatch"), "{}", with.out);
    netpol(["oracle", "--replay", &file]).with_code(0);
}

#[test]
fn a_bug_that_changes_show_needs_them_in_its_case() {
    let folder = Folder::new();
    let file = folder.file("stale.yaml");
    netpol(["oracle", "--fault", "stale-rules", "--pods", "20", "--output", &file]).with_code(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains("changes:"));
    netpol(["oracle", "--replay", &file, "--fault", "stale-rules"]).with_code(1);
    netpol(["oracle", "--replay", &file]).with_code(0);
}

#[test]
fn a_bug_that_is_not_found() {
    let run = netpol(["oracle", "--fault", "stale-rules", "--clusters", "0"]).with_code(1);
    assert!(run.out.contains("not found in 0 clusters"), "{}", run.out);
}

#[test]
fn wrong_arguments() {
    let folder = Folder::new();
    netpol(["oracle", "--fault", "none-such"]).refused("error: --fault: no bug is named `none-such`");
    netpol(["oracle", "--profile", "vpc"]).refused("error: --profile: model `vpc` needs a version");
    let missing = folder.file("missing.yaml");
    netpol(["oracle", "--replay", &missing]).refused(&format!("error: {missing}: "));
    let shop = folder.write("shop.yaml", SHOP);
    netpol(["oracle", "--replay", &shop]).refused(&shop);
}
