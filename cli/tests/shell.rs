//! Help, completions, manual pages and the page of exit codes.

use crate::support::{Folder, command, ended, netpol};

/// The commands with examples in their help.
const COMMANDS: [&str; 7] = ["decide", "review", "generate", "vectors", "oracle", "completions", "man"];

/// The commands that a help text shows, as words, up to what a shell does with their output.
fn examples(help: &str) -> Vec<Vec<String>> {
    help.lines().filter_map(|line| line.strip_prefix("  netpol")).map(words).collect()
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            '|' | '>' | '&' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            character => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn help_shows_examples_that_are_commands() {
    for name in COMMANDS {
        let help = netpol([name, "--help"]).with_code(0).out;
        assert_eq!(help, netpol(["help", name]).with_code(0).out);
        let examples = examples(&help);
        assert!(!examples.is_empty() && examples.iter().all(|words| words[0] == name), "{help}");
        for mut words in examples {
            words.push("--help".to_owned());
            ended(command(&words)).with_code(0);
        }
    }
    let help = netpol(["help"]).with_code(0).out;
    assert!(COMMANDS.iter().all(|name| help.lines().any(|line| line.starts_with(&format!("  {name} ")))), "{help}");
}

#[test]
fn a_flag_that_is_none_is_refused_in_an_example() {
    // What `help_shows_examples_that_are_commands` rests on.
    ended(command(["decide", "--manifest", "k8s/", "--help"])).refused("--manifest");
}

#[test]
fn completions_know_commands_and_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = netpol(["completions", shell]).with_code(0).out;
        assert!(script.contains("vectors") && script.contains("endpoint-slices"), "{shell}");
    }
    netpol(["completions", "tcsh"]).refused("tcsh");
}

#[test]
fn the_manual_has_a_page_a_command() {
    let folder = Folder::new();
    let run = netpol(["man", &folder.file("man1")]).with_code(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    for name in COMMANDS {
        let page = std::fs::read_to_string(folder.file(&format!("man1/netpol-{name}.1"))).unwrap();
        assert!(page.contains("Examples:") && page.contains(&format!("netpol {name}")), "{page}");
    }
    assert!(std::fs::read_to_string(folder.file("man1/netpol.1")).unwrap().contains("netpol\\-oracle"));
    let file = folder.write("file", "");
    netpol(["man", &file]).refused(&file);
}

#[test]
fn exit_codes_are_on_one_page() {
    let page = netpol(["exit-codes"]).with_code(0).out;
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("```text\n{page}```")), "the README has the page as it is");
    for name in COMMANDS {
        assert!(page.lines().any(|line| line.starts_with(&format!("netpol {name} "))), "{name}");
    }
    let help = netpol(["help", "exit-codes"]).with_code(0).out;
    assert!(page.lines().all(|line| help.contains(line.trim_end())), "{help}");
}
