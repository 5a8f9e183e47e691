//! Node operating systems, told from what nodes report (C6).

/// An operating system that the vendor's page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Os {
    /// EulerOS.
    EulerOs,
    /// CentOS 7.x.
    CentOs7,
    /// Any other CentOS.
    CentOs,
    /// Huawei Cloud EulerOS 2.0.
    HceOs2,
    /// Ubuntu 22.04 (the vendor's later page).
    Ubuntu2204,
}

impl Os {
    /// The system behind a node's `osImage`; `None` for one that the page does not name.
    ///
    /// Prefixes decide: HCE's and EulerOS' texts contain each other's name.
    ///
    /// ```
    /// use netpol_oracle::profile::Os;
    /// assert_eq!(Os::of("Huawei Cloud EulerOS 2.0 (x86_64)"), Some(Os::HceOs2));
    /// assert_eq!(Os::of("EulerOS 2.0 (SP9x86_64)"), Some(Os::EulerOs));
    /// assert_eq!(Os::of("Huawei Cloud EulerOS 3.0"), None);
    /// ```
    #[must_use]
    pub fn of(os_image: &str) -> Option<Self> {
        if os_image.starts_with("Huawei Cloud EulerOS 2.0") || os_image.starts_with("HCE OS 2.0") {
            Some(Self::HceOs2)
        } else if os_image.starts_with("EulerOS") {
            Some(Self::EulerOs)
        } else if os_image.starts_with("CentOS") {
            Some(if os_image.contains(" 7") { Self::CentOs7 } else { Self::CentOs })
        } else if os_image.starts_with("Ubuntu 22.04") {
            Some(Self::Ubuntu2204)
        } else {
            None
        }
    }
}
