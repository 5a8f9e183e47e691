//! How a group of ends is named.

use std::fmt;

use serde::Serialize;

use crate::model::flow::Endpoint;
use crate::name::ObjectName;
use crate::net::AddressRange;

/// How many members a group's text names.
const NAMED: usize = 3;

/// The ends of a change: all of them are treated alike.
///
/// ```json
/// {
///   "members": ["default/web", "default/job/db", "node:n1", "node:n1@[2001:db8::1]"],
///   "services": ["default/db"],
///   "outside": ["0.0.0.0-9.255.255.255", "2001:db8::7-2001:db8::7"]
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ends {
    /// Pods, workloads, replicas where selectors ask which, nodes, and addresses of Services other than their ClusterIPs
    /// ([K26](crate::semantics#k26)). A node's port that is a Service's or a pod's is meant only where it is named alone.
    pub members: Vec<Endpoint>,
    /// Services, reached by their ClusterIP.
    pub services: Vec<ObjectName>,
    /// Addresses outside the cluster, but for those that somebody owns.
    pub outside: Vec<AddressRange>,
}

impl Ends {
    /// Whether the endpoint is one of them.
    #[must_use]
    pub fn contains(&self, endpoint: &Endpoint) -> bool {
        match endpoint {
            Endpoint::Address(address) => {
                self.outside.iter().any(|range| range.contains(*address)) || self.members.contains(endpoint)
            }
            Endpoint::PodAddress { pod, .. } => self.members.contains(&Endpoint::Named(pod.clone())),
            other => self.members.contains(other),
        }
    }
}

impl fmt::Display for Ends {
    /// `default/web-0`, `default/web-1` and 4 more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.iter().map(ToString::to_string);
        let services = self.services.iter().map(|name| format!("svc/{name}"));
        let list: Vec<String> =
            members.chain(services).take(NAMED).map(|name| format!("`{}`", one_line(&name))).collect();
        f.write_str(&list.join(", "))?;
        let more = (self.members.len() + self.services.len()).saturating_sub(NAMED);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        if !self.outside.is_empty() {
            let before = if list.is_empty() { "" } else { " and " };
            match self.outside.as_slice() {
                [range] if range.first() == range.last() => write!(f, "{before}`{}` outside", range.first())?,
                [range] if range.is_whole_family() => {
                    write!(f, "{before}{} addresses outside the cluster", range.family())?;
                }
                [range] => write!(f, "{before}`{}` to `{}` outside", range.first(), range.last())?,
                _ => write!(f, "{before}addresses outside the cluster")?,
            }
        }
        Ok(())
    }
}

/// A name on one line, cut: names of objects are not checked.
pub(super) fn one_line(name: &str) -> String {
    let mut out: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    if name.chars().nth(60).is_some() {
        out.push('…');
    }
    out
}
