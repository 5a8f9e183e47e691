//! The vendor console's form: one row of it is one typed rule, and back
//! ([SEMANTICS section 5](crate::semantics#section-5)).
//!
//! The form's two tables (SEED, Tables 1 and 2) have the same four columns; here with the texts that rows are
//! read from and printed as:
//!
//! | column | text | empty |
//! |---|---|---|
//! | Protocol & Port | `TCP`, `TCP:6379`, `UDP:53` | outbound: every protocol; inbound: an error |
//! | Source or Destination CIDR Block | `172.17.0.0/16\|172.17.1.0/24,172.17.2.0/24`: a block, `\|`, exceptions | no block |
//! | Source or Destination Namespace | `shop`: its pods | the policy's own namespace |
//! | Source or Destination Pod Label | `role=frontend`: pods with this one label | every pod of the namespace |
//!
//! **All peer columns empty** means every pod of the policy's own namespace, not every peer. A CIDR block
//! stands alone: a namespace or label beside it is an error. A namespace becomes a selector on the label
//! `kubernetes.io/metadata.name`, which every namespace carries ([K10](crate::semantics#k10)).
//!
//! Rows and rules convert without loss: [`InboundRow::to_rule`] and [`InboundRow::from_rule`] are each other's
//! inverse, and a rule that has no row of its own is refused ([`CannotShow`]), even where another rule would
//! admit the same.
//!
//! Rows, columns and what stands in them are closed: the form has these and no more.
//!
//! ```
//! use netpol_oracle::profile::console::{Columns, InboundRow};
//!
//! let typed = Columns { protocol_port: Some("TCP:6379"), pod_label: Some("role=frontend"), ..Columns::default() };
//! let row = InboundRow::new(&typed)?;
//! let rule = row.to_rule();
//! assert_eq!(InboundRow::from_rule(&rule).as_ref(), Ok(&row));
//! assert_eq!(row.columns().pod_label.as_deref(), Some("role=frontend"));
//!
//! let typed = Columns { protocol_port: Some("TCP:http"), cidr_block: Some("10.0.0.0/8|11.0.0.0/16"), ..typed };
//! assert_eq!(
//!     InboundRow::new(&typed).unwrap_err().to_string(),
//!     "Protocol & Port, character 5: `http` is not a port; write one number from 1 to 65535\n\
//!      Source CIDR Block, character 12: `11.0.0.0/16` does not lie inside `10.0.0.0/8`; \
//!      an exception is a smaller part of its block\n\
//!      Source Pod Label, character 1: a pod label beside a cidr block; empty one of the two columns"
//! );
//! # Ok::<(), netpol_oracle::profile::console::RowError>(())
//! ```

mod columns;
mod fault;
mod obstacle;
mod parts;
mod rows;
mod text;

pub use self::columns::{Column, Columns};
pub use self::fault::{RowError, RowFault, RowFaultKind};
pub use self::obstacle::{CannotShow, Obstacle, WhichSelector};
pub use self::parts::{CidrBlock, Label, NamespaceName, ProtocolPort, RowPeer, RowProtocol};
pub use self::rows::{InboundRow, OutboundRow};
