//! The order of a pool as the caller wishes it beyond its scores: newer first, without near-copies, not more of the same.

use super::super::arrange::{diversified, folded};
use super::super::dense::Search;
use super::super::{Decay, SearchOptions};
use super::Contender;
use crate::duplicates::{dice, shingles};
use crate::error::Result;
use crate::vector::kernels::dot_f32;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Candidates in order, by number with score, each with those folded under it.
pub(super) type Arranged = Vec<((usize, f32), Vec<usize>)>;

/// The order with all wishes heard; scores are in 0..1.
pub(super) fn arranged(
    search: &Search<'_>,
    contenders: &[Contender<'_>],
    mut order: Vec<(usize, f32)>,
    options: &SearchOptions,
) -> Result<Arranged> {
    if let Some(decay) = &options.decay {
        decayed(contenders, &mut order, decay)?;
    }
    let mut arranged = match options.fold {
        Some(least) => {
            let texts = wordings(search, contenders)?;
            let of = |number: usize| texts.get(&number).map_or(&[][..], Vec::as_slice);
            let same = |one: usize, other: usize| {
                let (one, other) = (of(one), of(other));
                !one.is_empty() && dice(one, other) >= f64::from(least)
            };
            folded(order, &same)
        }
        None => order.into_iter().map(|scored| (scored, Vec::new())).collect(),
    };
    if options.diversity > 0.0 {
        let whole = |number: usize| contenders.get(number).and_then(|contender| contender.parts.whole());
        let alike = |one: usize, other: usize| {
            whole(one).zip(whole(other)).map_or(0.0, |(one, other)| dot_f32(one, other).clamp(0.0, 1.0))
        };
        let scored: Vec<(usize, f32)> = arranged.iter().map(|(scored, _)| *scored).collect();
        let mut copies: HashMap<usize, Vec<usize>> =
            arranged.into_iter().map(|((number, _), folded)| (number, folded)).collect();
        let chosen = diversified(&scored, options.diversity, &alike);
        search.limits.check()?;
        arranged = chosen.into_iter().map(|scored| (scored, copies.remove(&scored.0).unwrap_or_default())).collect();
    }
    Ok(arranged)
}

/// Takes from older notes, and sorts again.
fn decayed(contenders: &[Contender<'_>], order: &mut [(usize, f32)], decay: &Decay) -> Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = decay.now_ms.unwrap_or_else(|| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    for (number, score) in order.iter_mut() {
        let Some(contender) = contenders.get(*number) else { continue };
        let record = contender.found.segment.record(contender.found.note)?;
        *score *= decay.factor(record.created_ms.as_ref().map(|created| created.to_native()), now);
    }
    // Equal ones stay in the order they had.
    order.sort_by(|left, right| right.1.total_cmp(&left.1));
    Ok(())
}

/// The words of each contender, as duplicates are found by.
fn wordings(search: &Search<'_>, contenders: &[Contender<'_>]) -> Result<HashMap<usize, Vec<u32>>> {
    let mut texts = HashMap::with_capacity(contenders.len());
    for (number, contender) in contenders.iter().enumerate() {
        search.limits.check()?;
        let record = contender.found.segment.record(contender.found.note)?;
        texts.insert(number, shingles(&record.title, &record.text));
    }
    Ok(texts)
}
