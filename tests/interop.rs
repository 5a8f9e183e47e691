//! Typed objects of k8s-openapi and kube go in as they are and mean what their manifests mean.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, ContainerPort, Namespace, Node, Pod, PodIP, PodSpec, PodStatus, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::admission::{AdmissionRequest, AdmissionReview};
use kube::core::{DynamicObject, ObjectList, TypeMeta};
use netpol_oracle::diagnostic::{Code, Diagnostic};
use netpol_oracle::{Cluster, Loader, Release};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The cluster of one object, without a word about it; an empty egress list may be said to restrict nothing (K3).
fn cluster_of<T: Serialize + ?Sized>(object: &T) -> Cluster {
    let loaded = Loader::new(Release::DEFAULT).object("typed", object).finish();
    let told = loaded.diagnostics.iter().filter(|found| found.code != Code::EmptyRules);
    assert_eq!(told.collect::<Vec<_>>(), Vec::<&Diagnostic>::new(), "typed objects load without a word");
    assert!(loaded.skipped.is_empty(), "{:?}", loaded.skipped);
    loaded.cluster
}

fn cluster_of_json(object: &Value) -> Cluster {
    let loaded = Loader::new(Release::DEFAULT).text("object.json", object.to_string()).finish();
    assert_eq!(loaded.diagnostics, []);
    loaded.cluster
}

fn typed<T: DeserializeOwned>(object: &Value) -> T {
    serde_json::from_value(object.clone()).unwrap()
}

/// Every form of a field: both kinds of port, a range, expressions, blocks, empty selectors, absent lists.
fn policy_json() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": "rich", "namespace": "shop", "uid": "3f0c", "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"team": "a"}, "annotations": {"note": "x\ny"},
        },
        "spec": {
            "podSelector": {
                "matchLabels": {"app": "web"},
                "matchExpressions": [
                    {"key": "tier", "operator": "NotIn", "values": ["cache", ""]},
                    {"key": "gone", "operator": "DoesNotExist"},
                ],
            },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {"podSelector": {}},
                        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}},
                         "podSelector": {"matchLabels": {"app": "probe"}}},
                        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}},
                        {"ipBlock": {"cidr": "2001:db8::/32"}},
                    ],
                    "ports": [
                        {"protocol": "TCP", "port": 80},
                        {"protocol": "UDP", "port": "dns"},
                        {"protocol": "TCP", "port": 8000, "endPort": 8080},
                        {"protocol": "SCTP"},
                    ],
                },
                {},
            ],
            "egress": [{"to": [{"namespaceSelector": {}}]}],
        },
    })
}

fn selector(labels: &[(&str, &str)]) -> LabelSelector {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

/// The same as [`policy_json`], built in code as a controller would.
fn policy_typed() -> NetworkPolicy {
    let block = |cidr: &str, except: Option<Vec<String>>| NetworkPolicyPeer {
        ip_block: Some(IPBlock { cidr: cidr.to_owned(), except }),
        ..NetworkPolicyPeer::default()
    };
    let port = |protocol: &str, port: Option<IntOrString>, end_port: Option<i32>| NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port,
        end_port,
    };
    let from = vec![
        NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() },
        NetworkPolicyPeer {
            namespace_selector: Some(selector(&[("kubernetes.io/metadata.name", "ops")])),
            pod_selector: Some(selector(&[("app", "probe")])),
            ip_block: None,
        },
        block("10.0.0.0/8", Some(vec!["10.1.0.0/16".to_owned(), "10.2.0.0/16".to_owned()])),
        block("2001:db8::/32", None),
    ];
    let ports = vec![
        port("TCP", Some(IntOrString::Int(80)), None),
        port("UDP", Some(IntOrString::String("dns".to_owned())), None),
        port("TCP", Some(IntOrString::Int(8000)), Some(8080)),
        port("SCTP", None, None),
    ];
    let expression = |key: &str, operator: &str, values: Option<Vec<String>>| LabelSelectorRequirement {
        key: key.to_owned(),
        operator: operator.to_owned(),
        values,
    };
    let mut subject = selector(&[("app", "web")]);
    subject.match_expressions = Some(vec![
        expression("tier", "NotIn", Some(vec!["cache".to_owned(), String::new()])),
        expression("gone", "DoesNotExist", None),
    ]);
    let everywhere =
        NetworkPolicyPeer { namespace_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() };
    NetworkPolicy {
        metadata: ObjectMeta {
            name: Some("rich".to_owned()),
            namespace: Some("shop".to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(subject),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![
                NetworkPolicyIngressRule { from: Some(from), ports: Some(ports) },
                NetworkPolicyIngressRule::default(),
            ]),
            egress: Some(vec![NetworkPolicyEgressRule { to: Some(vec![everywhere]), ports: None }]),
        }),
    }
}

