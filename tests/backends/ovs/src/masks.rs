//! Ranges of ports as values under masks, which is all that OpenFlow matches (K13).

/// A port field's value, and the bits of it that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Masked {
    pub(crate) value: u16,
    pub(crate) mask: u16,
}

/// The fewest blocks of the size of a power of two, at a multiple of it, that make up `first..=last`.
pub(crate) fn cover(first: u16, last: u16) -> Vec<Masked> {
    let (mut next, end) = (u32::from(first), u32::from(last) + 1);
    let mut blocks = Vec::new();
    while next < end {
        let aligned = if next == 0 { 16 } else { next.trailing_zeros() };
        let fits = (end - next).ilog2();
        let bits = aligned.min(fits);
        let size = 1_u32 << bits;
        // Both fit: `next` is below 65536 and so is the size less one.
        let (value, low) = (u16::try_from(next).unwrap_or(u16::MAX), u16::try_from(size - 1).unwrap_or(u16::MAX));
        blocks.push(Masked { value, mask: !low });
        next += size;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(blocks: &[Masked], port: u16) -> usize {
        blocks.iter().filter(|block| port & block.mask == block.value).count()
    }

    #[test]
    fn every_port_of_the_range_is_in_one_block_and_no_other_port() {
        let edges = [0, 1, 2, 3, 79, 80, 81, 127, 128, 443, 1023, 8080, 8090, 32767, 32768, 65534, 65535];
        for first in edges {
            for last in edges.into_iter().filter(|last| *last >= first) {
                let blocks = cover(first, last);
                for port in 0..=u16::MAX {
                    assert_eq!(
                        holds(&blocks, port),
                        usize::from((first..=last).contains(&port)),
                        "{first}-{last}: {port}"
                    );
                }
            }
        }
        assert_eq!(cover(0, u16::MAX), [Masked { value: 0, mask: 0 }]);
        assert_eq!(cover(1, 65534).len(), 30, "the worst range");
    }
}
