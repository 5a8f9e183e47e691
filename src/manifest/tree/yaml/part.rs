//! Lines of a document by themselves.

use super::expand;
use crate::manifest::tree::admit::{Stage, admit};
use crate::manifest::tree::compose::compose_part;
use crate::manifest::tree::document::Fault;
use crate::manifest::tree::interest::Interest;
use crate::manifest::tree::json::Read;

/// Why lines of a document could not be read.
#[derive(Debug)]
pub(crate) struct PartFault {
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
    /// Whether something was open where the lines ended: with the next ones it may be none.
    pub(crate) is_cut_off: bool,
}

/// Whole lines of a document.
pub(crate) struct Part {
    /// The document's root, a mapping, with what of it stands in these lines.
    pub(crate) root: Result<Read, PartFault>,
    pub(crate) has_anchors: bool,
}

/// Reads whole lines inside of a block mapping, the document's root. Where a column is given, they begin inside of the block
/// sequence that starts there and is the value of the field `items`.
pub(crate) fn read_part(bytes: &[u8], line: usize, column: Option<usize>, interest: Interest) -> Part {
    let text = match admit(bytes, line) {
        Ok(text) => text,
        Err((stage, fault)) => {
            return Part { root: Err(PartFault { stage, fault, is_cut_off: false }), has_anchors: false };
        }
    };
    let part = compose_part(text, line, column.map(|column| (column, "items")));
    let (is_cut_off, has_anchors) = (part.is_cut_off, part.has_anchors);
    let root = match part.nodes {
        Err(fault) => Err(PartFault { stage: Stage::Syntax, fault, is_cut_off }),
        Ok(nodes) => expand(&nodes, interest).map_err(|fault| PartFault { stage: Stage::Values, fault, is_cut_off }),
    };
    Part { root, has_anchors }
}
