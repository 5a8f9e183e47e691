//! Texts and typed objects to a cluster: what loads, what is reported, and where.

use std::fs;
use std::path::Path;

use netpol_oracle::diagnostic::{Code, Diagnostic, Severity};
use netpol_oracle::manifest::Loaded;
use netpol_oracle::model::{NodeAddressKind, Phase, Service, ServiceKind, TargetPort, WorkloadKind};
use netpol_oracle::net::Family;
use netpol_oracle::{Cluster, Direction, Loader, ObjectName, Release};
use serde_json::json;

fn load(text: &str) -> Loaded {
    Loader::new(Release::DEFAULT).text("t.yaml", text).finish()
}

/// The cluster of a text that has no fault.
fn good(text: &str) -> Cluster {
    let loaded = load(text);
    assert_eq!(shown(&loaded.diagnostics), Vec::<String>::new());
    loaded.cluster
}

fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(ToString::to_string).collect()
}

fn messages(text: &str) -> Vec<String> {
    shown(&load(text).diagnostics)
}

fn addresses(texts: &[&str]) -> Vec<std::net::IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Twenty faults in eight files, and good objects among them: each fault has its place, and the good ones load.
#[test]
fn twenty_faults_are_found_in_one_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bad");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 8);
    let mut loader = Loader::new(Release::DEFAULT);
    for path in &paths {
        loader = loader.text(path.file_name().unwrap().to_str().unwrap(), fs::read(path).unwrap());
    }
    let loaded = loader.finish();

    let places: Vec<(String, usize, Option<usize>, usize, Code, String)> = loaded
        .diagnostics
        .iter()
        .map(|found| {
            assert_eq!(found.severity, Severity::Error);
            let at = found.location.clone().unwrap();
            (at.source.to_string(), at.document, at.item, at.line.unwrap(), found.code, found.path.to_string())
        })
        .collect();
    let at = |source: &str, document, item, line, code, path: &str| {
        (source.to_owned(), document, item, line, code, path.to_owned())
    };
    let expected = [
        at("1-syntax.yaml", 1, None, 10, Code::Syntax, ""),
        at("1-syntax.yaml", 2, None, 14, Code::Syntax, ""),
        at("1-syntax.yaml", 3, None, 19, Code::Syntax, ""),
        at("2-pods.yaml", 0, None, 8, Code::FieldType, "metadata.labels"),
        at("2-pods.yaml", 0, None, 9, Code::FieldValue, "metadata.labels"),
        at("2-pods.yaml", 1, None, 17, Code::FieldValue, "status.podIP"),
        at("2-pods.yaml", 2, None, 28, Code::FieldValue, "spec.containers[0].ports[0].containerPort"),
        at("2-pods.yaml", 2, None, 30, Code::FieldValue, "spec.containers[0].ports[1].protocol"),
        at("2-pods.yaml", 3, None, 35, Code::FieldMissing, "metadata.name"),
        at("3-policies.yaml", 0, None, 11, Code::Invalid, "spec.ingress[0].ports[0].port"),
        at("3-policies.yaml", 0, None, 14, Code::Invalid, "spec.ingress[0].from[0].ipBlock.cidr"),
        at("3-policies.yaml", 1, None, 24, Code::Decode, "spec.podSelector.matchLabels.app"),
        at("3-policies.yaml", 2, None, 29, Code::Invalid, "metadata.name"),
        at("4-not-json.json", 0, None, 3, Code::Syntax, ""),
        at("5-list.json", 0, Some(1), 8, Code::FieldMissing, "spec.ports[0].port"),
        at("5-list.json", 0, Some(2), 9, Code::FieldType, ""),
        at("5-list.json", 0, Some(3), 10, Code::FieldMissing, "kind"),
        at("6-workloads.yaml", 0, None, 5, Code::FieldMissing, "spec.template"),
        at("6-workloads.yaml", 1, None, 11, Code::FieldValue, "spec.replicas"),
        at("7-bytes.yaml", 1, None, 8, Code::Syntax, ""),
    ];
    for (found, expected) in places.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(places.len(), 20);

    let cluster = &loaded.cluster;
    let namespaces: Vec<&str> = cluster.namespaces().iter().map(|namespace| &*namespace.name).collect();
    assert_eq!(namespaces, ["office", "shop"]);
    let pods: Vec<String> = cluster.pods().iter().map(|pod| pod.name.to_string()).collect();
    assert_eq!(pods, ["shop/web-0"]);
    let policies: Vec<String> = cluster.policies().iter().map(|policy| policy.name().to_string()).collect();
    assert_eq!(policies, ["shop/good"]);
    let services: Vec<String> = cluster.services().iter().map(|service| service.name.to_string()).collect();
    assert_eq!(services, ["shop/db", "shop/web"]);
    let workloads: Vec<String> = cluster.workloads().iter().map(|workload| workload.name.to_string()).collect();
    assert_eq!(workloads, ["shop/api"]);
    assert_eq!(cluster.nodes().len(), 1);
    assert_eq!(loaded.objects.len(), 25);
    assert_eq!(loaded.objects.iter().filter(|object| object.accepted).count(), 8);
}