#[test]
fn one_policy_in_every_form_is_one_policy() {
    let json = policy_json();
    let wanted = cluster_of_json(&json);
    assert_eq!(wanted.policies().len(), 1);
    assert_eq!(cluster_of(&json), wanted, "serde_json::Value");
    assert_eq!(cluster_of(&policy_typed()), wanted, "k8s-openapi, built in code");
    assert_eq!(cluster_of(&typed::<NetworkPolicy>(&json)), wanted, "k8s-openapi, read");
    assert_eq!(cluster_of(&typed::<DynamicObject>(&json)), wanted, "kube DynamicObject");
    assert_eq!(cluster_of(&&Box::new(policy_typed())), wanted, "behind a reference and a box");
    #[cfg(feature = "yaml")]
    {
        let yaml = serde_yaml::to_string(&json).unwrap();
        let loaded = Loader::new(Release::DEFAULT).text("policy.yaml", yaml).finish();
        assert_eq!((loaded.diagnostics, loaded.cluster), (vec![], wanted), "YAML");
    }
}

#[test]
fn what_the_typed_form_leaves_out_is_what_the_manifest_leaves_out() {
    let bare = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "bare"}, "spec": {},
    });
    let wanted = cluster_of_json(&bare);
    assert_eq!(cluster_of(&typed::<NetworkPolicy>(&bare)), wanted);
    assert_eq!(cluster_of(&typed::<DynamicObject>(&bare)), wanted);
    let without_spec =
        NetworkPolicy { metadata: ObjectMeta { name: Some("bare".to_owned()), ..ObjectMeta::default() }, spec: None };
    assert_eq!(cluster_of(&without_spec), wanted);
    // `Some(vec![])` is written as an empty list: K5 and K3, not an absent field.
    let mut empty_lists = without_spec;
    empty_lists.spec = Some(NetworkPolicySpec {
        ingress: Some(Vec::new()),
        egress: Some(Vec::new()),
        policy_types: Some(Vec::new()),
        pod_selector: None,
    });
    assert_eq!(cluster_of(&empty_lists), wanted);
}

#[test]
fn a_policy_the_server_would_refuse_is_refused_in_typed_form_too() {
    let mut policy = policy_typed();
    let spec = policy.spec.as_mut().unwrap();
    spec.ingress.as_mut().unwrap()[0].ports.as_mut().unwrap()[2].end_port = Some(7999);
    let loaded = Loader::new(Release::DEFAULT).object("typed", &policy).finish();
    assert!(loaded.cluster.policies().is_empty());
    let message = "spec.ingress[0].ports[2].endPort: Invalid value: 8000: must be greater than or equal to `port`";
    let location = loaded.diagnostics[0].location.clone().unwrap();
    assert_eq!(
        (loaded.diagnostics.len(), loaded.diagnostics[0].message.as_str(), &*location.source, location.line),
        (1, message, "typed", None)
    );
}

fn admission_review(object: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5",
            "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"},
            "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "networkpolicies"},
            "name": "rich", "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "admin"},
            "object": object, "oldObject": null, "dryRun": false, "options": {"kind": "CreateOptions"},
        },
    })
}

#[test]
fn the_object_of_an_admission_request_is_the_policy() {
    let json = policy_json();
    let wanted = cluster_of_json(&json);
    let dynamic: AdmissionRequest<DynamicObject> =
        typed::<AdmissionReview<DynamicObject>>(&admission_review(&json)).try_into().unwrap();
    assert_eq!(cluster_of(dynamic.object.as_ref().unwrap()), wanted);
    // An `Option` is what it holds.
    assert_eq!(cluster_of(&dynamic.object), wanted);
    assert_eq!(cluster_of(&dynamic.old_object), Cluster::default());
    let exact: AdmissionRequest<NetworkPolicy> =
        typed::<AdmissionReview<NetworkPolicy>>(&admission_review(&json)).try_into().unwrap();
    assert_eq!(cluster_of(exact.object.as_ref().unwrap()), wanted);
}

fn pod_json(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"app": "web", "empty": ""},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u", "controller": true,
            }],
        },
        "spec": {
            "nodeName": "node-1", "hostNetwork": false, "runtimeClassName": "kata",
            "containers": [
                {"name": "main", "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}]},
            ],
            "initContainers": [
                {"name": "once", "ports": [{"name": "once", "containerPort": 1}]},
                {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 15001}]},
            ],
        },
        "status": {
            "phase": "Running", "hostIP": "192.168.0.1", "hostIPs": [{"ip": "192.168.0.1"}, {"ip": "fd00::1"}],
            "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}, {"ip": "fd00:1::7"}],
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
        },
    })
}

