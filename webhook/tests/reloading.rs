//! Manifests that describe the cluster: read, and read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netpol_oracle::ObjectName;
use netpol_webhook::files::Files;
use netpol_webhook::metrics::Metrics;
use netpol_webhook::view::View;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::client::{bounded, profile};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("netpol-oracle-webhook-files-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n---\n")
}

fn open(path: &Path) -> Result<(Files, View), String> {
    Files::open(vec![path.to_owned()], profile()).map(|(files, engine)| (files, View::of_files(engine)))
}

fn has(view: &View, pod: &str) -> bool {
    view.look().cluster.pod(&ObjectName::new("shop", pod)).is_some()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn what_changes_is_read_again_and_what_is_wrong_is_not_taken() {
    bounded(async {
        let folder = Folder::new();
        folder.write("a.yaml", &pod("web"));
        let (files, view) = open(&folder.0).unwrap();
        let (view, metrics, wanted) = (Arc::new(view), Arc::new(Metrics::new()), Arc::new(Notify::new()));
        view.admit(&ObjectName::new("shop", "gone"), None);
        let following = files.follow(view.clone(), metrics.clone(), Duration::from_millis(10), wanted.clone());
        let following = tokio::spawn(following);
        let reloads = |outcome: &str| {
            let line = format!("netpol_webhook_reloads_total{{outcome=\"{outcome}\"}} ");
            let text = metrics.text(&view);
            text.lines().find_map(|own| own.strip_prefix(&line)?.parse::<u32>().ok()).unwrap_or(0)
        };
        assert!(has(&view, "web"));
        sleep(Duration::from_millis(50)).await;
        assert_eq!(reloads("taken"), 0, "nothing has changed");
        // Another file counts too.
        folder.write("b.yaml", &pod("db"));
        until("the other pod", || has(&view, "db")).await;
        // Half a file, an object that is wrong, no object, no file: each leaves what there was.
        for text in ["kind: {Po", "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n", "# nothing\n"] {
            let refused = reloads("refused");
            if text.starts_with('#') {
                folder.write("b.yaml", text);
            }
            folder.write("a.yaml", text);
            until("it is refused", || reloads("refused") > refused).await;
            assert!(has(&view, "web") && has(&view, "db"), "{text}");
        }
        let refused = reloads("refused");
        std::fs::remove_dir_all(&folder.0).unwrap();
        until("it is refused", || reloads("refused") > refused).await;
        std::fs::create_dir_all(&folder.0).unwrap();
        folder.write("c.yaml", &pod("other"));
        until("the new one", || has(&view, "other") && !has(&view, "web")).await;
        // When it is asked for it is read again, changed or not.
        let taken = reloads("taken");
        wanted.notify_one();
        until("it is read again", || reloads("taken") > taken).await;
        following.abort();
    });
}

#[test]
fn a_snapshot_with_faults_or_without_objects_is_no_start() {
    let folder = Folder::new();
    let fault = || open(&folder.0).map(drop).unwrap_err();
    folder.write("a.yaml", "# nothing\n");
    assert_eq!(fault(), "--manifests: no object of a cluster is in it");
    folder.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!(fault(), "--manifests: no object of a cluster is in it");
    let wrong = "apiVersion: v1\nkind: Pod\nmetadata: {name: 7}\n---\n";
    folder.write("a.yaml", &format!("{}{wrong}{wrong}", pod("web")));
    let said = fault();
    assert!(said.contains("a.yaml:7 (document 1): error[NP003]: metadata.name: "), "{said}");
    assert!(said.ends_with(" (and 1 more error)"), "{said}");
    folder.write("a.yaml", &pod("web"));
    assert!(open(&folder.0).is_ok());
}
