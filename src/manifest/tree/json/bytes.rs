//! How far bytes of one kind go on, eight at a time.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// How many spaces a text begins with.
pub(super) fn spaces(text: &[u8]) -> usize {
    run(text, |bytes| bytes ^ (ONES * u64::from(b' ')), |byte| byte == b' ')
}

/// How many bytes at the beginning of a text stand for themselves in a string.
pub(super) fn plain(text: &[u8]) -> usize {
    // A byte that subtraction takes below zero has its high bit then; those behind it may have it by the borrow, so
    // only the first counts.
    let below = |bytes: u64, bound: u64| bytes.wrapping_sub(ONES * bound) & !bytes & HIGH;
    let is = |bytes: u64, byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    run(
        text,
        |bytes| below(bytes, 0x20) | is(bytes, b'"') | is(bytes, b'\\'),
        |byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F),
    )
}

/// How many bytes go on: `ends` has a bit in the first byte of eight that does not, and in none before it.
fn run(text: &[u8], ends: impl Fn(u64) -> u64, goes_on: impl Fn(u8) -> bool) -> usize {
    let mut rest = text;
    while let Some(bytes) = rest.first_chunk() {
        let end = ends(u64::from_le_bytes(*bytes));
        if end != 0 {
            return text.len() - rest.len() + end.trailing_zeros() as usize / 8;
        }
        rest = rest.get(8..).unwrap_or_default();
    }
    text.len() - rest.len() + rest.iter().position(|&byte| !goes_on(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{plain, spaces};

    proptest! {
        #[test]
        fn each_is_what_bytes_one_by_one_say(
            text in prop::collection::vec(prop_oneof![4 => Just(b' '), 1 => any::<u8>()], 0..40),
        ) {
            prop_assert_eq!(spaces(&text), text.iter().take_while(|&&byte| byte == b' ').count());
            let stands = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
            prop_assert_eq!(plain(&text), text.iter().take_while(stands).count());
        }
    }
}
