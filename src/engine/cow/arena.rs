//! Arenas: arrays that ids of one kind index.

use std::marker::PhantomData;

use crate::engine::cow::chunked::Chunked;
use crate::engine::cow::persistent::PersistentVec;
use crate::engine::ids::Id;

/// An array under an [`Arena`].
pub(in crate::engine) trait Storage: Default {
    type Item: Clone + Default;

    fn len(&self) -> usize;
    fn get(&self, index: usize) -> Option<&Self::Item>;
    fn get_mut(&mut self, index: usize) -> Option<&mut Self::Item>;
    fn push(&mut self, item: Self::Item);
    fn iter(&self) -> impl Iterator<Item = &Self::Item>;
}

/// `$array` by the methods that it has itself, or that `$reads` has to which it dereferences.
macro_rules! storage {
    ($array:ident<T $(, $bits:ident)?>, $reads:ty, $push:ident) => {
        impl<T: Clone + Default $(, const $bits: usize)?> Storage for $array<T $(, $bits)?> {
            type Item = T;

            fn len(&self) -> usize {
                <$reads>::len(self)
            }

            #[inline]
            fn get(&self, index: usize) -> Option<&T> {
                <$reads>::get(self, index)
            }

            fn get_mut(&mut self, index: usize) -> Option<&mut T> {
                <$reads>::get_mut(self, index)
            }

            fn push(&mut self, item: T) {
                self.$push(item);
            }

            fn iter(&self) -> impl Iterator<Item = &T> {
                <$reads>::iter(self)
            }
        }
    };
}

storage!(Chunked<T, BITS>, Chunked<T, BITS>, push);
storage!(PersistentVec<T>, PersistentVec<T>, push_back);
// Of what no snapshot shares.
storage!(Vec<T>, [T], push);

/// An array that ids `I` index.
///
/// An id that is not there is a mistake of ours, and a debug assertion says so. A release, where nothing may panic, reads the
/// default in its place, and loses what is written to it. Ids that come from outside, or from another snapshot, are looked up
/// by [`Self::find`] instead.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Arena<I, S: Storage> {
    items: S,
    /// Read in place of an item that is not there.
    default: S::Item,
    id: PhantomData<I>,
}

impl<I, S: Storage> Default for Arena<I, S> {
    fn default() -> Self {
        Self { items: S::default(), default: S::Item::default(), id: PhantomData }
    }
}

impl<I: Id, S: Storage> Arena<I, S> {
    pub(in crate::engine) fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub(in crate::engine) fn get(&self, id: I) -> &S::Item {
        debug_assert!((id.index() as usize) < self.len(), "no item has the id {id:?}, there are {}", self.len());
        match self.items.get(id.index() as usize) {
            Some(item) => item,
            None => self.missing(),
        }
    }

    #[cold]
    #[inline(never)]
    fn missing(&self) -> &S::Item {
        &self.default
    }

    /// The item, where there is one; it may be a default one where ids were given since.
    #[inline]
    pub(in crate::engine) fn find(&self, id: I) -> Option<&S::Item> {
        self.items.get(id.index() as usize)
    }

    /// The item of that number with its id, where the number is one: one look-up for what is perhaps an id.
    #[inline]
    pub(in crate::engine) fn find_number(&self, number: u32) -> Option<(I, &S::Item)> {
        self.items.get(number as usize).map(|item| (I::from_index(number), item))
    }

    pub(in crate::engine) fn get_mut(&mut self, id: I) -> &mut S::Item {
        debug_assert!((id.index() as usize) < self.len(), "no item has the id {id:?}, there are {}", self.len());
        match self.items.get_mut(id.index() as usize) {
            Some(item) => item,
            None => {
                self.default = S::Item::default();
                &mut self.default
            }
        }
    }

    /// Puts an item at the end; its id.
    pub(in crate::engine) fn push(&mut self, item: S::Item) -> I {
        let id = I::from_index(number(self.items.len()));
        self.items.push(item);
        id
    }

    pub(in crate::engine) fn ids(&self) -> impl Iterator<Item = I> + use<I, S> {
        (0..number(self.len())).map(I::from_index)
    }

    pub(in crate::engine) fn items(&self) -> impl Iterator<Item = &S::Item> {
        self.items.iter()
    }

    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (I, &S::Item)> {
        self.ids().zip(self.items.iter())
    }
}

/// Ids have 32 bits: more objects than that do not fit into memory.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl<I: Id, T: Clone + Default, const BITS: usize> Arena<I, Chunked<T, BITS>> {
    /// `len` items from `first` on, which [`Self::extend`] put there together.
    #[inline]
    pub(in crate::engine) fn slice(&self, first: I, len: u16) -> &[T] {
        match self.items.slice(first.index() as usize, usize::from(len)) {
            Some(items) => items,
            None => self.missing_slice(first, len),
        }
    }

    #[cold]
    #[inline(never)]
    fn missing_slice(&self, first: I, len: u16) -> &[T] {
        debug_assert!(len == 0, "no {len} items stand together from the id {first:?} on");
        &[]
    }

    /// Puts all of `items` at the end, so that [`Self::slice`] finds them together; the id of the first. None where they are
    /// too many for that.
    pub(in crate::engine) fn extend(&mut self, items: &[T]) -> Option<I> {
        self.items.extend(items).map(|first| I::from_index(number(first)))
    }
}

impl<I, T: Clone + Default> Arena<I, Vec<T>> {
    /// Gives back what the array has grown by in advance.
    pub(in crate::engine) fn shrink(&mut self) {
        self.items.shrink_to_fit();
    }

    pub(in crate::engine) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }
}

impl<I, S: Storage + FromIterator<S::Item>> FromIterator<S::Item> for Arena<I, S> {
    fn from_iter<Items: IntoIterator<Item = S::Item>>(items: Items) -> Self {
        Self { items: items.into_iter().collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::{BlockIx, ClassIx};

    #[test]
    fn items_are_found_by_the_ids_they_were_given() {
        let mut arena: Arena<ClassIx, Chunked<u32>> = Arena::default();
        let ids: Vec<ClassIx> = (0..300).map(|item| arena.push(item)).collect();
        *arena.get_mut(ids[7]) = 1000;
        assert_eq!((arena.get(ids[6]), arena.get(ids[7]), arena.len()), (&6, &1000, 300));
        assert_eq!(arena.ids().collect::<Vec<_>>(), ids);
        assert_eq!(arena.iter().nth(299), Some((ids[299], &299)));
        assert_eq!(arena.find_number(8), Some((ids[8], &8)));
        // Chunks are of 128 items: what lies behind the last of 384 is not there.
        assert_eq!((arena.find_number(384), arena.find(ClassIx::from_index(384))), (None, None));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "no item has the id 3, there are 1")]
    fn an_id_that_is_not_there_is_a_mistake() {
        let mut arena: Arena<BlockIx, Vec<u32>> = Arena::default();
        arena.push(5);
        arena.get(BlockIx::from_index(3));
    }

    #[test]
    #[cfg(not(debug_assertions))]
    fn in_a_release_an_id_that_is_not_there_reads_the_default() {
        let mut arena: Arena<BlockIx, Vec<u32>> = Arena::default();
        arena.push(5);
        *arena.get_mut(BlockIx::from_index(3)) = 7;
        *arena.get_mut(BlockIx::from_index(4)) += 1;
        assert_eq!((arena.get(BlockIx::from_index(0)), arena.len()), (&5, 1));
    }
}
