//! What the loader takes an object for (K25), and what it reads of the kinds that Services and controllers have to do with.

use netpol_oracle::manifest::Loaded;
use netpol_oracle::model::{
    ControllerValueKind, ExternalTrafficPolicy, HostPort, PossibleValues, Workload, WorkloadKind,
};
use netpol_oracle::{Loader, ObjectName, Port, Release};

fn load_for(release: Release, text: &str) -> Loaded {
    Loader::new(release).text("t.yaml", text).finish()
}

fn load(text: &str) -> Loaded {
    load_for(Release::DEFAULT, text)
}

fn shown(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(ToString::to_string).collect()
}

fn workload(kind: &WorkloadKind, name: &str, text: &str) -> Workload {
    let loaded = load(text);
    assert_eq!(shown(&loaded), Vec::<String>::new());
    loaded.cluster.workload(kind, &ObjectName::new("default", name)).unwrap().clone()
}

const TEMPLATE: &str = "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}";

#[test]
fn kinds_that_the_release_does_not_serve_are_named_with_their_version() {
    let loaded = load(&format!(
        "
{{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {{name: a}}, spec: {{podSelector: {{}}}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: networkPolicy, metadata: {{name: b}}, spec: {{podSelector: {{}}}}}}
---
{{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {{name: c}}, spec: {{{TEMPLATE}}}}}
---
{{apiVersion: v1, kind: pod, metadata: {{name: d}}}}
---
{{apiVersion: example.org/v1, kind: pod, metadata: {{name: e}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: NetwokPolicy, metadata: {{name: f}}}}
---
{{apiVersion: apps/v1, kind: Widget, metadata: {{name: g}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: IngressList, items: []}}
---
{{apiVersion: apps/v1, kind: ControllerRevision, metadata: {{name: h}}}}
"
    ));
    assert_eq!(
        shown(&loaded),
        [
            "t.yaml:2 (document 0): error[NP010]: no matches for kind \"NetworkPolicy\" in version \"extensions/v1beta1\" \
             (help: Kubernetes 1.34 has it as `NetworkPolicy` of `networking.k8s.io/v1`)",
            "t.yaml:4 (document 1): error[NP010]: no matches for kind \"networkPolicy\" in version \"networking.k8s.io/v1\" \
             (help: Kubernetes 1.34 has it as `NetworkPolicy` of `networking.k8s.io/v1`)",
            "t.yaml:6 (document 2): error[NP010]: no matches for kind \"Deployment\" in version \"extensions/v1beta1\" \
             (help: Kubernetes 1.34 has it as `Deployment` of `apps/v1`)",
            "t.yaml:8 (document 3): error[NP010]: no matches for kind \"pod\" in version \"v1\" \
             (help: Kubernetes 1.34 has it as `Pod` of `v1`)",
            "t.yaml:12 (document 5): error[NP010]: no matches for kind \"NetwokPolicy\" in version \"networking.k8s.io/v1\" \
             (help: Kubernetes 1.34 has it as `NetworkPolicy` of `networking.k8s.io/v1`)",
            "t.yaml:14 (document 6): error[NP010]: no matches for kind \"Widget\" in version \"apps/v1\"",
        ]
    );
    let rejected: Vec<String> = loaded.cluster.rejected_policies().iter().map(ToString::to_string).collect();
    assert_eq!(rejected, ["default/a", "default/b", "default/f"]);
    let accepted = loaded.objects.iter().filter(|object| object.accepted).map(|object| object.kind.as_str());
    assert_eq!(accepted.collect::<Vec<_>>(), ["pod", "ControllerRevision"]);
    assert_eq!(loaded.cluster.policies().len() + loaded.cluster.workloads().len() + loaded.cluster.pods().len(), 0);
}

#[test]
fn a_version_is_served_until_its_last_release() {
    let slice = "{apiVersion: discovery.k8s.io/v1beta1, kind: EndpointSlice, metadata: {name: s, labels: \
                 {kubernetes.io/service-name: s}}, addressType: IPv4}";
    let job = format!(
        "{{apiVersion: batch/v1beta1, kind: CronJob, metadata: {{name: c}}, spec: {{jobTemplate: {{spec: {{{TEMPLATE}}}}}}}}}"
    );
    let deployment =
        format!("{{apiVersion: apps/v1beta2, kind: Deployment, metadata: {{name: d}}, spec: {{{TEMPLATE}}}}}");
    for (text, last) in [(slice, 24), (job.as_str(), 24), (deployment.as_str(), 15)] {
        let count = |release| {
            let loaded = load_for(Release::v1(release), text);
            let cluster = &loaded.cluster;
            (cluster.endpoint_slices().len() + cluster.workloads().len(), loaded.diagnostics.len())
        };
        assert_eq!((count(last), count(last + 1)), ((1, 0), (0, 1)), "{text}");
    }
}

#[test]
fn workloads_of_other_apis_are_workloads() {
    let loaded = load(&format!(
        "
{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: a}}, spec: {{selector: {{matchLabels: {{x: z}}}}, {TEMPLATE}}}}}
---
{{apiVersion: apps.openshift.io/v1, kind: DeploymentConfig, metadata: {{name: a}}, spec: {{replicas: 0, selector: {{app: dc}}, {TEMPLATE}}}}}
---
{{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {{name: a}}, spec: {{{TEMPLATE}}}}}
---
{{apiVersion: example.org/v1, kind: Thing, metadata: {{name: a}}, spec: {{template: {{spec: {{containers: []}}}}}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: p, ownerReferences: [{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: a, controller: true}}]}}}}
"
    ));
    assert_eq!(shown(&loaded), Vec::<String>::new());
    let found: Vec<String> = loaded
        .cluster
        .workloads()
        .iter()
        .map(|each| format!("{} {:?} {}", each.kind, each.replicas, each.selector))
        .collect();
    assert_eq!(
        found,
        [
            "DeploymentConfig.apps.openshift.io Some(0) app=dc",
            "Rollout.argoproj.io None x=z",
            "Service.serving.knative.dev None app=a"
        ]
    );
    assert_eq!(loaded.skipped.keys().collect::<Vec<_>>(), ["Thing"]);
    let owner = loaded.cluster.pods().first().unwrap().owner.clone().unwrap();
    assert_eq!(owner.kind, WorkloadKind::of("Rollout", "argoproj.io"));
    let meant = |kind: &str| {
        let kind: WorkloadKind = kind.parse().unwrap();
        let meant = loaded.cluster.workloads_meant(&kind, &ObjectName::new("default", "a"));
        meant.map(|each| each.kind.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(meant("rollout"), ["Rollout.argoproj.io"]);
    assert_eq!(meant("rollout.example.org"), Vec::<String>::new());
}

#[test]
fn objects_of_a_template_load_where_they_need_no_parameter() {
    let loaded = load(
        "
apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: shop, namespace: t}
parameters: [{name: NS, value: t}]
objects:
- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: 'deny-${NS}', namespace: '${NS}'}, spec: {podSelector: {}}}
- {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: t}}
- {apiVersion: v1, kind: Pod, metadata: {name: b, labels: {'${KEY}': '${{VALUE}}'}}}
- {apiVersion: v1, kind: Pod, metadata: {name: c, namespace: t, labels: {a: 7}}}
",
    );
    assert_eq!(
        shown(&loaded),
        [
            "t.yaml:10 (document 0, item 3): error[NP003]: metadata.labels: the value of the label `a` must be a string \
             (help: write it in quotes)",
            "t.yaml:2 (document 0): warning[NP011]: Template `t/shop`: 2 objects need parameters and are left out: `KEY`, \
             `NS`, `VALUE` (help: load what `oc process` makes of it)",
        ]
    );
    let pods: Vec<String> = loaded.cluster.pods().iter().map(|pod| pod.name.to_string()).collect();
    assert_eq!(pods, ["t/a"]);
}

