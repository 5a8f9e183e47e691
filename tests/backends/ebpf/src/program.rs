//! The programs: compiled from C when they are needed, so that this package builds wherever the oracle does.

use std::path::Path;
use std::process::{Command, Stdio};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy.bpf.c");

/// What this machine lacks to run the programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Loading programs is root's privilege.
    #[error("eBPF programs can only be loaded by root")]
    Root,
    /// No compiler.
    #[error("no `clang`: apt-get install clang libbpf-dev")]
    Clang,
    /// The compiler does not compile them; without libbpf's headers, for one.
    #[error("`clang` does not compile policy.bpf.c (without the headers: apt-get install clang libbpf-dev): {0}")]
    Compile(String),
}

/// What is missing to run the data plane here; nothing: it can be loaded.
#[must_use]
pub fn missing() -> Option<Missing> {
    match is_root() {
        true => compile().err(),
        false => Some(Missing::Root),
    }
}

fn is_root() -> bool {
    // The effective user is the second of the four.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// The object file of the programs.
pub(crate) fn compile() -> Result<Vec<u8>, Missing> {
    let mut clang = Command::new("clang");
    clang.args(["-O2", "-g", "-Wall", "-Werror", "-target", "bpf"]);
    // Without a host target clang does not know where Debian keeps <asm/types.h>.
    let multiarch = format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    if Path::new(&multiarch).is_dir() {
        clang.arg(format!("-I{multiarch}"));
    }
    let output = clang.args(["-c", SOURCE, "-o", "-"]).stdin(Stdio::null()).output().map_err(|_| Missing::Clang)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Missing::Compile(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
