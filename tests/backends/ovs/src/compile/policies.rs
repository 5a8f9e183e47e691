//! Tables 10 and 20: whom policies isolate, and their rules as conjunctions.

use std::collections::BTreeSet;

use netpol_oracle::model::{Peers, Ports, Rule};
use netpol_oracle::profile::{OtherProtocols, Support};
use netpol_oracle::{Direction, NetworkPolicy, ObjectName, Protocol};

use super::fields::{network, subject, transport};
use super::{Compiler, EGRESS, EXEMPT, INGRESS, ISOLATED, OUT, PASS, PASSED_EGRESS, PLAIN, RULES};
use crate::ends::PodEnd;
use crate::fault::Fault;
use crate::flows::Clause;
use crate::ids::Ids;
use crate::selectors::selects;

/// A rule, by its place.
pub(crate) type RuleKey = (ObjectName, Direction, usize);

impl Compiler<'_> {
    pub(super) fn isolation(&mut self, direction: Direction, conjunctions: &Ids<RuleKey>) {
        let (table, next) = match direction {
            Direction::Egress => (EGRESS, PASSED_EGRESS),
            Direction::Ingress => (INGRESS, OUT),
        };
        let pass = format!("goto_table:{next}");
        self.flows.add(table, PASS, "", &*pass);
        let support = match direction {
            Direction::Egress => self.capabilities.egress,
            Direction::Ingress => self.capabilities.ingress,
        };
        if [self.capabilities.enforcement, support].contains(&Support::Unsupported) {
            return;
        }
        let mut isolated: BTreeSet<u16> = BTreeSet::new();
        let policies: Vec<&NetworkPolicy> = self.cluster.policies().iter().collect();
        for (place, policy) in policies.iter().enumerate() {
            let mut subjects = self.subjects(policy, direction);
            isolated.extend(subjects.iter().map(|end| end.port));
            if self.has(Fault::LastPolicyWins) {
                let later: Vec<u16> = policies
                    .iter()
                    .skip(place + 1)
                    .flat_map(|policy| self.subjects(policy, direction))
                    .map(|end| end.port)
                    .collect();
                subjects.retain(|end| !later.contains(&end.port));
            }
            for (index, rule) in self.rules(policy, direction).iter().enumerate() {
                let id = if self.has(Fault::SharedConjunctionIds) {
                    u32::try_from(index + 1).unwrap_or(1)
                } else {
                    let Some(id) = conjunctions.get(&(policy.name().clone(), direction, index)) else { continue };
                    id
                };
                self.rule(policy, rule, direction, &subjects, id, &pass);
            }
        }
        for end in &self.ends.pods {
            if isolated.contains(&end.port) {
                self.drop_the_rest(table, &subject(direction, end.port));
                self.exemptions(table, direction, end, &pass);
            }
        }
    }

    /// The pods that `policy` isolates (K1).
    fn subjects(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<PodEnd> {
        let declared = policy.isolates(direction)
            || (self.has(Fault::UndeclaredRulesCount) && !policy.written_rules(direction).is_empty())
            || (self.has(Fault::EgressAlwaysDeclared) && direction == Direction::Egress);
        let without_rules = direction == Direction::Egress && policy.rules(direction).is_empty();
        if !declared || (self.has(Fault::EmptyEgressDoesNotIsolate) && without_rules) {
            return Vec::new();
        }
        let selected = |end: &&PodEnd| {
            end.pod.name.namespace() == policy.name().namespace()
                && selects(policy.subject(), &end.pod.labels, self.fault)
        };
        self.ends.pods.iter().filter(selected).cloned().collect()
    }

    /// The rules that count (K4).
    fn rules(&self, policy: &NetworkPolicy, direction: Direction) -> Vec<Rule> {
        let rules = match policy.isolates(direction) || self.has(Fault::UndeclaredRulesCount) {
            true => policy.written_rules(direction).to_vec(),
            false => Vec::new(),
        };
        if self.has(Fault::EmptyIngressAdmitsAll) && direction == Direction::Ingress && rules.is_empty() {
            return vec![Rule { peers: Peers::Any, ports: Ports::Any }];
        }
        rules
    }

    pub(super) fn rule_keys(&self) -> BTreeSet<RuleKey> {
        let mut keys = BTreeSet::new();
        for policy in self.cluster.policies() {
            for direction in [Direction::Egress, Direction::Ingress] {
                let rules = 0..self.rules(policy, direction).len();
                keys.extend(rules.map(|index| (policy.name().clone(), direction, index)));
            }
        }
        keys
    }

    fn rule(
        &mut self,
        policy: &NetworkPolicy,
        rule: &Rule,
        direction: Direction,
        subjects: &[PodEnd],
        id: u32,
        pass: &str,
    ) {
        let table = if direction == Direction::Egress { EGRESS } else { INGRESS };
        let pods: Vec<String> = subjects.iter().map(|end| subject(direction, end.port)).collect();
        let mut clauses = vec![pods.clone()];
        clauses.extend(self.peers(policy, &rule.peers, direction, &pods));
        clauses.extend(self.ports(&rule.ports, direction, subjects));
        if clauses.iter().any(Vec::is_empty) {
            return;
        }
        if clauses.len() == 1 {
            for pod in pods {
                self.flows.add(table, PLAIN, pod, pass);
            }
            return;
        }
        self.flows.add(table, RULES, format!("conj_id={id}"), pass);
        for (number, clause) in clauses.iter().enumerate() {
            let clause_id = Clause { conjunction: id, number: number + 1, of: clauses.len() };
            for fields in clause {
                self.flows.add_clause(table, RULES, &**fields, clause_id);
            }
        }
    }

    fn drop_the_rest(&mut self, table: u8, subject: &str) {
        let priority = if self.has(Fault::DropFirst) { EXEMPT - 1 } else { ISOLATED };
        for family in self.families.clone() {
            let words: Vec<&str> = match self.capabilities.other_protocols {
                OtherProtocols::Unfiltered => Protocol::ALL.map(|protocol| transport(protocol, family)).to_vec(),
                _ => vec![network(family)],
            };
            for word in words {
                self.flows.add(table, priority, format!("{subject},{word}"), "drop");
            }
        }
    }
}
