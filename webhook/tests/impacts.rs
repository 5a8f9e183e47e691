//! What of an impact is said, and what is refused for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use netpol_oracle::{Engine, Loader};
use netpol_webhook::impact::Kind;
use netpol_webhook::judge::{Judge, Rules};
use netpol_webhook::view::View;
use netpol_webhook::warnings::LONGEST;
use serde_json::{Value, json};

use crate::client::{Served, bounded, by, create, judge, policy, profile, review, supported, warnings};

fn refusing(kinds: &[Kind]) -> Judge {
    by(Rules { denied_impacts: kinds.iter().copied().collect(), ..Rules::default() })
}

fn closed(name: &str) -> Value {
    policy(name, json!({"podSelector": {"matchLabels": {"app": "db"}}}))
}

fn open(name: &str) -> Value {
    policy(name, json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{}]}))
}

fn from_web(name: &str) -> Value {
    let peers = json!([{"podSelector": {"matchLabels": {"app": "web"}}}]);
    policy(name, json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": peers}]}))
}

/// Which kinds refuse a change, each asked alone.
async fn refusals(review: &Value) -> BTreeSet<Kind> {
    let mut kinds = BTreeSet::new();
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        let response = Served::usual(refusing(&[*kind])).await.connect().await.review(review).await;
        if response["allowed"] == json!(false) {
            let message = response["status"]["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("the impact of the change refuses it ({}):\n", kind.word())),
                "{message}"
            );
            assert!(message.lines().nth(1).unwrap().starts_with("impact (as of "), "{message}");
            assert_eq!(response["status"]["code"], json!(403));
            assert_eq!(response["auditAnnotations"]["denied-by"], json!(kind.word()));
            kinds.insert(*kind);
        }
    }
    kinds
}

#[test]
fn each_kind_refuses_what_it_says() {
    bounded(async {
        use Kind::{BecomesUndefined, Closes, ClosesOutside, IsolationAdded, IsolationRemoved, Opens, OpensOutside};
        let opens = refusals(&review("UPDATE", &open("old"), &closed("old"))).await;
        assert_eq!(opens, [Opens, OpensOutside].into());
        let within = refusals(&review("UPDATE", &from_web("old"), &closed("old"))).await;
        assert_eq!(within, [Opens].into(), "nobody outside is meant");
        let closes = refusals(&review("UPDATE", &closed("old"), &from_web("old"))).await;
        assert_eq!(closes, [Closes].into());
        let isolates = refusals(&create(&policy("new", json!({"podSelector": {"matchLabels": {"app": "web"}}})))).await;
        // What has no ports is left open (U1).
        assert_eq!(isolates, [Closes, ClosesOutside, BecomesUndefined, IsolationAdded].into());
        let removed = refusals(&review("DELETE", &Value::Null, &closed("old"))).await;
        assert_eq!(removed, [Opens, OpensOutside, IsolationRemoved].into());
        let nothing = refusals(&review("UPDATE", &closed("old"), &closed("old"))).await;
        assert_eq!(nothing, BTreeSet::new());
    });
}

/// By a label that a controller sets (U7): who was free may be isolated, who was isolated may be free.
#[test]
fn isolation_that_is_left_open_is_added_to_who_was_free() {
    bounded(async {
        let set = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
                     "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "c"}]}}},
        });
        let loaded = Loader::new(profile().release()).object("db", &set).finish();
        assert_eq!(loaded.diagnostics, []);
        let subject = |labels: Value| policy("old", json!({"podSelector": {"matchLabels": labels}}));
        let (all, first) = (subject(json!({"app": "db"})), subject(json!({"apps.kubernetes.io/pod-index": "0"})));
        let nobody = subject(json!({"app": "nobody"}));
        for (before, after, kind) in [(&nobody, &first, Kind::IsolationAdded), (&all, &first, Kind::IsolationRemoved)] {
            for asked in [Kind::IsolationAdded, Kind::IsolationRemoved] {
                let view = Arc::new(View::of_files(Engine::new(&loaded.cluster, &profile())));
                let denied_impacts: BTreeSet<Kind> = [asked].into();
                let judge = Judge::new(profile(), view, Rules { denied_impacts, ..Rules::default() });
                let response =
                    Served::usual(judge).await.connect().await.review(&review("UPDATE", after, before)).await;
                assert_eq!(response["allowed"], json!(asked != kind), "{kind:?} {asked:?}: {response}");
            }
        }
    });
}

