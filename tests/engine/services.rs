//! Short cuts behind a Service, where random worlds seldom tell them from what they stand for.

use netpol_oracle::model::ObjectId;
use netpol_oracle::{Change, Cluster, Decide, Engine, Loader, Object, ObjectName, Profile, Reference, Verdict};

use super::differential::{Tally, compare, flows};

const CLUSTER: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "status": {"podIPs": [{"ip": "10.0.0.1"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "labels": {"app": "db"}}, "status": {"podIPs": [{"ip": "10.0.0.2"}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
   "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "db"}, "ports": [{"port": 80}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web"},
   "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}}
]}"#;

const SLICE: &str = r#"{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
  "metadata": {"name": "db-1", "labels": {"kubernetes.io/service-name": "db"}}, "ports": [{"port": 80}],
  "endpoints": [{"addresses": ["10.0.0.2"], "targetRef": {"kind": "Pod", "namespace": "default", "name": "db"}}]}"#;

fn cluster(texts: &[&str], profile: &Profile) -> Cluster {
    let loader = texts.iter().fold(Loader::new(profile.release()), |loader, text| loader.text("cluster.json", *text));
    let loaded = loader.finish();
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.cluster
}

fn assert_equal(engine: &Engine, profile: &Profile) {
    compare(engine.cluster(), profile, engine, &flows(engine.cluster()), &mut Tally::default()).unwrap();
}

#[test]
fn labels_limit_what_is_sent_to_a_cluster_ip_where_the_profile_says_so() {
    for (profile, expected) in [("kubernetes", Verdict::Allow), ("tunnel:v1.31.6-r0", Verdict::Undefined)] {
        let profile: Profile = profile.parse().unwrap();
        let engine = Engine::new(&cluster(&[CLUSTER], &profile), &profile);
        assert_eq!(engine.verdict(&"default/web -> svc/default/db:80/tcp".parse().unwrap()), Ok(expected), "C10");
        assert_equal(&engine, &profile);
    }
}

#[test]
fn a_slice_outlives_the_pods_that_it_names() {
    let profile = Profile::kubernetes();
    let mut engine = Engine::new(&cluster(&[CLUSTER, SLICE], &profile), &profile);
    let verdict = |engine: &Engine| engine.verdict(&"default/web -> svc/default/db:80/tcp".parse().unwrap());
    assert_eq!(verdict(&engine), Ok(Verdict::Allow));
    let db = engine.cluster().pod(&ObjectName::new("default", "db")).unwrap().clone();

    // Another pod gets its slot: the endpoint is nobody's, and then the pod's that comes back.
    engine.apply(&[Change::Remove(ObjectId::Pod(db.name.clone()))]).unwrap();
    let mut other = db.clone();
    (other.name, other.addresses) = (ObjectName::new("default", "other"), vec!["10.0.0.3".parse().unwrap()]);
    engine.apply(&[Change::Put(Object::Pod(other))]).unwrap();
    assert_eq!(verdict(&engine), Ok(Verdict::Deny));
    assert_equal(&engine, &profile);
    engine.apply(&[Change::Put(Object::Pod(db))]).unwrap();
    assert_eq!(verdict(&engine), Ok(Verdict::Allow));
    assert_equal(&engine, &profile);
}

/// Ends of one name, ends on two ports, a CronJob beside a loose pod with its labels, a DaemonSet with a hostPort.
const CROWD: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.9.0.1"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web", "is": "pod"}}, "status": {"podIPs": [{"ip": "10.0.0.1"}]}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
   "spec": {"selector": {"matchLabels": {"is": "of"}}, "template": {"metadata": {"labels": {"app": "web", "is": "of"}}, "spec": {"containers": []}}}},
  {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
   "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"at": "night"}}, "spec": {"containers": []}}}}}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose", "labels": {"at": "night"}}, "status": {"podIPs": [{"ip": "10.0.0.2"}]}},
  {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "ds"},
   "spec": {"selector": {"matchLabels": {"is": "ds"}}, "template": {"metadata": {"labels": {"is": "ds"}},
            "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 8080, "hostPort": 9000}]}]}}}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
   "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "web"}, "ports": [{"port": 80}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "night"},
   "spec": {"clusterIP": "10.96.0.2", "selector": {"at": "night"}, "ports": [{"port": 80}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "twice"}, "spec": {"clusterIP": "10.96.0.3", "ports": [{"port": 80}]}},
  {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "twice"},
   "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 8080}]}, {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 9090}]}]},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "pod"},
   "spec": {"podSelector": {"matchLabels": {"is": "pod"}}, "ingress": [{"ports": [{"port": 8080}]}]}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "loose"},
   "spec": {"podSelector": {"matchLabels": {"at": "night"}}, "ingress": []}},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "ds"},
   "spec": {"podSelector": {"matchExpressions": [{"key": "is", "operator": "In", "values": ["ds", "shut"]}]}, "ingress": []}},
  {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "free"},
   "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"free": "yes"}}, "spec": {"containers": []}}}}}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shut", "labels": {"free": "yes", "is": "shut"}}, "status": {"podIPs": [{"ip": "10.0.0.3"}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "free"},
   "spec": {"clusterIP": "10.96.0.4", "selector": {"free": "yes"}, "ports": [{"port": 80}]}}
]}"#;

