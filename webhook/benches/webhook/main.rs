//! The webhook over TLS on the loopback interface, beside an empty handler in the same run: the ratio says what judging costs,
//! whatever the machine. Then what a crowd waits for at 100,000 pods, what a policy of 1,000 rules takes, and whether memory grows.
//!
//! ```text
//! cargo bench -p netpol-webhook      # about three minutes once it is built
//! ```

mod client;
mod requests;

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use netpol_oracle::{Cluster, Engine, Profile};
use netpol_webhook::health::Health;
use netpol_webhook::metrics::Metrics;
use netpol_webhook::view::View;
use netpol_webhook::{judge, routes, server, tls};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Answer, Client};
use crate::requests::{cluster, create, many_rules, news, update};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Clients at a time, each with one connection, where rates are measured.
const CLIENTS: usize = 4;
/// Each handler is measured this often, in turns.
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(200);
const ROUND: Duration = Duration::from_millis(600);
/// How many create policies at a time, and how often each.
const CROWD: (usize, usize) = (50, 6);
/// Requests after which memory is looked at, and again after so many more.
const GROWTH: (usize, usize) = (2_000, 20_000);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(measure());
    runtime.shutdown_background();
    outcome
}

async fn measure() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("netpol-oracle-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let host = Host::new(&folder)?;
    let empty = async |body: Bytes| if body.is_empty() { "" } else { "{}" };
    let empty = host.serve(Router::new().route("/validate", post(empty))).await?;
    let [small, large] = [1_000, 100_000].map(cluster);
    let (at_small, at_large) = (host.serve(webhook(&small)).await?, host.serve(webhook(&large)).await?);

    rates(&host, empty, &[(&small, at_small), (&large, at_large)]).await?;
    crowd(&host, &large, at_large).await?;
    rules(&host).await?;
    growth(&host, &small, at_small).await?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Answers a second, in turns, so that what else the machine does falls on all of them.
async fn rates(host: &Host, empty: SocketAddr, servers: &[(&Cluster, SocketAddr)]) -> Result<()> {
    let mut running = Vec::new();
    for (cluster, address) in servers {
        let new = news(cluster, 1).pop().ok_or("no policy selects pods")?;
        let pods = cluster.pods().len();
        if running.is_empty() {
            running.push(("an empty handler".to_owned(), empty, bytes(&create(&new)), Vec::new()));
        }
        running.push((format!("{pods} pods, a policy comes"), *address, bytes(&create(&new)), Vec::new()));
        running.push((format!("{pods} pods, it stays as it is"), *address, bytes(&update(&new)), Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, address, request, rates) in &mut running {
            rates.push(rate(host, *address, request).await?);
        }
    }
    let mut base = None;
    println!("{:32} {:>12} {:>8}", format!("{CLIENTS} clients, TLS, keep-alive"), "requests/s", "ratio");
    for (name, _, _, mut rates) in running {
        rates.sort_by(f64::total_cmp);
        let rate = rates.get(rates.len() / 2).copied().unwrap_or_default();
        let base = *base.get_or_insert(rate);
        println!("{name:32} {rate:12.0} {:8.4}", rate / base);
    }
    Ok(())
}

/// Answers a second to all clients together, over one common stretch of time.
async fn rate(host: &Host, address: SocketAddr, request: &Bytes) -> Result<f64> {
    let answers = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (mut client, request, answers) = (host.client(address).await?, request.clone(), answers.clone());
        clients.spawn(async move {
            loop {
                match client.ask(&request).await {
                    Ok(answer) if answer.is_late => return Err("an impact was late".into()),
                    Ok(_) => answers.fetch_add(1, Ordering::Relaxed),
                    Err(error) => return Err(error),
                };
            }
        });
    }
    let count = || (answers.load(Ordering::Relaxed), Instant::now());
    sleep(WARM_UP).await;
    let (before, from) = count();
    sleep(ROUND).await;
    let (after, to) = count();
    // A client ends only by failing.
    if let Some(ended) = clients.try_join_next() {
        let ended: Result<()> = ended?;
        ended?;
    }
    clients.shutdown().await;
    Ok((after - before) as f64 / (to - from).as_secs_f64())
}

/// Many create policies at a time, each in a namespace of its own.
async fn crowd(host: &Host, cluster: &Cluster, address: SocketAddr) -> Result<()> {
    let (clients, times) = CROWD;
    let mut asking: JoinSet<Result<Vec<Answer>>> = JoinSet::new();
    for new in news(cluster, clients) {
        let (mut client, request) = (host.client(address).await?, bytes(&create(&new)));
        asking.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..times {
                answers.push(client.ask(&request).await?);
            }
            Ok(answers)
        });
    }
    let mut answers = Vec::new();
    while let Some(asked) = asking.join_next().await {
        answers.extend(asked??);
    }
    let late = answers.iter().filter(|answer| answer.is_late).count();
    println!(
        "{clients} clients create policies at {} pods: {}; {late} of {} without their impact",
        cluster.pods().len(),
        waits(&answers),
        answers.len()
    );
    Ok(())
}

