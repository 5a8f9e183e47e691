//! Goals and what was measured of them.

/// The lines that a run ends with.
#[derive(Default)]
pub(crate) struct Goals {
    lines: Vec<(String, f64, f64)>,
}

impl Goals {
    /// A figure that is to be at most `goal`.
    pub(crate) fn at_most(&mut self, name: impl Into<String>, measured: f64, goal: f64) {
        self.lines.push((name.into(), measured, goal));
    }

    pub(crate) fn print(&self) {
        println!();
        for (name, measured, goal) in &self.lines {
            let verdict = if measured <= goal { "met" } else { "missed" };
            println!("{name}\t{}\t<= {}\t{verdict}", short(*measured), short(*goal));
        }
    }
}

/// Three digits that count.
pub(crate) fn short(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v if v >= 0.001 => format!("{v:.4}"),
        v => format!("{v:.7}"),
    }
}
