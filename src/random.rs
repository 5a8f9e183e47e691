//! Numbers that a seed alone decides.

/// SplitMix64 (Steele, Lea, Flood 2014), written out here: a cluster that a seed names must be the same on every platform
/// and in every release, which no random number crate promises for its distributions, and the library needs none else.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of `seed` for one purpose; another `stream` gives others, so that more policies leave the pods as
    /// they are.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03));
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        // The high half, scaled: fewer than one in 2^32 falls unevenly.
        let scaled = ((self.next() >> 32) * u64::from(bound)) >> 32;
        u32::try_from(scaled).unwrap_or_default()
    }
}

/// What clusters are made with.
#[cfg(feature = "generate")]
impl Random {
    pub(crate) fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    /// One of `items`; none of none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let bound = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let at = self.below(bound);
        items.get(usize::try_from(at).unwrap_or_default())
    }

    /// One of `choices` by its share in percent; what they leave of 100 goes to `otherwise`.
    pub(crate) fn choose<T: Copy>(&mut self, choices: &[(u32, T)], otherwise: T) -> T {
        let mut roll = self.below(100);
        for (share, choice) in choices {
            if roll < *share {
                return *choice;
            }
            roll -= share;
        }
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The published sequence of seed 0.
        let mut random = Random(0);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(numbers, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]);
    }

    #[test]
    fn choices_come_by_their_shares() {
        let mut random = Random::new(7, 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[random.choose(&[(60, 0), (30, 1)], 2)] += 1;
        }
        assert!((5_800..6_200).contains(&counts[0]) && (2_800..3_200).contains(&counts[1]), "{counts:?}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
