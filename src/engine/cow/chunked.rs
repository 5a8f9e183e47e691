//! An array that shares what has not changed with the snapshots taken of it.

use std::sync::Arc;

/// A growing array in shared chunks: a clone costs one count, a change after a clone one chunk and the list of chunks.
///
/// A chunk has 2 to the power of `BITS` elements: the more, the shorter the list of chunks that every look-up reads; the
/// fewer, the less a change copies while a snapshot is held.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Chunked<T, const BITS: usize = 7> {
    chunks: Arc<Vec<Arc<[T]>>>,
    len: usize,
}

impl<T, const BITS: usize> Default for Chunked<T, BITS> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<T: Clone + Default, const BITS: usize> Chunked<T, BITS> {
    const SIZE: usize = 1 << BITS;

    pub(in crate::engine) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(in crate::engine) fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at >> BITS)?.get(at & (Self::SIZE - 1))
    }

    /// The element to change; nothing where the place was never pushed.
    pub(in crate::engine) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let chunk = Arc::make_mut(&mut self.chunks).get_mut(at >> BITS)?;
        Arc::make_mut(chunk).get_mut(at & (Self::SIZE - 1))
    }

    /// Puts `value` at the end; returns its place.
    pub(in crate::engine) fn push(&mut self, value: T) -> usize {
        let at = self.len;
        if at % Self::SIZE == 0 {
            Arc::make_mut(&mut self.chunks).push(vec![T::default(); Self::SIZE].into());
        }
        self.len += 1;
        if let Some(place) = self.get_mut(at) {
            *place = value;
        }
        at
    }

    /// `len` elements from `at` on, which [`Self::extend`] put there together.
    #[inline]
    pub(in crate::engine) fn slice(&self, at: usize, len: usize) -> Option<&[T]> {
        let from = at & (Self::SIZE - 1);
        self.chunks.get(at >> BITS)?.get(from..from + len)
    }

    /// Puts all of `values` at the end, in one chunk; returns their first place. None where they do not fit into a chunk.
    pub(in crate::engine) fn extend(&mut self, values: &[T]) -> Option<usize> {
        if values.len() > Self::SIZE {
            return None;
        }
        while self.len % Self::SIZE + values.len() > Self::SIZE {
            self.push(T::default());
        }
        let first = self.len;
        for value in values {
            self.push(value.clone());
        }
        Some(first)
    }

    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).take(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut array: Chunked<u32> = Chunked::default();
        for i in 0..1000 {
            assert_eq!(array.push(i), i as usize);
        }
        let before = array.clone();
        *array.get_mut(700).unwrap() = 1;
        array.push(5);
        assert_eq!((before.get(700), array.get(700)), (Some(&700), Some(&1)));
        assert_eq!((before.len(), array.len()), (1000, 1001));
        assert_eq!(before.iter().copied().collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
        assert!(Arc::ptr_eq(&before.chunks[0], &array.chunks[0]), "untouched chunks are shared");
        assert_eq!(array.get(5000), None);
    }

    #[test]
    fn what_is_put_in_together_stays_together() {
        let mut array: Chunked<u32, 3> = Chunked::default();
        assert_eq!(array.extend(&[1, 2, 3, 4, 5]), Some(0));
        assert_eq!(array.extend(&[6, 7, 8, 9]), Some(8), "in the next chunk");
        assert_eq!(array.extend(&[0; 9]), None);
        assert_eq!(array.extend(&[]), Some(12));
        assert_eq!(
            (array.slice(0, 5), array.slice(8, 4), array.slice(12, 0)),
            (Some(&[1, 2, 3, 4, 5][..]), Some(&[6, 7, 8, 9][..]), Some(&[][..]))
        );
    }
}