#[test]
fn what_opens_between_namespaces_is_told_from_what_opens_within_one() {
    bounded(async {
        let pod = |namespace: &str, name: &str, address: &str| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
                "status": {"phase": "Running", "podIP": address},
            })
        };
        let loaded = Loader::new(profile().release())
            .object("web", &pod("shop", "web", "10.0.0.1"))
            .object("db", &pod("shop", "db", "10.0.0.2"))
            .object("bank", &pod("bank", "clerk", "10.0.0.3"))
            .finish();
        let view = Arc::new(View::of_files(Engine::new(&loaded.cluster, &profile())));
        let denied_impacts: BTreeSet<Kind> = [Kind::OpensAcrossNamespaces].into();
        let judge = Judge::new(profile(), view, Rules { denied_impacts, ..Rules::default() });
        let served = Served::usual(judge).await;
        let mut client = served.connect().await;
        let from = |peer: Value| {
            policy("old", json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [peer]}]}))
        };
        let own = from(json!({"podSelector": {}}));
        let all = from(json!({"namespaceSelector": {}}));
        assert_eq!(client.review(&review("UPDATE", &own, &closed("old"))).await["allowed"], json!(true));
        assert_eq!(client.review(&review("UPDATE", &all, &own)).await["allowed"], json!(false));
    });
}

#[test]
fn who_cleans_up_is_not_held_up_and_neither_is_what_leaves() {
    bounded(async {
        let served = Served::usual(refusing(&[Kind::IsolationRemoved, Kind::Opens])).await;
        let mut client = served.connect().await;
        let mut removal = review("DELETE", &Value::Null, &closed("old"));
        assert_eq!(client.review(&removal).await["allowed"], json!(false));
        removal["request"]["userInfo"]["username"] = json!("system:serviceaccount:kube-system:namespace-controller");
        removal["request"]["dryRun"] = json!(true);
        let cleaned = client.review(&removal).await;
        assert_eq!(cleaned["allowed"], json!(true));
        assert!(warnings(&cleaned)[0].starts_with("impact "), "{cleaned}");
        let mut leaving = open("old");
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        assert_eq!(client.review(&review("UPDATE", &leaving, &closed("old"))).await["allowed"], json!(true));
    });
}

#[test]
fn an_impact_that_is_not_known_refuses_where_it_is_to() {
    bounded(async {
        let mut late = create(&supported("p"));
        late["request"]["dryRun"] = json!(true);
        let body = late.to_string();
        for (kinds, allowed) in [(&[Kind::Unknown][..], false), (&[Kind::Opens][..], true)] {
            let served = Served::usual(refusing(kinds)).await;
            let mut client = served.connect().await;
            // All of this is kept for the answer.
            let answer = client.send("POST", "/validate?timeout=500ms", body.clone().into()).await.unwrap();
            let response = answer.response();
            assert_eq!(response["allowed"], json!(allowed), "{response}");
            let said = if allowed { warnings(&response)[0] } else { response["status"]["message"].as_str().unwrap() };
            assert!(said.ends_with("impact: not worked out in time"), "{response}");
        }
    });
}

#[test]
fn without_impact_nothing_is_worked_out() {
    bounded(async {
        let served = Served::usual(by(Rules { without_impact: true, ..Rules::default() })).await;
        let response = served.connect().await.review(&create(&supported("p"))).await;
        assert_eq!((&response["allowed"], warnings(&response).len()), (&json!(true), 0));
        assert_eq!(response["auditAnnotations"]["impact"], json!("off"));
    });
}

