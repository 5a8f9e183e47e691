//! Follow a cluster that changes: changes go in as they come, readers keep the snapshot that they hold.
//!
//! ```text
//! cargo run --example follow_changes
//! ```

use std::thread;

use netpol_oracle::labels::Selector;
use netpol_oracle::model::{ObjectId, PolicyTypes};
use netpol_oracle::{Change, Cluster, Engine, Flow, NetworkPolicy, ObjectName, Pod, Profile, Verdict};

fn pod(name: &str, address: &str) -> Result<Pod, Box<dyn std::error::Error>> {
    let mut pod = Pod::new(ObjectName::new("shop", name));
    pod.addresses = vec![address.parse()?];
    Ok(pod)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Engine::new(&Cluster::default(), &Profile::kubernetes());
    let flow: Flow = "shop/web -> shop/db:6379/tcp".parse()?;

    // A watch's first list: one batch, all of it or nothing.
    engine.apply(&[Change::Put(pod("web", "10.0.0.7")?.into()), Change::Put(pod("db", "10.0.1.3")?.into())])?;
    assert_eq!(engine.verdict(&flow)?, Verdict::Allow);

    // Somebody reads while the cluster goes on.
    let before = engine.snapshot();
    let name = ObjectName::new("shop", "deny-all");
    let deny_all = NetworkPolicy::new(name.clone(), Selector::everything(), PolicyTypes::Ingress, vec![], vec![]);
    engine.apply(&[Change::Put(deny_all.into())])?;
    let reader = thread::spawn({
        let flow = flow.clone();
        move || before.verdict(&flow)
    });
    assert_eq!(reader.join().map_err(|_| "the reader panicked")??, Verdict::Allow);
    assert_eq!(engine.verdict(&flow)?, Verdict::Deny);

    // A pod with another address, and a policy that goes: each costs what it touches.
    engine.apply(&[Change::Put(pod("db", "10.0.1.4")?.into()), Change::Remove(ObjectId::Policy(name.clone()))])?;
    assert_eq!(engine.verdict(&flow)?, Verdict::Allow);

    // What cannot be done changes nothing, and says why.
    let error = engine.apply(&[Change::Remove(ObjectId::Policy(name))]).unwrap_err();
    println!("{flow}: {}; {error}", engine.verdict(&flow)?);
    Ok(())
}
