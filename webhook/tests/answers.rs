//! What is allowed, denied and said.

use hyper::StatusCode;
use netpol_oracle::diagnostic::Code;
use netpol_oracle::{Loader, admission};
use serde_json::{Value, json};

use crate::client::{
    Served, bounded, cluster, create, idle, judge, policy, profile, review, supported, unsupported, warnings,
};

/// The code of the finding about a policy that selects no pod.
fn idle_code() -> Code {
    let loaded = Loader::new(profile().release()).object("idle", &idle("idle")).finish();
    let found = admission::review(loaded.cluster.policies().first().unwrap(), &profile(), &cluster());
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].code
}

#[test]
fn a_supported_policy_is_allowed_and_its_impact_is_told() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let response = served.connect().await.review(&create(&supported("new"))).await;
        assert_eq!((&response["uid"], &response["allowed"]), (&json!("uid-of-new"), &json!(true)));
        let warnings = warnings(&response);
        assert!(!warnings.is_empty() && warnings.iter().all(|text| text.starts_with("impact ")), "{warnings:?}");
    });
}

#[test]
fn an_unsupported_policy_is_denied_with_all_there_is_to_say() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut object = unsupported("new");
        // A second fault, and a circumstance.
        let ports = json!([{"protocol": "TCP", "port": 1, "endPort": 2}]);
        object["spec"]["ingress"].as_array_mut().unwrap().push(json!({"ports": ports}));
        object["spec"]["podSelector"] = json!({"matchLabels": {"app": "nobody"}});
        let response = served.connect().await.review(&create(&object)).await;
        assert_eq!((&response["uid"], &response["allowed"]), (&json!("uid-of-new"), &json!(false)));
        let status = &response["status"];
        assert_eq!((&status["code"], &status["reason"]), (&json!(403), &json!("Forbidden")));
        let message = status["message"].as_str().unwrap();
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines.len(), 5, "{message}");
        assert_eq!(lines[0], "2 findings refuse the policy, and 1 more found:");
        assert!(lines[1].starts_with("error[NP2") && lines[1].contains("endPort"), "{message}");
        assert!(lines[2].starts_with("error[NP2") && lines[2].contains("spec.ingress[1]"), "{message}");
        assert!(lines[3].starts_with(&format!("warning[{}]", idle_code())), "{message}");
        assert!(lines[4].starts_with("what is said of the cluster is as of "), "{message}");
        let causes = status["details"]["causes"].as_array().unwrap();
        let fields: Vec<&str> = causes.iter().filter_map(|cause| cause["field"].as_str()).collect();
        assert_eq!(fields, ["spec.ingress[0].ports[0].endPort", "spec.ingress[1].ports[0].endPort"]);
        assert!(!causes[0]["message"].as_str().unwrap().contains("spec.ingress"), "{causes:?}");
        assert_eq!(
            (&status["details"]["name"], &status["details"]["kind"]),
            (&json!("new"), &json!("networkpolicies"))
        );
        assert_eq!(response["warnings"], Value::Null, "all of it is in the message");
    });
}

#[test]
fn a_warning_denies_only_where_its_code_is_listed() {
    bounded(async {
        let warned = Served::usual(judge(&[])).await.connect().await.review(&create(&idle("idle"))).await;
        assert_eq!(warned["allowed"], json!(true));
        let prefix = format!("warning[{}]: ", idle_code());
        assert!(warnings(&warned).iter().any(|text| text.starts_with(&prefix)), "{warned}");
        let denied = Served::usual(judge(&[idle_code()])).await.connect().await.review(&create(&idle("idle"))).await;
        assert_eq!((&denied["allowed"], &denied["status"]["code"]), (&json!(false), &json!(403)));
        assert!(denied["status"]["message"].as_str().unwrap().starts_with("1 finding refuses the policy:\nwarning["));
    });
}

#[test]
fn an_update_is_judged_by_what_it_changes() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let denied = client.review(&review("UPDATE", &unsupported("p"), &supported("p"))).await;
        assert_eq!(denied["allowed"], json!(false));

        // Labels and finalizers of a policy stored before anybody asked.
        let mut labelled = unsupported("p");
        labelled["metadata"]["labels"] = json!({"a": "b"});
        let stays = client.review(&review("UPDATE", &labelled, &unsupported("p"))).await;
        assert_eq!(stays["allowed"], json!(true), "{stays}");
        assert!(warnings(&stays).iter().all(|text| text.starts_with("error[NP2")), "{stays}");
        assert_eq!(warnings(&stays).len(), 1, "what stays has no impact: {stays}");

        let mut leaving = unsupported("p");
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        let leaves = client.review(&review("UPDATE", &leaving, &supported("p"))).await;
        assert_eq!(leaves["allowed"], json!(true));

        // A create is excused by none of this.
        for object in [&unsupported("p"), &leaving] {
            let again = client.review(&review("CREATE", object, &unsupported("p"))).await;
            assert_eq!(again["allowed"], json!(false), "{again}");
        }
    });
}

