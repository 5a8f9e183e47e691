//! A private switch: its daemons, its directory, its ports.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::keeper;
use crate::unixctl::Unixctl;

const BRIDGE: &str = "br0";
const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";
const PROGRAMS: [&str; 6] = ["ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-vswitchd", "ovs-ofctl", "setpriv"];
/// How long a daemon may take to open its socket.
const START: Duration = Duration::from_secs(20);
/// Directories are `PREFIX` + process id + number, so that those of processes that are gone can be told.
const PREFIX: &str = "netpol-ovs-";
/// The least number of ports: making them costs a round through the database.
const PORTS: u16 = 64;

/// What a machine lacks to run the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    programs: Vec<&'static str>,
    files: Vec<&'static str>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&str> = self.programs.iter().chain(&self.files).copied().collect();
        write!(f, "Open vSwitch cannot run here: no `{}`; ", all.join("`, `"))?;
        f.write_str("`apt-get install openvswitch-switch` brings it, util-linux has setpriv")
    }
}

impl std::error::Error for Missing {}

/// What is missing on this machine, if anything is.
#[must_use]
pub fn missing() -> Option<Missing> {
    let programs: Vec<_> = PROGRAMS.into_iter().filter(|name| found(name).is_none()).collect();
    let files: Vec<_> = [SCHEMA].into_iter().filter(|path| !Path::new(path).exists()).collect();
    (!programs.is_empty() || !files.is_empty()).then_some(Missing { programs, files })
}

/// Where a program is: the daemons are in directories that a user's PATH often leaves out.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beyond = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(beyond).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// A running switch with one bridge; it ends with the value, or else with the process.
#[derive(Debug)]
pub(crate) struct Switch {
    directory: PathBuf,
    daemons: Vec<Child>,
    control: Unixctl,
    /// Datapath port -> OpenFlow port.
    ports: BTreeMap<u32, u16>,
}

impl Switch {
    pub(crate) fn start() -> Result<Self, Error> {
        if let Some(missing) = missing() {
            return Err(missing.into());
        }
        sweep();
        let directory = private_directory()?;
        let mut daemons = Vec::new();
        let started = bring_up(&directory, &mut daemons);
        match started {
            Ok(control) => {
                let mut switch = Self { directory, daemons, control, ports: BTreeMap::new() };
                let bridge = format!(
                    "add-br {BRIDGE} -- set bridge {BRIDGE} datapath_type=dummy fail-mode=secure \
                     protocols=OpenFlow13,OpenFlow14,OpenFlow15"
                );
                vsctl(&switch.directory, &bridge.split_whitespace().map(str::to_owned).collect::<Vec<_>>())?;
                switch.ensure_ports(PORTS)?;
                Ok(switch)
            }
            Err(error) => {
                stop(&mut daemons, &directory);
                Err(error)
            }
        }
    }

    /// Ports 1 to `last` at least.
    pub(crate) fn ensure_ports(&mut self, last: u16) -> Result<(), Error> {
        let have = self.ports.values().max().copied().unwrap_or(0);
        if have >= last {
            return Ok(());
        }
        let mut arguments: Vec<String> = Vec::new();
        for port in have + 1..=last {
            let words =
                format!("-- add-port {BRIDGE} p{port} -- set interface p{port} type=dummy ofport_request={port}");
            arguments.extend(words.split(' ').map(str::to_owned));
        }
        vsctl(&self.directory, &arguments)?;
        let shown = self.control.call("dpif/show", &[])?;
        // `    p1 1/1: (dummy)`: name, OpenFlow port, datapath port.
        self.ports = shown
            .lines()
            .filter_map(|line| {
                let (numbers, _) = line.trim().split_once(' ')?.1.split_once(':')?;
                let (openflow, datapath) = numbers.split_once('/')?;
                Some((datapath.parse().ok()?, openflow.parse().ok()?))
            })
            .filter(|(_, openflow)| *openflow <= last)
            .collect();
        match self.ports.len() == usize::from(last) {
            true => Ok(()),
            false => Err(Error::Unreadable { what: "port for each that was added", answer: shown }),
        }
    }

    /// Exactly these flows from now on, at once.
    pub(crate) fn replace_flows(&self, flows: &str) -> Result<(), Error> {
        self.ofctl("replace-flows", flows)
    }

    /// Additions and deletions, all at once or none.
    pub(crate) fn change_flows(&self, changes: &str) -> Result<(), Error> {
        self.ofctl("add-flows", changes)
    }

