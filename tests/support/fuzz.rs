//! What must hold of any input at all: the bodies of the fuzz targets, which the tests replay over kept inputs.

use netpol_oracle::manifest::judge_text;
use netpol_oracle::manifest::write::Manifest;
use netpol_oracle::{
    Cluster, Decide, Endpoint, Flow, L4, Loader, NetworkPolicy, Pod, Port, Profile, Protocol, Reference, Release,
    explain,
};

/// Any bytes load, from a reader to the same as from a text: every diagnostic is located, and what loads can be judged and
/// explained.
pub(crate) fn manifests(bytes: &[u8]) {
    let loaded = Loader::new(Release::DEFAULT).text("fuzz", bytes).finish();
    let read = Loader::new(Release::DEFAULT).reader("fuzz", bytes).finish();
    assert!(read.cluster == loaded.cluster && read.diagnostics == loaded.diagnostics && read.objects == loaded.objects);
    for diagnostic in &loaded.diagnostics {
        assert!(diagnostic.location.is_some() && !diagnostic.message.is_empty(), "{diagnostic}");
    }
    let profile = Profile::kubernetes();
    judge_pods(&loaded.cluster, &profile);
}

fn judge_pods(cluster: &Cluster, profile: &Profile) {
    let reference = Reference::new(cluster, profile);
    let Some(port) = Port::new(80) else { return };
    let end = |pod: &Pod| Endpoint::Named(pod.name.clone());
    for source in cluster.pods().iter().take(4) {
        for destination in cluster.pods().iter().take(4) {
            let flow = Flow::new(end(source), end(destination).into(), L4::Port(Protocol::Tcp, port));
            if let Ok(decision) = reference.decide(&flow) {
                assert!(!explain(&decision, cluster).is_empty());
            }
        }
    }
}

/// Any bytes posted as a policy get an answer: a refusal has an error to show for it, and what is accepted
/// is written and read back the same.
pub(crate) fn policy_json(bytes: &[u8]) {
    for release in [Release::v1(31), Release::v1(34), Release::v1(37)] {
        // As a body, and as a text of many documents.
        for judgement in ["policy.json", "policy"].into_iter().flat_map(|name| judge_text(release, name, bytes)) {
            assert!(judgement.accepted || !judgement.accepted_strict);
            assert_eq!(judgement.accepted, judgement.policy.is_some());
            match &judgement.policy {
                Some(policy) => assert_eq!(rewritten(policy), Some(policy.clone())),
                None => assert!(!judgement.diagnostics.is_empty()),
            }
        }
    }
}

/// A policy written as a manifest and judged by a release that takes every form of CIDR.
fn rewritten(policy: &NetworkPolicy) -> Option<NetworkPolicy> {
    let text = serde_json::to_vec(&Manifest(policy)).ok()?;
    judge_text(Release::v1(31), "policy.json", text).pop()?.policy
}

/// Any text is a flow or a located error, and what parses prints and parses back.
pub(crate) fn flow_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<Flow>() {
        Ok(flow) => assert_eq!(flow.to_string().parse(), Ok(flow)),
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}"),
    }
}
