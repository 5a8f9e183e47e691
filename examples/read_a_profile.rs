//! Read a profile: what the cluster underneath enforces, as a file beside the manifests.
//!
//! ```text
//! cargo run --example read_a_profile
//! ```

use netpol_oracle::{Decide, Engine, Loader, Profile, Row, Verdict, explain};

const PROFILE: &str = "\
model: tunnel
version: v1.31.6-r0
podCIDRs: [10.0.0.0/16]
overrides: {C14: single-port}   # this data plane is known to look at `port` alone
";

const MANIFESTS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: db}
status: {podIP: 10.0.1.3}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec: {podSelector: {}, ingress: [{ports: [{port: 6379, endPort: 6390}]}]}
";

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let profile = Profile::read("profile.yaml", PROFILE)?;
    let loaded = Loader::new(profile.release()).text("db.yaml", MANIFESTS).finish();

    // Upstream the range counts; here it does not, and the answer names the row that says so.
    let flow = "192.0.2.1 -> default/db:6380/tcp".parse()?;
    let upstream = Engine::new(&loaded.cluster, &Profile::kubernetes()).decide(&flow)?;
    let here = Engine::new(&loaded.cluster, &profile).decide(&flow)?;
    print!("{}{}", explain(&upstream, &loaded.cluster), explain(&here, &loaded.cluster));
    assert_eq!((upstream.verdict, here.verdict), (Verdict::Allow, Verdict::Deny));
    assert!(here.rows.contains(Row::C14));

    // A profile with mistakes is none; each is said at its line.
    let faults = Profile::read("profile.yaml", PROFILE.replace("C14", "C41").replace("tunnel", "vcp")).unwrap_err();
    for fault in &faults {
        println!("{fault}");
    }
    assert_eq!(faults.len(), 2);
    Ok(())
}