    fn ofctl(&self, command: &str, text: &str) -> Result<(), Error> {
        let file = self.directory.join("flows");
        fs::write(&file, text).map_err(|source| Error::File { path: file.clone(), source })?;
        let mut ofctl = self.ofctl_command();
        ofctl.arg("--bundle").arg(command).arg(self.management()).arg(&file);
        run(ofctl, &format!("ovs-ofctl {command}")).map(drop)
    }

    /// The flows that the switch has.
    pub(crate) fn dump_flows(&self) -> Result<String, Error> {
        let mut ofctl = self.ofctl_command();
        ofctl.args(["--no-stats", "dump-flows"]).arg(self.management());
        run(ofctl, "ovs-ofctl dump-flows")
    }

    fn ofctl_command(&self) -> Command {
        let mut ofctl = command("ovs-ofctl", &self.directory);
        ofctl.args(["-O", "OpenFlow14"]);
        ofctl
    }

    fn management(&self) -> PathBuf {
        self.directory.join(format!("{BRIDGE}.mgmt"))
    }

    /// The ports that a packet of `flow` would leave by.
    pub(crate) fn trace(&mut self, flow: &str) -> Result<Vec<u16>, Error> {
        let answer = self.control.call("ofproto/trace", &[BRIDGE, flow])?;
        // An earlier line of the kind belongs to a packet that is yet to be recirculated.
        let actions = answer.lines().rev().find_map(|line| line.strip_prefix("Datapath actions: "));
        let Some(actions) = actions else { return Err(Error::Unreadable { what: "datapath actions", answer }) };
        let port = |action: &str| self.ports.get(&action.parse().ok()?).copied();
        match actions {
            "drop" => Ok(Vec::new()),
            actions => match actions.split(',').map(port).collect() {
                Some(ports) => Ok(ports),
                None => Err(Error::Unreadable { what: "ports to leave by", answer }),
            },
        }
    }

    /// Forgets what the datapath remembers of packets before: it learns of changed flows only after a while.
    pub(crate) fn forget(&mut self) -> Result<(), Error> {
        self.control.call("revalidator/purge", &[]).map(drop)
    }

    /// Sends a packet by `port` and tells which ports it left by.
    pub(crate) fn inject(&mut self, port: u16, packet: &str) -> Result<Vec<u16>, Error> {
        let before = self.counters()?;
        self.control.call("netdev-dummy/receive", &[&format!("p{port}"), packet])?;
        let received = |counters: &Counters| counters.get(&port).map(|(received, _)| *received);
        let begun = Instant::now();
        loop {
            // Once it is counted as received it is through: one thread does both and answers here.
            let after = self.counters()?;
            if received(&after) != received(&before) {
                let left =
                    after.iter().filter(|(port, (_, sent))| before.get(port).is_some_and(|(_, was)| was != sent));
                return Ok(left.map(|(port, _)| *port).collect());
            }
            if begun.elapsed() > START {
                return Err(Error::Unreadable { what: "packet received", answer: packet.to_owned() });
            }
        }
    }

    /// Packets received and sent.
    fn counters(&mut self) -> Result<Counters, Error> {
        let answer = self.control.call("dpctl/show", &["-s"])?;
        let (mut counters, mut port, mut received) = (Counters::new(), None, 0);
        for line in answer.lines().map(str::trim) {
            // `port 1: p1 (dummy)`, then `RX packets:0 errors:...` and `TX packets:0 ...`.
            let count = |rest: &str| rest.split(' ').next().and_then(|count| count.parse().ok());
            if let Some(rest) = line.strip_prefix("port ") {
                let number = rest.split(':').next().and_then(|number| number.parse().ok());
                port = number.and_then(|number: u32| self.ports.get(&number).copied());
            } else if let Some(rest) = line.strip_prefix("RX packets:") {
                received = count(rest).unwrap_or(0);
            } else if let (Some(rest), Some(port)) = (line.strip_prefix("TX packets:"), port) {
                counters.insert(port, (received, count(rest).unwrap_or(0)));
            }
        }
        match counters.len() == self.ports.len() {
            true => Ok(counters),
            false => Err(Error::Unreadable { what: "counters of every port", answer }),
        }
    }
}

/// Port -> packets received and sent.
type Counters = BTreeMap<u16, (u64, u64)>;

impl Drop for Switch {
    fn drop(&mut self) {
        stop(&mut self.daemons, &self.directory);
    }
}