#[test]
fn whoever_is_behind_a_service_counts_by_himself() {
    let profile = Profile::kubernetes();
    let cluster = cluster(&[CROWD], &profile);
    let engine = Engine::new(&cluster, &profile);
    let mut object_by_object = Engine::new(&Cluster::default(), &profile);
    for object in crate::changes::objects(&cluster) {
        object_by_object.apply(&[Change::Put(object)]).unwrap();
    }
    for (flow, expected) in [
        ("198.51.100.9 -> svc/default/web:80/tcp", Verdict::Undefined),
        ("198.51.100.9 -> svc/default/web:80/tcp via default/web", Verdict::Deny),
        ("198.51.100.9 -> svc/default/twice:80/tcp", Verdict::Undefined),
        ("198.51.100.9 -> svc/default/night:80/tcp", Verdict::Deny),
        ("198.51.100.9 -> svc/default/free:80/tcp", Verdict::Undefined),
        ("198.51.100.9 -> node:n1:9000/tcp", Verdict::Deny),
    ] {
        let flow = flow.parse().unwrap();
        let decision = Reference::new(&cluster, &profile).decide(&flow).unwrap();
        assert_eq!(decision.verdict, expected, "{flow}");
        for engine in [&engine, &object_by_object] {
            assert_eq!((engine.verdict(&flow), engine.decide(&flow).unwrap()), (Ok(expected), decision.clone()));
        }
    }
    assert_equal(&engine, &profile);
}

/// Nodes, a Deployment that nobody loaded pods of, and a Service of `externalTrafficPolicy: Local`, whose backend a slice of the
/// other family says the node of.
const NODES: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "172.16.0.1"}]}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n2"}, "status": {"addresses": [{"type": "InternalIP", "address": "172.16.0.2"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "u", "labels": {"app": "u"}},
   "status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "u"},
   "spec": {"type": "NodePort", "clusterIP": "10.96.0.1", "externalTrafficPolicy": "Local", "ports": [{"port": 80, "nodePort": 30080}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "u-4", "labels": {"kubernetes.io/service-name": "u"}}, "ports": [{"port": 80}],
   "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "namespace": "default", "name": "u"}}]},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6",
   "metadata": {"name": "u-6", "labels": {"kubernetes.io/service-name": "u"}}, "ports": [{"port": 80}],
   "endpoints": [{"addresses": ["fd00::1"], "nodeName": "n1", "targetRef": {"kind": "Pod", "namespace": "default", "name": "u"}}]},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
   "spec": {"selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 81}]}]}}}}
]}"#;

#[test]
fn whoever_lists_a_backend_says_for_all_where_it_is() {
    let profile = Profile::kubernetes();
    let engine = Engine::new(&cluster(&[NODES], &profile), &profile);
    let code = |flow: &str| engine.verdict(&flow.parse().unwrap()).map_err(|error| error.code());
    assert_eq!(code("198.51.100.1 -> node:n1:30080/tcp"), Ok(Verdict::Allow), "K26");
    assert_eq!(code("198.51.100.1 -> node:n2:30080/tcp"), Err("no-local-backend"), "K26");
    assert_equal(&engine, &profile);
}

#[test]
fn where_the_pods_of_a_workload_run_nobody_says() {
    let profile = Profile::kubernetes();
    let engine = Engine::new(&cluster(&[NODES], &profile), &profile);
    let flow = "198.51.100.1 -> node:n1:81/tcp".parse().unwrap();
    assert_eq!(engine.verdict(&flow).map_err(|error| error.code()), Err("unplaced-host-port"), "K26, U8");
    assert_equal(&engine, &profile);
}

/// Services whose slices name pods: at another's address, at an address that nobody has, one that is going.
const NAMED: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"podIPs": [{"ip": "10.0.0.1"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "labels": {"app": "b"}}, "status": {"podIPs": [{"ip": "10.0.0.2"}]}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "going", "deletionTimestamp": "2026-01-01T00:00:00Z"},
   "status": {"podIPs": [{"ip": "10.0.0.3"}]}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "others"}, "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 80}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "others", "labels": {"kubernetes.io/service-name": "others"}}, "ports": [{"port": 80}],
   "endpoints": [{"addresses": ["10.0.0.2"], "targetRef": {"kind": "Pod", "namespace": "default", "name": "a"}}]},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nobodys"}, "spec": {"clusterIP": "10.96.0.2", "ports": [{"port": 80}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "nobodys", "labels": {"kubernetes.io/service-name": "nobodys"}}, "ports": [{"port": 80}],
   "endpoints": [{"addresses": ["192.0.2.7"], "targetRef": {"kind": "Pod", "namespace": "default", "name": "b"}}]},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "published"},
   "spec": {"clusterIP": "10.96.0.3", "publishNotReadyAddresses": true, "ports": [{"port": 80}]}},
  {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
   "metadata": {"name": "published", "labels": {"kubernetes.io/service-name": "published"}}, "ports": [{"port": 80}],
   "endpoints": [{"addresses": ["10.0.0.2"]}, {"addresses": ["10.0.0.3"]}]},
  {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "b"},
   "spec": {"podSelector": {"matchLabels": {"app": "b"}}}}
]}"#;

#[test]
fn the_address_says_who_a_backend_is() {
    let profile = Profile::kubernetes();
    let engine = Engine::new(&cluster(&[NAMED], &profile), &profile);
    for service in ["others", "nobodys", "published"] {
        let flow = format!("198.51.100.1 -> svc/default/{service}:80/tcp").parse().unwrap();
        assert_eq!(engine.verdict(&flow), Ok(Verdict::Deny), "K23: {service}");
    }
    assert_equal(&engine, &profile);
}
