//! Kustomizations: what they and their patches say holds once they are built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::counted;
use crate::files::Found;

/// Takes kustomizations and their patches out of what was found, and says so.
pub(crate) fn take_out(found: &mut Vec<Found>) -> Option<String> {
    let all: Vec<PathBuf> = found.iter().flatten().filter(|path| is_kustomization(path)).cloned().collect();
    let (first, others) = all.split_first()?;
    let patches: BTreeSet<PathBuf> = all.iter().flat_map(|path| patches(path)).collect();
    let before = found.len();
    found.retain(|file| match file {
        Ok(path) => !is_kustomization(path) && !path.canonicalize().is_ok_and(|real| patches.contains(&real)),
        Err(_) => true,
    });
    let patches = before - found.len() - all.len();
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Some(format!(
        "skipped {} and {} ({}{more}): build it (`kustomize build` or `kubectl kustomize`) and load the result",
        counted(all.len(), "kustomization", "kustomizations"),
        counted(patches, "patch", "patches"),
        first.display()
    ))
}

fn is_kustomization(path: &Path) -> bool {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    path.file_name().is_some_and(|name| names.iter().any(|one| name == *one))
}

/// The files, by their real paths, that hold patches of the kustomization and other parts of objects. One that cannot be read
/// names none.
fn patches(kustomization: &Path) -> Vec<PathBuf> {
    let text = std::fs::read(kustomization).unwrap_or_default();
    let value: Value = serde_yaml::from_slice(&text).unwrap_or_default();
    let folder = kustomization.parent().unwrap_or(Path::new(""));
    let fields =
        ["patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configurations", "transformers"];
    let entries = fields.iter().filter_map(|field| value.get(field)).filter_map(Value::as_sequence).flatten();
    let names = entries.filter_map(|entry| entry.get("path").unwrap_or(entry).as_str());
    names.filter_map(|name| folder.join(name).canonicalize().ok()).collect()
}
