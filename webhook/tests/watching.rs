//! The view that watching keeps: complete, whatever becomes of lists and watches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use netpol_oracle::{Cluster, ObjectName};
use netpol_webhook::judge::{Judge, Rules};
use netpol_webhook::metrics::Metrics;
use netpol_webhook::routes::Limits;
use netpol_webhook::view::{Origin, View};
use netpol_webhook::watch::{self, Pace};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::api_server::{ApiServer, Fault, PODS, POLICIES};
use crate::client::{Served, bounded, bounds, create, idle, policy, profile, review, supported, warnings};

/// So quick that a test need not wait.
const PACE: Pace = Pace {
    page: 2,
    list: Duration::from_millis(300),
    watch: Duration::from_secs(1),
    silence: Duration::from_millis(400),
    first_wait: Duration::from_millis(5),
    longest_wait: Duration::from_millis(20),
};

/// A view of a stand-in server.
struct Watched {
    api: ApiServer,
    view: Arc<View>,
    metrics: Arc<Metrics>,
    tasks: JoinSet<()>,
}

impl Watched {
    async fn start(api: ApiServer) -> Self {
        Self::old_after(api, Duration::from_secs(60)).await
    }

    async fn old_after(api: ApiServer, old_after: Duration) -> Self {
        Self::with(api, old_after, Duration::from_millis(300)).await
    }

    async fn with(api: ApiServer, old_after: Duration, admitted_for: Duration) -> Self {
        let view = Arc::new(View::new(Origin::Watch { old_after, admitted_for }));
        let metrics = Arc::new(Metrics::new());
        let client = watch::connect(Some(&api.kubeconfig()), Some("here")).await.unwrap();
        let tasks = watch::start(&client, &profile(), &view, &metrics, PACE);
        Self { api, view, metrics, tasks }
    }

    /// Of a server with two pods.
    async fn usual() -> Self {
        let watched = Self::start(shop().await).await;
        watched.ready().await;
        watched
    }

    async fn ready(&self) {
        until("it is ready", || self.view.ready().is_ok()).await;
    }

    fn cluster(&self) -> Cluster {
        self.view.look().cluster
    }

    fn has(&self, pod: &str) -> bool {
        self.cluster().pod(&ObjectName::new("shop", pod)).is_some()
    }

    async fn until_has(&self, pod: &str) {
        until(pod, || self.has(pod)).await;
    }

    async fn until_gone(&self, pod: &str) {
        until(pod, || !self.has(pod)).await;
    }

    fn figure(&self, name: &str) -> f64 {
        figure(&self.metrics.text(&self.view), name)
    }
}

/// A figure of a text of metrics, labels summed up.
fn figure(text: &str, name: &str) -> f64 {
    let is_its = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
    text.lines().filter(is_its).map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

fn pod(name: &str) -> Value {
    let number: u32 = name.bytes().map(u32::from).sum();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running", "podIP": format!("10.0.{}.{}", number / 256, number % 256)},
    })
}

async fn shop() -> ApiServer {
    let api = ApiServer::start().await;
    api.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}));
    api.put(pod("web"));
    api.put(pod("db"));
    api
}

