//! Is this flow allowed, and why: manifests in, a decision with its reasons out.
//!
//! ```text
//! cargo run --example decide_a_flow
//! ```

use netpol_oracle::{Decide, Engine, Loader, Profile, Verdict, explain};

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.0.7}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
status: {podIP: 10.0.1.3}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-takes-web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 6379}]
"#;

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let profile = Profile::kubernetes();
    // Loading never fails: what is wrong with a manifest is a diagnostic, and the rest is there.
    let loaded = Loader::new(profile.release()).text("shop.yaml", MANIFESTS).finish();
    for diagnostic in &loaded.diagnostics {
        eprintln!("{diagnostic}");
    }
    let engine = Engine::new(&loaded.cluster, &profile);

    for (flow, expected) in [
        ("shop/web -> shop/db:6379/tcp", Verdict::Allow),
        ("shop/web -> shop/db:22/tcp", Verdict::Deny),
        ("192.0.2.1 -> shop/db:6379/tcp", Verdict::Deny),
        // Upstream does not say what becomes of ICMP at an isolated pod: row U1.
        ("shop/web -> shop/db icmp", Verdict::Undefined),
    ] {
        let decision = engine.decide(&flow.parse()?)?;
        print!("{}", explain(&decision, &loaded.cluster));
        assert_eq!(decision.verdict, expected);
    }

    // A flow about a pod that is not there is an error, not a verdict.
    let error = engine.decide(&"shop/cache -> shop/db:6379/tcp".parse()?).unwrap_err();
    println!("shop/cache -> shop/db:6379/tcp: {error}");
    Ok(())
}
