//! Where a finding stands in the policy, and the list of them.

use crate::diagnostic::{Code, Diagnostic, FieldPath, Origin, Severity};
use crate::name::Direction;
use crate::profile::capability::Support;

/// A place in a policy, in the order in which findings are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The whole object.
    Policy,
    /// `spec.podSelector`.
    Subject,
    /// `spec.ingress` or `spec.egress`.
    Rules(Direction),
    /// Something in a rule.
    In(RulePlace),
}

/// A rule by its index, and a field of one of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RulePlace {
    pub(super) direction: Direction,
    pub(super) rule: usize,
    pub(super) field: RuleField,
}

/// Fields of a rule's entries, ports first as the API server reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleField {
    /// The rule itself.
    Whole,
    Port(usize, &'static str),
    /// The entry, or a field of its `ipBlock`.
    Peer(usize, &'static str),
    /// An `except` of the entry's `ipBlock`, by their places.
    Except(usize, usize),
}

impl Place {
    /// Orders places as a manifest lists them: ingress with all its rules before egress.
    fn key(self) -> (u8, Option<RulePlace>) {
        let order = |direction| match direction {
            Direction::Ingress => 2,
            Direction::Egress => 4,
        };
        match self {
            Self::Policy => (0, None),
            Self::Subject => (1, None),
            Self::Rules(direction) => (order(direction), None),
            Self::In(place) => (order(place.direction) + 1, Some(place)),
        }
    }

    /// Whether what is said of this place is said of `other` too.
    pub(super) fn holds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Policy, _) => true,
            (Self::In(place), Self::In(other)) => {
                (place.direction, place.rule) == (other.direction, other.rule)
                    && (place.field == RuleField::Whole || place.field == other.field)
            }
            _ => self == other,
        }
    }

    fn path(self) -> FieldPath {
        let spec = FieldPath::root().child("spec");
        let rules = |direction: Direction| spec.child(&direction.to_string());
        match self {
            Self::Policy => FieldPath::root(),
            Self::Subject => spec.child("podSelector"),
            Self::Rules(direction) => rules(direction),
            Self::In(RulePlace { direction, rule, field }) => {
                let rule = rules(direction).index(rule);
                let peer = |at| rule.child(list_of(direction)).index(at);
                let (entry, field) = match field {
                    RuleField::Whole => return rule,
                    RuleField::Port(at, field) => (rule.child("ports").index(at), field),
                    RuleField::Peer(at, field) => (peer(at), field),
                    RuleField::Except(at, place) => return peer(at).child("ipBlock").child("except").index(place),
                };
                if field.is_empty() { entry } else { entry.child(field) }
            }
        }
    }
}

/// `from` or `to`.
pub(super) fn list_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(Place, Diagnostic)>);

impl Findings {
    pub(super) fn warn(&mut self, code: Code, place: Place, message: String, help: impl Into<String>) {
        self.add(code, Severity::Warning, place, message, help.into());
    }

    /// An error where the profile says no, a warning where nobody knows; nothing where it is supported.
    pub(super) fn asked(&mut self, support: Support, code: Code, place: Place, texts: [&str; 2], help: &str) {
        let [unsupported, unknown] = texts;
        match support {
            Support::Supported => {}
            Support::Unsupported => self.add(code, Severity::Error, place, unsupported.to_owned(), help.to_owned()),
            Support::Unknown => self.add(code, Severity::Warning, place, unknown.to_owned(), help.to_owned()),
        }
    }

    /// A warning about what the policies themselves say, whatever the profile.
    pub(super) fn lint(&mut self, code: Code, place: Place, message: String, help: impl Into<String>) {
        self.push((Origin::Lint, code, Severity::Warning), place, message, help.into());
    }

    fn add(&mut self, code: Code, severity: Severity, place: Place, message: String, help: String) {
        self.push((Origin::Profile, code, severity), place, message, help);
    }

    fn push(
        &mut self,
        (origin, code, severity): (Origin, Code, Severity),
        place: Place,
        message: String,
        help: String,
    ) {
        let diagnostic = Diagnostic { origin, severity, code, path: place.path(), message, help, location: None };
        self.0.push((place, diagnostic));
    }

    /// By place, then code, then text.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by(|(a, left), (b, right)| {
            a.key().cmp(&b.key()).then_with(|| (left.code, &left.message).cmp(&(right.code, &right.message)))
        });
        self.0.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }
}
