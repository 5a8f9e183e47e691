//! What the judgement of one connection reads.

use crate::engine::judge::question::Question;
use crate::engine::judge::settings::Settings;
use crate::engine::tables::Tables;

/// The evaluation of one question: by which policies, under which settings, in which grain of truth.
pub(super) struct Evaluation<'a, 't, L> {
    pub(super) tables: &'t Tables,
    pub(super) settings: &'a Settings<'a>,
    pub(super) logic: &'a L,
    pub(super) question: &'a Question<'t>,
}

impl<L> Clone for Evaluation<'_, '_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Evaluation<'_, '_, L> {}
