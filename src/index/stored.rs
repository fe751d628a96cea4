//! The vectors of stored notes that a query names.

use super::snapshot::Snapshot;
use super::spaces::named;
use super::target::{Axes, direction, mean};
use crate::error::{Error, QueryError, Result};
use crate::query::Like;
use crate::segment::{GLOBAL, LOCAL, OpenSpace};
use index_format::RowEntry;
use index_format::layout::{ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION};

/// What the encoder made of a note or of one part of it.
pub(super) fn part_of(snapshot: &Snapshot, (id, part): (&str, Like), axes: Axes) -> Result<Vec<f32>> {
    let (live, note) = snapshot.find(id)?.ok_or_else(|| Error::NoSuchNote { id: id.to_owned() })?;
    let (space, key, name) = match part {
        Like::Note => {
            let name = "row to compare with, as it holds nothing the encoder reads; it has no row";
            (GLOBAL, (ROW_NOTE, 0, 0), name)
        }
        Like::Passage(ordinal) => (LOCAL, (ROW_PASSAGE, ordinal, 0), "passage"),
        Like::Picture(ordinal) => (LOCAL, (ROW_PICTURE, ordinal, 0), "picture"),
        Like::Region { picture, cell } => (LOCAL, (ROW_REGION, picture, cell), "such region of picture"),
    };
    let found =
        live.segment.space(space)?.and_then(|space| stored(&space, note, axes, |row| row.part_key() == key).pop());
    found.ok_or_else(|| Error::NoSuchPart { id: id.to_owned(), part: name, ordinal: key.1 })
}

/// The mean direction of the vectors a note has in one of the caller's spaces, and the ordinal of the space.
pub(super) fn mean_in(snapshot: &Snapshot, id: &str, name: &str) -> Result<(u16, Vec<f32>)> {
    let (ordinal, record) = named(&snapshot.state.manifest.spaces, name)?;
    let (live, note) = snapshot.find(id)?.ok_or_else(|| Error::NoSuchNote { id: id.to_owned() })?;
    let space = live.segment.space(ordinal)?;
    let mut vectors = space.map(|space| stored(&space, note, Axes::Stored, |_| true)).unwrap_or_default();
    let vector = match vectors.as_mut_slice() {
        [] => return Err(Error::NoVectorIn { id: id.to_owned(), space: record.name.clone() }),
        [only] => std::mem::take(only),
        _ => {
            let alike: Vec<(Vec<f32>, f64)> = vectors.into_iter().map(|vector| (vector, 1.0)).collect();
            direction(&mean(&alike)).ok_or_else(|| QueryError::CancelsOut { space: record.name.clone() })?
        }
    };
    Ok((ordinal, vector))
}

/// The vectors of those rows of a note that are wanted.
fn stored(space: &OpenSpace<'_>, note: u32, axes: Axes, wanted: impl Fn(&RowEntry) -> bool) -> Vec<Vec<f32>> {
    let rows = space.view.rows_of(note).iter();
    let wanted = rows.filter(|row| space.view.rows.get(**row as usize).is_some_and(&wanted));
    let vector = |row: &u32| match axes {
        Axes::Stored => space.vector(*row),
        Axes::Own => space.source(*row),
    };
    wanted.filter_map(|row| vector(row).map(<[f32]>::to_vec)).collect()
}