#[test]
fn ports_come_first_and_the_witness_is_whole() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let response = served.connect().await.review(&review("UPDATE", &open("old"), &closed("old"))).await;
        let found = warnings(&response);
        let line = " s ago): 1-65535/tcp, 1-65535/udp opens: shop/web -> shop/db:1/tcp (from shop/web to shop/db)";
        assert!(found.iter().any(|text| text.starts_with("impact (as of ") && text.contains(line)), "{found:?}");

        // Names as long as they may be: what does not fit on a line goes on in the next.
        for length in [60, 100, 150, 253] {
            let long = |letter: char| {
                let labels: Vec<String> = (0..length / 64 + 1).map(|_| letter.to_string().repeat(63)).collect();
                labels.join(".").chars().take(length).collect::<String>().trim_end_matches('.').to_owned()
            };
            let (from, to) = (long('a'), long('b'));
            let pod = |name: &str, app: &str, address: &str| {
                json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "namespace": "shop", "labels": {"app": app}},
                    "status": {"phase": "Running", "podIP": address},
                })
            };
            let loaded = Loader::new(profile().release())
                .object("web", &pod(&from, "web", "10.0.0.1"))
                .object("db", &pod(&to, "db", "10.0.0.2"))
                .finish();
            assert_eq!(loaded.diagnostics, []);
            let view = Arc::new(View::of_files(Engine::new(&loaded.cluster, &profile())));
            let served = Served::usual(Judge::new(profile(), view, Rules::default())).await;
            let response = served.connect().await.review(&review("UPDATE", &from_web("old"), &closed("old"))).await;
            let found = warnings(&response);
            assert!(found.iter().all(|text| text.len() <= LONGEST), "{found:?}");
            let whole = found.concat().replace("……", "");
            assert!(whole.contains(&format!("opens: shop/{from} -> shop/{to}:1/tcp")), "{length}: {found:?}");
        }
    });
}

#[test]
fn ages_are_said_in_a_unit_that_fits() {
    use netpol_webhook::view::age_text;
    let texts = [0, 119, 120, 7_199, 7_200, 200_000].map(|seconds| age_text(Duration::from_secs(seconds)));
    assert_eq!(texts, ["0 s", "119 s", "2 min", "119 min", "2 h", "55 h"]);
}

/// What changes by way of a Service is said too; what opens comes before what closes, and of many ports the first.
#[test]
fn services_are_in_it_and_what_opens_comes_first() {
    bounded(async {
        let pod = |name: &str, address: &str| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
                "status": {"phase": "Running", "podIP": address},
            })
        };
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"clusterIP": "10.247.0.7", "selector": {"app": "db"}, "ports": [{"port": 80, "targetPort": 6379}]},
        });
        let loaded = Loader::new(profile().release())
            .object("web", &pod("web", "10.0.0.1"))
            .object("db", &pod("db", "10.0.0.2"))
            .object("service", &service)
            .finish();
        assert_eq!(loaded.diagnostics, []);
        let view = Arc::new(View::of_files(Engine::new(&loaded.cluster, &profile())));
        let served = Served::usual(Judge::new(profile(), view, Rules::default())).await;
        let web = json!([{"podSelector": {"matchLabels": {"app": "web"}}}]);
        let on = |ports: &[u16]| {
            let ports: Vec<Value> = ports.iter().map(|port| json!({"port": port})).collect();
            policy(
                "old",
                json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": web, "ports": ports}]}),
            )
        };
        let change = review("UPDATE", &on(&[6379, 9001, 9003, 9005, 9007, 9009]), &on(&[443]));
        let response = served.connect().await.review(&change).await;
        let impact: Vec<&str> =
            warnings(&response).into_iter().filter_map(|text| Some(text.split_once(" ago): ")?.1)).collect();
        assert_eq!(
            impact,
            [
                "6379/tcp, 9001/tcp, 9003/tcp, 9005/tcp, 9007/tcp and 1 more opens: shop/web -> shop/db:6379/tcp (from shop/web to shop/db)",
                "80/tcp opens: shop/web -> svc/shop/db:80/tcp (from shop/web to svc/shop/db)",
                "443/tcp closes: shop/web -> shop/db:443/tcp (from shop/web to shop/db)",
            ]
        );
    });
}
