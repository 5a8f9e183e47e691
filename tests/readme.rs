//! The README's table is what the engines answer.

use std::path::Path;

use netpol_oracle::{Decide, Flow, Loader, Profile, Reference};

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

#[test]
fn the_table_of_the_figures_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut lines = readme.lines().skip_while(|line| !line.starts_with("| flow |"));
    let header = cells(lines.next().unwrap());
    let rows: Vec<_> = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(rows.len() >= 10 && header.len() == 6);

    let files = std::fs::read_dir(root.join("cli/scenes")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    for (column, profile) in header.iter().enumerate().skip(1) {
        let profile: Profile = profile.parse().unwrap();
        let mut loader = Loader::new(profile.release());
        for file in &files {
            loader = loader.text(&file.display().to_string(), std::fs::read(file).unwrap());
        }
        let loaded = loader.finish();
        assert_eq!(loaded.diagnostics, []);
        let reference = Reference::new(&loaded.cluster, &profile);
        for row in &rows {
            let flow: Flow = row[0].parse().unwrap();
            let decision = reference.decide(&flow).unwrap();
            let rows = if decision.rows.is_empty() { String::new() } else { format!(" ({})", decision.rows) };
            let written = row[column].replace(['[', ']'], ""); // ids are links
            assert_eq!(format!("{}{rows}", decision.verdict), written, "{flow} on {}", header[column]);
        }
    }
}
