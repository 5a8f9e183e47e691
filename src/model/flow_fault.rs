//! What can be wrong with the text of a flow.

/// A text that is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {kind}")]
pub struct FlowTextError {
    /// Where the fault begins: characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: FlowTextFault,
}

/// What can be wrong with the text of a flow. Each text says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowTextFault {
    /// No ` -> `.
    #[error("no `->`; write `SRC -> DST:PORT/tcp`")]
    NoArrow,
    /// Nothing before the arrow.
    #[error("no source before `->`")]
    NoSource,
    /// Nothing after the arrow.
    #[error("no destination after `->`")]
    NoDestination,
    /// A word that no form has at this place.
    #[error("unexpected `{0}`; a flow ends after its protocol or after `via NS/POD`")]
    Unexpected(String),
    /// Neither a port nor a protocol.
    #[error("no port or protocol; write `DST:PORT/tcp`, `DST icmp` or `DST NUMBER`")]
    NoProtocol,
    /// A port and another protocol.
    #[error("`{0}` beside a port; a port has `/tcp`, `/udp` or `/sctp`")]
    PortAndProtocol(String),
    /// A port without its protocol.
    #[error("port without a protocol; write `/tcp`, `/udp` or `/sctp` after it")]
    PortWithoutProtocol,
    /// A port that is no number from 1 to 65535.
    #[error("`{0}` is not a port; it is a number from 1 to 65535")]
    BadPort(String),
    /// A protocol after a port that is not tcp, udp or sctp.
    #[error("`{0}` is not a protocol with ports; write `tcp`, `udp` or `sctp`")]
    BadProtocol(String),
    /// A protocol word that is neither icmp nor a number up to 255.
    #[error("`{0}` is not a protocol; write `icmp` or a number from 0 to 255")]
    BadNumber(String),
    /// The number of TCP, UDP or SCTP without a port.
    #[error("protocol {0} has ports; write `DST:PORT/{1}`")]
    NumberNeedsPort(u8, &'static str),
    /// A Service as source.
    #[error("a Service cannot be a source")]
    ServiceAsSource,
    /// An end in no known form.
    #[error(
        "`{0}` is not an endpoint; write `NS/NAME`, `NS/KIND/NAME`, `NS/NAME@ADDRESS`, `NS/{{KEY=VALUE}}`, `node:NAME`, `svc/NS/NAME` or an address (IPv6 in brackets)"
    )]
    BadEndpoint(String),
    /// A kind that is no workload's.
    #[error("`{0}` is not a workload kind; write `deployment`, `statefulset`, ...")]
    BadKind(String),
    /// A range of addresses.
    #[error("`{0}` is a range; an end is one address: name one of it")]
    Range(String),
    /// Labels of a pod that do not end.
    #[error("no `}}` after the labels; write `NS/{{KEY=VALUE,KEY=VALUE}}`")]
    OpenLabels,
    /// A label without `=`, or with a key or a value that no label has.
    #[error("`{0}` is not a label; write `KEY=VALUE`")]
    BadLabel(String),
    /// A key that stands twice among the labels of a pod.
    #[error("the label `{0}` is given twice")]
    RepeatedLabel(String),
    /// An address that is none.
    #[error("`{0}` is not an address; IPv6 stands in brackets")]
    BadAddress(String),
    /// `via` without a pod.
    #[error("`via` needs `NS/POD`")]
    BadVia,
}