#[test]
fn the_impact_of_an_update_is_that_of_the_difference() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let open = policy("old", json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{}]}));
        let closed = policy("old", json!({"podSelector": {"matchLabels": {"app": "db"}}}));
        let opens = client.review(&review("UPDATE", &open, &closed)).await;
        let closes = client.review(&review("UPDATE", &closed, &open)).await;
        assert!(warnings(&opens).iter().any(|text| text.starts_with("impact ")), "{opens}");
        assert!(warnings(&closes).iter().any(|text| text.starts_with("impact ")), "{closes}");
        assert_ne!(warnings(&opens), warnings(&closes));
        // `oldObject` is believed, not the snapshot's word on the same policy: nothing changes here.
        let same = client.review(&review("UPDATE", &open, &open)).await;
        assert!(warnings(&same).iter().all(|text| !text.starts_with("impact ")), "{same}");
    });
}

#[test]
fn a_removal_is_allowed_and_its_impact_is_told() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let old = policy("old", json!({"podSelector": {"matchLabels": {"app": "db"}}}));
        let mut removal = review("DELETE", &Value::Null, &old);
        removal["request"]["dryRun"] = json!(true);
        let told = client.review(&removal).await;
        assert_eq!((&told["allowed"], &told["uid"]), (&json!(true), &json!("uid-of-old")));
        assert!(warnings(&told)[0].starts_with("impact "), "{told}");

        // Without `oldObject` the view is asked, of which the removal of a dry run takes nothing.
        let mut by_name = review("DELETE", &Value::Null, &Value::Null);
        by_name["request"]["name"] = json!("old");
        by_name["request"]["dryRun"] = json!(true);
        assert_eq!(warnings(&client.review(&by_name).await), warnings(&told));
        by_name["request"]["name"] = json!("nowhere");
        let unknown = client.review(&by_name).await;
        assert_eq!(unknown["allowed"], json!(true));
        assert!(warnings(&unknown)[0].contains("`shop/nowhere` is unknown here"), "{unknown}");

        // One that could not be stored today can still go.
        let gone = client.review(&review("DELETE", &Value::Null, &unsupported("p"))).await;
        assert_eq!(gone["allowed"], json!(true));
    });
}

#[test]
fn what_was_admitted_counts_at_once_and_a_dry_run_does_not() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let isolates = |name: &str| create(&policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}})));
        let mut dry = isolates("first");
        dry["request"]["dryRun"] = json!(true);
        let impact = |response: Value| warnings(&response).iter().filter(|text| text.starts_with("impact")).count();
        assert!(impact(client.review(&dry).await) > 0);
        let mut other = isolates("second");
        other["request"]["dryRun"] = json!(true);
        assert!(impact(client.review(&other).await) > 0, "nothing was kept of the dry run");
        assert!(impact(client.review(&isolates("first")).await) > 0);
        // Whatever is known of it, before a creation it is not there.
        assert!(impact(client.review(&isolates("first")).await) > 0);
        let object = &isolates("first")["request"]["object"];
        assert!(impact(client.review(&review("CREATE", object, object)).await) > 0);
        assert_eq!(impact(client.review(&isolates("second")).await), 0, "the first one counts");
        // Both go: the second removal opens.
        let gone = |name: &str| {
            review("DELETE", &Value::Null, &policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}})))
        };
        assert_eq!(impact(client.review(&gone("first")).await), 0);
        assert!(impact(client.review(&gone("second")).await) > 0);
        let mut denied = create(&unsupported("new"));
        denied["request"]["dryRun"] = json!(true);
        assert_eq!(client.review(&denied).await["allowed"], json!(false));
    });
}

#[test]
fn a_policy_that_says_what_an_admitted_one_says_is_told_so() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let is_told = |response: Value| warnings(&response).iter().any(|text| text.contains("NP306"));
        let same = |name: &str| create(&policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}})));
        assert!(!is_told(client.review(&same("first")).await), "there is no other yet");
        assert!(is_told(client.review(&same("second")).await));
        let gone = |name: &str| review("DELETE", &Value::Null, &policy(name, json!({})));
        for name in ["first", "second"] {
            client.review(&gone(name)).await;
        }
        assert!(!is_told(client.review(&same("third")).await), "the others are gone");
    });
}

#[test]
fn a_generated_name_and_a_missing_namespace_are_no_obstacle() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let mut object = supported("new");
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("name");
        metadata.remove("namespace");
        metadata.insert("generateName".to_owned(), json!("new-"));
        let mut request = create(&object);
        request["request"]["name"] = json!("");
        let response = client.review(&request).await;
        assert_eq!(response["allowed"], json!(true), "{response}");
        // It falls on the pods of the request's namespace.
        assert!(warnings(&response).iter().all(|text| text.starts_with("impact ")), "{response}");
        assert!(!warnings(&response).is_empty());
    });
}