#[test]
fn a_pod_is_read_whole() {
    let cluster = good(
        r#"
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: shop
  labels: {app: web, empty: "", null-value: ~}
  ownerReferences:
    - {apiVersion: v1, kind: Node, name: x, uid: "1"}
    - {apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: "2", controller: true}
spec:
  nodeName: worker-1
  runtimeClassName: kata
  hostNetwork: false
  initContainers:
    - name: once
      ports: [{containerPort: 1}]
    - name: sidecar
      restartPolicy: Always
      ports: [{name: metrics, containerPort: 9090, protocol: UDP}]
  containers:
    - name: main
      image: whatever
      ports:
        - {name: http, containerPort: 8080, hostPort: 0}
        - {containerPort: 7, protocol: SCTP}
    - name: other
status:
  phase: Running
  podIP: 10.0.0.5
  podIPs: [{ip: "::ffff:10.0.0.5"}, {ip: "fd00::5"}, {ip: 10.0.0.5}]
  hostIP: 192.168.0.11
  conditions:
    - {type: Initialized, status: "False"}
    - {type: Ready, status: "False"}
"#,
    );
    let pod = cluster.pods().first().unwrap();
    assert_eq!(pod.name, ObjectName::new("shop", "web-0"));
    let labels: Vec<String> = pod.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(labels, ["app=web", "empty=", "null-value="]);
    assert_eq!(pod.addresses, addresses(&["10.0.0.5", "fd00::5"]));
    assert_eq!(pod.host_addresses, addresses(&["192.168.0.11"]));
    assert_eq!(pod.node.as_deref(), Some("worker-1"));
    assert_eq!(pod.phase, Phase::Running);
    assert!(!pod.ready);
    assert!(!pod.host_network);
    assert_eq!(pod.runtime_class.as_deref(), Some("kata"));
    let owner = pod.owner.as_ref().unwrap();
    assert_eq!((owner.kind.clone(), &*owner.name), (WorkloadKind::ReplicaSet, "web"));
    let ports: Vec<String> = pod
        .ports
        .iter()
        .map(|port| {
            let name = port.name.as_ref().map_or("-", |name| name.as_str());
            format!("{name} {}/{}", port.port, port.protocol)
        })
        .collect();
    assert_eq!(ports, ["http 8080/TCP", "- 7/SCTP", "metrics 9090/UDP"]);
}

/// K20, K25: a manifest without status is a pod that lives, in namespace `default`.
#[test]
fn a_bare_pod_lives_in_default() {
    let cluster = good("{apiVersion: v1, kind: Pod, metadata: {name: a}}");
    let pod = cluster.pods().first().unwrap();
    assert_eq!(pod.name.to_string(), "default/a");
    assert_eq!(pod.phase, Phase::Pending);
    assert!(pod.is_live() && pod.ready);
    assert!(pod.addresses.is_empty());
    assert_eq!(cluster.namespaces().len(), 1);
}

