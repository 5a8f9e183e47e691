//! `netpol reach`.

use serde_json::{Value, json};

use crate::support::{Folder, SHOP, netpol};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_has_a_connection_a_line() {
    let folder = Folder::new();
    let shop = folder.write("shop.yaml", SHOP);
    let run = netpol(["reach", "--manifests", &shop, "--to", "default/db", "--output", "json"]).with_code(0);
    let web = lines(&run.out).into_iter().find(|line| line["source"] == json!({"pods": ["default/web"]})).unwrap();
    assert_eq!(
        web,
        json!({
            "source": {"pods": ["default/web"]},
            "destination": {"pods": ["default/db"]},
            "ports": ["6379/tcp"],
            "verdict": "allow",
            "rows": [],
        })
    );
    let open = lines(&run.out).into_iter().find(|line| line["verdict"] == "undefined").unwrap();
    assert_eq!((&open["ports"], &open["rows"]), (&json!(["icmp", "other"]), &json!(["U1"])));
}

#[test]
fn forms_say_the_same() {
    let scenes = concat!(env!("CARGO_MANIFEST_DIR"), "/scenes");
    let rows =
        |form: &str| netpol(["reach", "--manifests", scenes, "--by", "namespace", "--output", form]).with_code(0).out;
    let (text, csv, md, json) = (rows("text"), rows("csv"), rows("md"), rows("json"));
    let count = json.lines().count();
    assert!(count > 20, "{json}");
    assert_eq!([text.lines().count(), csv.lines().count(), md.lines().count()], [count + 1, count + 1, count + 2]);
    assert!(text.starts_with("SOURCE "), "{text}");
    assert!(csv.starts_with("source,destination,ports,verdict,rows\n"), "{csv}");
    assert!(md.starts_with("| source | destination | ports | verdict | rows |\n|---|---|---|---|---|\n"), "{md}");
}

#[test]
fn one_end_or_two() {
    let scenes = concat!(env!("CARGO_MANIFEST_DIR"), "/scenes");
    let both = netpol([
        "reach",
        "--manifests",
        scenes,
        "--by",
        "pod",
        "--output",
        "json",
        "--from",
        "fig1/frontend",
        "--to",
        "fig1/db",
    ]);
    let both = lines(&both.with_code(0).out);
    let expected = |ports: Value, verdict: &str, rows: Value| {
        json!({"source": {"pods": ["fig1/frontend"]}, "destination": {"pods": ["fig1/db"]},
               "ports": ports, "verdict": verdict, "rows": rows})
    };
    assert_eq!(
        both,
        [
            expected(json!(["6379/tcp"]), "allow", json!([])),
            expected(json!(["icmp", "other"]), "undefined", json!(["U1"]))
        ]
    );
    let from = netpol(["reach", "--manifests", scenes, "--by", "pod", "--output", "json", "--from", "namespace:fig1"]);
    let from = lines(&from.with_code(0).out);
    assert!(from.len() > 5);
    assert!(from.iter().all(|line| {
        line["source"]["pods"].as_array().unwrap().iter().all(|pod| pod.as_str().unwrap().starts_with("fig1/"))
    }));
    for (flag, end, said) in [
        ("--from", "fig1/nobody", "nobody in these manifests is `fig1/nobody`"),
        ("--to", "namespace:nowhere", "nobody in these manifests is `namespace:nowhere`"),
        ("--to", "fig1/db@10.0.1.3", "nobody in these manifests is `fig1/db@10.0.1.3`"),
        ("--from", "fig1", "`fig1`: column 1"),
    ] {
        let run = netpol(["reach", "--manifests", scenes, flag, end]).with_code(2);
        assert!(run.err.contains(said) && run.out.is_empty(), "{}", run.err);
    }
    let folder = Folder::new();
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: 10.96.0.9, ports: [{port: 80}]}\n";
    let service = folder.write("service.yaml", service);
    let run = netpol(["reach", "--manifests", &service, "--from", "svc/default/db"]).with_code(2);
    assert!(run.err.contains("a Service opens no connections"), "{}", run.err);
}

/// What the answers hang on stands beside them (K28), and an address of somebody's is somebody.
#[test]
fn what_was_not_given_is_said_and_addresses_are_whose_they_are() {
    let folder = Folder::new();
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {nodeName: n1, containers: []}\nstatus: \
                {podIP: 10.0.0.2}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, \
                address: 192.168.0.1}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {clusterIP: \
                10.247.3.10, ports: [{port: 80}]}\n";
    let file = folder.write("pods.yaml", pods);
    let run = netpol(["reach", "--manifests", &file, "--from", "10.0.0.2", "--output", "json"]).with_code(0);
    assert!(lines(&run.out).iter().all(|line| line["source"] == json!({"pods": ["shop/web"]})), "{}", run.out);
    for said in ["note: no NetworkPolicy was loaded", "note: namespace `shop` was not loaded"] {
        assert!(run.err.contains(said), "{}", run.err);
    }
    let by_name = |name: &str| netpol(["reach", "--manifests", &file, "--to", name]).with_code(0).out;
    assert_eq!(by_name("192.168.0.1"), by_name("node:n1"));
    assert_eq!(by_name("10.247.3.10"), by_name("svc/shop/s"));
}
