//! The reference against a second mind (`support::two_valued`) and against itself, over random worlds.
//!
//! The numbers of cases are small; `PROPTEST_CASES` raises them all. `PROPERTY_FLOWS` says how many flows are asked of
//! the worlds of real clusters at least:
//!
//! ```text
//! PROPERTY_FLOWS=1000000 cargo test --release --test main -- properties::real_clusters --nocapture
//! ```

mod agree;
mod changes;
#[cfg(feature = "yaml")]
mod corpus;
mod real_clusters;
mod resolutions;
mod rows;

use proptest::test_runner::Config;

fn cases(quick: u32) -> Config {
    let config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { Config { cases: quick, ..config } }
}
