//! What the reader itself finds.

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::located::{Tree, Value};
use crate::manifest::tree::Repeated;
use crate::text::quoted;

/// A finding of the reader itself.
pub(super) fn finding(severity: Severity, code: Code, message: String, location: Location) -> Diagnostic {
    Diagnostic {
        origin: Origin::Manifest,
        severity,
        code,
        path: FieldPath::root(),
        message,
        help: String::new(),
        location: Some(location),
    }
}

/// Keys that are given twice.
pub(super) fn given_twice(repeated: &[Repeated], location: &Location) -> Vec<Diagnostic> {
    let warning = |repeated: &Repeated| {
        let location = Location { line: repeated.line.or(location.line), ..location.clone() };
        let message = format!("the field `{}` is given twice; the last one counts", quoted(&repeated.path));
        let mut warning = finding(Severity::Warning, Code::DuplicateField, message, location);
        warning.path = FieldPath::root().child(&repeated.path);
        warning
    };
    repeated.iter().map(warning).collect()
}

/// A warning of `egress: []` where only `policyTypes` would make it a denial (K3).
pub(super) fn empty_egress(policy: &Tree, location: &Location) -> Option<Diagnostic> {
    let spec = policy.get("spec")?;
    let is_empty = |tree: &Tree| matches!(&tree.value, Value::Sequence(items) if items.is_empty());
    let declared = spec.get("policyTypes").is_some_and(|types| !types.is_null() && !is_empty(types));
    let egress = spec.entry("egress").filter(|entry| !declared && is_empty(&entry.value))?;
    let location = Location { line: egress.line.or(location.line), ..location.clone() };
    let message = "`egress: []` without `policyTypes` restricts nothing".to_owned();
    let mut warning = finding(Severity::Warning, Code::EmptyEgress, message, location);
    warning.path = FieldPath::root().child("spec").child("egress");
    warning.help = "to deny all egress, add `policyTypes: [Ingress, Egress]`".to_owned();
    Some(warning)
}
