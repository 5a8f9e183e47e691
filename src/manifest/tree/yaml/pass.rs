//! Values that nobody asks for: read as strictly as all others, and not kept.

use std::hash::BuildHasher;

use super::{Expansion, Scalar, go};
use crate::located::{Tree, Value};
use crate::manifest::tree::compose::{NodeKind, Tag};
use crate::manifest::tree::document::Fault;

impl Expansion<'_> {
    /// Passes a value; null stands for it. Whatever could be wrong in it, and each alias, puts it in doubt.
    pub(super) fn pass(&mut self, id: usize) -> Result<Option<Tree>, Fault> {
        let passed = Tree::new(Some(self.node(id)?.line), Value::Null);
        let mut open = vec![id];
        let mut keys: Vec<u64> = Vec::new();
        while let Some(id) = open.pop() {
            self.visited += 1;
            match &self.node(id)?.kind {
                NodeKind::Scalar { text, plain, tag } => {
                    self.in_doubt |= !is_harmless(text, *plain, tag);
                }
                NodeKind::Sequence(children) => open.extend(children),
                NodeKind::Mapping(children) => {
                    keys.clear();
                    for pair in children.chunks(2) {
                        let [key, value] = pair else { continue };
                        self.visited += 1;
                        match &self.node(*key)?.kind {
                            NodeKind::Scalar { text, plain, tag: Tag::None } if is_string(text, *plain) => {
                                keys.push(foldhash::fast::FixedState::default().hash_one(text));
                            }
                            _ => self.in_doubt = true,
                        }
                        open.push(*value);
                    }
                    keys.sort_unstable();
                    self.in_doubt |= keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
                }
                NodeKind::Alias(_) => self.in_doubt = true,
            }
        }
        Ok(self.builder.put(passed))
    }

    /// Takes note of the kind of the innermost manifest.
    pub(super) fn learn_kind(&mut self, value: usize) {
        let nodes = self.nodes;
        let Some(manifest) = self.frames.last_mut().map(|frame| &mut frame.interest) else {
            return;
        };
        let fits = match nodes.get(value).map(|node| &node.kind) {
            Some(NodeKind::Scalar { text, plain, tag: Tag::None }) if is_string(text, *plain) => manifest.learn(text),
            // No kind at all.
            Some(NodeKind::Scalar { tag: Tag::None, .. }) => true,
            // A tag or an alias may make it anything.
            _ => false,
        };
        self.in_doubt |= !(manifest.begin_kind() && fits);
    }
}

/// Whether it is a string as a value and as a key.
fn is_string(text: &str, plain: bool) -> bool {
    // No word that means something else is as long, and none that begins with a letter is a number.
    let is_word = text.len() > 5 && text.starts_with(|first: char| first.is_ascii_alphabetic());
    text != "<<" && (!plain || is_word || matches!(go::resolve(text), Scalar::String))
}

/// Whether JSON has it, as whatever it is.
fn is_harmless(text: &str, plain: bool, tag: &Tag) -> bool {
    match tag {
        Tag::None if !plain => true,
        Tag::None => match text.bytes().next() {
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => match go::resolve(text) {
                Scalar::Float(value) => value.is_finite(),
                _ => true,
            },
            _ => true,
        },
        _ => false,
    }
}
