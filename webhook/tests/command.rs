//! The command line, and what the README says of it.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use netpol_oracle::{Loader, Release};

const README: &str = include_str!("../README.md");

fn webhook<const N: usize>(arguments: [&str; N]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netpol-webhook")).args(arguments).output().unwrap()
}

/// The `--flags` of a text.
fn flags(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).collect()
}

#[test]
fn the_readme_has_every_flag() {
    let help = String::from_utf8(webhook(["--help"]).stdout).unwrap();
    let mut known = flags(&help);
    assert!(known.remove("--help") && known.len() >= 8, "{known:?}");
    let table: String = README.lines().filter(|line| line.starts_with("| `--")).collect();
    assert_eq!(flags(&table), known);
}

#[test]
fn the_manifests_of_the_readme_load() {
    let manifests = README.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let loaded = Loader::new(Release::DEFAULT).text("README.yaml", manifests).finish();
    assert_eq!(loaded.diagnostics, []);
    assert_eq!((loaded.cluster.services().len(), loaded.cluster.workloads().len()), (1, 1));
    assert!(loaded.skipped.keys().eq(["ValidatingWebhookConfiguration"]), "{:?}", loaded.skipped);
}

#[test]
fn what_it_cannot_start_with_is_said() {
    for (arguments, said) in [
        (["--cert", "/none.crt", "--key", "/none.key"], "error: /none.crt: "),
        (["--cert=c", "--key=k", "--profile", "vpc"], "error: --profile: model `vpc` needs a version"),
        (["--cert=c", "--key=k", "--manifests", "/none.yaml"], "error: /none.yaml: "),
        (["--cert=c", "--key=k", "--deny", "NP999"], "no such code"),
    ] {
        let output = webhook(arguments);
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(said), "{err}");
    }
}
