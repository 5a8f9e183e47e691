//! The ports that containers declare.

use std::net::IpAddr;

use crate::net::{Family, Port, PortName, Protocol};

/// A port a container declares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContainerPort {
    /// Its name, which policies and Services may refer to ([K12](crate::semantics#k12)).
    pub name: Option<PortName>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: Port,
    /// `hostPort`: the port of its node that is this one too ([K26](crate::semantics#k26)).
    pub host_port: Option<HostPort>,
}

impl ContainerPort {
    /// A port without a name.
    #[must_use]
    pub fn new(protocol: Protocol, port: Port) -> Self {
        Self { name: None, protocol, port, host_port: None }
    }

    /// The same port under a name.
    #[must_use]
    pub fn named(mut self, name: PortName) -> Self {
        self.name = Some(name);
        self
    }
}

/// A container's port on its pod's node ([K26](crate::semantics#k26)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HostPort {
    /// `hostPort`.
    pub port: Port,
    /// `hostIP` as given; none: every address of the node.
    pub address: Option<IpAddr>,
}

impl HostPort {
    /// That port of every address of the node.
    #[must_use]
    pub fn new(port: Port) -> Self {
        Self { port, address: None }
    }

    /// Whether it is there at `address`, if that is one of the node's: an unspecified `hostIP` (`0.0.0.0`, `::`) stands
    /// for every address of its family.
    ///
    /// ```
    /// use netpol_oracle::model::HostPort;
    /// use netpol_oracle::Port;
    /// let mut host_port = HostPort::new(Port::new(8080).unwrap());
    /// assert!(host_port.is_at("192.0.2.1".parse()?));
    /// host_port.address = Some("0.0.0.0".parse()?);
    /// assert!(host_port.is_at("192.0.2.1".parse()?) && !host_port.is_at("2001:db8::1".parse()?));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.address
            .is_none_or(|own| own == address || (own.is_unspecified() && Family::of(own) == Family::of(address)))
    }
}
