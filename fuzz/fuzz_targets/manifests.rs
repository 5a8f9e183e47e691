//! Any bytes load: nothing panics, every diagnostic is located, and what loads can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netpol_oracle::{Decide, Endpoint, Flow, L4, Loader, Port, Profile, Protocol, Reference, Release, explain};

fuzz_target!(|bytes: &[u8]| {
    let loaded = Loader::new(Release::DEFAULT).text("fuzz.yaml", bytes).finish();
    for diagnostic in &loaded.diagnostics {
        assert!(diagnostic.location.is_some() && !diagnostic.message.is_empty());
    }
    let profile = Profile::kubernetes();
    let reference = Reference::new(&loaded.cluster, &profile);
    let port = Port::new(80).expect("80 is a port");
    let pods = loaded.cluster.pods();
    for source in pods.iter().take(4) {
        for destination in pods.iter().take(4) {
            let end = |pod: &netpol_oracle::Pod| Endpoint::Named(pod.name.clone());
            let flow = Flow::new(end(source), end(destination).into(), L4::Port(Protocol::Tcp, port));
            if let Ok(decision) = reference.decide(&flow) {
                assert!(!explain(&decision, &loaded.cluster).is_empty());
            }
        }
    }
});