/// K20: by Node objects, and by what live pods report.
#[test]
fn addresses_of_two_nodes_are_warned_about() {
    let loaded = load(
        "
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: ExternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {nodeName: n3}, status: {phase: Running, hostIP: 10.9.0.3}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {nodeName: n4, hostNetwork: true}, status: {phase: Running, podIP: 10.9.0.3}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {nodeName: n5}, status: {phase: Failed, hostIP: 10.9.0.3}}
",
    );
    let help = "(help: a flow that names the address has no answer; name a node)";
    assert_eq!(
        shown(&loaded),
        [
            format!(
                "t.yaml:4 (document 1): warning[NP008]: the address `10.9.0.1` belongs to the nodes `n1`, `n2` {help}"
            ),
            format!("warning[NP008]: the address `10.9.0.3` belongs to the nodes `n3`, `n4` {help}"),
        ]
    );
}

#[test]
fn faces_of_a_service_and_host_ports_are_read() {
    let loaded = load(
        "
apiVersion: v1
kind: Service
metadata: {name: s}
spec:
  type: LoadBalancer
  externalIPs: [192.0.2.1, '::ffff:192.0.2.2']
  externalTrafficPolicy: Local
  publishNotReadyAddresses: true
  ports: [{port: 80, nodePort: 30080}, {port: 81, nodePort: 0}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.1, ipMode: VIP}, {ip: 203.0.113.2, ipMode: Proxy}, {hostname: a.example}]}}