/// What Go leaves out when it is empty counts as absent when it is empty.
#[test]
fn empty_texts_are_absent() {
    let cluster = good(
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: '', generateName: ''}, \
         spec: {nodeName: '', runtimeClassName: ''}, status: {phase: '', podIP: '', hostIP: '', podIPs: []}}",
    );
    let pod = cluster.pods().first().unwrap();
    assert_eq!((pod.name.to_string(), &pod.node, &pod.runtime_class), ("default/a".to_owned(), &None, &None));
    assert_eq!((pod.phase, pod.addresses.len()), (Phase::Pending, 0));
}

#[test]
fn nodes_keep_addresses_and_drop_names() {
    let cluster = good(
        r#"
apiVersion: v1
kind: Node
metadata: {name: worker-1, labels: {zone: a}}
status:
  addresses:
    - {type: Hostname, address: worker-1}
    - {type: InternalDNS, address: worker-1.local}
    - {type: InternalIP, address: 192.168.0.11}
    - {type: ExternalIP, address: "2001:db8::1"}
    - {type: CloudIP, address: 198.51.100.1}
    - {type: CloudName, address: w1}
  nodeInfo: {osImage: Huawei Cloud EulerOS 2.0 (x86_64)}
"#,
    );
    let node = cluster.nodes().first().unwrap();
    let found: Vec<_> = node.addresses.iter().map(|found| (found.kind, found.address)).collect();
    assert_eq!(
        found,
        [
            (NodeAddressKind::InternalIp, "192.168.0.11".parse().unwrap()),
            (NodeAddressKind::ExternalIp, "2001:db8::1".parse().unwrap()),
            (NodeAddressKind::Other, "198.51.100.1".parse().unwrap()),
        ]
    );
    assert_eq!(node.os_image.as_deref(), Some("Huawei Cloud EulerOS 2.0 (x86_64)"));
    assert_eq!(node.labels.get("zone").unwrap().as_str(), "a");
}

#[test]
fn services_of_every_kind() {
    let cluster = good(
        r#"
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  type: LoadBalancer
  clusterIP: 10.247.0.1
  clusterIPs: [10.247.0.1, "fd01::1"]
  selector: {app: web}
  ports:
    - {name: web, port: 80, targetPort: http}
    - {port: 81, targetPort: 8081, protocol: UDP}
    - {port: 82}
    - {port: 83, targetPort: 0}
---
apiVersion: v1
kind: Service
metadata: {name: b}
spec: {clusterIP: None, clusterIPs: [None]}
---
apiVersion: v1
kind: Service
metadata: {name: c}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Service
metadata: {name: d}
spec: {clusterIP: 10.247.0.4, clusterIPs: []}
"#,
    );
    let services: Vec<&Service> = cluster.services().iter().collect();
    let kinds: Vec<ServiceKind> = services.iter().map(|service| service.kind).collect();
    assert_eq!(
        kinds,
        [ServiceKind::ClusterIp, ServiceKind::Headless, ServiceKind::ExternalName, ServiceKind::ClusterIp]
    );
    assert_eq!(services[0].cluster_addresses, addresses(&["10.247.0.1", "fd01::1"]));
    assert!(services[1].cluster_addresses.is_empty());
    assert_eq!(services[3].cluster_addresses, addresses(&["10.247.0.4"]));
    assert_eq!(services[0].selector.get("app").unwrap().as_str(), "web");
    let ports: Vec<String> = services[0]
        .ports
        .iter()
        .map(|port| {
            let target = match &port.target {
                TargetPort::Number(number) => number.to_string(),
                TargetPort::Name(name) => name.to_string(),
            };
            format!("{:?} {}/{} -> {target}", port.name.as_deref(), port.port, port.protocol)
        })
        .collect();
    assert_eq!(
        ports,
        ["Some(\"web\") 80/TCP -> http", "None 81/UDP -> 8081", "None 82/TCP -> 82", "None 83/TCP -> 83",]
    );
}

