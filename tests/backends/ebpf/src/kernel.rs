//! The loaded programs and their maps.

use std::collections::BTreeMap;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData, MapError};
use aya::programs::{ProgramError, SchedClassifier, TestRun, TestRunOptions};
use aya::{Ebpf, EbpfError, EbpfLoader, Pod};
use netpol_oracle::Direction;
use netpol_oracle::oracle::Outcome;

use crate::encode::{AddressKey, Tables};
use crate::program::{self, Missing};

/// What can go wrong between here and the kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// There are no programs to load.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The object file is not taken.
    #[error("loading the object: {0}")]
    Load(#[from] EbpfError),
    /// A program is not taken, or not run.
    #[error("program: {0}")]
    Program(#[from] ProgramError),
    /// A map cannot be changed.
    #[error("map `{map}`: {source}")]
    Map {
        /// Its name.
        map: &'static str,
        /// Why.
        source: MapError,
    },
    /// The object file lacks a map or program.
    #[error("the object has no `{0}`")]
    Absent(&'static str),
    /// A program ended with what is neither "pass" nor "drop".
    #[error("a program returned {0}")]
    Returned(u32),
}

type Trie = LpmTrie<MapData, AddressKey, u32>;

/// Programs and maps; gone from the kernel when dropped.
pub(crate) struct Kernel {
    programs: Ebpf,
    config: Array<MapData, u32>,
    endpoints: HashMap<MapData, AddressKey, [u8; 8]>,
    ipcache: Trie,
    blocks: Trie,
    own_node: HashMap<MapData, [u8; 24], u32>,
    subjects: HashMap<MapData, [u8; 8], u32>,
    policy: HashMap<MapData, [u8; 20], u32>,
    installed: Tables,
    writes: u64,
}

impl Kernel {
    pub(crate) fn load() -> Result<Self, KernelError> {
        let mut programs = EbpfLoader::new().load(&program::compile()?)?;
        for name in ["egress", "ingress"] {
            let program = programs.program_mut(name).ok_or(KernelError::Absent(name))?;
            <&mut SchedClassifier>::try_from(program)?.load()?;
        }
        Ok(Self {
            config: taken(&mut programs, "config")?,
            endpoints: taken(&mut programs, "endpoints")?,
            ipcache: taken(&mut programs, "ipcache")?,
            blocks: taken(&mut programs, "blocks")?,
            own_node: taken(&mut programs, "own_node")?,
            subjects: taken(&mut programs, "subjects")?,
            policy: taken(&mut programs, "policy")?,
            programs,
            installed: Tables::default(),
            writes: 0,
        })
    }

    /// Brings the maps from what they hold to `tables`: only what differs is written. Where that fails halfway,
    /// `installed` is still what they hold.
    pub(crate) fn hold(&mut self, tables: &Tables) -> Result<(), KernelError> {
        let (installed, writes) = (&mut self.installed, &mut self.writes);
        if installed.config != tables.config {
            self.config.set(0, tables.config, 0).map_err(|source| KernelError::Map { map: "config", source })?;
            installed.config = tables.config;
            *writes += 1;
        }
        change(&mut self.policy, "policy", &mut installed.policy, &tables.policy, writes)?;
        change(&mut self.subjects, "subjects", &mut installed.subjects, &tables.subjects, writes)?;
        change(&mut self.blocks, "blocks", &mut installed.blocks, &tables.blocks, writes)?;
        change(&mut self.own_node, "own_node", &mut installed.own_node, &tables.own_node, writes)?;
        change(&mut self.ipcache, "ipcache", &mut installed.ipcache, &tables.ipcache, writes)?;
        change(&mut self.endpoints, "endpoints", &mut installed.endpoints, &tables.endpoints, writes)
    }

    /// What the maps hold.
    pub(crate) fn installed(&self) -> &Tables {
        &self.installed
    }

    /// How many map entries were written or deleted so far.
    pub(crate) fn writes(&self) -> u64 {
        self.writes
    }

    /// What the program of that direction does with a packet.
    pub(crate) fn run(&mut self, direction: Direction, packet: &[u8]) -> Result<Outcome, KernelError> {
        let name = match direction {
            Direction::Egress => "egress",
            Direction::Ingress => "ingress",
        };
        let program = self.programs.program_mut(name).ok_or(KernelError::Absent(name))?;
        let options = TestRunOptions { data_in: Some(packet), ..TestRunOptions::default() };
        match <&mut SchedClassifier>::try_from(program)?.test_run(options)?.return_value {
            0 => Ok(Outcome::Delivered),
            2 => Ok(Outcome::Dropped),
            other => Err(KernelError::Returned(other)),
        }
    }
}

fn taken<M: TryFrom<Map, Error = MapError>>(programs: &mut Ebpf, map: &'static str) -> Result<M, KernelError> {
    let taken = programs.take_map(map).ok_or(KernelError::Absent(map))?;
    M::try_from(taken).map_err(|source| KernelError::Map { map, source })
}

/// A map whose entries come and go one by one.
trait Entries<K, V> {
    fn put(&mut self, key: &K, value: V) -> Result<(), MapError>;
    fn take(&mut self, key: &K) -> Result<(), MapError>;
}

impl<K: Pod, V: Pod> Entries<K, V> for HashMap<MapData, K, V> {
    fn put(&mut self, key: &K, value: V) -> Result<(), MapError> {
        self.insert(key, value, 0)
    }

    fn take(&mut self, key: &K) -> Result<(), MapError> {
        self.remove(key)
    }
}

impl Entries<(u32, AddressKey), u32> for Trie {
    fn put(&mut self, (bits, address): &(u32, AddressKey), value: u32) -> Result<(), MapError> {
        self.insert(&Key::new(*bits, *address), value, 0)
    }

    fn take(&mut self, (bits, address): &(u32, AddressKey)) -> Result<(), MapError> {
        self.remove(&Key::new(*bits, *address))
    }
}

/// Writes what is new or different, then deletes what is gone.
fn change<K: Ord + Copy, V: Copy + PartialEq>(
    entries: &mut impl Entries<K, V>,
    map: &'static str,
    installed: &mut BTreeMap<K, V>,
    wanted: &BTreeMap<K, V>,
    writes: &mut u64,
) -> Result<(), KernelError> {
    let failed = |source| KernelError::Map { map, source };
    for (key, value) in wanted {
        if installed.get(key) != Some(value) {
            entries.put(key, *value).map_err(failed)?;
            installed.insert(*key, *value);
            *writes += 1;
        }
    }
    let gone: Vec<K> = installed.keys().filter(|key| !wanted.contains_key(key)).copied().collect();
    for key in gone {
        entries.take(&key).map_err(failed)?;
        installed.remove(&key);
        *writes += 1;
    }
    Ok(())
}
