//! Policies as flows.
//!
//! | table | what it does |
//! |---|---|
//! | 0 | who sends: by port, and a pod by its own addresses only |
//! | 5 | where to: the port that leads to the destination |
//! | 6 | a pod reaching itself leaves at once (K19) |
//! | 7 | what a tunnel brought skips egress; which address blocks see of a Service flow (C10, U5) |
//! | 10 | egress of isolated pods, else passes |
//! | 15 | a copy to the tap |
//! | 20 | ingress of isolated pods, else passes |
//! | 30 | out |
//!
//! In tables 10 and 20 a rule is a conjunction of three clauses: the pods its policy isolates, its peers, its ports. A
//! clause that admits everything is left out; the one of the pods alone is a plain flow, since a conjunction needs two.
//! Each policy lists its own pods, so that rules add up and none can take away what another admits (K2).

mod exemptions;
mod fields;
mod peers;
mod policies;
mod ports;
mod ways;

use netpol_oracle::net::Family;
use netpol_oracle::profile::{Capabilities, Support};
use netpol_oracle::{Cluster, Direction, Profile};

use crate::ends::{Ends, TAP};
use crate::fault::Fault;
use crate::flows::Flows;
use crate::ids::Ids;

pub(crate) use fields::{network, transport};
pub(crate) use policies::RuleKey;

const SENDER: u8 = 0;
const DESTINATION: u8 = 5;
const HAIRPIN: u8 = 6;
const SEEN_ADDRESS: u8 = 7;
const EGRESS: u8 = 10;
const PASSED_EGRESS: u8 = 15;
const INGRESS: u8 = 20;
const OUT: u8 = 30;

/// reg1: what kind of end sends.
const FROM_POD: u8 = 1;
const FROM_NODE: u8 = 2;
const FROM_OUTSIDE: u8 = 3;
/// reg4: what kind of end is sent to.
const TO_POD: u8 = 1;
const TO_NODE: u8 = 2;
const TO_OUTSIDE: u8 = 3;

/// Priorities of tables 10 and 20.
const EXEMPT: u16 = 300;
const LEAKED_EXCEPT: u16 = 260;
const PLAIN: u16 = 250;
const RULES: u16 = 200;
const ISOLATED: u16 = 100;
const PASS: u16 = 0;

/// The flows of `cluster` under `profile`; `conjunctions` is brought up to date.
pub(crate) fn compile(
    cluster: &Cluster,
    profile: &Profile,
    ends: &Ends,
    conjunctions: &mut Ids<RuleKey>,
    fault: Option<Fault>,
) -> Flows {
    let capabilities = profile.capabilities();
    let v6 = (capabilities.ipv6 != Support::Unsupported) != (fault == Some(Fault::FamilyProfileIgnored));
    let families = if v6 { vec![Family::V4, Family::V6] } else { vec![Family::V4] };
    let mut compiler = Compiler { cluster, profile, capabilities, ends, families, fault, flows: Flows::default() };
    conjunctions.assign(&compiler.rule_keys());
    compiler.senders();
    compiler.destinations();
    compiler.service_addresses();
    for direction in [Direction::Egress, Direction::Ingress] {
        compiler.isolation(direction, conjunctions);
    }
    compiler.flows.add(PASSED_EGRESS, PASS, "", format!("output:{TAP},goto_table:{INGRESS}"));
    compiler.flows.add(OUT, PASS, "", "output:NXM_NX_REG2[]");
    compiler.flows
}

struct Compiler<'c> {
    cluster: &'c Cluster,
    profile: &'c Profile,
    capabilities: &'c Capabilities,
    ends: &'c Ends,
    /// The families in which pods are isolated at all (C7).
    families: Vec<Family>,
    fault: Option<Fault>,
    flows: Flows,
}

impl Compiler<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}
