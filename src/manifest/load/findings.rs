//! What the reader itself finds.

use crate::diagnostic::{Code, Diagnostic, FieldPath, Location, Origin, Severity};
use crate::located::{Tree, Value};
use crate::manifest::directions::{fields_of, isolates};
use crate::manifest::tree::Repeated;
use crate::name::Direction;
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

/// Lists without rules of a direction that the policy does not isolate (K3): whoever wrote them may think that they deny all.
pub(super) fn empty_rules(policy: &Tree, location: &Location) -> Vec<Diagnostic> {
    let Some(spec) = policy.get("spec") else { return Vec::new() };
    let types = spec.get("policyTypes").map_or(&[][..], Tree::items);
    let of = |direction: Direction| {
        let (field, _) = fields_of(direction);
        let word = match direction {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        };
        let entry = spec.entry(field).filter(|_| !isolates(spec, direction))?;
        let shown = match &entry.value.value {
            Value::Null => format!("`{field}:`"),
            Value::Sequence(rules) if rules.is_empty() => format!("`{field}: []`"),
            _ => return None,
        };
        let (message, help) = match types {
            [] => (
                format!("{shown} without `policyTypes` restricts nothing"),
                "to deny all egress, add `policyTypes: [Ingress, Egress]`".to_owned(),
            ),
            _ => (
                format!("{shown} restricts nothing: `policyTypes` does not name `{word}`"),
                format!("to deny all {direction}, add `{word}` to `policyTypes`; else remove the field"),
            ),
        };
        let location = Location { line: entry.line.or(location.line), ..location.clone() };
        let mut warning = finding(Severity::Warning, Code::EmptyRules, message, location);
        warning.path = FieldPath::root().child("spec").child(field);
        warning.help = help;
        Some(warning)
    };
    [Direction::Ingress, Direction::Egress].into_iter().filter_map(of).collect()
}
