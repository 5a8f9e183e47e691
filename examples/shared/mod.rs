//! What the examples share: walking files and folders, and naming a profile.
#![allow(dead_code, reason = "no example needs everything")]

use std::io;
use std::path::{Path, PathBuf};

use netpol_oracle::Profile;

/// The profile that `text` names: a file's, or `kubernetes[:V]`, `tunnel:V`, `vpc:V`, `cn2:V`. Of a bad one every fault,
/// a line each.
pub(crate) fn profile(text: &str) -> Result<Profile, String> {
    if !Path::new(text).is_file() {
        return text.parse().map_err(|error| format!("{error}"));
    }
    let bytes = std::fs::read(text).map_err(|error| format!("{text}: {error}"))?;
    Profile::read(text, bytes).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// The manifest files among `paths`: files as they are, folders walked in the order of names for `.yaml`,
/// `.yml` and `.json`. What cannot be read is an error of its own, with its path; the rest goes on.
pub(crate) fn files(paths: &[PathBuf]) -> Vec<io::Result<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, &mut found),
            Ok(_) => found.push(Ok(path.clone())),
            Err(error) => found.push(Err(at(path, &error))),
        }
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<io::Result<PathBuf>>) {
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
        Err(error) => return found.push(Err(at(folder, &error))),
    };
    entries.sort();
    for path in entries {
        // A link to a folder is not followed: it may lead back up.
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let is_manifest = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json");
        if path.is_dir() && !is_link {
            walk(&path, found);
        } else if is_manifest && !path.is_dir() {
            found.push(Ok(path));
        }
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
