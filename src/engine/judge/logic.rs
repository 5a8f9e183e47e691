//! Two grains of truth in which sides are judged: what must and may pass, and what exactly that hangs on.

use crate::engine::judge::choice::Choice;
use crate::profile::row::Row;
use crate::verdict::Verdict;

/// How truth is kept while the sources leave something open.
pub(in crate::engine) trait Logic {
    /// Whether something holds, as far as that is known.
    type Truth: Copy + PartialEq;

    const NO: Self::Truth;
    const YES: Self::Truth;

    /// It holds under one reading of `row`, the same wherever the flow meets the row, and not under the other.
    fn open(&self, row: Row) -> Self::Truth;
    /// U1, where not everything passes: whether rules without `ports` match.
    fn portless(&self) -> Self::Truth;
    /// What `judge` says under each reading of a choice, put together; none of no reading.
    fn under_each<T>(
        &self,
        choice: Choice,
        readings: impl Iterator<Item = (usize, T)>,
        judge: impl FnMut(T) -> Option<Self::Truth>,
    ) -> Option<Self::Truth>;
    fn or(&self, one: Self::Truth, other: Self::Truth) -> Self::Truth;
    fn and(&self, one: Self::Truth, other: Self::Truth) -> Self::Truth;
    /// `then` where `condition` holds, `otherwise` where not: of an ordered list, the first that matches.
    fn choose(&self, condition: Self::Truth, then: Self::Truth, otherwise: Self::Truth) -> Self::Truth;

    fn known(value: bool) -> Self::Truth {
        if value { Self::YES } else { Self::NO }
    }

    fn verdict(truth: Self::Truth) -> Verdict {
        if truth == Self::YES {
            Verdict::Allow
        } else if truth == Self::NO {
            Verdict::Deny
        } else {
            Verdict::Undefined
        }
    }
}

impl Choice {
    /// What `judge` says under each of the readings, put together. Each has its number, the same wherever the choice is met; it
    /// may not be there beside others. None of no reading.
    pub(super) fn over<T, J: Into<Option<L::Truth>>, L: Logic>(
        self,
        logic: &L,
        readings: impl Iterator<Item = (usize, T)>,
        mut judge: impl FnMut(T) -> J,
    ) -> Option<L::Truth> {
        logic.under_each(self, readings, |reading| judge(reading).into())
    }
}

/// The coarse grain. It forgets which reading a truth hangs on, so it is exact where every open behaviour pushes one way
/// only: what is met in both senses (U2, U5, U7 to U9) is settled before, and each of its readings judged apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Coarse;

/// Whether it holds under every reading, and whether under any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct MustMay {
    pub(in crate::engine) must: bool,
    pub(in crate::engine) may: bool,
}

impl Logic for Coarse {
    type Truth = MustMay;

    const NO: MustMay = MustMay { must: false, may: false };
    const YES: MustMay = MustMay { must: true, may: true };

    fn open(&self, _: Row) -> MustMay {
        MustMay { must: false, may: true }
    }

    fn portless(&self) -> MustMay {
        MustMay { must: false, may: true }
    }

    /// It must hold under all of them, and may if under any.
    fn under_each<T>(
        &self,
        _: Choice,
        readings: impl Iterator<Item = (usize, T)>,
        mut judge: impl FnMut(T) -> Option<MustMay>,
    ) -> Option<MustMay> {
        let mut all: Option<MustMay> = None;
        for (_, reading) in readings {
            let Some(truth) = judge(reading) else { continue };
            let before = all.unwrap_or(truth);
            let now = MustMay { must: before.must & truth.must, may: before.may | truth.may };
            all = Some(now);
            if now.may & !now.must {
                break;
            }
        }
        all
    }

    fn or(&self, one: MustMay, other: MustMay) -> MustMay {
        MustMay { must: one.must | other.must, may: one.may | other.may }
    }

    fn and(&self, one: MustMay, other: MustMay) -> MustMay {
        MustMay { must: one.must & other.must, may: one.may & other.may }
    }

    fn choose(&self, condition: MustMay, then: MustMay, otherwise: MustMay) -> MustMay {
        let (held, failed) = (condition.may, !condition.must);
        MustMay {
            must: (!held | then.must) & (!failed | otherwise.must),
            may: (held & then.may) | (failed & otherwise.may),
        }
    }
}
