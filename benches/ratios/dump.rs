//! What `kubectl get pods -A -o json` and `-o yaml` write, of any length, made while it is read.

use std::io::{self, Read};

use serde_json::{Value, json};

/// A list of pods as text: managed fields, annotations, variables, probes, volumes and statuses, as ordinary pods have them.
pub(crate) struct Dump {
    head: Vec<u8>,
    /// An item in pieces; between them stands what differs from pod to pod.
    item: Vec<(Vec<u8>, Differs)>,
    between: &'static [u8],
    tail: Vec<u8>,
    pods: usize,
    next: usize,
    /// What is to be read next.
    text: Vec<u8>,
    at: usize,
}

/// What differs from pod to pod.
#[derive(Clone, Copy)]
enum Differs {
    Name,
    Namespace,
    App,
    Hash,
    Address,
    Node,
    NodeAddress,
    Nothing,
}

const PLACES: [(&str, Differs); 7] = [
    ("@name@", Differs::Name),
    ("@namespace@", Differs::Namespace),
    ("@app@", Differs::App),
    ("@hash@", Differs::Hash),
    ("@address@", Differs::Address),
    ("@node@", Differs::Node),
    ("@nodeaddress@", Differs::NodeAddress),
];

impl Dump {
    pub(crate) fn json(pods: usize) -> Self {
        let mut text = Vec::new();
        let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, indented);
        serde::Serialize::serialize(&list(), &mut serializer).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, rest) = text.split_at(text.find("\n        {").unwrap());
        let end = rest.rfind("\n    ],").unwrap();
        Self::new(head, &rest[..end], b",", &rest[end..], pods)
    }

    pub(crate) fn yaml(pods: usize) -> Self {
        let text = serde_yaml::to_string(&list()).unwrap();
        let (head, rest) = text.split_at(text.find("\n- ").unwrap());
        let end = rest.find("\nkind:").unwrap();
        Self::new(head, &rest[..end], b"", &rest[end..], pods)
    }

    fn new(head: &str, item: &str, between: &'static [u8], tail: &str, pods: usize) -> Self {
        let mut pieces = Vec::new();
        let mut rest = item;
        while let Some((at, place)) =
            PLACES.iter().filter_map(|place| Some((rest.find(place.0)?, place))).min_by_key(|found| found.0)
        {
            pieces.push((rest.as_bytes()[..at].to_vec(), place.1));
            rest = &rest[at + place.0.len()..];
        }
        pieces.push((rest.as_bytes().to_vec(), Differs::Nothing));
        let (head, tail) = (head.as_bytes().to_vec(), tail.as_bytes().to_vec());
        Self { text: head.clone(), head, item: pieces, between, tail, pods, next: 0, at: 0 }
    }

    /// How many bytes it has, about.
    pub(crate) fn size(&self) -> usize {
        let item: usize = self.item.iter().map(|piece| piece.0.len() + 10).sum();
        self.head.len() + self.pods * item + self.tail.len()
    }

    /// All of it.
    pub(crate) fn whole(mut self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.size() + (1 << 20));
        self.read_to_end(&mut text).unwrap();
        text
    }

    fn pod(&mut self, number: usize) {
        use std::io::Write as _;
        let app = number / 10;
        for (piece, differs) in &self.item {
            self.text.extend_from_slice(piece);
            let text = &mut self.text;
            let [_, a, b, c] = (number as u32).to_be_bytes();
            match differs {
                Differs::Name => write!(text, "app-{app}-6d4cf56db6-{number:06}"),
                Differs::Namespace => write!(text, "team-{}", app / 10 % 500),
                Differs::App => write!(text, "app-{app}"),
                Differs::Hash => write!(text, "{:08x}", app * 2_654_435_761 % 0xFFFF_FFFF),
                Differs::Address => write!(text, "10.{a}.{b}.{c}"),
                Differs::Node => write!(text, "node-{}", number / 30 % 5_000),
                Differs::NodeAddress => write!(text, "172.16.{}.{}", number / 30 % 5_000 / 250, number / 30 % 250 + 1),
                Differs::Nothing => Ok(()),
            }
            .unwrap();
        }
    }
}

