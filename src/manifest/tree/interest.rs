//! What of a manifest anybody asks for. The rest is read, as strictly as all else, and nothing is kept of it: dumps of
//! clusters consist of it mostly.
//!
//! A field that is not asked for is kept as null. Whoever begins to ask for one takes it out of the lists below; its tests
//! show nothing before that. Policies are kept whole, since the API server judges every field of them.

/// What is known of a manifest's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Assumed {
    /// Nothing yet: all of it is kept.
    #[default]
    Nothing,
    /// A NetworkPolicy.
    Policy,
    /// Anything else.
    Other,
}

impl Assumed {
    pub(crate) fn of_kind(kind: &str) -> Self {
        if kind == "NetworkPolicy" { Self::Policy } else { Self::Other }
    }

    /// Of the items of a list that do not say.
    pub(crate) fn of_items(list: &str) -> Self {
        match list.strip_suffix("List") {
            None | Some("") => Self::Nothing,
            Some(kind) => Self::of_kind(kind),
        }
    }
}

/// Where in a manifest a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where all is kept.
    Whole,
    Manifest,
    Manifests,
    Metadata,
    Spec,
    /// Of pods: metadata and a spec.
    Template,
    Containers,
    Container,
    Status,
    Conditions,
    Condition,
}

/// What is asked for of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interest {
    place: Place,
    /// Of a manifest: its kind.
    kind: Assumed,
    /// Of a manifest: the kind of its items.
    items: Assumed,
    kind_given: bool,
}

impl Interest {
    const fn of(place: Place) -> Self {
        Self { place, kind: Assumed::Nothing, items: Assumed::Nothing, kind_given: false }
    }

    /// All of it.
    pub(crate) const WHOLE: Self = Self::of(Place::Whole);

    /// What is read of a manifest of that kind, as far as is known.
    pub(crate) const fn manifest(kind: Assumed) -> Self {
        Self { kind, ..Self::of(Place::Manifest) }
    }

    /// What is read of a list, whose items are of that kind where they do not say.
    #[cfg(feature = "yaml")]
    pub(crate) const fn list_of(items: Assumed) -> Self {
        Self { items, ..Self::of(Place::Manifest) }
    }

    /// What is asked for of a field; nothing where nobody asks for it.
    pub(crate) fn field(self, key: &str) -> Option<Self> {
        let place = match (self.place, key) {
            (Place::Manifest, "items") => return Some(Self { kind: self.items, ..Self::of(Place::Manifests) }),
            (Place::Manifest, _) if self.kind != Assumed::Other => Place::Whole,
            (Place::Manifest | Place::Template, "metadata") => Place::Metadata,
            (Place::Manifest | Place::Template, "spec") => Place::Spec,
            (Place::Manifest, "status") => Place::Status,
            (Place::Manifest, "data" | "binaryData" | "stringData") => return None,
            (Place::Metadata, "managedFields" | "annotations") => return None,
            (Place::Spec, "template" | "jobTemplate") => Place::Template,
            (Place::Spec, "containers" | "initContainers") => Place::Containers,
            (
                Place::Spec,
                "affinity"
                | "ephemeralContainers"
                | "imagePullSecrets"
                | "securityContext"
                | "tolerations"
                | "topologySpreadConstraints"
                | "volumeClaimTemplates"
                | "volumes",
            ) => return None,
            (
                Place::Container,
                "args"
                | "command"
                | "env"
                | "envFrom"
                | "image"
                | "imagePullPolicy"
                | "lifecycle"
                | "livenessProbe"
                | "readinessProbe"
                | "resizePolicy"
                | "resources"
                | "securityContext"
                | "startupProbe"
                | "terminationMessagePath"
                | "terminationMessagePolicy"
                | "volumeDevices"
                | "volumeMounts",
            ) => return None,
            (Place::Status, "conditions") => Place::Conditions,
            (
                Place::Status,
                "allocatable"
                | "capacity"
                | "containerStatuses"
                | "ephemeralContainerStatuses"
                | "images"
                | "initContainerStatuses"
                | "volumesAttached"
                | "volumesInUse",
            ) => return None,
            (Place::Condition, "lastHeartbeatTime" | "lastProbeTime" | "lastTransitionTime" | "message" | "reason") => {
                return None;
            }
            _ => Place::Whole,
        };
        Some(Self::of(place))
    }

    /// What is asked for of an item.
    pub(super) fn item(self) -> Self {
        match self.place {
            Place::Manifests => Self::manifest(self.kind),
            Place::Containers => Self::of(Place::Container),
            Place::Conditions => Self::of(Place::Condition),
            _ => Self::WHOLE,
        }
    }

    /// Whether the value of that field is the manifest's kind.
    pub(crate) fn is_kind(self, key: &str) -> bool {
        self.place == Place::Manifest && key == "kind"
    }

    /// Takes note that a manifest's kind comes; false if it came before: the last one counts, and what was left out may be
    /// asked for after all.
    #[must_use]
    pub(crate) fn begin_kind(&mut self) -> bool {
        !std::mem::replace(&mut self.kind_given, true)
    }

    /// Takes note of a manifest's kind; false if what was left out before may be asked for after all.
    #[must_use]
    pub(crate) fn learn(&mut self, kind: &str) -> bool {
        if kind.is_empty() {
            // It counts as not given.
            return true;
        }
        let found = Assumed::of_kind(kind);
        let fits = self.kind != Assumed::Other || found == Assumed::Other;
        (self.kind, self.items) = (found, Assumed::of_items(kind));
        fits
    }
}
