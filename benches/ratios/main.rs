//! Every goal of speed and memory, measured in one run as ratios: `cargo bench --bench ratios` (`-- --quick`: a minute or two;
//! `-- loading`: that part alone).
//!
//! What is compared is run in turn, a round of the one and a round of the other, and the median of the rounds' ratios is
//! the figure: a machine whose speed drifts drifts for both. The last lines are `name<TAB>measured<TAB>goal<TAB>met|missed`.

mod dump;
mod goals;
mod loading;
mod reading;
mod sizes;
mod timing;
mod whole;
mod writing;

use crate::goals::Goals;
use crate::timing::Effort;

fn main() {
    // `cargo test --benches` runs this too; only `cargo bench` says `--bench`.
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|each| each == "--bench") {
        println!("ratios: measures only under `cargo bench`");
        return;
    }
    let effort = if arguments.iter().any(|each| each == "--quick") { Effort::Quick } else { Effort::Full };
    let mut goals = Goals::default();
    type Measure = fn(Effort, &mut Goals);
    let parts: [(&str, Measure); 5] = [
        ("reading", reading::measure),
        ("writing", writing::measure),
        ("sizes", sizes::measure),
        ("loading", loading::measure),
        ("whole", whole::measure),
    ];
    let is_named = |name: &str| arguments.iter().any(|each| each == name);
    let all = !parts.iter().any(|(name, _)| is_named(name));
    for (name, measure) in parts {
        if all || is_named(name) {
            measure(effort, &mut goals);
        }
    }
    goals.print();
}
