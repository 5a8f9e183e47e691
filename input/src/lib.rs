//! Profiles and manifests out of files. The library itself opens none.
//!
//! A package of its own, since the command line and the webhook share it and neither should build what the other needs: what
//! is read, and in which order, is the same for both.

mod files;
mod given;
mod gzip;
mod helm;
mod kustomize;
mod text;

use std::collections::HashSet;
use std::path::PathBuf;

use netpol_oracle::Profile;

pub use crate::given::{Given, load};
pub use crate::text::Text;

/// The profile that `text` names: a file's, or `kubernetes[:V]`, `tunnel:V`, `vpc:V`, `cn2:V`.
///
/// # Errors
/// What is wrong with the argument `--profile`: every fault of the file, a line each, or why the text is no profile.
pub fn profile(text: &str) -> Result<Profile, String> {
    // What is no folder: a pipe too.
    if !std::fs::metadata(text).is_ok_and(|found| !found.is_dir()) {
        return text.parse().map_err(|error| format!("--profile: {error}, or the name of a profile file that exists"));
    }
    let bytes = std::fs::read(text).map_err(|error| format!("--profile: {text}: {error}"))?;
    Profile::read(text, bytes).map_err(|faults| format!("--profile: {faults}"))
}

/// So many of something: `1 policy`, `2 policies`.
#[must_use]
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What comes of a path.
pub enum Manifest {
    /// A text to load.
    Text(Text),
    /// What was passed over as it should be, and what to do about it.
    Skipped(String),
    /// What cannot be read, with its path.
    Unread(String),
}

/// The manifest files among `paths`, each opened when its turn comes: files as they are, `-` as standard input, folders walked
/// in the order of names for `.yaml`, `.yml` and `.json` in any case, packed ones (`.yaml.gz`) too. What cannot be read is
/// [`Manifest::Unread`]; the rest goes on.
///
/// - What begins as gzip does is unpacked, whatever its name.
/// - Links to files and folders are followed; one that leads back or nowhere cannot be read. What is reached twice is read once,
///   and entries that begin with `..`, of which a mounted ConfigMap is made, not at all.
/// - A folder without manifests cannot be read, nor can an empty standard input: an answer about nothing helps nobody.
/// - A Helm chart's templates cannot be read. Kustomizations and their patches are skipped.
pub fn manifests(paths: &[PathBuf]) -> impl Iterator<Item = Manifest> {
    let mut found = files::find(paths);
    let skipped = kustomize::take_out(&mut found);
    let mut charts = HashSet::new();
    let texts = found.into_iter().filter_map(move |file| match file.and_then(Text::open) {
        Err(error) => Some(Manifest::Unread(error)),
        Ok((path, text)) => match helm::said_of(&path, text.head()) {
            None => Some(Manifest::Text(text)),
            Some(said) => charts.insert(said.clone()).then_some(Manifest::Unread(said)),
        },
    });
    skipped.map(Manifest::Skipped).into_iter().chain(texts)
}

/// The files that [`manifests`] would open, without opening any: to look whether they have changed.
#[must_use]
pub fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    files::find(paths).into_iter().flatten().collect()
}
