//! What README shows of commands is what they print, and its pictures are those of today.

use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn printed(line: &str) -> String {
    let arguments = line.strip_prefix("netpol ").unwrap();
    // Words in quotes are one.
    let words = arguments.split('\'').enumerate().flat_map(|(at, part)| match at % 2 {
        1 => vec![part],
        _ => part.split_whitespace().collect(),
    });
    let mut command: Command = crate::support::command(words);
    command.current_dir(root());
    crate::support::ended(command).out
}

#[test]
fn commands_print_what_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut shown = 0;
    for block in readme.split("\n```console\n").skip(1) {
        let (block, _) = block.split_once("```\n").unwrap();
        let (command, output) = block.strip_prefix("$ ").unwrap().split_once('\n').unwrap();
        assert_eq!(printed(command), output, "{command}");
        shown += 1;
    }
    assert!(shown >= 8, "{shown}");
}

/// `.ci/pictures --readme` writes them anew.
#[test]
fn pictures_of_readme_are_those_of_today() {
    let change = "--before cli/scenes --after cli/scenes docs/change.yaml";
    for (picture, command) in [
        ("docs/reach.svg", "netpol reach --manifests cli/scenes --by namespace --output svg".to_owned()),
        ("docs/diff.svg", format!("netpol diff {change} --by pod --output svg")),
    ] {
        let kept = std::fs::read_to_string(root().join(picture)).unwrap();
        assert!(kept == printed(&command), "{picture} is old: `.ci/pictures --readme` writes it anew");
        assert!(kept.len() < 40_000, "{picture} is large: {} bytes", kept.len());
    }
}