#[test]
fn other_kinds_pass_with_a_word() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let mut request = create(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}));
        request["request"]["kind"] = json!({"group": "", "version": "v1", "kind": "Pod"});
        let response = client.review(&request).await;
        assert_eq!(response["allowed"], json!(true));
        assert_eq!(
            warnings(&response),
            ["Pod of core/v1 is not judged here: only NetworkPolicy of networking.k8s.io/v1 is"]
        );
        let mut request = create(&unsupported("p"));
        request["request"]["kind"]["kind"] = json!("Ingress");
        assert_eq!(client.review(&request).await["allowed"], json!(true));
        let mut request = create(&unsupported("p"));
        request["request"]["subResource"] = json!("status");
        assert_eq!(client.review(&request).await["allowed"], json!(true));
        let mut request = create(&unsupported("p"));
        request["request"]["operation"] = json!("CONNECT");
        assert_eq!(client.review(&request).await["allowed"], json!(true));
    });
}

#[test]
fn what_is_no_review_is_answered_with_400() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let mut old_version = create(&supported("p"));
        old_version["apiVersion"] = json!("admission.k8s.io/v1beta1");
        let mut other_kind = create(&supported("p"));
        other_kind["kind"] = json!("ConversionReview");
        let mut no_request = create(&supported("p"));
        no_request["request"] = Value::Null;
        let mut pod_inside = create(&supported("p"));
        pod_inside["request"]["object"]["kind"] = json!("Pod");
        let mut no_object = create(&supported("p"));
        no_object["request"]["object"] = Value::Null;
        let cases = [
            (String::new(), "the body is no AdmissionReview of admission.k8s.io/v1: "),
            ("hello".to_owned(), "the body is no AdmissionReview of admission.k8s.io/v1: "),
            ("[]".to_owned(), "the body is no AdmissionReview of admission.k8s.io/v1: "),
            ("{}".to_owned(), "the body is no AdmissionReview of admission.k8s.io/v1: "),
            (format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)), "the body is no AdmissionReview of "),
            (old_version.to_string(), "the body is a AdmissionReview of admission.k8s.io/v1beta1 where "),
            (other_kind.to_string(), "the body is a ConversionReview of admission.k8s.io/v1 where "),
            (no_request.to_string(), "the AdmissionReview holds no request"),
            (no_object.to_string(), "`request.object` is missing"),
            (pod_inside.to_string(), "the request is about a NetworkPolicy of networking.k8s.io/v1 and holds a Pod"),
        ];
        for (body, wanted) in cases {
            let answer = client.post(body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
            assert!(answer.text().starts_with(wanted), "{} where {wanted} is wanted", answer.text());
            assert!(!answer.closes, "the connection stays");
        }
    });
}

#[test]
fn an_object_without_sense_is_denied_not_feared() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        for spec in [json!(7), json!([]), json!({"podSelector": 1}), json!({"ingress": [{"ports": [{"port": -1}]}]})] {
            let mut object = supported("p");
            object["spec"] = spec.clone();
            let response = client.review(&create(&object)).await;
            assert_eq!(response["allowed"], json!(false), "{spec}");
            assert!(response["status"]["message"].as_str().unwrap().contains("error[NP1"), "{response}");
        }
    });
}

/// Every answer to a damaged review is an admission response or a 400: never a failure of ours.
#[test]
fn damaged_reviews() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let whole = review("UPDATE", &unsupported("p"), &supported("p")).to_string().into_bytes();
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..400 {
            let mut body = whole.clone();
            let at = random.usize(..body.len());
            match round % 4 {
                0 => body.truncate(at),
                1 => body[at] = random.u8(..),
                2 => drop(body.drain(at..(at + 1 + random.usize(..40)).min(whole.len()))),
                _ => body.insert(at, b"\"{}[]:,0tn\\"[random.usize(..11)]),
            }
            let answer = client.post(body.clone()).await;
            let expected = answer.status == StatusCode::OK || answer.status == StatusCode::BAD_REQUEST;
            assert!(expected, "{}: {}", answer.status, String::from_utf8_lossy(&body));
        }
    });
}

#[test]
fn other_paths_and_methods() {
    bounded(async {
        let served = Served::usual(judge(&[])).await;
        let mut client = served.connect().await;
        let healthy = client.send("GET", "/healthz", "".into()).await.unwrap();
        assert_eq!((healthy.status, healthy.text()), (StatusCode::OK, "ok\n"));
        let path = client.send("POST", "/mutate", "{}".into()).await.unwrap();
        assert_eq!(path.status, StatusCode::NOT_FOUND);
        let method = client.send("GET", "/validate", "".into()).await.unwrap();
        assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
        // The server's own form: with a query.
        let answer = client.send("POST", "/validate?timeout=5s", create(&supported("p")).to_string().into()).await;
        assert_eq!(answer.unwrap().response()["allowed"], json!(true));
    });
}
