//! Addresses, CIDRs and ports.
//!
//! The reference and the engine share these words and nothing above them: each resolves blocks, port ranges and names of
//! ports in its own way, so that comparing them shows mistakes of either.

mod addresses;
mod cidr;
mod cidr_text;
mod ip_block;
mod port_intervals;
mod ports;
mod ranges;

pub(crate) use addresses::AddressNumber;
pub use addresses::{Family, canonical};
pub use cidr::{Cidr, CidrError};
pub(crate) use cidr_text::CidrText;
pub use ip_block::{ExceptError, IpBlock};
pub(crate) use port_intervals::PortCuts;
pub use port_intervals::PortInterval;
pub use ports::{Port, PortName, PortNameError, PortNameFault, PortRange, Protocol, ProtocolError};
pub use ranges::AddressRange;
pub(crate) use ranges::{covers, merged, remaining};
