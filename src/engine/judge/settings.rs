//! The rows as they are set, and which of them a judgement asked for.

use std::cell::Cell;

use crate::profile::capability::Capabilities;
use crate::profile::row::{Row, Rows};

/// Capabilities that remember what was asked of them.
pub(in crate::engine) struct Settings<'t> {
    capabilities: &'t Capabilities,
    asked: Cell<Rows>,
}

impl<'t> Settings<'t> {
    pub(in crate::engine) fn new(capabilities: &'t Capabilities) -> Self {
        Self { capabilities, asked: Cell::new(Rows::NONE) }
    }

    /// The setting of `row`, which counts as asked from now on.
    pub(in crate::engine) fn ask<T>(&self, row: Row, setting: impl Fn(&Capabilities) -> T) -> T {
        self.asked.set(self.asked.get().union(row.into()));
        setting(self.capabilities)
    }

    /// The rows that were asked for: no other can have mattered.
    pub(super) fn asked(&self) -> Rows {
        self.asked.get()
    }
}