#[test]
fn slices_say_whose_and_which() {
    let loaded = load(
        r#"
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
  - addresses: [10.0.0.5]
    conditions: {ready: null}
    targetRef: {kind: Pod, name: web-0}
  - addresses: [10.0.0.6]
    conditions: {ready: false}
    targetRef: {kind: Pod, name: web-1, namespace: other}
  - addresses: [10.0.0.7]
    targetRef: {kind: Node, name: x}
ports:
  - {name: "", port: 8080, protocol: TCP}
  - {name: all}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: names, labels: {kubernetes.io/service-name: web}}
addressType: FQDN
endpoints: [{addresses: [example.com]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: nobody}
addressType: IPv6
endpoints: []
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mixed, labels: {kubernetes.io/service-name: web}}
addressType: IPv6
endpoints: [{addresses: [10.0.0.1]}]
"#,
    );
    assert_eq!(loaded.cluster.endpoint_slices().len(), 1);
    assert_eq!(loaded.skipped, [("EndpointSlice".to_owned(), 2)].into());
    let slice = loaded.cluster.endpoint_slices().first().unwrap();
    assert_eq!((&*slice.service, slice.family), ("web", Family::V4));
    let endpoints: Vec<_> =
        slice.endpoints.iter().map(|one| (one.ready, one.target.as_ref().map(ToString::to_string))).collect();
    assert_eq!(
        endpoints,
        [(true, Some("shop/web-0".to_owned())), (false, Some("other/web-1".to_owned())), (true, None)]
    );
    assert_eq!(slice.ports.len(), 1);
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "t.yaml:35 (document 3): error[NP004]: endpoints[0].addresses[0]: `10.0.0.1` is not of the slice's address type"
        ]
    );
}

#[test]
fn workloads_of_every_kind() {
    let template = "{metadata: {labels: {app: a}}, spec: {hostNetwork: true, nodeName: n1, runtimeClassName: kata, \
                    containers: [{ports: [{containerPort: 80}]}]}}";
    let cluster = good(&format!(
        "
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{replicas: 3, template: {template}, selector: {{matchLabels: {{app: a}}, matchExpressions: [{{key: x, operator: NotIn, values: [b]}}, {{key: z, operator: DoesNotExist}}]}}}}}}
---
{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: a, ownerReferences: [{{kind: Deployment, name: a, controller: true}}]}}, spec: {{template: {template}}}}}
---
{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: a}}, spec: {{replicas: 0, template: {template}}}}}
---
{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: a}}, spec: {{replicas: 3, template: {template}}}}}
---
{{apiVersion: batch/v1, kind: Job, metadata: {{name: a}}, spec: {{parallelism: 4, template: {template}}}}}
---
{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: a}}, spec: {{jobTemplate: {{spec: {{parallelism: 5, template: {template}}}}}}}}}
---
{{apiVersion: v1, kind: ReplicationController, metadata: {{name: a}}, spec: {{selector: {{app: rc}}, template: {template}}}}}
"
    ));
    let found: Vec<_> = cluster
        .workloads()
        .iter()
        .map(|workload| {
            assert!(workload.host_network);
            assert_eq!(workload.ports.len(), 1);
            assert_eq!((workload.node.as_deref(), workload.runtime_class.as_deref()), (Some("n1"), Some("kata")));
            assert_eq!(workload.labels.get("app").unwrap().as_str(), "a");
            (workload.kind.clone(), workload.replicas, workload.selector.to_string(), workload.owner.is_some())
        })
        .collect();
    let row = |kind, replicas, selector: &str, owned| (kind, replicas, selector.to_owned(), owned);
    assert_eq!(
        found,
        [
            row(WorkloadKind::Deployment, Some(3), "app=a,x notin (b),!z", false),
            row(WorkloadKind::ReplicaSet, None, "app=a", true),
            row(WorkloadKind::StatefulSet, Some(0), "app=a", false),
            row(WorkloadKind::DaemonSet, None, "app=a", false),
            row(WorkloadKind::Job, Some(4), "app=a", false),
            row(WorkloadKind::CronJob, Some(5), "app=a", false),
            row(WorkloadKind::ReplicationController, None, "app=rc", false),
        ]
    );
}

