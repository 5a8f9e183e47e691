//! What the test modules share.

pub(crate) mod fuzz;
pub(crate) mod tiny_changes;
pub(crate) mod two_valued;
pub(crate) mod worlds;

/// The value with something of it changed.
pub(crate) fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}
