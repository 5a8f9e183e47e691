//! What policies say of a class, written out as entries.

use crate::engine::build::writer::Writer;
use crate::engine::ids::{ClassIx, PortTableIx};
use crate::engine::judge::circumstances::{Circumstances, Side, circumstances};
use crate::engine::judge::logic::Coarse;
use crate::engine::judge::settings::Settings;
use crate::engine::spaces::ports::{NamedPort, PortTable};
use crate::engine::tables::Tables;
use crate::engine::tables::class::{ANY_NAMESPACE, ClassDetail, Isolation, SideEntries, namespace_bit, port_bits};
use crate::engine::tables::matches::Matches;
use crate::engine::tables::policy::{CompiledPeer, CompiledPeers, Entry, EntryPeer, EntryPorts, PeerNamespaces};
use crate::name::Direction;
use crate::profile::capability::{Capabilities, Support};

/// There are at most so many entries for each class on average; classes beyond have their policies asked one by one.
const ENTRIES_A_CLASS: usize = 64;
/// And so many more, whatever the number of classes.
const ENTRIES_AT_LEAST: usize = 1 << 16;
/// In a list that is no longer than this an entry is looked for before it is added again.
const LOOKED_THROUGH: usize = 32;

/// The entries of an isolated side.
struct Entries {
    list: Vec<Entry>,
    /// Everything may pass (C1 to C3, C6, C8).
    is_open: bool,
}

impl Writer {
    /// What the policies say of the class, anew.
    pub(super) fn compile_class(&mut self, tables: &mut Tables, class: ClassIx) {
        for direction in [Direction::Ingress, Direction::Egress] {
            let side = match self.entries_of(tables, tables.details.get(class), direction) {
                Ok(entries) => self.share_entries(tables, &entries),
                Err(isolation) => SideEntries { isolation, ..SideEntries::default() },
            };
            *tables.classes.get_mut(class).side_mut(direction) = side;
            let summary = tables.summaries.get_mut(class);
            match direction {
                Direction::Egress => summary.egress = side.isolation,
                Direction::Ingress => summary.ingress = side.isolation,
            }
        }
        self.summarise_class(tables, class);
    }

    /// The Bloom filters of the class's summary, of its ingress entries.
    pub(super) fn summarise_class(&self, tables: &mut Tables, class: ClassIx) {
        let side = tables.classes.get(class).ingress;
        let mut summary = *tables.summaries.get(class);
        (summary.port_bits, summary.foreign_port_bits, summary.foreign_namespace_bits) = (0, 0, 0);
        for entry in tables.entries.slice(side.first, side.len) {
            let ports = port_bits(entry.ports);
            summary.port_bits |= ports;
            let namespaces = match entry.peer {
                EntryPeer::Pods { namespaces: PeerNamespaces::Own(own), .. } if own == summary.namespace => continue,
                EntryPeer::Pods { namespaces: PeerNamespaces::Matching(selector), .. }
                    if !selector.is_everything() && !selector.is_negative() =>
                {
                    namespace_bit(selector)
                }
                EntryPeer::Block(block) if !self.hull.meets(tables.blocks.get(block)) => continue,
                _ => ANY_NAMESPACE,
            };
            summary.foreign_port_bits |= ports;
            summary.foreign_namespace_bits |= namespaces;
        }
        *tables.summaries.get_mut(class) = summary;
    }

