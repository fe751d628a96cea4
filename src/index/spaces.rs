//! Vector spaces by name, and the caller's vectors for them. Two spaces are the encoder's; each of the others belongs to the
//! caller, with its own width, rotation and graph.

use super::options::check_width;
use super::prepare::{PartVector, row};
use crate::error::{Error, Result};
use crate::query::LiveSegment;
use crate::segment::{SPACES, Segment};
use crate::vector::normalise;
use index_format::SpaceRecord;
use index_format::layout::{MAX_SPACES, OWN_SPACES, ROW_VECTOR};
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest name.
const NAME_MAX: usize = 64;
/// What answers and queries call the two spaces of the encoder together.
pub(super) const CONTENT: &str = "content";

/// The spaces of a new index whose encoder has this width.
pub(super) fn all(width: usize, named: &[(String, usize)]) -> Result<Vec<SpaceRecord>> {
    let own = SPACES.iter().map(|name| SpaceRecord { name: (*name).to_owned(), width: width as u32 });
    let mut spaces: Vec<SpaceRecord> = own.collect();
    for (name, width) in named {
        add(&mut spaces, name, *width)?;
    }
    Ok(spaces)
}

/// Adds a space to those of an index.
pub(super) fn add(spaces: &mut Vec<SpaceRecord>, name: &str, width: usize) -> Result<()> {
    let refuse = |why| Err(Error::Space { name: name.chars().take(NAME_MAX).collect(), why });
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !(1..=NAME_MAX).contains(&name.len()) || !name.chars().all(plain) {
        return refuse("a name has 1 to 64 ASCII letters, digits, hyphens, underscores and full stops");
    }
    if SPACES.contains(&name) || name == CONTENT {
        return refuse("global, local and content are the encoder's own; choose another name");
    }
    if spaces.iter().any(|space| space.name == name) {
        return refuse("there is one of this name already; use that, or choose another name");
    }
    if spaces.len() >= MAX_SPACES {
        return refuse("an index has at most 64 of them; put several aspects into one vector, or into another index");
    }
    check_width(width)?;
    spaces.push(SpaceRecord { name: name.to_owned(), width: width as u32 });
    Ok(())
}

/// The ordinal and record of one of the caller's spaces.
pub(super) fn named<'a>(spaces: &'a [SpaceRecord], name: &str) -> Result<(u16, &'a SpaceRecord)> {
    let own = (0_u16..).zip(spaces).skip(OWN_SPACES);
    own.clone().find(|(_, space)| space.name == name).ok_or_else(|| {
        let names: Vec<&str> = own.map(|(_, space)| space.name.as_str()).collect();
        let known = match names.as_slice() {
            [] => "it has none: make one with Index::add_space".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        Error::NoSuchSpace { name: name.chars().take(NAME_MAX).collect(), known }
    })
}

/// A caller's vector for a space, checked and brought to unit length.
pub(super) fn unit(space: &SpaceRecord, mut vector: Vec<f32>) -> Result<Vec<f32>> {
    let (expected, got) = (space.width as usize, vector.len());
    let checked = if got == expected {
        normalise(&mut vector)
    } else {
        Err(crate::vector::VectorError::WrongWidth { expected, got })
    };
    checked.map(|()| vector).map_err(|source| Error::SpaceVector { space: space.name.clone(), source })
}

/// The rows of a note in the caller's spaces, in their order.
pub(super) fn rows(spaces: &[SpaceRecord], vectors: BTreeMap<String, Vec<Vec<f32>>>) -> Result<Vec<Vec<PartVector>>> {
    let mut rows = Vec::new();
    for (name, vectors) in vectors {
        let (ordinal, space) = named(spaces, &name)?;
        let place = usize::from(ordinal) - OWN_SPACES;
        rows.resize_with(rows.len().max(place + 1), Vec::new);
        for (number, vector) in (0_u32..).zip(vectors) {
            rows[place].push(PartVector { row: row(ROW_VECTOR, number, 0, 0), vector: unit(space, vector)? });
        }
    }
    Ok(rows)
}

/// The vectors of a stored note in the caller's spaces, by name.
pub(super) fn stored(spaces: &[SpaceRecord], segment: &Segment, note: u32) -> Result<BTreeMap<String, Vec<Vec<f32>>>> {
    let mut vectors = BTreeMap::new();
    for (ordinal, record) in (0_u16..).zip(spaces).skip(OWN_SPACES) {
        let Some(space) = segment.space(ordinal)? else { continue };
        let rows = space.view.rows_of(note).iter().filter_map(|row| space.vector(*row).map(<[f32]>::to_vec));
        let of_note: Vec<Vec<f32>> = rows.collect();
        if !of_note.is_empty() {
            vectors.insert(record.name.clone(), of_note);
        }
    }
    Ok(vectors)
}

/// The spaces that share one rotation with this one: the encoder's two hold vectors of one kind, each other one its own.
pub(super) fn sharing(ordinal: usize) -> Range<usize> {
    if ordinal < OWN_SPACES { 0..OWN_SPACES } else { ordinal..ordinal + 1 }
}

/// The number of the newest rotation of each space, by the first of those that share it.
pub(super) fn newest_rotations(segments: &[LiveSegment]) -> BTreeMap<usize, u64> {
    let mut newest = BTreeMap::new();
    for live in segments {
        for (ordinal, space) in live.segment.meta().spaces.iter().enumerate() {
            if let Some(number) = space.rotation {
                let known = newest.entry(sharing(ordinal).start).or_insert(number);
                *known = number.max(*known);
            }
        }
    }
    newest
}
