//! Profiles and manifests out of files. The library itself opens none.
//!
//! A package of its own, since the command line and the webhook share it and neither should build what the other needs: what
//! is read, and in which order, is the same for both.

use std::io;
use std::path::{Path, PathBuf};

use netpol_oracle::Profile;

/// The profile that `text` names: a file's, or `kubernetes[:V]`, `tunnel:V`, `vpc:V`, `cn2:V`.
///
/// # Errors
/// What is wrong with the argument `--profile`: every fault of the file, a line each, or why the text is no profile.
pub fn profile(text: &str) -> Result<Profile, String> {
    if !Path::new(text).is_file() {
        return text.parse().map_err(|error| format!("--profile: {error}, or the name of a profile file that exists"));
    }
    let bytes = std::fs::read(text).map_err(|error| format!("--profile: {text}: {error}"))?;
    Profile::read(text, bytes).map_err(|faults| format!("--profile: {faults}"))
}

/// The manifest files among `paths`, each read when its turn comes: files as they are, folders walked in the order of
/// names for `.yaml`, `.yml` and `.json`. What cannot be read is an error of its own, with its path; the rest goes on.
pub fn manifests(paths: &[PathBuf]) -> impl Iterator<Item = Result<(String, Vec<u8>), String>> {
    let mut found = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, &mut found),
            Ok(_) => found.push(Ok(path.clone())),
            Err(error) => found.push(Err(at(path, &error))),
        }
    }
    found.into_iter().map(|file| {
        let path = file?;
        let bytes = std::fs::read(&path).map_err(|error| at(&path, &error))?;
        Ok((path.display().to_string(), bytes))
    })
}

fn walk(folder: &Path, found: &mut Vec<Result<PathBuf, String>>) {
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

fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
