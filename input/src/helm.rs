//! Helm charts: templates are no manifests until they are rendered.

use std::path::{Path, PathBuf};

use netpol_oracle::Release;
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::manifest::judge_text;

use crate::text::HEAD;

/// What is said of a text that is part of a chart, or a template by itself: one that is no YAML, or that has actions where names
/// and labels stand, in quotes. The same for all parts of one chart. No template is larger than what is at hand: Helm keeps a whole chart in one Secret.
pub(crate) fn said_of(path: &Path, bytes: &[u8]) -> Option<String> {
    let has_actions = bytes.len() <= HEAD && has(bytes, b"{{") && has(bytes, b"}}");
    let is_part = is_about_chart(path) || (has_actions && is_template(path));
    let what = match chart(path).filter(|_| is_part) {
        Some(chart) => format!("{}: a Helm chart", chart.display()),
        None if has_actions && !is_yaml(path, bytes) => format!("{}: a Helm template", path.display()),
        None => return None,
    };
    Some(format!("{what}: render it (`helm template`) and load the result"))
}

fn has(bytes: &[u8], braces: &[u8; 2]) -> bool {
    bytes.windows(2).any(|pair| pair == braces)
}

/// The outermost chart that the file is in.
fn chart(path: &Path) -> Option<PathBuf> {
    let charts = path.ancestors().skip(1).filter(|folder| folder.join("Chart.yaml").is_file());
    charts.last().map(Path::to_owned)
}

/// `Chart.yaml`, and values for templates.
fn is_about_chart(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "Chart.yaml" || (name.starts_with("values") && path.with_file_name("Chart.yaml").is_file())
}

fn is_template(path: &Path) -> bool {
    path.ancestors().skip(1).any(|folder| folder.file_name().is_some_and(|name| name == "templates"))
}

fn is_yaml(path: &Path, bytes: &[u8]) -> bool {
    let documents = judge_text(Release::DEFAULT, &path.display().to_string(), bytes);
    let is_template = |found: &Diagnostic| found.code == Code::Syntax || found.message.contains("{{");
    !documents.iter().flat_map(|document| &document.diagnostics).any(is_template)
}