/// K10: the name label is the namespace's, whatever its manifest says.
#[test]
fn namespaces_get_their_name_label() {
    let cluster =
        good("{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {kubernetes.io/metadata.name: b, x: z}}}");
    let labels = &cluster.namespaces().first().unwrap().labels;
    assert_eq!(labels.get("kubernetes.io/metadata.name").unwrap().as_str(), "a");
    assert_eq!(labels.get("x").unwrap().as_str(), "z");
}

#[test]
fn lists_typed_and_nested_are_read() {
    let cluster = good(
        r#"
apiVersion: v1
kind: PodList
items:
  - metadata: {name: a}
  - metadata: {name: b}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
items:
  - metadata: {name: p}
    spec: {podSelector: {}}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: List
    items:
      - {apiVersion: v1, kind: Pod, metadata: {name: c}}
  - {apiVersion: v1, kind: Pod, metadata: {name: d}}
  - {apiVersion: v1, kind: PodList, items: [{metadata: {name: e}}]}
  - {kind: Deployment, metadata: {name: f}, spec: {template: {}}}
---
apiVersion: v1
kind: List
items: null
---
kind: List
apiVersion: v1
"#,
    );
    let pods: Vec<&str> = cluster.pods().iter().map(|pod| &**pod.name.name()).collect();
    assert_eq!(pods, ["a", "b", "c", "d", "e"]);
    assert_eq!(cluster.workloads().len(), 1);
    assert_eq!(cluster.policies().len(), 1);
}

#[test]
fn items_of_nested_lists_are_counted_through() {
    let loaded = load(
        r#"
kind: List
apiVersion: v1
items:
  - {kind: List, apiVersion: v1, items: [{kind: Pod, apiVersion: v1, metadata: {name: a}}, 7]}
  - {kind: Pod, apiVersion: v1, metadata: {name: b}}
"#,
    );
    let items: Vec<_> = loaded.objects.iter().map(|object| (object.location.item, &*object.name)).collect();
    assert_eq!(items, [(Some(0), "a"), (Some(1), ""), (Some(2), "b")]);
    assert_eq!(
        shown(&loaded.diagnostics),
        ["t.yaml:5 (document 0, item 1): error[NP003]: a manifest must be an object, not a value of type `number`"]
    );
}

/// K25: the last accepted one wins, and the warning says where the earlier one was.
#[test]
fn the_last_accepted_of_a_name_wins() {
    let loaded = Loader::new(Release::DEFAULT)
        .text("a.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: x, labels: {v: one}}\n")
        .text("b.yaml", "---\nkind: Pod\napiVersion: v1\nmetadata: {name: x, namespace: default, labels: {v: two}}\n")
        .text("c.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: x, labels: {v: no}}\n")
        .text("d.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: x, namespace: other}\n")
        .finish();
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "b.yaml:2 (document 0): warning[NP006]: Pod `default/x` was given before, at a.yaml:1 (document 0); this one \
         counts",
            "c.yaml:3 (document 0): error[NP003]: metadata.labels: the value of the label `v` must be a string \
         (help: write it in quotes)",
        ]
    );
    assert_eq!(loaded.cluster.pods().len(), 2);
    assert_eq!(loaded.cluster.pods().first().unwrap().labels.get("v").unwrap().as_str(), "two");
}

#[test]
fn a_rejected_policy_does_not_replace_an_accepted_one() {
    let policy = |port: u32| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\n\
             spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}\n"
        )
    };
    let loaded = load(&format!("{}---\n{}---\n{}", policy(80), policy(81), policy(0)));
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "t.yaml:6 (document 1): warning[NP006]: NetworkPolicy `default/p` was given before, at t.yaml:1 (document 0); \
         this one counts",
            "t.yaml:14 (document 2): error[NP102]: spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and \
         65535, inclusive",
        ]
    );
    let policies = loaded.cluster.policies();
    assert_eq!(policies.len(), 1);
    assert!(format!("{:?}", policies.first().unwrap().rules(Direction::Ingress)).contains("81"));
    let accepted: Vec<bool> = loaded.objects.iter().map(|object| object.accepted).collect();
    assert_eq!(accepted, [true, true, false]);
}

