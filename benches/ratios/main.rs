//! Every goal of speed and memory, measured in one run as ratios: `cargo bench --bench ratios` (`-- --quick`: a minute).
//!
//! What is compared is run in turn, a round of the one and a round of the other, and the median of the rounds' ratios is
//! the figure: a machine whose speed drifts drifts for both. The last lines are `name<TAB>measured<TAB>goal<TAB>met|missed`.

mod goals;
mod reading;
mod sizes;
mod timing;
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
    reading::measure(effort, &mut goals);
    writing::measure(effort, &mut goals);
    sizes::measure(effort, &mut goals);
    goals.print();
}