    /// The entries of an isolated side; else how the side is isolated, as far as the class alone says.
    fn entries_of(&self, tables: &Tables, class: &ClassDetail, direction: Direction) -> Result<Entries, Isolation> {
        let policies = match class.pod_matches {
            Matches::Scan(_) => None,
            Matches::Listed(_) => Some(tables.isolating(class, direction)),
        };
        let alone = ClassAlone { class, direction, is_isolated: policies.as_ref().is_none_or(|all| !all.is_empty()) };
        let settings = Settings::new(tables.profile.capabilities());
        let Circumstances::Isolated { anyway } = circumstances(&Coarse, &settings, &alone) else {
            return Err(Isolation::NotIsolated);
        };
        let Some(policies) = policies.filter(|_| class.key.placed_by_address.is_none()) else {
            return Err(Isolation::AskPolicies);
        };
        let most = (ENTRIES_A_CLASS * tables.classes.len() + ENTRIES_AT_LEAST).saturating_sub(tables.entries.len());
        let mut list: Vec<Entry> = Vec::new();
        // Names are resolved at the destination (K12): of ingress that is the subject.
        let named = (direction == Direction::Ingress).then_some(&*class.key.named);
        for rule in policies.iter().flat_map(|policy| policy.rules(direction)) {
            let ports = entry_ports(tables, rule.ports, named);
            let mut add = |peer: EntryPeer| {
                for entry in ports.iter().map(|ports| Entry { peer, ports: *ports }) {
                    if list.len() >= LOOKED_THROUGH || !list.contains(&entry) {
                        list.push(entry);
                    }
                }
            };
            match &rule.peers {
                CompiledPeers::Any => add(EntryPeer::Any),
                CompiledPeers::Of(peers) => peers.iter().for_each(|peer| add(entry_peer(tables, *peer, direction))),
            }
            if list.len() > most {
                return Err(Isolation::AskPolicies);
            }
        }
        Ok(Entries { list, is_open: anyway.may })
    }

    /// Puts the list among all entries, unless it is there already.
    fn share_entries(&mut self, tables: &mut Tables, Entries { list, is_open }: &Entries) -> SideEntries {
        let too_many = SideEntries { isolation: Isolation::AskPolicies, ..SideEntries::default() };
        let hash = tables.hash(list.as_slice());
        let known = self.entry_lists.find(hash, |(first, len)| tables.entries.slice(*first, *len) == list);
        let known = known.map(|(first, _)| *first);
        let Ok(len) = u16::try_from(list.len()) else { return too_many };
        let Some(first) = known.or_else(|| tables.entries.extend(list)) else { return too_many };
        if known.is_none() {
            let hash_of = |(first, len): &(_, u16)| tables.hash(tables.entries.slice(*first, *len));
            self.entry_lists.insert_unique(hash, (first, len), hash_of);
        }
        SideEntries { first, len, isolation: if *is_open { Isolation::IsolatedOpen } else { Isolation::Isolated } }
    }
}

/// A side of which only the subject's class is known.
struct ClassAlone<'t> {
    class: &'t ClassDetail,
    direction: Direction,
    is_isolated: bool,
}

impl Side for ClassAlone<'_> {
    fn direction(&self) -> Direction {
        self.direction
    }

    /// What hostNetwork pods are is asked before entries are (U2).
    fn is_subject(&self) -> bool {
        true
    }

    fn is_isolated(&self) -> bool {
        self.is_isolated
    }

    fn is_secure(&self) -> bool {
        self.class.key.secure
    }

    fn may_lack_enforcement(&self, _: &Capabilities) -> bool {
        let [ingress, egress] = self.class.key.uncertain;
        if self.direction == Direction::Ingress { ingress } else { egress }
    }
}

fn entry_ports(tables: &Tables, id: PortTableIx, named: Option<&[NamedPort]>) -> Vec<EntryPorts> {
    let table: &PortTable = tables.ports.get(id);
    if *table == PortTable::Any {
        return vec![EntryPorts::Any];
    }
    match table.spans(tables.profile.capabilities().end_port, named) {
        Some(spans) => {
            spans.into_iter().map(|(protocol, first, last)| EntryPorts::Span { protocol, first, last }).collect()
        }
        None => vec![EntryPorts::Table(id)],
    }
}

fn entry_peer(tables: &Tables, peer: CompiledPeer, direction: Direction) -> EntryPeer {
    let capabilities = tables.profile.capabilities();
    let blocks = match direction {
        Direction::Ingress => capabilities.ingress_ip_block,
        Direction::Egress => capabilities.egress_ip_block,
    };
    match peer {
        CompiledPeer::Pods { namespaces, pods } => EntryPeer::Pods { namespaces, pods },
        CompiledPeer::Block(block) if blocks == Support::Supported => EntryPeer::Block(block),
        CompiledPeer::Block(_) => EntryPeer::Open,
    }
}
