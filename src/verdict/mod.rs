//! The answer: verdict, the rows it hangs on, per side the reason, and what was not given.

mod answer;
mod backend;
mod flow_error;
mod note;

pub use self::answer::{
    BackendDecision, Decide, Decision, Failed, Judged, NearMiss, Reason, RuleRef, Side, Sides, Verdict,
};
pub use self::backend::Backend;
pub use self::flow_error::{Claim, FlowError};
pub use self::note::{Note, NoteCode};
