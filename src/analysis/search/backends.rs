//! What all backends of a front say together (K23).

use crate::analysis::search::ask::Said;
use crate::profile::{Row, Rows};
use crate::verdict::Verdict;

/// What is said of one backend.
pub(super) type BackendSaid = (Verdict, Rows);

/// What is said of all so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Together {
    allowed: bool,
    denied: bool,
    open: Option<Rows>,
}

impl Together {
    pub(super) fn add(&mut self, (verdict, rows): BackendSaid) {
        match verdict {
            Verdict::Allow => self.allowed = true,
            Verdict::Deny => self.denied = true,
            Verdict::Undefined => self.open = Some(rows.union(self.open.unwrap_or(Rows::NONE))),
        }
    }

    /// What all say, else it hangs on what leaves each open, and on which it is where they disagree. None where there is none.
    pub(super) fn said(self) -> Said {
        let Self { allowed, denied, open } = self;
        let mut rows = open.unwrap_or(Rows::NONE);
        if allowed && denied {
            rows.insert(Row::K23);
        }
        match (allowed, denied, open) {
            (false, false, None) => None,
            (true, false, None) => Some((Verdict::Allow, Rows::NONE)),
            (false, true, None) => Some((Verdict::Deny, Rows::NONE)),
            _ => Some((Verdict::Undefined, rows)),
        }
    }
}
