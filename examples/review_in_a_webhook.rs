//! The inside of a validating webhook: an AdmissionReview in, its answer out. `webhook/` is one that serves.
//!
//! ```text
//! cargo run --example review_in_a_webhook
//! ```

use netpol_oracle::analysis::{Detail, Diff};
use netpol_oracle::diagnostic::Severity;
use netpol_oracle::{Change, Engine, Loader, Profile, admission};
use serde_json::{Value, json};

/// What the API server is told: errors refuse, everything else is a warning, and so is what the change opens and closes.
fn answer(review: &Value, engine: &Engine) -> Result<Value, Box<dyn std::error::Error>> {
    let request = &review["request"];
    let (cluster, profile) = (engine.cluster(), engine.profile());
    // Any `Serialize` object goes in: this JSON, or the typed one of k8s-openapi or kube.
    let loaded = Loader::new(profile.release()).object("request.object", &request["object"]).finish();
    let mut found = loaded.diagnostics;
    let mut warnings = Vec::new();
    if let Some(policy) = loaded.cluster.policies().first() {
        found.extend(admission::review(policy, profile, cluster));

        // A clone of an engine is one's own to change, and shares what does not.
        let mut after = engine.clone();
        after.apply(&[Change::Put(policy.clone().into())])?;
        for change in Diff::new(engine, &after).changes(Detail::Workloads) {
            let (before, after) = (change.before, change.after);
            warnings.push(format!("impact: {} goes from {before} to {after} on {}", change.witness, change.ports));
        }
    }
    let allowed = found.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    warnings.extend(found.iter().map(ToString::to_string));
    let response = if allowed {
        json!({"uid": request["uid"], "allowed": true, "warnings": warnings})
    } else {
        json!({"uid": request["uid"], "allowed": false, "status": {"code": 403, "message": warnings.join("\n")}})
    };
    Ok(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Tunnel networks do not enforce a policy's `endPort`.
    let profile: Profile = "tunnel:v1.31.6-r0".parse()?;
    let db = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "shop"},
                    "status": {"podIP": "10.0.1.3"}});
    let loaded = Loader::new(profile.release()).object("db", &db).finish();
    let engine = Engine::new(&loaded.cluster, &profile);

    let review = |port: Value| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "705ab4f5", "operation": "CREATE", "namespace": "shop", "name": "db", "object": {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [port]}]},
        }}})
    };
    let plain = answer(&review(json!({"port": 6379})), &engine)?;
    let range = answer(&review(json!({"port": 6379, "endPort": 6380})), &engine)?;
    println!("{plain:#}\n{range:#}");
    assert_eq!(plain["response"]["allowed"], true);
    assert!(plain["response"]["warnings"][0].as_str().is_some_and(|text| text.starts_with("impact: ")));
    assert_eq!(range["response"]["allowed"], false);
    Ok(())
}