/// K25: what carries a uid was accepted once, so a newer release's dislike of its CIDR is a warning.
#[test]
fn a_stored_policy_keeps_its_old_cidr() {
    let policy = |metadata: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{{metadata}}}\n\
             spec: {{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: 10.0.0.1/8}}}}]}}]}}\n"
        )
    };
    let read = |metadata: &str| Loader::new(Release::v1(37)).text("p.yaml", policy(metadata)).finish();
    let new = read("name: p");
    assert_eq!(new.cluster.policies().len(), 0);
    assert_eq!(new.diagnostics[0].severity, Severity::Error);
    let stored = read("name: p, uid: 0c5f");
    assert_eq!(stored.cluster.policies().len(), 1);
    assert!(stored.diagnostics.iter().all(|found| found.severity == Severity::Warning), "{:?}", stored.diagnostics);
}

#[test]
fn generated_names_stay_apart() {
    let loaded = load(
        r#"
{apiVersion: v1, kind: Pod, metadata: {generateName: web-}}
---
{apiVersion: v1, kind: Pod, metadata: {generateName: web-, namespace: default}}
---
{apiVersion: v1, kind: Pod, metadata: {generateName: web-, namespace: other}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {generateName: web-}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {generateName: web-}}
"#,
    );
    assert_eq!(shown(&loaded.diagnostics), Vec::<String>::new());
    let pods: Vec<String> = loaded.cluster.pods().iter().map(|pod| pod.name.to_string()).collect();
    assert_eq!(pods, ["default/web-*", "default/web-*2", "other/web-*"]);
    let policies: Vec<String> = loaded.cluster.policies().iter().map(|policy| policy.name().to_string()).collect();
    assert_eq!(policies, ["default/web-*", "default/web-*2"]);
}

/// K25: policies that are not judged are named in a warning and in the cluster.
#[test]
fn policies_of_other_kinds_are_warned_about() {
    let loaded = load(
        r#"
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a}}
---
{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: b}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: c, namespace: x}}
---
{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: d}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: e}}
---
{apiVersion: crd.antrea.io/v1beta1, kind: ClusterNetworkPolicy, metadata: {name: f}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: g}}
---
{apiVersion: example.org/v1, kind: NetworkPolicy, metadata: {name: h}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: i}, data: [not, looked, at]}
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: j}, spec: 7}
"#,
    );
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "t.yaml:2 (document 0): warning[NP007]: AdminNetworkPolicy.policy.networking.k8s.io `a` is not judged: answers ignore it",
            "t.yaml:4 (document 1): warning[NP007]: ClusterNetworkPolicy.policy.networking.k8s.io `b` is not judged: answers ignore it",
            "t.yaml:6 (document 2): warning[NP007]: NetworkPolicy.projectcalico.org `x/c` is not judged: answers ignore it",
            "t.yaml:8 (document 3): warning[NP007]: GlobalNetworkPolicy.crd.projectcalico.org `d` is not judged: answers ignore it",
            "t.yaml:10 (document 4): warning[NP007]: CiliumNetworkPolicy.cilium.io `default/e` is not judged: answers ignore it",
            "t.yaml:12 (document 5): warning[NP007]: ClusterNetworkPolicy.crd.antrea.io `f` is not judged: answers ignore it",
            "t.yaml:16 (document 7): warning[NP007]: NetworkPolicy.example.org `default/h` is not judged: answers ignore it",
        ]
    );
    let others: Vec<String> =
        loaded.cluster.other_policies().iter().map(|other| format!("{} {}", other.kind, other.name)).collect();
    assert_eq!(others.len(), 7);
    assert!(others.contains(&"NetworkPolicy x/c".to_owned()));
    let skipped: Vec<_> = loaded.skipped.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(skipped, [("AuthorizationPolicy", 1), ("ConfigMap", 1), ("Service", 1)]);
    assert_eq!(loaded.cluster.services().len(), 0);
}