#[test]
fn pods_and_namespaces_in_every_form() {
    let pod = pod_json("web-0");
    let wanted = cluster_of_json(&pod);
    let model = wanted.pods().first().unwrap();
    assert_eq!((model.addresses.len(), model.host_addresses.len(), model.ports.len(), model.ready), (2, 2, 3, false));
    assert_eq!(cluster_of(&typed::<Pod>(&pod)), wanted);
    assert_eq!(cluster_of(&typed::<DynamicObject>(&pod)), wanted);

    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops", "labels": {"a": "b"}}});
    let wanted = cluster_of_json(&namespace);
    assert_eq!(wanted.namespaces().len(), 1);
    assert_eq!(cluster_of(&typed::<Namespace>(&namespace)), wanted);
    assert_eq!(cluster_of(&typed::<DynamicObject>(&namespace)), wanted);
}

#[test]
fn a_pod_built_in_code_is_the_pod_of_its_manifest() {
    let pod = Pod {
        metadata: ObjectMeta { name: Some("web".to_owned()), ..ObjectMeta::default() },
        spec: Some(PodSpec {
            containers: vec![Container {
                name: "main".to_owned(),
                ports: Some(vec![ContainerPort { container_port: 80, ..ContainerPort::default() }]),
                ..Container::default()
            }],
            ..PodSpec::default()
        }),
        status: Some(PodStatus {
            pod_ips: Some(vec![PodIP { ip: "::ffff:10.0.0.7".to_owned() }]),
            ..PodStatus::default()
        }),
    };
    let json = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 80}]}]},
        "status": {"podIP": "10.0.0.7"},
    });
    assert_eq!(cluster_of(&pod), cluster_of_json(&json));
}

#[test]
fn lists_of_typed_objects() {
    let pods = [pod_json("web-0"), pod_json("web-1")];
    // Both would claim one address.
    let mut pods = pods;
    pods[1]["status"] = json!({"phase": "Pending"});
    let list = json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": pods});
    let wanted = cluster_of_json(&list);
    assert_eq!(wanted.pods().len(), 2);

    let items: Vec<Pod> = pods.iter().map(typed).collect();
    let openapi = k8s_openapi::List { items: items.clone(), ..k8s_openapi::List::default() };
    assert_eq!(cluster_of(&openapi), wanted, "k8s_openapi::List");
    let types = TypeMeta { api_version: "v1".to_owned(), kind: "PodList".to_owned() };
    let kube =
        ObjectList { types, metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta::default(), items };
    assert_eq!(cluster_of(&kube), wanted, "kube ObjectList");

    // What a server sends: its items say neither kind nor version.
    let mut bare = list.clone();
    for item in bare["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().retain(|key, _| key != "kind" && key != "apiVersion");
    }
    assert_eq!(cluster_of_json(&bare), wanted);
    let dynamic: ObjectList<DynamicObject> = typed(&bare);
    assert_eq!(cluster_of(&dynamic), wanted, "kube ObjectList<DynamicObject>");

    let policies = k8s_openapi::List { items: vec![policy_typed()], ..k8s_openapi::List::default() };
    assert_eq!(cluster_of(&policies), cluster_of_json(&policy_json()));
}

/// The other kinds that decide flows, each by way of its own type.
#[test]
fn every_kind_that_is_read() {
    fn same<T: DeserializeOwned + Serialize>(object: &Value) {
        let wanted = cluster_of_json(object);
        assert_ne!(wanted, Cluster::default(), "{object}");
        assert_eq!(cluster_of(&typed::<T>(object)), wanted, "{object}");
        assert_eq!(cluster_of(&typed::<DynamicObject>(object)), wanted, "{object}");
    }
    same::<Service>(&json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "type": "NodePort", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "selector": {"app": "web"},
            "ports": [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 53, "protocol": "UDP", "targetPort": 5353}],
        },
    }));
    same::<EndpointSlice>(&json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [
            {"addresses": ["10.0.0.7"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "web-0", "namespace": "shop"}},
            {"addresses": ["10.0.0.8"], "conditions": {"ready": false}},
        ],
        "ports": [{"name": "a", "port": 8080, "protocol": "TCP"}],
    }));
    same::<Node>(&json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"zone": "a"}},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "192.168.0.1"}, {"type": "Hostname", "address": "node-1"}],
            "nodeInfo": {
                "osImage": "CentOS Linux 7", "architecture": "", "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "",
                "kubeProxyVersion": "", "kubeletVersion": "", "machineID": "", "operatingSystem": "", "systemUUID": "",
            },
        },
    }));
    same::<Deployment>(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}},
                "spec": {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}]},
            },
        },
    }));
}
