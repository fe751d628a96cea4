//! What an adapter is trained on: the rows of a state's notes and judged queries, all in the encoder's own axes.

use super::snapshot::Snapshot;
use super::target::{Axes, target_in};
use super::train::{Judged, decides, is_of_query, worth};
use crate::error::Result;
use crate::query::{LiveSegment, Mode};
use crate::rank::train as rank;
use crate::segment::{GLOBAL, LOCAL};
use crate::vector::Vectors;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Rows that are looked at, those of judged notes aside: more are too many to rank all of them again and again.
const ROWS: usize = 200_000;

/// A note of a state: which segment, which note of it.
type Place = (usize, u32);

/// Rows of the notes, evenly chosen where there are too many, and the queries that can be asked and have something to find.
pub(super) fn material(snapshot: &Snapshot, judged: &[Judged]) -> Result<rank::Material> {
    let mut numbers: BTreeMap<Place, u32> = BTreeMap::new();
    for id in judged.iter().flat_map(|judged| judged.grades.iter().map(|(id, _)| id)) {
        numbers.extend(place(snapshot, id)?.map(|place| (place, 0)));
    }
    let segments = &snapshot.state.segments;
    let rows: usize = segments.iter().map(rows_in).sum();
    let step = rows.div_ceil(ROWS).max(1);
    for (segment, live) in segments.iter().enumerate() {
        let notes = (0..live.segment.meta().notes).filter(|note| !live.deleted.contains(*note));
        numbers.extend(notes.step_by(step).map(|note| ((segment, note), 0)));
    }
    let mut gathered = Vectors::with_capacity(snapshot.state.source.width(), 0)?;
    let mut starts = vec![0];
    for (number, ((segment, note), slot)) in (0..).zip(&mut numbers) {
        *slot = number;
        for ordinal in [GLOBAL, LOCAL] {
            let Some(live) = segments.get(*segment) else { continue };
            let Some(space) = live.segment.space(ordinal)? else { continue };
            for row in space.view.rows_of(*note).iter().filter_map(|row| space.source(*row)) {
                gathered.push(row)?;
            }
        }
        starts.push(gathered.len());
    }
    let query = |judged| match asked(snapshot, judged, &numbers) {
        Err(error) if is_of_query(&error) => {
            tracing::debug!(%error, "a judged query is left out");
            None
        }
        asked => asked.transpose(),
    };
    let queries = judged.par_iter().filter_map(query).collect::<Result<_>>()?;
    Ok(rank::Material { rows: gathered, starts, queries })
}

/// A query as a direction in the encoder's spaces; none where it has none there.
fn asked(snapshot: &Snapshot, judged: &Judged, numbers: &BTreeMap<Place, u32>) -> Result<Option<rank::Judged>> {
    let target = target_in(snapshot, &judged.query, Mode::Dense, Axes::Own)?;
    let number = |id: &str| Ok(place(snapshot, id)?.and_then(|place| numbers.get(&place).copied()));
    let mut grades: BTreeMap<u32, f32> = BTreeMap::new();
    for (id, grade) in &judged.grades {
        grades.extend(number(id)?.map(|number| (number, worth(*grade))));
    }
    let left_out = target.exclude.iter().map(|id| number(id)).collect::<Result<Vec<Option<u32>>>>()?;
    let left_out: Vec<u32> = left_out.into_iter().flatten().collect();
    grades.retain(|number, _| !left_out.contains(number));
    let aim = target.aims.into_iter().find(|aim| aim.space.is_none());
    let (grades, decides) = (grades.into_iter().collect(), decides(&judged.query));
    Ok(aim.map(|aim| rank::Judged { vector: aim.vector, grades, left_out, decides }))
}

/// Where the live note with this id is.
fn place(snapshot: &Snapshot, id: &str) -> Result<Option<Place>> {
    for (number, live) in snapshot.state.segments.iter().enumerate().rev() {
        if let Some(note) = live.segment.find(id)?.filter(|note| !live.deleted.contains(*note)) {
            return Ok(Some((number, note)));
        }
    }
    Ok(None)
}

/// Rows of a segment in the encoder's spaces.
fn rows_in(live: &LiveSegment) -> usize {
    let spaces = live.segment.meta().spaces.iter().take(usize::from(LOCAL) + 1);
    spaces.map(|space| space.rows as usize).sum()
}