/// K20: a finished pod's address is free, and hostNetwork pods claim none.
#[test]
fn shared_addresses_are_warned_about() {
    let pod = |name: &str, address: &str, rest: &str, host_network: bool| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{hostNetwork: {host_network}}}, \
             status: {{podIP: '{address}'{rest}}}}}\n---\n"
        )
    };
    let text = pod("a", "10.0.0.1", "", false)
        + &pod("b", "::ffff:10.0.0.1", ", phase: Running", false)
        + &pod("c", "10.0.0.1", ", phase: Succeeded", false)
        + &pod("d", "10.0.0.1", "", true)
        + &pod("e", "10.0.0.2", ", phase: Failed", false)
        + &pod("f", "10.0.0.2", "", false);
    let loaded = load(&text);
    assert_eq!(
        shown(&loaded.diagnostics),
        ["t.yaml:3 (document 1): warning[NP008]: the address `10.0.0.1` is claimed by the live pods `default/a`, \
         `default/b` (help: a flow that names the address has no answer; name a pod)"]
    );
    assert_eq!(loaded.cluster.pods().len(), 6);
}

#[test]
fn repeated_fields_are_warned_about_and_the_last_wins() {
    let loaded = load(
        r#"
kind: List
apiVersion: v1
items:
  - kind: Pod
    apiVersion: v1
    metadata: {name: a}
  - kind: Pod
    apiVersion: v1
    metadata:
      name: b
      name: c
"#,
    );
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "t.yaml:12 (document 0, item 1): warning[NP009]: metadata.name: the field `metadata.name` is given twice; the \
         last one counts"
        ]
    );
    let pods: Vec<&str> = loaded.cluster.pods().iter().map(|pod| &**pod.name.name()).collect();
    assert_eq!(pods, ["a", "c"]);
    let strict: Vec<bool> = loaded.objects.iter().map(|object| object.accepted_strict).collect();
    assert_eq!(strict, [true, false]);
}

#[test]
fn a_repeated_field_of_a_policy_in_a_list_is_the_servers() {
    let loaded = Loader::new(Release::DEFAULT)
        .text(
            "l.json",
            r#"{"kind": "List", "apiVersion": "v1", "items": [
                {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "p"},
                 "spec": {"podSelector": {"matchLabels": {"a": "b", "a": "c"}}}}]}"#,
        )
        .finish();
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code, Code::RepeatedField);
    assert!(loaded.diagnostics[0].message.contains("duplicate field \"spec.podSelector.matchLabels.a\""));
    assert_eq!((loaded.objects[0].accepted, loaded.objects[0].accepted_strict), (true, false));
}

