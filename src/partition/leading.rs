//! What leads connections elsewhere, by who is behind it.

use crate::net::AddressNumber;
use crate::partition::ends::EndIx;

/// What leads connections elsewhere.
pub(crate) struct Leads<'f> {
    /// Those behind it.
    pub(crate) ends: &'f [EndIx],
    /// The addresses of its own that rules may see too (U5).
    pub(crate) sent_to: &'f [AddressNumber],
    /// Somebody behind it whom policies select is no end.
    pub(crate) has_strangers: bool,
}

/// Of each end by number what it is behind.
#[derive(Debug, Default)]
pub(super) struct Leading {
    /// Where those of each end begin, and where the last one's end.
    begins: Vec<usize>,
    all: Vec<usize>,
    /// Somebody is behind one of them whom policies select and who is no end.
    pub(super) has_strangers: bool,
}

impl Leading {
    /// Of so many ends.
    pub(super) fn new(ends: usize, leads: &[Leads<'_>]) -> Self {
        let mut begins = vec![0; ends + 1];
        for at in leads.iter().flat_map(|leads| leads.ends) {
            begins.get_mut(at.place() + 1).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let (mut all, mut next) = (vec![0; sum], begins.clone());
        for (number, leads) in leads.iter().enumerate() {
            for at in leads.ends {
                let Some(place) = next.get_mut(at.place()) else { continue };
                all.get_mut(*place).into_iter().for_each(|entry| *entry = number);
                *place += 1;
            }
        }
        Self { begins, all, has_strangers: leads.iter().any(|leads| leads.has_strangers) }
    }

    /// What an end is behind.
    pub(super) fn of(&self, at: EndIx) -> &[usize] {
        let own = self.begins.get(at.place()..=at.place() + 1);
        let own = own.and_then(|own| self.all.get(*own.first()?..*own.last()?));
        own.unwrap_or_default()
    }
}
