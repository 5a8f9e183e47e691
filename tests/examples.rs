//! The examples, each run to its end: they check themselves.

macro_rules! examples {
    ($($name:ident: $path:literal)+) => {
        $(
            #[path = $path]
            mod $name;

            #[test]
            fn $name() {
                $name::main().unwrap();
            }
        )+

        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

examples! {
    data_plane_under_test: "../examples/data_plane_under_test.rs"
    decide_a_flow: "../examples/decide_a_flow.rs"
    follow_changes: "../examples/follow_changes.rs"
    read_a_profile: "../examples/read_a_profile.rs"
    review_in_a_webhook: "../examples/review_in_a_webhook.rs"
}

/// None is forgotten above.
#[test]
fn every_example_is_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort();
    assert_eq!(found, NAMES);
}
