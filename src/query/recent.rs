//! The last filters of a state, with what they let through: who asks again with the same filter does not wait for it again.

use super::admit::Admitted;
use super::search::LiveSegment;
use crate::error::Result;
use crate::fields::Filter;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Filters that are kept. Each takes a bit a note.
const KEPT: usize = 16;

/// What a filter let through, by segment.
type Known = (Filter, Arc<[Admitted]>);

/// The last filters, the one used last at the end. Of one committed state: another has other notes.
#[derive(Debug, Default)]
pub(crate) struct RecentFilters(Mutex<VecDeque<Known>>);

impl RecentFilters {
    /// What a filter lets through of these segments, which are those of every call.
    ///
    /// # Errors
    /// As [`Admitted::all`].
    pub(super) fn admitted(&self, filter: &Filter, segments: &[LiveSegment]) -> Result<Arc<[Admitted]>> {
        if let Some(known) = self.known(filter) {
            return Ok(known);
        }
        let admitted: Arc<[Admitted]> = Admitted::all(Some(filter), segments)?.into();
        let mut kept = self.0.lock();
        // Another thread may have been as quick.
        if !kept.iter().any(|(known, _)| known == filter) {
            if kept.len() >= KEPT {
                kept.pop_front();
            }
            kept.push_back((filter.clone(), Arc::clone(&admitted)));
        }
        Ok(admitted)
    }

    /// What a filter let through, if it is among the last ones; it counts as the last one from now on.
    fn known(&self, filter: &Filter) -> Option<Arc<[Admitted]>> {
        let mut kept = self.0.lock();
        let place = kept.iter().position(|(known, _)| known == filter)?;
        let known = kept.remove(place)?;
        let admitted = Arc::clone(&known.1);
        kept.push_back(known);
        Some(admitted)
    }
}
