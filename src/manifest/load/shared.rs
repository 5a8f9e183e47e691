//! What many objects of a text have alike, kept once: names of namespaces and nodes, labels.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::labels::{LabelKey, LabelValue, Labels};
use crate::model::change::Object;
use crate::name::ObjectName;

/// How many of a sort are remembered; then all are forgotten, since most of them were alone.
const MOST: usize = 1 << 14;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Shared {
    texts: HashSet<Arc<str>, RandomState>,
    keys: HashSet<LabelKey, RandomState>,
    values: HashSet<LabelValue, RandomState>,
    labels: HashSet<Labels, RandomState>,
}

/// The first of its like.
fn first<T: Eq + Hash + Clone>(seen: &mut HashSet<T, RandomState>, value: &T) -> T {
    if let Some(first) = seen.get(value) {
        return first.clone();
    }
    if seen.len() >= MOST {
        seen.clear();
    }
    seen.insert(value.clone());
    value.clone()
}

impl Shared {
    /// Lets an object share what others have too.
    pub(super) fn object(&mut self, object: &mut Object) {
        match object {
            Object::Pod(pod) => {
                pod.name = self.name(&pod.name);
                pod.labels = self.labels(&pod.labels);
                pod.node_selector = self.labels(&pod.node_selector);
                pod.node = pod.node.as_ref().map(|node| first(&mut self.texts, node));
                if let Some(owner) = &mut pod.owner {
                    owner.name = first(&mut self.texts, &owner.name);
                }
            }
            Object::Workload(workload) => {
                workload.name = self.name(&workload.name);
                workload.labels = self.labels(&workload.labels);
            }
            Object::Service(service) => {
                service.name = self.name(&service.name);
                service.selector = self.labels(&service.selector);
            }
            Object::EndpointSlice(slice) => slice.name = self.name(&slice.name),
            _ => {}
        }
    }

    /// The name's own part is no other's.
    fn name(&mut self, name: &ObjectName) -> ObjectName {
        ObjectName::new(first(&mut self.texts, name.namespace()), name.name().clone())
    }

    fn labels(&mut self, labels: &Labels) -> Labels {
        if let Some(first) = self.labels.get(labels) {
            return first.clone();
        }
        let pair =
            |(key, value): (&LabelKey, &LabelValue)| (first(&mut self.keys, key), first(&mut self.values, value));
        let labels: Labels = labels.iter().map(pair).collect();
        first(&mut self.labels, &labels)
    }
}
