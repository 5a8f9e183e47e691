//! The command line, and what the README says of it.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use netpol_webhook::impact::Kind;
use netpol_webhook::metrics::Metrics;
use netpol_webhook::view::{Origin, View};

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
    assert!(known.remove("--help") && known.len() >= 15, "{known:?}");
    let table: String = README.lines().filter(|line| line.starts_with("| `--")).collect();
    assert_eq!(flags(&table), known);
}

#[test]
fn the_readme_and_the_help_have_every_kind_of_impact() {
    let help = String::from_utf8(webhook(["--help"]).stdout).unwrap();
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        assert!(README.contains(&format!("\n| `{}` | ", kind.word())), "{kind:?}");
        assert!(help.contains(&format!("- {}:", kind.word())), "{kind:?}: {help}");
    }
}

#[test]
fn the_readme_has_every_metric() {
    let text = Metrics::new().text(&View::new(Origin::Nowhere));
    let names = text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    let missing: Vec<&str> = names.filter(|name| !README.contains(&format!("`{name}"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn what_it_cannot_start_with_is_said() {
    for (arguments, said) in [
        (["--cert", "/none.crt", "--key", "/none.key"], "error: /none.crt: "),
        (["--cert=c", "--key=k", "--profile", "vpc"], "error: --profile: model `vpc` needs a version"),
        (["--cert=c", "--key=k", "--manifests", "/none.yaml"], "error: /none.yaml: "),
        (["--cert=c", "--key=k", "--deny", "NP999"], "no such code"),
        (["--cert=c", "--key=k", "--deny-impact", "everything"], "opens-outside"),
        (["--cert=c", "--key=k", "--watch", "--manifests=m"], "cannot be used with"),
    ] {
        let output = webhook(arguments);
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(said), "{err}");
    }
}

#[test]
fn manifests_with_faults_or_without_objects_are_no_start() {
    let path = std::env::temp_dir().join(format!("netpol-oracle-webhook-start-{}.yaml", std::process::id()));
    let shown = path.display().to_string();
    for (text, said) in [
        ("kind: Pod\napiVersion: v1\nmetadata: {name: 7}\n", "error[NP003]: metadata.name: "),
        ("# nothing\n", "error: --manifests: no object of a cluster is in it"),
    ] {
        std::fs::write(&path, text).unwrap();
        let output = webhook(["--cert=c", "--key=k", "--manifests", &shown]);
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(said), "{err}");
    }
    std::fs::remove_file(&path).unwrap();
}