#[test]
fn every_kind_is_listed_and_then_followed() {
    bounded(async {
        let api = shop().await;
        let meta = |name: &str| json!({"name": name, "namespace": "shop", "uid": name});
        let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "main"}]}});
        let spec = json!({"selector": {"matchLabels": {"app": "x"}}, "template": template});
        let job = json!({"template": template});
        let mut slice = meta("s-1");
        slice["labels"] = json!({"kubernetes.io/service-name": "s"});
        let all = [
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("s"), "spec": {"ports": [{"port": 80}]}}),
            json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": meta("s")}),
            json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": slice,
                   "addressType": "IPv4", "endpoints": []}),
            policy("p", json!({"podSelector": {}})),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("w"), "spec": spec}),
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("w"), "spec": spec}),
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("w"), "spec": spec}),
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("w"), "spec": spec}),
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("w"), "spec": job}),
            json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("w"), "spec": {"jobTemplate": {"spec": job}}}),
            json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": meta("w"),
                   "spec": {"selector": {"app": "x"}, "template": template}}),
        ];
        let counts = |cluster: &Cluster| {
            [
                cluster.nodes().len(),
                cluster.services().len(),
                cluster.endpoints().len(),
                cluster.endpoint_slices().len(),
                cluster.policies().len(),
                cluster.workloads().len(),
            ]
        };
        // Of no Service: it decides nothing, and nothing is wrong with it.
        let loose = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta("loose"),
            "addressType": "IPv4", "endpoints": [],
        });
        api.put(loose.clone());
        all.iter().for_each(|object| api.put(object.clone()));
        let watched = Watched::start(api).await;
        watched.ready().await;
        assert_eq!(counts(&watched.cluster()), [1, 1, 1, 1, 1, 7]);
        assert_eq!(watched.figure("netpol_webhook_view_objects"), 15.0);
        all.iter().for_each(|object| watched.api.remove(object));
        watched.api.put(loose);
        until("all are gone", || counts(&watched.cluster()) == [0; 6]).await;
        all.iter().for_each(|object| watched.api.put(object.clone()));
        until("all are back", || counts(&watched.cluster()) == [1, 1, 1, 1, 1, 7]).await;
        // A namespace that goes while pods name it keeps no labels.
        let label = |cluster: &Cluster| cluster.namespace("shop").is_some_and(|own| own.labels.get("a").is_some());
        assert!(label(&watched.cluster()));
        watched.api.remove(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        until("the label is gone", || !label(&watched.cluster())).await;
        assert_eq!(watched.figure("netpol_webhook_view_refused_objects"), 0.0);
    });
}

#[test]
fn it_is_ready_once_every_kind_is_listed() {
    bounded(async {
        let api = shop().await;
        api.fault(Fault::ListsHang(PODS));
        let watched = Watched::start(api).await;
        until("only pods are missing", || watched.view.ready() == Err("not listed yet: pods".to_owned())).await;
        let judge = Judge::new(profile(), watched.view.clone(), Rules::default());
        let served = Served::start(judge, Limits::default(), bounds()).await;
        let mut client = served.connect().await;
        let early = client.send("GET", "/readyz", "".into()).await.unwrap();
        assert_eq!((early.status, early.text()), (StatusCode::SERVICE_UNAVAILABLE, "not listed yet: pods\n"));
        assert_eq!(client.send("GET", "/healthz", "".into()).await.unwrap().status, StatusCode::OK, "but it lives");
        let response = client.review(&create(&supported("p"))).await;
        assert_eq!(warnings(&response), ["impact: not known, the cluster is not in view yet"]);
        // The call is given up and made again.
        watched.api.mend();
        watched.ready().await;
        assert_eq!(client.send("GET", "/readyz", "".into()).await.unwrap().status, StatusCode::OK);
        assert!(watched.figure("netpol_webhook_watch_failures_total") >= 1.0);
    });
}

#[test]
fn a_server_without_any_object_is_no_start() {
    bounded(async {
        let watched = Watched::start(ApiServer::start().await).await;
        let said = Err("the API server lists no object at all".to_owned());
        until("it says so", || watched.view.ready() == said).await;
        watched.api.put(pod("web"));
        watched.ready().await;
        // Later it may be empty: then it has been told so.
        watched.api.remove(&pod("web"));
        watched.until_gone("web").await;
        assert_eq!(watched.view.ready(), Ok(()));
    });
}

#[test]
fn what_is_forbidden_is_named_and_what_is_not_served_is_not_missed() {
    bounded(async {
        let api = shop().await;
        api.fault(Fault::Refuses("/api/v1/nodes", 403));
        api.fault(Fault::Refuses("/apis/batch/v1/jobs", 404));
        let watched = Watched::start(api).await;
        until("nodes are missing", || watched.view.ready() == Err("not listed yet: nodes".to_owned())).await;
        watched.api.mend();
        watched.ready().await;
        // Once the API is served its objects are found.
        let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "main"}]}});
        watched.api.put(json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "shop", "uid": "j"},
            "spec": {"template": template},
        }));
        until("the job is there", || watched.cluster().workloads().len() == 1).await;
    });
}

