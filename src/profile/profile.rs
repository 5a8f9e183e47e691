//! A profile: what the cluster underneath is, as far as verdicts depend on it.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::net::Cidr;
use crate::profile::capability::{Capabilities, OwnNode, Support};
use crate::profile::cce::{self, Edition, MODEL_WORDS, NetworkModel};
use crate::profile::row::Row;
use crate::profile::version::{ClusterVersion, VersionError};
use crate::release::{Release, ReleaseError};
use crate::text::listed;

/// What the cluster enforces and how it answers: model, version, switch, address ranges, overrides.
///
/// ```
/// use netpol_oracle::{Profile, Row};
/// let profile = Profile::tunnel("v1.31.6-r0".parse()?).with_override(Row::C14, "unknown")?;
/// assert_eq!(profile.release().minor(), 31);
/// let text: Profile = "vpc:v1.31.6-r0".parse()?;
/// assert_eq!(text, Profile::vpc("v1.31.6-r0".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    base: Base,
    switch: Switch,
    edition: Edition,
    capabilities: Capabilities,
    pod_cidrs: Vec<Cidr>,
    service_cidrs: Vec<Cidr>,
    secure_runtimes: Vec<String>,
    overrides: BTreeMap<Row, &'static str>,
}

/// What a profile is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// Upstream Kubernetes: everything supported.
    Kubernetes(Release),
    /// A CCE cluster.
    Cce(NetworkModel, ClusterVersion),
}

/// Tunnel's NetworkPolicy toggle; DataPlane V2 on VPC and Cloud Native Network 2.0 ([C1](crate::semantics#c1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Switch {
    /// On: what presets and the text form mean.
    On,
    /// Off: nothing is enforced.
    Off,
}

/// What a profile cannot be made from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A model nobody knows.
    #[error("`{0}` is not a network model; write `kubernetes`, {MODEL_WORDS}")]
    UnknownModel(String),
    /// A model that needs its version.
    #[error("model `{0}` needs a version; write `{0}:v1.31.6-r0`")]
    MissingVersion(NetworkModel),
    /// A version of the model that is none.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A release of Kubernetes that is none.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A word that the row does not know.
    #[error("row {row} cannot be `{word}`; {}", words(*row))]
    UnknownWord {
        /// The row.
        row: Row,
        /// The word given.
        word: String,
    },
}

fn words(row: Row) -> String {
    match Capabilities::words(row) {
        [] => "it cannot be overridden".to_owned(),
        words => format!("its words are {}", listed(words)),
    }
}

impl Profile {
    /// A profile on `base`: its switch on, the seed edition, no address ranges, no overrides.
    #[must_use]
    pub fn new(base: Base) -> Self {
        Self {
            base,
            switch: Switch::On,
            edition: Edition::Seed,
            capabilities: preset(base, Edition::Seed),
            pod_cidrs: Vec::new(),
            service_cidrs: Vec::new(),
            secure_runtimes: vec!["kata".to_owned(), "kata-*".to_owned()],
            overrides: BTreeMap::new(),
        }
    }

    /// Upstream Kubernetes of the default release: everything supported.
    #[must_use]
    pub fn kubernetes() -> Self {
        Self::kubernetes_at(Release::DEFAULT)
    }

    /// Upstream Kubernetes of `release`.
    #[must_use]
    pub fn kubernetes_at(release: Release) -> Self {
        Self::new(Base::Kubernetes(release))
    }

    /// A CCE Standard cluster with the tunnel network, its NetworkPolicy toggle on.
    #[must_use]
    pub fn tunnel(version: ClusterVersion) -> Self {
        Self::new(Base::Cce(NetworkModel::Tunnel, version))
    }

    /// A CCE Standard cluster with the VPC network and DataPlane V2.
    #[must_use]
    pub fn vpc(version: ClusterVersion) -> Self {
        Self::new(Base::Cce(NetworkModel::Vpc, version))
    }

    /// A CCE Turbo cluster, Cloud Native Network 2.0, with DataPlane V2.
    #[must_use]
    pub fn cloud_native_2(version: ClusterVersion) -> Self {
        Self::new(Base::Cce(NetworkModel::CloudNative2, version))
    }

    /// The same with its switch as given ([C1](crate::semantics#c1)).
    #[must_use]
    pub fn with_switch(mut self, switch: Switch) -> Self {
        self.switch = switch;
        self.rebuilt()
    }

    /// The same by another edition of the vendor's page.
    #[must_use]
    pub fn with_edition(mut self, edition: Edition) -> Self {
        self.edition = edition;
        self.rebuilt()
    }

    /// The same with these pod CIDRs ([C9](crate::semantics#c9), [U6](crate::semantics#u6)).
    #[must_use]
    pub fn with_pod_cidrs(mut self, cidrs: impl IntoIterator<Item = Cidr>) -> Self {
        self.pod_cidrs = cidrs.into_iter().collect();
        self
    }

    /// The same with these Service CIDRs ([C9](crate::semantics#c9)).
    #[must_use]
    pub fn with_service_cidrs(mut self, cidrs: impl IntoIterator<Item = Cidr>) -> Self {
        self.service_cidrs = cidrs.into_iter().collect();
        self
    }

