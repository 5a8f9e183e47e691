//! `--strict`: what the server's strict field validation refuses is an error.

use netpol_oracle::diagnostic::{Code, Diagnostic, Severity};

/// A field that the server would drop in silence is an error.
pub(super) fn raise(found: &mut Diagnostic) {
    if matches!(found.code, Code::UnknownField | Code::RepeatedField | Code::DuplicateField) {
        found.severity = Severity::Error;
    }
}
