//! The objects of one kind, as a cluster shows them.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap;

/// How a cluster stores one kind.
pub(super) type Stored<T> = OrdMap<<T as Identified>::Identity, Arc<T>>;

pub(super) mod sealed {
    /// What is stored, and how, is the cluster's own business.
    pub trait Sealed {}
}

/// An object that a cluster holds: what tells it apart from the others of its kind.
pub trait Identified: sealed::Sealed {
    /// A name, with whatever else two objects of one name can differ in ([K25](crate::semantics#k25)).
    type Identity: Clone + Ord;

    /// What it replaces, and is replaced by, when put into a cluster.
    fn identity(&self) -> Self::Identity;
}

/// An object that lives in a namespace, which thereby exists ([K10](crate::semantics#k10)).
pub trait Namespaced: Identified {
    /// The namespace of an identity.
    fn namespace(identity: &Self::Identity) -> &Arc<str>;

    /// The least identity that the namespace could hold.
    fn least_in(namespace: Arc<str>) -> Self::Identity;
}

/// The objects of one kind in a cluster, in the order of their identities; cheap to copy.
///
/// ```
/// use netpol_oracle::{Cluster, ObjectName, Pod};
/// let mut builder = Cluster::builder();
/// for (namespace, name) in [("shop", "web"), ("shop", "db"), ("bank", "db")] {
///     builder.pod(Pod::new(ObjectName::new(namespace, name)));
/// }
/// let cluster = builder.build();
/// let names = cluster.pods().iter().map(|pod| pod.name.to_string());
/// assert_eq!(names.collect::<Vec<_>>(), ["bank/db", "shop/db", "shop/web"]);
/// assert_eq!(cluster.pods().in_namespace("shop").count(), 2);
/// ```
pub struct Objects<'c, T: Identified> {
    stored: &'c Stored<T>,
}

impl<'c, T: Identified> Objects<'c, T> {
    pub(super) fn new(stored: &'c Stored<T>) -> Self {
        Self { stored }
    }

    /// Each of them.
    #[must_use]
    pub fn iter(self) -> ObjectsIter<'c, T> {
        ObjectsIter { handles: self.handles() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.stored.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.stored.is_empty()
    }

    /// The one of the least identity.
    #[must_use]
    pub fn first(self) -> Option<&'c T> {
        self.stored.get_min().map(|(_, object)| &**object)
    }

    /// The one of that identity.
    #[must_use]
    pub fn get(self, identity: &T::Identity) -> Option<&'c T> {
        self.handle(identity).map(|object| &**object)
    }

    /// Each of them, to share it without a copy.
    pub(crate) fn handles(self) -> Handles<'c, T> {
        Handles { entries: self.stored.iter() }
    }

    /// Whether both are one store, of which nothing was changed since: they are equal, and it costs nothing to know.
    pub(crate) fn is_shared_with(self, other: Self) -> bool {
        self.stored.ptr_eq(other.stored)
    }

    /// The one of that identity, to share it without a copy.
    pub(crate) fn handle(self, identity: &T::Identity) -> Option<&'c Arc<T>> {
        self.stored.get(identity)
    }
}

impl<'c, T: Namespaced> Objects<'c, T> {
    /// Those of one namespace; the others are not walked over.
    pub fn in_namespace(self, namespace: &str) -> impl Iterator<Item = &'c T> + Clone + use<'c, T> {
        self.handles_in_namespace(namespace.into()).map(|object| &**object)
    }

    /// Those of one namespace, to share them without a copy.
    pub(crate) fn handles_in_namespace(
        self,
        namespace: Arc<str>,
    ) -> impl Iterator<Item = &'c Arc<T>> + Clone + use<'c, T> {
        let from = self.stored.range(T::least_in(namespace.clone())..);
        from.take_while(move |(identity, _)| *T::namespace(identity) == namespace).map(|(_, object)| object)
    }
}

// By hand: derives would ask the same of `T`.
impl<T: Identified> Clone for Objects<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Identified> Copy for Objects<'_, T> {}

impl<T: Identified + PartialEq> PartialEq for Objects<'_, T> {
    /// What two clusters share is not compared one by one.
    fn eq(&self, other: &Self) -> bool {
        self.stored == other.stored
    }
}

impl<T: Identified + Eq> Eq for Objects<'_, T> {}

impl<T: Identified + fmt::Debug> fmt::Debug for Objects<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'c, T: Identified> IntoIterator for Objects<'c, T> {
    type Item = &'c T;
    type IntoIter = ObjectsIter<'c, T>;

    fn into_iter(self) -> ObjectsIter<'c, T> {
        self.iter()
    }
}

/// Iterates over [`Objects`].
pub struct ObjectsIter<'c, T: Identified> {
    handles: Handles<'c, T>,
}

impl<T: Identified> Clone for ObjectsIter<'_, T> {
    fn clone(&self) -> Self {
        Self { handles: self.handles.clone() }
    }
}

impl<T: Identified + fmt::Debug> fmt::Debug for ObjectsIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'c, T: Identified> Iterator for ObjectsIter<'c, T> {
    type Item = &'c T;

    fn next(&mut self) -> Option<&'c T> {
        self.handles.next().map(|object| &**object)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.handles.size_hint()
    }
}

impl<T: Identified> DoubleEndedIterator for ObjectsIter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.handles.next_back().map(|object| &**object)
    }
}

impl<T: Identified> ExactSizeIterator for ObjectsIter<'_, T> {}
impl<T: Identified> FusedIterator for ObjectsIter<'_, T> {}

/// Iterates over the shared objects themselves.
pub(crate) struct Handles<'c, T: Identified> {
    entries: ordmap::Iter<'c, T::Identity, Arc<T>, imbl::shared_ptr::DefaultSharedPtr>,
}

impl<T: Identified> Clone for Handles<'_, T> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone() }
    }
}

impl<'c, T: Identified> Iterator for Handles<'c, T> {
    type Item = &'c Arc<T>;

    fn next(&mut self) -> Option<&'c Arc<T>> {
        self.entries.next().map(|(_, object)| object)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<T: Identified> DoubleEndedIterator for Handles<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(|(_, object)| object)
    }
}

impl<T: Identified> ExactSizeIterator for Handles<'_, T> {}
