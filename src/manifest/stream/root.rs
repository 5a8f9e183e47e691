//! The root of a list whose items are read one by one.

#[cfg(feature = "yaml")]
use super::super::tree::Repeated;
use super::super::tree::{Builder, Document, Fault, FaultKind, Format, Key, MAX_BYTES, Read, Tree, Value};
use super::sink::{Head, Sink};

/// The root of a list while its items are read.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) head: Head,
    builder: Builder,
    pub(super) items_seen: bool,
    /// Whether an item comes next, or the end of them.
    pub(super) is_in_items: bool,
}

impl Root {
    pub(super) fn new(index: usize, format: Format, line: usize) -> Self {
        let mut builder = if format == Format::Json { Builder::for_json() } else { Builder::default() };
        builder.open_mapping(Some(line));
        let head = Head { index, format, kind: None, version: None };
        Self { head, builder, items_seen: false, is_in_items: false }
    }

    /// Takes a field of the list.
    pub(super) fn field(&mut self, key: Key, value: Read) -> Result<(), Fault> {
        let text = value.tree.as_str().filter(|text| !text.is_empty());
        match &*key.text {
            "kind" if self.head.kind.is_some() => return Err(Self::given_twice(key.line)),
            "apiVersion" if self.head.version.is_some() => return Err(Self::given_twice(key.line)),
            "items" if self.items_seen => return Err(Self::given_twice(key.line)),
            "kind" => self.head.kind = text.map(Into::into),
            "apiVersion" => self.head.version = text.map(Into::into),
            _ => {}
        }
        let prefix = key.text.clone();
        self.builder.key(key);
        self.builder.put(value.tree);
        self.builder.repeated.extend(value.repeated.into_iter().map(|mut repeated| {
            let dot = if repeated.path.starts_with('[') { "" } else { "." };
            repeated.path = format!("{prefix}{dot}{}", repeated.path);
            repeated
        }));
        Ok(())
    }

    /// Takes the field that the items stand in, without them.
    pub(super) fn items(&mut self, key: Key, line: Option<usize>) -> Result<(), Fault> {
        let empty = Tree::new(line, Value::Sequence(Vec::new()));
        self.field(key, Read { tree: empty, repeated: Vec::new() })?;
        self.items_seen = true;
        Ok(())
    }

    /// Takes note of keys that are given twice in what was taken at once.
    #[cfg(feature = "yaml")]
    pub(super) fn repeat(&mut self, repeated: Vec<Repeated>) -> Result<(), Fault> {
        if let Some(twice) = repeated.iter().find(|one| matches!(&*one.path, "kind" | "apiVersion" | "items")) {
            return Err(Self::given_twice(twice.line));
        }
        self.builder.repeated.extend(repeated);
        Ok(())
    }

    pub(super) fn given_twice(line: Option<usize>) -> Fault {
        let message = "a list that is too large to be read at once gives `kind`, `apiVersion` or `items` twice";
        Fault::new(FaultKind::Limit, line, message)
    }

    /// The list, or the object that it turned out to be.
    pub(super) fn finish(mut self, read: Result<(), Fault>, sink: &mut dyn Sink) {
        let root = match read {
            Ok(()) => Ok(self.builder.close().unwrap_or(Tree::new(None, Value::Null))),
            Err(fault) => Err(fault),
        };
        let repeated = if root.is_ok() { self.builder.repeated } else { Vec::new() };
        let document = Document { index: self.head.index, root, repeated, format: self.head.format };
        if self.items_seen { sink.list(document, self.is_in_items) } else { sink.document(document) }
    }
}

/// Of an object that makes the window grow beyond what one may be.
pub(super) fn too_large(line: Option<usize>) -> Fault {
    Fault::new(FaultKind::Limit, line, format!("larger than {} MiB", MAX_BYTES >> 20))
}
