//! Labels and the selectors that match them.
//!
//! A value of these types is valid as the API server means it: constructors return every fault, in the
//! order and number in which the server would report them, so that one place can put them into words.
//! [`Requirement`] is closed: the API has these four operators.

mod faults;
mod pair;
mod selector;
mod set;

pub use faults::{LabelKeyError, LabelKeyFault, LabelValueError, LabelValueFault};
pub(crate) use faults::{MAX_LABEL, MAX_SUBDOMAIN, is_dns_label, is_dns_subdomain, key_faults, value_faults};
pub use pair::{LabelKey, LabelValue};
pub use selector::{NoValues, Requirement, Selector};
pub use set::Labels;
