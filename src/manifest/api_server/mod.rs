//! The API server's judgement of one NetworkPolicy, in its own words, per release.
//!
//! What a `POST` to the networkpolicies endpoint of `networking.k8s.io/v1` would answer: the document is
//! decoded, defaulted and validated, and every fault and warning comes at once, at its field. Texts are the
//! server's, word for word, but for what cannot be decoded ([`Code::Decode`](crate::diagnostic::Code::Decode)): there the decision and the
//! place are the server's and the words are ours, since the server names the first such fault only.
//!
//! Sources: the measured answers of 1.31, 1.34 and 1.37, and the upstream validation of those releases.

mod build;
mod cidrs;
mod decode;
mod fields;
mod hints;
mod level;
mod meaning;
mod metadata;
mod report;
mod schema;
mod spec;
mod time;
mod words;

use crate::diagnostic::{Diagnostic, Location};
use crate::manifest::tree::{Format, Repeated, Tree};
use crate::model::policy::NetworkPolicy;
use crate::release::Release;

use fields::Node;
use report::{At, Path, Report};

/// Where the object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Intake {
    /// Judged as if it were created now.
    Posted,
    /// Read to learn what stands in a cluster: an object with a `metadata.uid` was accepted once, so CIDRs that only a
    /// newer release refuses do no more than warn ([K25](crate::semantics#k25)). Without a uid the same as posted.
    Stored,
}

/// What the API server answers to one object.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The policy, iff it is accepted. In namespace `default` where none is given; one that is named by
    /// generateName alone bears the kept prefix and `xxxxx`.
    pub(crate) policy: Option<NetworkPolicy>,
    /// The server's default: unknown and repeated fields are only warned about.
    pub(crate) accepted: bool,
    /// Under strict field validation, kubectl's default: those are refused.
    pub(crate) accepted_strict: bool,
    /// Every fault and warning, in the server's order, each on its line.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Judges one object: a whole document or an item of a list, at `location`. `repeated` are the keys given twice in it,
/// with paths from the object on.
#[must_use]
pub(crate) fn judge(
    tree: &Tree,
    location: &Location,
    repeated: &[Repeated],
    format: Format,
    release: Release,
    intake: Intake,
) -> Answer {
    let mut report = Report::new(release, location);
    let not_strict = decode::decode(tree, repeated, format, &mut report);
    if report.has_errors() {
        return rejected(report);
    }
    let (root, path) = (Node::root(tree), Path::Root);
    let (object, policy_spec) = (root.node("metadata"), root.node("spec"));
    let was_accepted = intake == Intake::Stored && !object.text("uid").text.is_empty();
    let strict_cidrs = release.strict_cidrs() && !was_accepted;
    metadata::check(object, path.field("metadata"), &mut report);
    spec::check(policy_spec, path.field("spec"), strict_cidrs, &mut report);
    if !report.has_errors() {
        metadata::check_prefix_as_path(object, path.field("metadata"), &mut report);
    }
    if report.has_errors() {
        return rejected(report);
    }
    cidrs::warn(policy_spec, path.field("spec"), &mut report);
    let Some(policy) = build::build(root) else {
        // The rules above and the types of the model say the same; a test holds them to it.
        let at = At { path, line: tree.line };
        report.unreadable(at, "the document has no form as a policy", "please report this");
        return rejected(report);
    };
    Answer { policy: Some(policy), accepted: true, accepted_strict: !not_strict, diagnostics: report.finish() }
}

fn rejected(report: Report) -> Answer {
    Answer { policy: None, accepted: false, accepted_strict: false, diagnostics: report.finish() }
}
