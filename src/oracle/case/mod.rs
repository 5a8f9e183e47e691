//! Cases: a small cluster and what it is asked, in a file that anybody can replay.

#[expect(clippy::module_inception, reason = "the case is what the room is named for")]
mod case;
mod corpus;
mod expected;
mod read;
mod replay;
mod write;

pub use case::{Case, CaseError, CaseFlow, Stale};
pub use expected::{Answer, AnswerSide, Expected};
pub use replay::{Replay, ReplayError};
