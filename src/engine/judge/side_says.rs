//! What one side of a connection says on every port, whatever the other says: for those who ask for many pairs of ends.

use crate::engine::ends::sent::Sent;
use crate::engine::ends::services::ResolvedFlow;
use crate::engine::judge::diagrams::{Diagrams, KeptTruth};
use crate::engine::judge::evaluation::Evaluation;
use crate::engine::judge::question::Question;
use crate::engine::judge::reading::Readings;
use crate::engine::judge::settings::Settings;
use crate::engine::judge::side_course::SideCourse;
use crate::engine::judge::verdict::{diagram_of_side, verdict_of_side};
use crate::engine::snapshot::Snapshot;
use crate::model::flow::{Flow, L4};
use crate::name::Direction;
use crate::net::PortInterval;
use crate::verdict::Verdict;

/// What a side says of each of some intervals of ports, and of protocols without ports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SideSays {
    /// In order, those that say the same together where they touch.
    pub(crate) ports: Vec<(PortInterval, KeptTruth)>,
    pub(crate) portless: KeptTruth,
}

impl SideSays {
    /// What it says of a connection on a port that it was asked about, or without ports.
    pub(crate) fn on(&self, l4: L4) -> Option<&KeptTruth> {
        match l4 {
            L4::Port(protocol, port) => {
                let mut ports = self.ports.iter();
                ports.find(|(interval, _)| interval.contains(protocol, port)).map(|(_, truth)| truth)
            }
            L4::Icmp | L4::Other(_) => Some(&self.portless),
        }
    }
}

impl Snapshot {
    /// What one side says of connections between two ends that meet, nothing being translated on the way. None where the flow
    /// cannot be.
    pub(crate) fn side_says(&self, flow: &Flow, direction: Direction, intervals: &[PortInterval]) -> Option<SideSays> {
        // Without ports nothing stands before the ends.
        let ends = Flow { l4: L4::Icmp, ..flow.clone() };
        let ResolvedFlow::Connection(way) = self.tables.resolve_flow(&ends).ok()? else { return None };
        if !matches!(way.sent, Sent::Straight) {
            return None;
        }
        let question = Question::by_way(&way);
        let mut ports: Vec<(PortInterval, KeptTruth)> = Vec::new();
        for interval in intervals {
            let truth = self.truth_of_side(&Question { l4: (*interval).into(), ..question }, direction);
            let longer = ports.last().filter(|(_, same)| *same == truth);
            let both = longer.and_then(|(before, _)| before.joined(*interval));
            if both.is_some() {
                ports.pop();
            }
            ports.push((both.unwrap_or(*interval), truth));
        }
        Some(SideSays { ports, portless: self.truth_of_side(&question, direction) })
    }

    fn truth_of_side(&self, question: &Question<'_>, direction: Direction) -> KeptTruth {
        let fast = self.tables.fast_side_of(question, direction);
        match fast.unwrap_or_else(|| verdict_of_side(&self.tables, question, direction)) {
            Verdict::Allow => KeptTruth::known(true),
            Verdict::Deny => KeptTruth::known(false),
            Verdict::Undefined => {
                let diagrams = Diagrams::default();
                let settings = Settings::new(self.tables.profile.capabilities());
                let evaluation = Evaluation { tables: &self.tables, settings: &settings, logic: &diagrams, question };
                let truth = diagram_of_side(evaluation, direction).unwrap_or_else(|| {
                    let readings = Readings::of(evaluation);
                    SideCourse::of(evaluation, &readings, direction).truth()
                });
                diagrams.kept(truth)
            }
        }
    }
}
