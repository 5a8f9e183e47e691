//! Nothing is left of a process that crashes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::switch;

const STARTED: &str = "a switch is running";

/// The processes whose command line names `directory`.
fn processes_in(directory: &str) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").expect("Linux").flatten().map(|entry| entry.path());
    let names = |path: &PathBuf| {
        fs::read(path.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(directory))
    };
    processes.filter(names).collect()
}

#[test]
#[ignore = "it crashes; the other test runs it"]
fn crashes_with_a_running_switch() {
    // From a thread that ends before: the daemons are to live as long as the process, not as the thread.
    let plane =
        std::thread::spawn(|| switch("crash")).join().expect("no panic").expect("the other test found it can run");
    plane.dump_flows().expect("it runs");
    let directory = format!("netpol-ovs-{}-", std::process::id());
    println!("{STARTED}: {}", processes_in(&directory).len());
    std::process::abort();
}

#[test]
fn nothing_is_left_of_a_process_that_crashes() {
    if switch("crash").is_none() {
        return;
    }
    let binary = std::env::current_exe().expect("a test is a program");
    let mut crashing = Command::new(binary);
    crashing.args(["--exact", "crash::crashes_with_a_running_switch", "--ignored", "--nocapture"]);
    let child = crashing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a test is a program");
    let directory = format!("netpol-ovs-{}-", child.id());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains(&format!("{STARTED}: 2")), "{output:?}");

    let begun = Instant::now();
    while !processes_in(&directory).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "still there: {:?}", processes_in(&directory));
        sleep(Duration::from_millis(5));
    }
    drop(switch("crash"));
    assert!(!Path::new("/tmp").join(format!("{directory}0")).exists(), "the next switch clears up");
}
