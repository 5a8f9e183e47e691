//! The program itself, and the lines of its log.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Certificate, Client};

pub(crate) struct Process {
    child: Child,
    lines: Receiver<Value>,
    /// Lines that nobody has asked for yet.
    passed: RefCell<Vec<Value>>,
    pub(crate) certificate: Certificate,
    pub(crate) address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Runs the program until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(Certificate::new(), arguments)
    }

    /// The same with a certificate.
    pub(crate) fn start_with(certificate: Certificate, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netpol-webhook"));
        command.args(["--listen=127.0.0.1:0", "--cert"]).arg(certificate.cert()).arg("--key").arg(certificate.key());
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut started =
            Self { child, lines, passed: RefCell::default(), certificate, address: ([127, 0, 0, 1], 0).into() };
        let address = started.line("listening")["address"].as_str().unwrap().parse().unwrap();
        started.address = address;
        started
    }

    /// The first line of the log with this message that was not given before.
    pub(crate) fn line(&self, message: &str) -> Value {
        let mut passed = self.passed.borrow_mut();
        if let Some(place) = passed.iter().position(|line| line["message"] == message) {
            return passed.remove(place);
        }
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("a line comes: {message}"));
            if line["message"] == message {
                return line;
            }
            passed.push(line);
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address, &self.certificate.der).await.unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}