---
apiVersion: v1
kind: Endpoints
metadata: {name: s}
subsets:
- {addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: p}}], notReadyAddresses: [{ip: 'fd00::1'}], ports: [{name: x, port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {nodeSelector: {zone: a}, containers: [{ports: [{containerPort: 80, hostPort: 8080, hostIP: 10.9.0.1}, {containerPort: 81, hostPort: 0}]}]}
",
    );
    assert_eq!(shown(&loaded), Vec::<String>::new());
    let name = ObjectName::new("default", "s");
    let service = loaded.cluster.service(&name).unwrap();
    let texts = |addresses: &[std::net::IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&service.external_addresses), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(texts(&service.load_balancer_addresses), ["203.0.113.1"]);
    assert_eq!((service.external_traffic_policy, service.publish_not_ready), (ExternalTrafficPolicy::Local, true));
    let node_ports: Vec<_> = service.ports.iter().map(|port| port.node_port).collect();
    assert_eq!(node_ports, [Port::new(30080), None]);
    let subset = &loaded.cluster.endpoints_of(&name).unwrap().subsets[0];
    let endpoints: Vec<_> =
        subset.endpoints.iter().map(|each| (texts(&each.addresses), each.ready, each.target.is_some())).collect();
    assert_eq!(endpoints, [(vec!["10.0.0.1".to_owned()], true, true), (vec!["fd00::1".to_owned()], false, false)]);
    assert_eq!(subset.ports.len(), 1);
    let pod = loaded.cluster.pods().first().unwrap();
    assert_eq!(pod.node_selector.to_string(), "zone=a");
    let mut host = HostPort::new(Port::new(8080).unwrap());
    host.address = Some("10.9.0.1".parse().unwrap());
    assert_eq!(pod.ports.iter().map(|port| port.host_port).collect::<Vec<_>>(), [Some(host), None]);
}

/// K27: what controllers write into labels, by kind and release.
#[test]
fn controllers_set_labels() {
    let of = |workload: &Workload, minor: u16| -> Vec<String> {
        let values = workload.controller_values(Release::v1(minor));
        let one = |value: &netpol_oracle::model::ControllerValue| {
            let labels = value.labels.iter().map(|label| format!("{}={}*", label.key, label.prefix));
            format!("{:?} {:?} {}", value.kind, value.values, labels.collect::<Vec<_>>().join(" "))
        };
        values.iter().map(one).collect()
    };
    let set = workload(
        &WorkloadKind::StatefulSet,
        "w",
        &format!(
            "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: w}}, spec: {{replicas: 2, ordinals: {{start: 5}}, {TEMPLATE}}}}}"
        ),
    );
    assert_eq!(
        of(&set, 28),
        [
            "Ordinal Numbers { first: 5, last: 6 } statefulset.kubernetes.io/pod-name=w-* apps.kubernetes.io/pod-index=*",
            "Revision Anything controller-revision-hash=*",
        ]
    );
    assert_eq!(of(&set, 27)[0], "Ordinal Numbers { first: 5, last: 6 } statefulset.kubernetes.io/pod-name=w-*");
    let with_replicas = |replicas| {
        let mut set = set.clone();
        set.replicas = replicas;
        set.controller_values(Release::DEFAULT)[0].values.clone()
    };
    assert_eq!(with_replicas(None), PossibleValues::One("5".into()));
    assert_eq!(with_replicas(Some(0)), PossibleValues::AnyNumber);
    assert_eq!(with_replicas(Some(u32::MAX)).count(), Some(u64::from(u32::MAX) - 5 + 1));

    let job = |facts: &str| {
        workload(
            &WorkloadKind::Job,
            "j",
            &format!(
                "{{apiVersion: batch/v1, kind: Job, metadata: {{name: j, uid: u-1}}, spec: {{{facts}{TEMPLATE}}}}}"
            ),
        )
    };
    assert_eq!(
        of(&job("completionMode: Indexed, completions: 3, "), 28),
        [
            "JobName One(\"j\") job-name=* batch.kubernetes.io/job-name=*",
            "Uid One(\"u-1\") controller-uid=* batch.kubernetes.io/controller-uid=*",
            "Index Numbers { first: 0, last: 2 } batch.kubernetes.io/job-completion-index=*",
        ]
    );
    assert_eq!(
        of(&job("completions: 3, "), 26),
        ["JobName One(\"j\") job-name=*", "Uid One(\"u-1\") controller-uid=*"]
    );
    assert_eq!(of(&job("manualSelector: true, "), 34), Vec::<String>::new());
    let cron = workload(
        &WorkloadKind::CronJob,
        "c",
        &format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: c}}, spec: {{jobTemplate: {{spec: {{{TEMPLATE}}}}}}}}}"
        ),
    );
    let values = cron.controller_values(Release::DEFAULT);
    assert_eq!(values[0].kind, ControllerValueKind::JobName);
    let may_be = |text: &str| values[0].labels[0].value(text).is_some_and(|value| values[0].values.contains(value));
    assert_eq!(
        ["c-0", "c-29123", "c-", "c-07", "c-x", "d-1", "c-1-2"].map(may_be),
        [true, true, false, false, false, false, false]
    );
    let count = |kind| {
        Workload::new(kind, ObjectName::new("x", "y"), Default::default()).controller_values(Release::DEFAULT).len()
    };
    let counts = WorkloadKind::ALL.iter().cloned().map(count).collect::<Vec<_>>();
    assert_eq!(counts, [1, 0, 2, 2, 2, 2, 0]);
}