impl Read for Dump {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            let number = self.next;
            self.next += 1;
            if number < self.pods {
                if number > 0 {
                    self.text.extend_from_slice(self.between);
                }
                self.pod(number);
            } else if number == self.pods {
                self.text.extend_from_slice(&self.tail);
            }
        }
        let len = into.len().min(self.text.len() - self.at);
        into[..len].copy_from_slice(&self.text[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

fn list() -> Value {
    json!({"apiVersion": "v1", "items": [pod()], "kind": "PodList", "metadata": {"resourceVersion": ""}})
}

fn pod() -> Value {
    let container = |name: &str, port: u16| {
        let env: Vec<Value> = (0..12)
            .map(|at| match at % 3 {
                0 => json!({"name": format!("SERVICE_{at}_URL"), "value": format!("http://service-{at}.default.svc:8080/api")}),
                1 => json!({"name": format!("PASSWORD_{at}"), "valueFrom": {"secretKeyRef": {"key": "password", "name": "@app@-secret"}}}),
                _ => json!({"name": format!("POD_{at}"), "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}),
            })
            .collect();
        let probe = json!({
            "failureThreshold": 3, "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 10, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
        });
        json!({
            "args": ["--listen=:8080", "--log-level=info", "--config=/etc/app/config.yaml"],
            "env": env,
            "image": format!("registry.example.com/team/{name}:v1.24.7"),
            "imagePullPolicy": "IfNotPresent",
            "livenessProbe": probe, "readinessProbe": probe,
            "name": name,
            "ports": [{"containerPort": port, "name": format!("{name}-http"), "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [
                {"mountPath": "/etc/app", "name": "config", "readOnly": true},
                {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-x7l2p", "readOnly": true},
            ],
        })
    };
    let field = |name: &str| -> Value { json!({format!("f:{name}"): {}}) };
    let managed: Vec<Value> = ["kube-controller-manager", "kubelet"]
        .iter()
        .map(|manager| {
            let keys: serde_json::Map<String, Value> = (0..12)
                .map(|at| (format!("k:{{\"name\":\"SERVICE_{at}_URL\"}}"), json!({".": {}, "f:name": {}, "f:value": {}})))
                .collect();
            json!({
                "apiVersion": "v1", "fieldsType": "FieldsV1",
                "fieldsV1": {
                    "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}}},
                    "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:env": keys, "f:image": {}, "f:ports": field("containerPort")}},
                        "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:volumes": field("name")},
                    "f:status": {"f:conditions": field("type"), "f:phase": {}, "f:podIP": {}},
                },
                "manager": manager, "operation": "Update", "time": "2026-01-05T10:00:00Z",
            })
        })
        .collect();
    let conditions: Vec<Value> = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .iter()
        .map(|kind| json!({"lastProbeTime": null, "lastTransitionTime": "2026-01-05T10:00:10Z", "status": "True", "type": kind}))
        .collect();
    let status = |name: &str| {
        json!({
            "containerID": "containerd://5f2b8c1d3e4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c",
            "image": format!("registry.example.com/team/{name}:v1.24.7"),
            "imageID": format!("registry.example.com/team/{name}@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"),
            "lastState": {}, "name": name, "ready": true, "restartCount": 0, "started": true,
            "state": {"running": {"startedAt": "2026-01-05T10:00:08Z"}},
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": {
                "checksum/config": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
                "kubectl.kubernetes.io/restartedAt": "2026-01-05T10:00:00Z",
                "prometheus.io/scrape": "true",
            },
            "creationTimestamp": "2026-01-05T10:00:00Z",
            "generateName": "@app@-6d4cf56db6-",
            "labels": {
                "app": "@app@", "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/version": "v1.24.7",
                "pod-template-hash": "@hash@", "tier": "backend",
            },
            "managedFields": managed,
            "name": "@name@",
            "namespace": "@namespace@",
            "ownerReferences": [{
                "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "ReplicaSet", "name": "@app@-@hash@",
                "uid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            }],
            "resourceVersion": "184467440",
            "uid": "5f2b8c1d-3e4a-5b6c-7d8e-9f0a1b2c3d4e",
        },
        "spec": {
            "containers": [container("web", 8080), container("proxy", 9090)],
            "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "nodeName": "@node@", "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0, "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
            "serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
                {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300},
            ],
            "volumes": [
                {"configMap": {"defaultMode": 420, "name": "@app@-config"}, "name": "config"},
                {"name": "kube-api-access-x7l2p", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                    {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
                ]}},
            ],
        },
        "status": {
            "conditions": conditions,
            "containerStatuses": [status("web"), status("proxy")],
            "hostIP": "@nodeaddress@", "hostIPs": [{"ip": "@nodeaddress@"}],
            "phase": "Running", "podIP": "@address@", "podIPs": [{"ip": "@address@"}],
            "qosClass": "Burstable", "startTime": "2026-01-05T10:00:00Z",
        },
    })
}
