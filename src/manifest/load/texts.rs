//! What named texts hold, each by itself.

use std::io::Read;

use super::intake::{Intake, Setting};
use super::taken::Takings;
use crate::manifest::stream::{WINDOW, Window, read};
use crate::manifest::tree::Hint;

/// All of a text that is at hand.
pub(super) fn of_text(setting: &Setting, name: &str, text: &[u8]) -> Takings {
    let taken = |hint| {
        let mut intake = Intake::new(setting, name);
        read(Window::new(text, WINDOW), hint, &mut intake);
        intake
    };
    let hint = Hint::of_name(name);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if hint != Hint::Auto || !matches!(first, Some(b'{' | b'[')) {
        return taken(hint).finish();
    }
    // Flow style may look like JSON.
    let as_json = taken(Hint::Json);
    if !as_json.is_faulty() {
        return as_json.finish();
    }
    let as_yaml = taken(Hint::Yaml);
    if as_yaml.is_faulty() { as_json.finish() } else { as_yaml.finish() }
}

/// All of a text that comes.
pub(super) fn of_reader(setting: &Setting, name: &str, text: impl Read) -> Takings {
    let hint = Hint::of_name(name);
    let window = Window::new(text, WINDOW);
    if hint == Hint::Auto && window.is_end() {
        return of_text(setting, name, window.rest());
    }
    let mut intake = Intake::new(setting, name);
    read(window, hint, &mut intake);
    intake.finish()
}

/// All of several texts, in their order.
pub(super) fn of_readers<N: AsRef<str> + Send, R: Read + Send>(
    setting: &Setting,
    texts: impl IntoIterator<Item = (N, R)>,
) -> Vec<Takings> {
    let of_one = |(name, text): (N, R)| of_reader(setting, name.as_ref(), text);
    #[cfg(feature = "rayon")]
    {
        use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
        texts.into_iter().collect::<Vec<_>>().into_par_iter().map(of_one).collect()
    }
    #[cfg(not(feature = "rayon"))]
    texts.into_iter().map(of_one).collect()
}