fn stop(daemons: &mut [Child], directory: &Path) {
    // Nothing of theirs is to be kept; and whoever drops a switch can do nothing about an error.
    for daemon in daemons.iter_mut().rev() {
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
    let _ = fs::remove_dir_all(directory);
}

fn bring_up(directory: &Path, daemons: &mut Vec<Child>) -> Result<Unixctl, Error> {
    let at = |name: &str| directory.join(name);
    let mut tool = command("ovsdb-tool", directory);
    tool.arg("create").arg(at("conf.db")).arg(SCHEMA);
    run(tool, "ovsdb-tool create")?;

    let unixctl = |name: &str| format!("--unixctl={}", at(name).display());
    let remote = format!("--remote=punix:{}", at("db.sock").display());
    daemons.push(daemon(
        "ovsdb-server",
        directory,
        &[&at("conf.db").display().to_string(), &remote, &unixctl("ovsdb.ctl")],
    )?);
    wait_for("ovsdb-server", directory, "db.sock", daemons)?;
    vsctl(directory, &["--no-wait".to_owned(), "init".to_owned()])?;

    let database = format!("unix:{}", at("db.sock").display());
    let dummy = "--enable-dummy=override";
    daemons.push(daemon("ovs-vswitchd", directory, &[&database, dummy, "--disable-system", &unixctl("vswitchd.ctl")])?);
    wait_for("ovs-vswitchd", directory, "vswitchd.ctl", daemons)?;
    Unixctl::connect(&at("vswitchd.ctl"))
}

/// A program with everything it keeps in the private directory.
fn command(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(found(program).unwrap_or_else(|| program.into()));
    for variable in ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"] {
        command.env(variable, directory);
    }
    command.stdin(Stdio::null());
    command
}

/// A daemon in the foreground that the kernel ends with this process, whatever that dies of.
fn daemon(program: &'static str, directory: &Path, arguments: &[&str]) -> Result<Child, Error> {
    let path = directory.join(format!("{program}.out"));
    let file = |source| Error::File { path: path.clone(), source };
    let log = File::create(&path).map_err(file)?;
    let errors = log.try_clone().map_err(file)?;
    let mut setpriv = command("setpriv", directory);
    setpriv.args(["--pdeathsig", "KILL", "--"]).arg(found(program).unwrap_or_else(|| program.into()));
    setpriv.args(arguments).stdout(log).stderr(errors);
    keeper::spawn(setpriv).map_err(|source| Error::Run { program: program.to_owned(), source })
}

fn wait_for(program: &'static str, directory: &Path, socket: &str, daemons: &mut [Child]) -> Result<(), Error> {
    let begun = Instant::now();
    // A socket has its file a moment before it listens: what is waited for is that somebody takes the call.
    while UnixStream::connect(directory.join(socket)).is_err() {
        let ended = daemons.last_mut().is_some_and(|daemon| !matches!(daemon.try_wait(), Ok(None)));
        if ended || begun.elapsed() > START {
            let log = fs::read_to_string(directory.join(format!("{program}.out"))).unwrap_or_default();
            return Err(Error::NotReady { program, log });
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn vsctl(directory: &Path, arguments: &[String]) -> Result<(), Error> {
    let mut vsctl = command("ovs-vsctl", directory);
    vsctl.arg(format!("--db=unix:{}", directory.join("db.sock").display())).arg("--timeout=30").args(arguments);
    run(vsctl, "ovs-vsctl").map(drop)
}

fn run(mut command: Command, name: &str) -> Result<String, Error> {
    let output = command.output().map_err(|source| Error::Run { program: name.to_owned(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(Error::Failed { program: name.to_owned(), stderr })
}

/// Not below `TMPDIR`: the path of a socket has no more than 107 bytes.
fn root() -> &'static Path {
    Path::new("/tmp")
}

fn private_directory() -> Result<PathBuf, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = root().join(format!("{PREFIX}{}-{number}", std::process::id()));
    fs::create_dir(&path).map_err(|source| Error::File { path: path.clone(), source })?;
    Ok(path)
}

/// Removes what processes left that were killed: their daemons died with them.
fn sweep() {
    let Ok(entries) = fs::read_dir(root()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let gone = owner.is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists());
        if gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_brings_it() {
        let missing = Missing { programs: vec!["ovsdb-tool", "ovs-vswitchd"], files: vec![SCHEMA] };
        assert_eq!(
            missing.to_string(),
            "Open vSwitch cannot run here: no `ovsdb-tool`, `ovs-vswitchd`, \
             `/usr/share/openvswitch/vswitch.ovsschema`; `apt-get install openvswitch-switch` brings it, \
             util-linux has setpriv"
        );
    }
}
