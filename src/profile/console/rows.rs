//! Rows: the texts that a user typed as a typed rule, and back.

use super::columns::Columns;
use super::fault::RowError;
use super::obstacle::{CannotShow, Obstacle};
use super::parts::{ProtocolPort, RowPeer};
use super::text;
use crate::model::policy::{Ports, Rule};

/// One row of the form's inbound rules (SEED, Table 1): one ingress rule.
///
/// ```
/// use netpol_oracle::profile::console::{Columns, InboundRow};
/// let row = InboundRow::new(&Columns { protocol_port: Some("TCP"), ..Columns::default() })?;
/// let rule = row.to_rule(); // every pod of the policy's own namespace, on every TCP port
/// assert_eq!(InboundRow::from_rule(&rule), Ok(row));
/// # Ok::<(), netpol_oracle::profile::console::RowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InboundRow {
    /// Protocol & Port. Not optional: only the outbound table says what an empty one means.
    pub port: ProtocolPort,
    /// The three source columns.
    pub source: RowPeer,
}

/// One row of the form's outbound rules (SEED, Table 2): one egress rule.
///
/// ```
/// use netpol_oracle::model::Ports;
/// use netpol_oracle::profile::console::{Columns, OutboundRow};
/// let typed = Columns { cidr_block: Some("172.16.0.0/16|172.16.0.40/32"), ..Columns::default() };
/// let rule = OutboundRow::new(&typed)?.to_rule();
/// assert_eq!(rule.ports, Ports::Any, "no protocol means every protocol");
/// assert_eq!(OutboundRow::from_rule(&rule).unwrap().columns().cidr_block.as_deref(), typed.cidr_block);
/// # Ok::<(), netpol_oracle::profile::console::RowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutboundRow {
    /// Protocol & Port; `None` does not limit the protocol: a rule without `ports`.
    pub port: Option<ProtocolPort>,
    /// The three destination columns.
    pub destination: RowPeer,
}

impl InboundRow {
    /// The row that a user typed.
    ///
    /// # Errors
    /// Every fault of every column, in the form's order; the protocol must be given.
    pub fn new<T: AsRef<str>>(columns: &Columns<T>) -> Result<Self, RowError> {
        let (port, source) = text::inbound(columns)?;
        Ok(Self { port, source })
    }

    /// The row as the form's texts: [`InboundRow::new`] reads them as this row again.
    #[must_use]
    pub fn columns(&self) -> Columns<String> {
        text::columns(Some(&self.port), &self.source)
    }

    /// The ingress rule. It does not depend on the policy's namespace: "own" stays
    /// [`Namespaces::Own`](crate::model::Namespaces::Own).
    #[must_use]
    pub fn to_rule(&self) -> Rule {
        Rule { peers: self.source.to_peers(), ports: self.port.to_ports() }
    }

    /// The row whose [`to_rule`](Self::to_rule) is exactly `rule`.
    ///
    /// # Errors
    /// No row is: everything about the rule that the form cannot show.
    ///
    /// ```
    /// use netpol_oracle::model::{Peers, Ports, Rule};
    /// use netpol_oracle::profile::console::{InboundRow, Obstacle};
    /// let everything = Rule { peers: Peers::Any, ports: Ports::Any };
    /// let error = InboundRow::from_rule(&everything).unwrap_err();
    /// assert_eq!(error.obstacles(), [Obstacle::EveryPeer, Obstacle::EveryProtocol]);
    /// ```
    pub fn from_rule(rule: &Rule) -> Result<Self, CannotShow> {
        let mut obstacles = Vec::new();
        let source = RowPeer::from_peers(&rule.peers, &mut obstacles);
        let port = ProtocolPort::from_ports(&rule.ports, &mut obstacles);
        if port == Some(None) {
            obstacles.push(Obstacle::EveryProtocol);
        }
        match (source, port.flatten()) {
            (Some(source), Some(port)) => Ok(Self { port, source }),
            _ => Err(CannotShow(obstacles)),
        }
    }

    /// Whether the row asks for `ipBlock` in an ingress rule, which needs DataPlane V2 ([C4](crate::semantics#c4)).
    ///
    /// ```
    /// use netpol_oracle::profile::Support;
    /// use netpol_oracle::Profile;
    /// use netpol_oracle::profile::console::{Columns, InboundRow};
    /// let typed = Columns { protocol_port: Some("TCP:80"), cidr_block: Some("172.17.0.0/16"), ..Columns::default() };
    /// let row = InboundRow::new(&typed)?;
    /// let tunnel = Profile::tunnel("v1.31.6-r0".parse().unwrap());
    /// assert!(row.needs_ip_block() && tunnel.capabilities().ingress_ip_block != Support::Supported);
    /// # Ok::<(), netpol_oracle::profile::console::RowError>(())
    /// ```
    #[must_use]
    pub fn needs_ip_block(&self) -> bool {
        matches!(self.source, RowPeer::Block(_))
    }
}

impl OutboundRow {
    /// The row that a user typed.
    ///
    /// # Errors
    /// Every fault of every column, in the form's order.
    pub fn new<T: AsRef<str>>(columns: &Columns<T>) -> Result<Self, RowError> {
        let (port, destination) = text::outbound(columns)?;
        Ok(Self { port, destination })
    }

    /// The row as the form's texts: [`OutboundRow::new`] reads them as this row again.
    #[must_use]
    pub fn columns(&self) -> Columns<String> {
        text::columns(self.port.as_ref(), &self.destination)
    }

    /// The egress rule. It does not depend on the policy's namespace: "own" stays
    /// [`Namespaces::Own`](crate::model::Namespaces::Own).
    #[must_use]
    pub fn to_rule(&self) -> Rule {
        Rule { peers: self.destination.to_peers(), ports: self.port.map_or(Ports::Any, ProtocolPort::to_ports) }
    }

    /// The row whose [`to_rule`](Self::to_rule) is exactly `rule`.
    ///
    /// # Errors
    /// No row is: everything about the rule that the form cannot show.
    pub fn from_rule(rule: &Rule) -> Result<Self, CannotShow> {
        let mut obstacles = Vec::new();
        let destination = RowPeer::from_peers(&rule.peers, &mut obstacles);
        let port = ProtocolPort::from_ports(&rule.ports, &mut obstacles);
        match (destination, port) {
            (Some(destination), Some(port)) => Ok(Self { port, destination }),
            _ => Err(CannotShow(obstacles)),
        }
    }

    /// Whether the row asks for `ipBlock` in an egress rule, which every network model has ([C5](crate::semantics#c5)).
    #[must_use]
    pub fn needs_ip_block(&self) -> bool {
        matches!(self.destination, RowPeer::Block(_))
    }
}