#[test]
fn a_list_comes_in_pages_and_starts_over_when_its_token_expires() {
    bounded(async {
        let api = shop().await;
        (0..5).for_each(|number| api.put(pod(&format!("pod-{number}"))));
        api.fault(Fault::TokenExpires);
        api.fault(Fault::ItemsFirst);
        let watched = Watched::start(api).await;
        watched.ready().await;
        assert_eq!(watched.cluster().pods().len(), 7);
        assert_eq!((watched.api.asked(PODS, "list"), watched.api.asked(PODS, "page")), (2, 1 + 3));
    });
}

#[test]
fn a_list_that_takes_longer_than_silence_may_last_is_followed_all_the_same() {
    bounded(async {
        let api = shop().await;
        (0..5).for_each(|number| api.put(pod(&format!("pod-{number}"))));
        api.fault(Fault::PagesDrag(PODS));
        let watched = Watched::start(api).await;
        watched.ready().await;
        watched.api.put(pod("new"));
        watched.until_has("new").await;
        sleep(Duration::from_millis(500)).await;
        assert_eq!(watched.api.asked(PODS, "list"), 1);
        assert!(watched.view.age().unwrap() < Duration::from_millis(500), "{:?}", watched.view.age());
    });
}

#[test]
fn changes_arrive() {
    bounded(async {
        let watched = Watched::usual().await;
        watched.api.put(pod("new"));
        watched.until_has("new").await;
        let mut changed = pod("new");
        changed["metadata"]["labels"] = json!({"app": "other"});
        watched.api.put(changed);
        let label = |cluster: Cluster| {
            cluster.pod(&ObjectName::new("shop", "new"))?.labels.get("app").map(|value| value.as_str() == "other")
        };
        until("its label", || label(watched.cluster()) == Some(true)).await;
        watched.api.remove(&pod("new"));
        watched.until_gone("new").await;
        assert_eq!(watched.api.asked(PODS, "list"), 1);
    });
}

#[test]
fn a_watch_that_was_closed_or_broken_goes_on_where_it_was() {
    bounded(async {
        let watched = Watched::usual().await;
        for (round, end) in [ApiServer::close_watches, ApiServer::break_watches].into_iter().enumerate() {
            let name = format!("meanwhile-{round}");
            end(&watched.api);
            watched.api.put(pod(&name));
            watched.until_has(&name).await;
            // What comes and goes in between leaves nothing.
            end(&watched.api);
            watched.api.put(pod("short"));
            watched.api.remove(&pod(&name));
            watched.api.remove(&pod("short"));
            watched.until_gone(&name).await;
            until("the short one too", || !watched.has("short")).await;
        }
        assert_eq!(watched.api.asked(PODS, "list"), 1, "nothing was listed again");
        assert!(watched.api.asked(PODS, "watch") >= 5);
    });
}

#[test]
fn a_version_that_the_server_forgot_is_listed_again() {
    bounded(async {
        for fault in [Fault::Forgets, Fault::ForgetsAtOnce] {
            let watched = Watched::usual().await;
            // Bookmarks keep quiet watches at the latest version: what is forgotten must come between.
            watched.api.fault(fault);
            watched.api.close_watches();
            watched.api.put(pod("new"));
            watched.api.remove(&pod("web"));
            watched.until_has("new").await;
            watched.until_gone("web").await;
            assert!(watched.has("db"));
            assert!(watched.api.asked(PODS, "list") >= 2, "{fault:?}");
            // It is believed at once.
            let failures = "netpol_webhook_watch_failures_total{kind=\"pods\",call=\"watch\"} 1";
            assert!(watched.metrics.text(&watched.view).contains(failures), "{fault:?}");
        }
    });
}

#[test]
fn a_watch_that_fell_silent_is_given_up() {
    bounded(async {
        let watched = Watched::usual().await;
        watched.api.fault(Fault::Silent);
        watched.api.put(pod("new"));
        watched.api.remove(&pod("web"));
        // Nothing tells of them but another list.
        watched.until_has("new").await;
        watched.until_gone("web").await;
        assert!(watched.api.asked(PODS, "list") >= 2);
        watched.api.mend();
        watched.api.put(pod("newer"));
        watched.until_has("newer").await;
    });
}

