//! The words that a query asks for, besides the directions it points in.

use super::snapshot::Snapshot;
use crate::error::Result;
use crate::query::{Like, Sought};
use crate::segment::LOCAL;
use index_format::layout::ROW_PASSAGE;

/// The words of what is wanted: a text's own, or those of a note or of a passage of it.
pub(super) fn wording(snapshot: &Snapshot, sought: &Sought) -> Result<Option<String>> {
    let (id, part) = match sought {
        Sought::Text(text) => return Ok(Some(text.clone())),
        Sought::Note { id, part } => (id, part),
        _ => return Ok(None),
    };
    let Some((live, note)) = snapshot.find(id)? else { return Ok(None) };
    let record = live.segment.record(note)?;
    Ok(match part {
        Like::Note => Some(format!("{}\n{}", record.title, record.text)),
        Like::Passage(ordinal) => {
            let key = (ROW_PASSAGE, *ordinal, 0);
            let space = live.segment.space(LOCAL)?;
            let entry = space.as_ref().and_then(|space| {
                let rows = space.view.rows_of(note).iter().filter_map(|row| space.view.rows.get(*row as usize));
                rows.into_iter().find(|entry| entry.part_key() == key)
            });
            entry.and_then(|entry| record.text.get(entry.start as usize..entry.end as usize)).map(str::to_owned)
        }
        _ => None,
    })
}
