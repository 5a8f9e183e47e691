//! Any object as its manifest: what is written of each kind stands beside it.

/// The manifest of an object: serialise it as YAML or JSON. Reading it yields the same object again; the
/// [module](super) names the exceptions.
///
/// What the server fills in is written out: the namespace, `policyTypes` and every `protocol`. An `except`
/// that equals its `cidr` is written as IPv4-mapped, the one form in which the API server takes it (before
/// 1.36).
///
/// ```
/// use netpol_oracle::manifest::write::Manifest;
/// use netpol_oracle::labels::Selector;
/// use netpol_oracle::model::PolicyTypes;
/// use netpol_oracle::{NetworkPolicy, ObjectName, Pod};
/// let name = ObjectName::new("default", "deny-all");
/// let policy = NetworkPolicy::new(name, Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
/// assert_eq!(
///     serde_json::to_string(&Manifest(&policy)).unwrap(),
///     r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny-all","namespace":"default"},"spec":{"podSelector":{},"policyTypes":["Ingress"]}}"#
/// );
/// let mut pod = Pod::new(ObjectName::new("default", "web"));
/// pod.addresses = vec!["10.0.0.7".parse()?];
/// assert_eq!(
///     serde_json::to_string(&Manifest(&pod)).unwrap(),
///     r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},"spec":{},"status":{"phase":"Running","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}],"conditions":[{"type":"Ready","status":"True"}]}}"#
/// );
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Manifest<'a, T>(pub &'a T);