#[test]
fn an_object_that_the_model_does_not_take_is_left_out_and_counted() {
    bounded(async {
        let api = shop().await;
        let mut odd = pod("odd");
        odd["metadata"]["labels"] = json!({"app": 7});
        api.put(odd.clone());
        let watched = Watched::start(api).await;
        watched.ready().await;
        let refused = "netpol_webhook_view_refused_objects";
        assert_eq!((watched.cluster().pods().len(), watched.figure(refused)), (2, 1.0));
        // A change of one that was taken, to something that is not: what was known no longer holds.
        let mut web = odd.clone();
        web["metadata"]["name"] = json!("web");
        watched.api.put(web);
        watched.until_gone("web").await;
        assert_eq!(watched.figure(refused), 2.0);
        watched.api.put(pod("web"));
        watched.until_has("web").await;
        watched.api.remove(&odd);
        until("none is left out", || watched.figure(refused) == 0.0).await;
    });
}

#[test]
fn the_age_is_told_and_an_old_view_does_not_say_what_is_absent() {
    bounded(async {
        let watched = Watched::old_after(shop().await, Duration::from_millis(1_500)).await;
        watched.ready().await;
        let judge = Judge::new(profile(), watched.view.clone(), Rules::default());
        let served = Served::start(judge, Limits::default(), bounds()).await;
        let mut client = served.connect().await;
        let absent = |response: &Value| warnings(response).iter().any(|text| text.starts_with("warning[NP222]"));

        let fresh = client.review(&create(&supported("p"))).await;
        assert!(warnings(&fresh)[0].starts_with("impact (as of "), "{fresh}");
        assert!(absent(&client.review(&create(&idle("idle"))).await));
        // A while later it is as fresh, since bookmarks say so.
        sleep(Duration::from_millis(1_600)).await;
        assert!(watched.view.age().unwrap() < Duration::from_millis(1_000), "{:?}", watched.view.age());

        watched.api.fault(Fault::ListsHang("/api/v1/nodes"));
        watched.api.fault(Fault::Silent);
        until("it is old", || watched.view.look().is_old).await;
        let old = client.review(&create(&idle("idle"))).await;
        assert!(!absent(&old), "{old}");
        let said = warnings(&old).last().copied().unwrap();
        assert!(said.starts_with("the cluster was last seen 1 s ago: ") || said.contains(" 2 s ago: "), "{said}");
        assert!(old["auditAnnotations"]["view-age-seconds"].as_str().unwrap().parse::<f64>().unwrap() >= 1.5);
        assert!(watched.figure("netpol_webhook_view_age_seconds") >= 1.5);
        let changes = client.review(&create(&supported("p"))).await;
        assert!(!warnings(&changes)[0].starts_with("impact (as of 0 s ago): "), "{changes}");
        assert_eq!(
            client.send("GET", "/readyz", "".into()).await.unwrap().status,
            StatusCode::OK,
            "it still knows most"
        );

        watched.api.mend();
        until("it is fresh again", || !watched.view.look().is_old).await;
        assert!(absent(&client.review(&create(&idle("idle"))).await));
    });
}

#[test]
fn a_policy_counts_from_its_admission_until_the_server_tells_of_it() {
    bounded(async {
        let watched = Watched::usual().await;
        let judge = Judge::new(profile(), watched.view.clone(), Rules::default());
        let served = Served::start(judge, Limits::default(), bounds()).await;
        let mut client = served.connect().await;
        let isolates = |name: &str| policy(name, json!({"podSelector": {"matchLabels": {"app": "web"}}}));
        let changes = |response: &Value| warnings(response).iter().filter(|text| text.starts_with("impact")).count();
        assert!(changes(&client.review(&create(&isolates("first"))).await) > 0);
        assert_eq!(changes(&client.review(&create(&isolates("second"))).await), 0);
        // Another webhook refused both: the server never tells of them.
        sleep(Duration::from_millis(350)).await;
        assert!(changes(&client.review(&create(&isolates("third"))).await) > 0);
        // What the server tells counts, and what it takes back no longer does.
        watched.api.put(isolates("third"));
        until("the policy is there", || watched.cluster().policies().len() == 1).await;
        sleep(Duration::from_millis(350)).await;
        assert_eq!(changes(&client.review(&create(&isolates("fourth"))).await), 0);
        watched.api.remove(&isolates("third"));
        watched.api.put(isolates("fourth"));
        watched.api.remove(&isolates("fourth"));
        until("no policy is there", || watched.cluster().policies().is_empty()).await;
        let gone = client.review(&review("DELETE", &Value::Null, &isolates("third"))).await;
        assert!(changes(&gone) > 0, "{gone}");
        assert_eq!(watched.api.asked(POLICIES, "list"), 1);
    });
}

