//! One example for every code of the profile, and of what is said in vain.

use crate::diagnostic::Code;

/// A policy that is told something, and what.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Example {
    /// The code.
    pub code: Code,
    /// The profile, as a file.
    pub profile: &'static str,
    /// The policy, `p` of the namespace `a`, and the objects around it, as manifests.
    pub manifests: &'static str,
    /// The field that is pointed at.
    pub path: &'static str,
    /// What is said.
    pub message: &'static str,
}

/// One example for every code from NP201 on.
pub const CATALOGUE: &[Example] = &[
    Example {
        code: Code::NotEnforced,
        profile: "{model: tunnel, version: v1.31.6-r0, switch: false}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}",
        path: "",
        message: "network policies are switched off on this cluster: nothing of this one is enforced",
    },
    Example {
        code: Code::IngressVersion,
        profile: "{model: vpc, version: v1.31.4-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}",
        path: "spec.ingress",
        message: "DataPlane V2 is on but has no effect: cluster version `v1.31.4-r0` does not enforce ingress rules, traffic passes freely",
    },
    Example {
        code: Code::EgressVersion,
        profile: "{model: tunnel, version: v1.21.7-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Egress]}}",
        path: "spec.egress",
        message: "cluster version `v1.21.7-r0` does not enforce egress rules, traffic passes freely",
    },
    Example {
        code: Code::IngressIpBlock,
        profile: "{model: tunnel, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}}",
        path: "spec.ingress[0].from[0].ipBlock",
        message: "this cluster does not support `ipBlock` in ingress rules: what the block admits is not known",
    },
    Example {
        code: Code::EgressIpBlock,
        profile: "{model: tunnel, version: v1.31.6-r0, overrides: {C5: unsupported}}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}}",
        path: "spec.egress[0].to[0].ipBlock",
        message: "this cluster does not support `ipBlock` in egress rules: what the block admits is not known",
    },
    Example {
        code: Code::NodeOs,
        profile: "{model: vpc, version: v1.31.6-r0}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}, spec: {nodeName: n1}}\n---\n",
            "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {nodeInfo: {osImage: Debian GNU/Linux 12}}}",
        ),
        path: "spec.podSelector",
        message: "none of the nodes of the selected pods have an operating system that is known to enforce ingress rules: node `n1` with `Debian GNU/Linux 12`",
    },
    Example {
        code: Code::Ipv6Policy,
        profile: "{model: vpc, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '2001:db8::/64'}}]}]}}",
        path: "spec.ingress[0].from[0].ipBlock.cidr",
        message: "this cluster does not support IPv6 policies: IPv6 traffic passes whatever the block says",
    },
    Example {
        code: Code::SecureContainers,
        profile: "{model: cn2, version: v1.31.6-r0}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}, spec: {runtimeClassName: kata}}",
        ),
        path: "spec.podSelector",
        message: "policies are not known to be enforced for secure containers: pod `a/web-0`",
    },
    Example {
        code: Code::IpBlockScope,
        profile: "{model: vpc, version: v1.31.6-r0, podCIDRs: [10.0.0.0/16]}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}, status: {podIPs: [{ip: 10.0.0.7}]}}",
        ),
        path: "spec.ingress[0].from[0].ipBlock.cidr",
        message: "an `ipBlock` never matches addresses of the cluster here, and `10.0.0.0/8` holds some: pod cidr `10.0.0.0/16`; pods `a/web-0`",
    },
    Example {
        code: Code::ClusterIpPeers,
        profile: "{model: tunnel, version: v1.31.6-r0}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, egress: [{to: [{podSelector: {}}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}}\n---\n",
            "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {clusterIP: 10.247.0.9, selector: {app: web}, ports: [{port: 80}]}}",
        ),
        path: "spec.egress[0].to[0]",
        message: "a ClusterIP cannot be limited by labels here: whether connections to `svc/a/web` are limited is not known",
    },
    Example {
        code: Code::InternalCloud,
        profile: "{model: cn2, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Egress]}}",
        path: "spec.egress",
        message: "this cluster cannot limit `100.125.0.0/16`: the selected pods reach it whatever the rules say",
    },
    Example {
        code: Code::Sctp,
        profile: "{model: cn2, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{ports: [{port: 80}, {port: 9999, protocol: SCTP}]}]}}",
        path: "spec.ingress[0].ports[1].protocol",
        message: "this cluster does not support SCTP: what the rule admits is not known",
    },
    Example {
        code: Code::OwnNode,
        profile: "{model: vpc, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Egress]}}",
        path: "spec.egress",
        message: "the selected pods lose the addresses of nodes, their own too, and of hostNetwork pods: only a rule without `to` leaves those open",
    },
    Example {
        code: Code::EndPort,
        profile: "{model: tunnel, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 90}]}]}}",
        path: "spec.ingress[0].ports[0].endPort",
        message: "this cluster does not support `endPort`: only port `80` is admitted, not `80` to `90`",
    },
    Example {
        code: Code::DiscouragedExcept,
        profile: "{model: vpc, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.1/32]}}]}]}}",
        path: "spec.ingress[0].from[0].ipBlock.except",
        message: "the vendor advises against `except` on this data plane",
    },
    Example {
        code: Code::DnsCutOff,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Egress]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: coredns-0, namespace: kube-system, labels: {k8s-app: kube-dns}}}",
        ),
        path: "spec.egress",
        message: "DNS is cut off: no egress rule lets `a/web-0` reach the pods with `k8s-app=kube-dns` on port 53",
    },
    Example {
        code: Code::SubjectSelectsNothing,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {matchLabels: {app: wbe}}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}}",
        ),
        path: "spec.podSelector",
        message: "`app=wbe` selects no pod of namespace `a`",
    },
    Example {
        code: Code::PeerSelectsNothing,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: api-0, namespace: b, labels: {app: api}}}",
        ),
        path: "spec.ingress[0].from[0]",
        message: "`app=api` selects no pod of namespace `a`",
    },
    Example {
        code: Code::UndeclaredPortName,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web-0, namespace: a, labels: {app: web}}, spec: {containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}}",
        ),
        path: "spec.ingress[0].ports[0].port",
        message: "no selected pod declares a TCP port named `http`: the entry admits nothing",
    },
    Example {
        code: Code::PortNameOutside,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: http}]}]}}",
        path: "spec.egress[0].ports[0].port",
        message: "only pods have port names: `http` admits no address outside the cluster by `to[0]`",
    },
    Example {
        code: Code::UndeclaredDirection,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Ingress], egress: [{}]}}",
        path: "spec.egress",
        message: "`policyTypes` does not declare `Egress`: the rule here is ignored",
    },
    Example {
        code: Code::HostNetworkPods,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: agent-0, namespace: a, labels: {app: web}}, spec: {hostNetwork: true}}",
        ),
        path: "spec.podSelector",
        message: "policies do not isolate pods with hostNetwork, and the selector selects some: `a/agent-0`",
    },
    Example {
        code: Code::OtherPolicies,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}\n---\n",
            "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: b}}",
        ),
        path: "",
        message: "policies of other kinds exist, which may decide otherwise and are not judged: `AdminNetworkPolicy`",
    },
    Example {
        code: Code::EmptyIpBlock,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}}]}]}}",
        path: "spec.egress[0].to[0].ipBlock.except",
        message: "`except` leaves nothing of `10.0.0.0/8`: the block admits no address",
    },
    Example {
        code: Code::AdmitsEveryone,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{}]}}",
        path: "spec.ingress[0]",
        message: "the rule admits every source on every port: the policy limits no ingress",
    },
    Example {
        code: Code::NodeDnsCutOff,
        profile: "{model: tunnel, version: v1.31.6-r0}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, policyTypes: [Egress]}}\n---\n",
            "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {node-local-dns-injection: enabled}}}",
        ),
        path: "spec.egress",
        message: "node-local DNS is cut off: no egress rule lets the pods it will select reach `169.254.20.10` on port 53 over UDP",
    },
    Example {
        code: Code::HealthChecksCutOff,
        profile: "{model: vpc, version: v1.31.6-r0}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}}}",
        path: "spec.ingress",
        message: "health checks of load balancers are cut off: no ingress rule lets `100.125.0.0/16` reach the pods it will select",
    },
    Example {
        code: Code::ImpliedPeer,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: web, tier: front}}}]}]}}",
        path: "spec.ingress[0].from[1]",
        message: "whoever this admits is admitted by `spec.ingress[0].from[0]` too",
    },
    Example {
        code: Code::ImpliedPort,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{ports: [{port: 80}, {port: 1, endPort: 1024}]}]}}",
        path: "spec.ingress[0].ports[0]",
        message: "the ports of this entry are admitted by `spec.ingress[0].ports[1]` too",
    },
    Example {
        code: Code::ImpliedRule,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}, {ports: [{port: 443}]}]}}\n---\n",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}}",
        ),
        path: "spec.ingress[0]",
        message: "whatever the rule admits is admitted by `q spec.ingress[0].from[0]` too",
    },
    Example {
        code: Code::ImpliedExcept,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.2.0/24]}}]}]}}",
        path: "spec.ingress[0].from[0].ipBlock.except[1]",
        message: "`10.1.0.0/16` cuts out `10.1.2.0/24` already",
    },
    Example {
        code: Code::ImpliedPolicy,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {matchLabels: {app: db}}}}\n---\n",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: a}, spec: {podSelector: {}}}",
        ),
        path: "",
        message: "policy `q` isolates the pods that this one does, and admits all that it admits",
    },
    Example {
        code: Code::EqualPolicy,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}\n---\n",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: o, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}}",
        ),
        path: "",
        message: "policy `o` says the same of the same pods",
    },
    Example {
        code: Code::Contradiction,
        profile: "{model: kubernetes}",
        manifests: "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: db}, matchExpressions: [{key: app, operator: DoesNotExist}]}}]}]}}",
        path: "spec.ingress[0].from[1]",
        message: "no pod can have such labels: `app=db,!app`",
    },
    Example {
        code: Code::IdlePeer,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {tier: front}}}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a, labels: {app: web, tier: front}}, spec: {}}",
        ),
        path: "spec.ingress[0].from[1]",
        message: "in this cluster, as it is, whoever this admits is admitted by `spec.ingress[0].from[0]` too",
    },
    Example {
        code: Code::IdlePort,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}, {port: 81}]}, {from: [{podSelector: {matchLabels: {tier: front}}}], ports: [{port: 80}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a, labels: {app: web, tier: front}}, spec: {}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: mobile, namespace: a, labels: {tier: front}}, spec: {}}",
        ),
        path: "spec.ingress[0].ports[0]",
        message: "in this cluster, as it is, the ports of this entry are admitted by `spec.ingress[1].ports[0]` too",
    },
    Example {
        code: Code::IdleRule,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}, {from: [{podSelector: {matchLabels: {tier: front}}}], ports: [{port: 80}]}]}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a, labels: {app: web, tier: front}}, spec: {}}",
        ),
        path: "spec.ingress[1]",
        message: "in this cluster, as it is, whatever the rule admits is admitted by `spec.ingress[0].from[0]` too",
    },
    Example {
        code: Code::IdlePolicy,
        profile: "{model: kubernetes}",
        manifests: concat!(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: {podSelector: {matchLabels: {app: web}}}}\n---\n",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: a}, spec: {podSelector: {matchLabels: {tier: front}}}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: a, labels: {app: web, tier: front}}, spec: {}}\n---\n",
            "{apiVersion: v1, kind: Pod, metadata: {name: mobile, namespace: a, labels: {tier: front}}, spec: {}}",
        ),
        path: "",
        message: "in this cluster, as it is, policy `q` isolates the pods that this one does, and admits all that it admits",
    },
];
