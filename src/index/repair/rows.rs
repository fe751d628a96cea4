//! Rows of a damaged segment, note by note.

use super::super::prepare::PartVector;
use super::RepairReport;
use super::plan::Plan;
use index_format::layout::OWN_SPACES;
use index_format::{Salvage, SalvagedSpace};
use std::collections::HashMap;

/// The rows of a damaged segment by note, if those of the encoder's spaces are as they were written.
pub(super) struct Rows {
    spaces: Vec<HashMap<u32, Vec<PartVector>>>,
    /// Whether those of the encoder's spaces are there.
    own: bool,
}

impl Rows {
    pub(super) fn of(salvage: &Salvage<'_>, plan: &Plan, (file, report): (&str, &mut RepairReport)) -> Self {
        let mut rows = Self { spaces: Vec::new(), own: plan.trusted };
        for (ordinal, space) in (0_u16..).zip(&plan.manifest.spaces) {
            let found = salvage.space(ordinal, space.width as usize).filter(|_| plan.trusted);
            if found.is_none() && usize::from(ordinal) < OWN_SPACES {
                rows.own = false;
            } else if found.is_none() && salvage.may_have_had(ordinal) {
                report.lose(file, format!("space {}", space.name), "the vectors of its notes in this space");
            }
            rows.spaces.push(found.map(by_note).unwrap_or_default());
        }
        rows
    }

    pub(super) fn of_note(&self, note: u32) -> (bool, Vec<Vec<PartVector>>) {
        (self.own, self.spaces.iter().map(|space| space.get(&note).cloned().unwrap_or_default()).collect())
    }
}

fn by_note(space: SalvagedSpace<'_>) -> HashMap<u32, Vec<PartVector>> {
    let mut rows: HashMap<u32, Vec<PartVector>> = HashMap::new();
    for (row, vector) in space.rows() {
        rows.entry(row.note).or_default().push(PartVector { row, vector: vector.to_vec() });
    }
    for of_note in rows.values_mut() {
        of_note.sort_unstable_by_key(|part| part.row.part_key());
        // No two of a note are the same part, whatever the bytes say.
        of_note.dedup_by_key(|part| part.row.part_key());
    }
    rows
}
