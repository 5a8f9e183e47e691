//! The fuzz targets' checks over the inputs that are kept in `tests/data/fuzz/`: seeds, and whatever fuzzing
//! once found.

use std::fs;
use std::path::PathBuf;

use crate::support::fuzz;

/// Runs `check` over every kept input of `target`, in pieces too: inputs that end early.
fn replay(target: &str, check: fn(&[u8])) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/fuzz", target].iter().collect();
    let mut kept: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    assert!(kept.len() >= 20, "{target}: {} inputs", kept.len());
    for path in kept {
        let bytes = fs::read(&path).unwrap();
        check(&bytes);
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 16) {
            check(&bytes[..end]);
        }
    }
}

#[test]
fn manifests() {
    replay("manifests", fuzz::manifests);
}

#[test]
fn policy_json() {
    replay("policy_json", fuzz::policy_json);
}

#[test]
fn flow_text() {
    replay("flow_text", fuzz::flow_text);
}