#[test]
fn faults_of_one_object_come_all_at_once() {
    assert_eq!(
        messages(
            r#"
apiVersion: v1
kind: Pod
metadata: {name: "a b", namespace: "A", labels: {"-": x, y: "!"}}
spec:
  nodeName: 7
  hostNetwork: "yes"
  containers:
    - ports: [{name: UPPER, containerPort: 70000, protocol: ICMP}, {containerPort: 80.5}, {containerPort: "80"}]
status: {phase: Done, podIPs: [{ip: x}], hostIP: [1]}
"#
        ),
        [
            "t.yaml:4 (document 0): error[NP004]: metadata.labels: `-` is no label key: the name is not \
             letters, digits, `-`, `_`, `.` with a letter or digit at both ends",
            "t.yaml:4 (document 0): error[NP004]: metadata.labels: `!` is no label value: the value is not \
             letters, digits, `-`, `_`, `.` with a letter or digit at both ends",
            "t.yaml:4 (document 0): error[NP004]: metadata.namespace: `A` is no namespace's name",
            "t.yaml:4 (document 0): error[NP004]: metadata.name: `a b` is no name of an object of this kind",
            "t.yaml:6 (document 0): error[NP003]: spec.nodeName: this must be a string, not a number \
             (help: write it in quotes)",
            "t.yaml:7 (document 0): error[NP003]: spec.hostNetwork: this must be a bool, not a string",
            "t.yaml:9 (document 0): error[NP004]: spec.containers[0].ports[0].containerPort: `70000` is no port; ports \
             are 1 to 65535",
            "t.yaml:9 (document 0): error[NP004]: spec.containers[0].ports[0].protocol: `ICMP` is no protocol; it must \
             be `TCP`, `UDP` or `SCTP`",
            "t.yaml:9 (document 0): error[NP004]: spec.containers[0].ports[0].name: `UPPER` is no port name: the name \
             has other characters than `a` to `z`, digits and `-`, the name has no letter from `a` to `z`",
            "t.yaml:9 (document 0): error[NP004]: spec.containers[0].ports[1].containerPort: `80.5` is no whole number",
            "t.yaml:9 (document 0): error[NP003]: spec.containers[0].ports[2].containerPort: this must be a number, \
             not a string",
            "t.yaml:10 (document 0): error[NP004]: status.podIPs[0].ip: `x` is no ip address",
            "t.yaml:10 (document 0): error[NP003]: status.hostIP: this must be a string, not a list",
            "t.yaml:10 (document 0): error[NP004]: status.phase: `Done` is no phase of a pod (help: the phases are \
             `Pending`, `Running`, `Succeeded`, `Failed` and `Unknown`)",
        ]
    );
}

#[test]
fn selectors_of_workloads_are_checked() {
    assert_eq!(
        messages(
            r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template: {}
  selector:
    matchExpressions:
      - {key: a, operator: In}
      - {key: a, operator: Gt, values: ["1"]}
      - {operator: Exists}
      - {key: "a b", operator: Exists}
      - {key: a, operator: In, values: [1, "!"]}
      - {key: a}
"#
        ),
        [
            "t.yaml:9 (document 0): error[NP004]: spec.selector.matchExpressions[0]: `In` and `NotIn` need values",
            "t.yaml:10 (document 0): error[NP004]: spec.selector.matchExpressions[1].operator: `Gt` is no selector \
             operator (help: the operators are `In`, `NotIn`, `Exists` and `DoesNotExist`)",
            "t.yaml:11 (document 0): error[NP005]: spec.selector.matchExpressions[2].key: the field `key` is missing",
            "t.yaml:12 (document 0): error[NP004]: spec.selector.matchExpressions[3].key: `a b` is no label key",
            "t.yaml:13 (document 0): error[NP003]: spec.selector.matchExpressions[4].values[0]: this must be a string, \
             not a number (help: write it in quotes)",
            "t.yaml:13 (document 0): error[NP004]: spec.selector.matchExpressions[4].values[1]: `!` is no label value",
            "t.yaml:13 (document 0): error[NP004]: spec.selector.matchExpressions[4]: `In` and `NotIn` need values",
            "t.yaml:14 (document 0): error[NP005]: spec.selector.matchExpressions[5].operator: the field `operator` is \
             missing",
        ]
    );
}

#[test]
fn typed_objects_load_like_texts() {
    let loaded = Loader::new(Release::DEFAULT)
        .object("live", &json!({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]}))
        .object(
            "live",
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"hostNetwork": 1}}),
        )
        .object("more", &json!(7))
        .finish();
    assert_eq!(loaded.cluster.pods().len(), 1);
    assert_eq!(
        shown(&loaded.diagnostics),
        [
            "live (document 1): error[NP003]: spec.hostNetwork: this must be a bool, not a number",
            "more (document 0): error[NP003]: a manifest must be an object, not a value of type `number`",
        ]
    );
}

#[test]
fn empty_documents_are_nothing() {
    let loaded = load("---\n# only a comment\n---\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n---\n");
    assert_eq!(shown(&loaded.diagnostics), Vec::<String>::new());
    assert_eq!(loaded.objects.len(), 1);
    assert_eq!(loaded.objects[0].location.document, 2);
    assert_eq!(loaded.objects[0].location.line, Some(5));
}
