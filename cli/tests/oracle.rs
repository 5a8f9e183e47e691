//! `netpol oracle`.

use netpol_backend_memory::Fault;

use crate::support::{Folder, SHOP, command, ended, netpol};

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
fn a_bug_at_faces_is_hunted_where_there_are_some() {
    let folder = Folder::new();
    let file = folder.file("face.yaml");
    netpol(["oracle", "--fault", "face-port-untranslated", "--pods", "40", "--output", &file]).with_code(0);
    let case = std::fs::read_to_string(&file).unwrap();
    assert!(case.contains("nodePort") || case.contains("loadBalancer"), "{case}");
    netpol(["oracle", "--replay", &file, "--fault", "face-port-untranslated"]).with_code(1);
    netpol(["oracle", "--replay", &file]).with_code(0);
}

/// Without `--output` the case goes to a folder below the current one, which is made for a case alone.
#[test]
fn a_case_has_a_folder_by_itself() {
    let folder = Folder::new();
    let cases = folder.path().join("netpol-oracle-cases");
    let run = |clusters: &str| {
        let mut command = command(["oracle", "--fault", "end-port-exclusive", "--pods", "20", "--clusters", clusters]);
        command.current_dir(folder.path());
        ended(command)
    };
    let nothing = run("0").with_code(1);
    assert!(nothing.out.contains("not found in 0 clusters"), "{}", nothing.out);
    assert!(!cases.exists());
    let found = run("100").with_code(0);
    let replay = found.out.lines().last().unwrap();
    assert!(replay.contains(" --replay netpol-oracle-cases/end-port-exclusive.yaml "), "{replay}");
    assert!(cases.join("end-port-exclusive.yaml").is_file());
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