/// A policy of many rules for every pod of a small cluster.
async fn rules(host: &Host) -> Result<()> {
    let cluster = cluster(100);
    let namespace = cluster.namespaces().first().map(|namespace| namespace.name.to_string()).unwrap_or_default();
    let mut client = host.client(host.serve(webhook(&cluster)).await?).await?;
    let request = bytes(&create(&many_rules(&namespace, 1_000)));
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(client.ask(&request).await?);
    }
    let late = answers.iter().filter(|answer| answer.is_late).count();
    println!("1,000 egress rules on 100 pods: {}; {late} of {} without their impact", waits(&answers), answers.len());
    Ok(())
}

/// What the process takes before and after many requests.
async fn growth(host: &Host, cluster: &Cluster, address: SocketAddr) -> Result<()> {
    let requests: Vec<Bytes> = news(cluster, 8).iter().map(|new| bytes(&create(new))).collect();
    let mut client = host.client(address).await?;
    let (first, more) = GROWTH;
    let mut took = Vec::new();
    for (at, request) in requests.iter().cycle().take(first + more).enumerate() {
        client.ask(request).await?;
        if [first, first + more].contains(&(at + 1)) {
            took.push(resident()?);
        }
    }
    println!("memory after {first} requests and after {more} more: {took:?} MiB");
    Ok(())
}

/// Half and nearly all wait at most so long.
fn waits(answers: &[Answer]) -> String {
    let mut took: Vec<Duration> = answers.iter().map(|answer| answer.took).collect();
    took.sort_unstable();
    let at = |share: f64| {
        let place = ((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("p50 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.99))
}

/// What of the process is in memory, in MiB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}

/// Where servers run, with one certificate.
struct Host {
    cert: PathBuf,
    key: PathBuf,
    root: CertificateDer<'static>,
}

impl Host {
    fn new(folder: &Path) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let (cert, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        std::fs::write(&cert, made.cert.pem())?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        Ok(Self { cert, key, root: made.cert.der().clone() })
    }

    async fn serve(&self, router: Router) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (tls, _) = tls::server_config(self.cert.clone(), self.key.clone(), Duration::from_secs(10))?;
        let never = std::future::pending();
        let (health, metrics) = (Arc::new(Health::default()), Arc::new(Metrics::new()));
        let serving = server::Serving { router, health, metrics };
        tokio::spawn(server::serve(listener, tls, serving, server::Connections::default(), never));
        Ok(address)
    }

    async fn client(&self, address: SocketAddr) -> Result<Client> {
        Client::connect(address, &self.root).await
    }
}

fn webhook(cluster: &Cluster) -> Router {
    let profile = Profile::kubernetes();
    let view = View::of_files(Engine::new(cluster, &profile));
    let judge = judge::Judge::new(profile, Arc::new(view), judge::Rules::default());
    routes::router(judge, routes::Limits::default(), Arc::new(Metrics::new()), Arc::new(Health::default()))
}

fn bytes(request: &Value) -> Bytes {
    Bytes::from(request.to_string())
}
