//! Ends as answers name them.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::model::cluster::WorkloadKind;
use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::AddressRange;

/// Ends of one kind, treated alike. As JSON one of
///
/// ```json
/// {"pods": ["default/web-0", "default/web-1"]}
/// {"workload": "default/deployment/web"}
/// {"namespace": "default"}
/// {"node": "n1"}
/// {"service": "default/db"}
/// {"addresses": ["0.0.0.0-9.255.255.255"]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Ends {
    /// Every pod and workload of a namespace.
    Namespace(Arc<str>),
    /// Every pod of a workload, loaded or not.
    Workload(ObjectName, WorkloadKind),
    /// Pods by name.
    Pods(Vec<ObjectName>),
    /// A node by its name.
    Node(Arc<str>),
    /// A Service, as a destination by its own ports ([K23](crate::semantics#k23)).
    Service(ObjectName),
    /// Addresses outside the cluster; as a destination also one that a Service has beside its ClusterIP
    /// ([K26](crate::semantics#k26)).
    Addresses(Vec<AddressRange>),
}

impl Serialize for Ends {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Namespace(name) => map.serialize_entry("namespace", &**name)?,
            Self::Workload(name, kind) => {
                let end = Endpoint::Workload { kind: kind.clone(), name: name.clone() };
                map.serialize_entry("workload", &end.to_string())?;
            }
            Self::Pods(names) => {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                map.serialize_entry("pods", &names)?;
            }
            Self::Node(name) => map.serialize_entry("node", &**name)?,
            Self::Service(name) => map.serialize_entry("service", &name.to_string())?,
            Self::Addresses(ranges) => map.serialize_entry("addresses", ranges)?,
        }
        map.end()
    }
}

/// So many of several are named in texts.
const NAMED: usize = 3;

impl fmt::Display for Ends {
    /// As flows name them: `default/deployment/web`, `namespace:default`, `svc/default/db`; of several the first, and how many
    /// more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "namespace:{name}"),
            Self::Workload(name, kind) => Endpoint::Workload { kind: kind.clone(), name: name.clone() }.fmt(f),
            Self::Pods(names) => several(f, names, |name| name.to_string()),
            Self::Node(name) => write!(f, "node:{name}"),
            Self::Service(name) => write!(f, "svc/{name}"),
            Self::Addresses(ranges) => several(f, ranges, |range| {
                if range.first() == range.last() { range.first().to_string() } else { range.to_string() }
            }),
        }
    }
}

fn several<T>(f: &mut fmt::Formatter<'_>, all: &[T], text: impl Fn(&T) -> String) -> fmt::Result {
    let named: Vec<String> = all.iter().take(NAMED).map(text).collect();
    f.write_str(&named.join(", "))?;
    let more = all.len().saturating_sub(NAMED);
    if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
}