#[test]
fn what_the_server_tells_of_a_policy_counts_more_than_its_admission() {
    bounded(async {
        let long = Duration::from_secs(3_600);
        let watched = Watched::with(shop().await, long, long).await;
        watched.ready().await;
        let isolates = policy("p", json!({"podSelector": {"matchLabels": {"app": "web"}}}));
        let judge = Judge::new(profile(), watched.view.clone(), Rules::default());
        let served = Served::start(judge, Limits::default(), bounds()).await;
        let mut client = served.connect().await;
        client.review(&create(&isolates)).await;
        assert_eq!(watched.cluster().policies().len(), 1, "it counts");
        watched.api.put(isolates.clone());
        watched.api.remove(&isolates);
        until("it is gone", || watched.cluster().policies().is_empty()).await;
        // And a removal that was admitted, of a policy that stays.
        watched.api.put(isolates.clone());
        until("it is back", || watched.cluster().policies().len() == 1).await;
        client.review(&review("DELETE", &Value::Null, &isolates)).await;
        assert!(watched.cluster().policies().is_empty(), "the removal counts");
        let mut labelled = isolates;
        labelled["metadata"]["labels"] = json!({"a": "b"});
        watched.api.put(labelled);
        until("it stayed", || watched.cluster().policies().len() == 1).await;
    });
}

#[test]
fn a_view_that_nobody_keeps_any_more_asks_for_a_new_start() {
    bounded(async {
        let watched = Watched::usual().await;
        let judge = Judge::new(profile(), watched.view.clone(), Rules::default());
        let served = Served::start(judge, Limits::default(), bounds()).await;
        let mut client = served.connect().await;
        watched.view.give_up();
        let said = client.send("GET", "/healthz", "".into()).await.unwrap();
        assert_eq!((said.status.as_u16(), said.text()), (500, "the view is no longer kept\n"));
    });
}

#[test]
fn nothing_goes_on_when_the_watch_is_dropped() {
    bounded(async {
        let mut watched = Watched::usual().await;
        watched.tasks.abort_all();
        while watched.tasks.join_next().await.is_some() {}
        let asked = watched.api.asked(PODS, "watch");
        watched.api.close_watches();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(watched.api.asked(PODS, "watch"), asked);
    });
}

#[test]
fn a_server_that_nobody_can_reach_is_said() {
    bounded(async {
        let api = shop().await;
        let path = api.kubeconfig();
        let said = watch::connect(Some(&path), Some("nowhere")).await.map(drop).unwrap_err();
        assert!(said.starts_with(&format!("--kubeconfig: {}: ", path.display())), "{said}");
        let missing = path.with_extension("gone");
        let said = watch::connect(Some(&missing), None).await.map(drop).unwrap_err();
        assert!(said.contains(&missing.display().to_string()), "{said}");
        let nowhere = Arc::new(View::new(Origin::Watch { old_after: Duration::MAX, admitted_for: Duration::MAX }));
        let client = watch::connect(Some(&path), None).await.unwrap();
        let metrics = Arc::new(Metrics::new());
        let _tasks = watch::start(&client, &profile(), &nowhere, &metrics, PACE);
        until("it fails", || figure(&metrics.text(&nowhere), "netpol_webhook_watch_failures_total") > 20.0).await;
        assert!(nowhere.ready().is_err());
    });
}