    /// The same with these runtime classes as secure containers; `kata-*` stands for all that begin so
    /// ([C8](crate::semantics#c8)).
    #[must_use]
    pub fn with_secure_runtimes(mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.secure_runtimes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// The same with `row` read as `word` ([SEMANTICS](crate::semantics) lists each row's words).
    ///
    /// # Errors
    /// The row does not know the word.
    pub fn with_override(mut self, row: Row, word: &str) -> Result<Self, ProfileError> {
        match Capabilities::words(row).iter().find(|known| **known == word) {
            Some(known) => {
                self.overrides.insert(row, known);
                Ok(self.rebuilt())
            }
            None => Err(ProfileError::UnknownWord { row, word: word.to_owned() }),
        }
    }

    /// The same with `row` in its Kubernetes form: what a definite verdict's rows are found with.
    #[must_use]
    pub(crate) fn with_row_as_kubernetes(mut self, row: Row) -> Self {
        self.capabilities.set_as_kubernetes(row);
        self
    }

    /// Capabilities anew: preset, then switch, then overrides.
    fn rebuilt(mut self) -> Self {
        self.capabilities = preset(self.base, self.edition);
        if self.switch == Switch::Off {
            self.capabilities.enforcement = Support::Unsupported;
        }
        for (row, word) in &self.overrides {
            self.capabilities.set(*row, word);
        }
        // Who says what U3 is means egress to the own node, which C13 settles on eBPF.
        if self.overrides.contains_key(&Row::U3) && self.capabilities.own_node == OwnNode::EgressJudged {
            self.capabilities.own_node = OwnNode::Supported;
        }
        self
    }

    /// What it is built on.
    #[must_use]
    pub fn base(&self) -> Base {
        self.base
    }

    /// Whether enforcement is switched on ([C1](crate::semantics#c1)).
    #[must_use]
    pub fn switch(&self) -> Switch {
        self.switch
    }

    /// The edition of the vendor's page.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.edition
    }

    /// The API server's release, which manifests are read by ([K25](crate::semantics#k25)).
    #[must_use]
    pub fn release(&self) -> Release {
        match self.base {
            Base::Kubernetes(release) => release,
            Base::Cce(_, version) => version.release(),
        }
    }

    /// Every row's setting.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The pod CIDRs, where known ([C9](crate::semantics#c9), [U6](crate::semantics#u6)).
    #[must_use]
    pub fn pod_cidrs(&self) -> &[Cidr] {
        &self.pod_cidrs
    }

    /// The Service CIDRs, where known ([C9](crate::semantics#c9)).
    #[must_use]
    pub fn service_cidrs(&self) -> &[Cidr] {
        &self.service_cidrs
    }

    /// The runtime classes of secure containers ([C8](crate::semantics#c8)).
    #[must_use]
    pub fn secure_runtimes(&self) -> &[String] {
        &self.secure_runtimes
    }

    /// Whether pods of the runtime class run in secure containers ([C8](crate::semantics#c8)).
    ///
    /// ```
    /// use netpol_oracle::Profile;
    /// let profile = Profile::kubernetes();
    /// assert!(profile.is_secure_runtime("kata") && profile.is_secure_runtime("kata-qemu"));
    /// assert!(!profile.is_secure_runtime("katana") && !profile.is_secure_runtime("runc"));
    /// ```
    #[must_use]
    pub fn is_secure_runtime(&self, class: &str) -> bool {
        self.secure_runtimes.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => class.starts_with(prefix),
            None => class == pattern,
        })
    }

    /// The rows that were overridden, with their words.
    #[must_use]
    pub fn overrides(&self) -> &BTreeMap<Row, &'static str> {
        &self.overrides
    }
}

fn preset(base: Base, edition: Edition) -> Capabilities {
    match base {
        Base::Kubernetes(_) => Capabilities::KUBERNETES,
        Base::Cce(model, version) => cce::capabilities(model, version, edition),
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::kubernetes()
    }
}

impl Base {
    /// The base of a model's word and a version as text.
    ///
    /// # Errors
    /// The model is unknown, its version missing or malformed.
    pub fn parse(model: &str, version: Option<&str>) -> Result<Self, ProfileError> {
        if model == "kubernetes" {
            return Ok(Self::Kubernetes(version.map_or(Ok(Release::DEFAULT), str::parse)?));
        }
        let model: NetworkModel = model.parse().map_err(|_| ProfileError::UnknownModel(model.to_owned()))?;
        let version = version.ok_or(ProfileError::MissingVersion(model))?;
        Ok(Self::Cce(model, version.parse()?))
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    /// `kubernetes`, `kubernetes:1.31`, `tunnel:V`, `vpc:V` or `cn2:V` with `V` such as `v1.31.6-r0`; the models by any of
    /// their [names](NetworkModel::names).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (model, version) = match text.split_once(':') {
            Some((model, version)) => (model, Some(version)),
            None => (text, None),
        };
        Ok(Self::new(Base::parse(model, version)?))
    }
}
