//! Short cuts behind a Service, where random worlds seldom tell them from what they stand for.

use netpol_oracle::model::ObjectId;
use netpol_oracle::{Change, Cluster, Engine, Loader, Object, ObjectName, Profile, Verdict};

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
