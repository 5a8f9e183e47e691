//! Which files are read: those that are named, and those of folders.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// Where a text is, in the order of reading; or why something is none.
pub(crate) type Found = Result<PathBuf, String>;

/// The name of standard input among paths.
pub(crate) const STDIN: &str = "-";

/// Files as they are, folders walked in the order of names, links followed. A file or folder that is reached twice counts once.
pub(crate) fn find(paths: &[PathBuf]) -> Vec<Found> {
    let mut walk = Walk::default();
    for path in paths {
        let before = walk.met;
        match std::fs::metadata(path) {
            _ if path == Path::new(STDIN) => walk.found.push(Ok(path.clone())),
            Ok(metadata) if metadata.is_dir() => {
                walk.folder(path);
                if walk.met == before {
                    walk.error(format!("{}: no .yaml, .yml or .json file is in it", path.display()));
                }
            }
            Ok(_) => walk.file(path.clone()),
            Err(error) => walk.error(at(path, &error)),
        }
    }
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    /// How many manifests and errors were met, those that were met before too.
    met: usize,
    /// Files and folders that were reached, by their real paths.
    seen: HashSet<PathBuf>,
    /// The folders around, by their real paths.
    around: Vec<PathBuf>,
}

impl Walk {
    fn error(&mut self, message: String) {
        self.met += 1;
        self.found.push(Err(message));
    }

    fn file(&mut self, path: PathBuf) {
        match path.canonicalize() {
            Ok(real) => {
                self.met += 1;
                if self.seen.insert(real) {
                    self.found.push(Ok(path));
                }
            }
            Err(error) => self.error(at(&path, &error)),
        }
    }

    fn folder(&mut self, folder: &Path) {
        let entries = folder.canonicalize().and_then(|real| Ok((real, std::fs::read_dir(folder)?)));
        let (real, entries) = match entries {
            Ok(entries) => entries,
            Err(error) => return self.error(at(folder, &error)),
        };
        if self.around.contains(&real) {
            return self.error(format!("{}: the link leads back to a folder that it is in", folder.display()));
        }
        if !self.seen.insert(real.clone()) {
            self.met += 1;
            return;
        }
        self.around.push(real);
        let mut paths = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => paths.push(entry.path()),
                Err(error) => self.error(at(folder, &error)),
            }
        }
        paths.sort();
        for path in paths {
            self.entry(path);
        }
        self.around.pop();
    }

    fn entry(&mut self, path: PathBuf) {
        // What a mounted ConfigMap is made of: its files are links into `..data`, which is a link to the current version.
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"..")) {
            return;
        }
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.folder(&path),
            Ok(_) if is_manifest(&path) => self.file(path),
            Ok(_) => {}
            Err(error) => {
                let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
                let link = if is_link { "the link leads nowhere: " } else { "" };
                self.error(format!("{}: {link}{error}", path.display()));
            }
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    let is_kustomization = path.file_name().is_some_and(|name| name == "Kustomization");
    let has = |path: &Path, ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    let unpacked = if has(path, "gz") { path.with_extension("") } else { path.to_owned() };
    is_kustomization || ["yaml", "yml", "json"].iter().any(|ending| has(&unpacked, ending))
}

pub(crate) fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
