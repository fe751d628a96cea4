//! What a head reads of the pool: a table with a row a contender and the columns of the schema.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the table |
//! | `vectors.rs` | what the rows of a note say |
//! | `crowd.rs` | how a note agrees with the best ones |
//! | `gaps.rs` | how far it is ahead of the next one |
//! | `wording.rs` | what its words say, in title and text |

mod crowd;
mod gaps;
mod vectors;
mod wording;

use super::super::dense::Search;
use super::super::words::Words;
use super::{Contender, Pool};
use crate::error::Result;
use crate::lexical::Matched;
use crate::rank::{Schema, Table, column};
use crowd::Crowd;
use gaps::Ahead;
use index_format::ArchivedRecord;
pub(super) use vectors::{Compared, Parts};

/// The table of a pool for a head that reads this schema. What a note lacks, or a query does not ask, is missing.
pub(in crate::query) fn table(
    search: &Search<'_>,
    words: &Words<'_>,
    pool: &Pool<'_>,
    schema: &Schema,
) -> Result<Table> {
    let fused: Vec<f32> = pool.contenders.iter().map(|contender| contender.fused).collect();
    let query = search.content().map(|aim| aim.axes.full());
    let parts: Vec<&Parts<'_>> = pool.contenders.iter().map(|contender| &contender.parts).collect();
    let crowd = Crowd::of(query, &parts, &fused);
    let most = words.most();
    let alike = like_the_first(words, pool)?;
    let records: Vec<&ArchivedRecord> = pool
        .contenders
        .iter()
        .map(|contender| contender.found.segment.record(contender.found.note))
        .collect::<Result<_>>()?;
    let newest = records.iter().filter_map(|record| record.created_ms.as_ref()).map(|made| made.to_native()).max();
    let ahead = Ahead::of(pool, words);
    let fields: Vec<&str> = schema.features().iter().filter_map(|feature| feature.field()).collect();
    let mut table = Table::with_capacity(schema.width(), parts.len());
    let mut row = vec![f32::NAN; schema.width()];
    for (number, contender) in pool.contenders.iter().enumerate() {
        search.limits.check()?;
        row.fill(f32::NAN);
        let mut set = |column: usize, value: f32| {
            if let Some(cell) = row.get_mut(column) {
                *cell = value;
            }
        };
        set(column::FUSED, contender.fused);
        if contender.found.has_row() {
            set(column::DENSE, contender.close);
        }
        let [by_vectors, by_words] = contender.places.map(|place| place.map_or(f32::NAN, |place| place as f32));
        set(column::PLACE_DENSE, by_vectors);
        set(column::PLACE_LEXICAL, by_words);
        let Compared { whole, prefixes: [quarter, half], passage, passages, picture } = contender.compared;
        set(column::WHOLE, whole);
        set(column::WHOLE_QUARTER, quarter);
        set(column::WHOLE_HALF, half);
        set(column::BEST_PASSAGE, passage);
        set(column::MEAN_PASSAGES, passages);
        set(column::BEST_PICTURE, picture);
        set(column::FEEDBACK, crowd.feedback(number));
        set(column::NEIGHBOURS, crowd.neighbours(number));
        set(column::AGREEMENT, crowd.agreement(number));
        if !words.is_empty() {
            set(column::LEXICAL, contender.matched.score);
            set(column::LEXICAL_SHARE, contender.matched.score / most);
            set(column::COVERAGE, contender.matched.coverage);
            set(column::FEEDBACK_LEXICAL, alike.get(number).map_or(f32::NAN, |matched| matched.score));
        }
        for (column, value) in ahead.columns(number, contender) {
            set(column, value);
        }
        let Some(record) = records.get(number) else { continue };
        set(column::AGE, wording::age(record, newest));
        for (column, value) in wording::of(words, record) {
            set(column, value);
        }
        for (place, field) in fields.iter().enumerate() {
            set(column::BUILT_IN + place, wording::number(record, field));
        }
        table.push(&row)?;
    }
    Ok(table)
}

/// Notes whose words the others are compared with.
const FIRST: usize = 5;
/// Bytes of each that are read.
const FIRST_BYTES: usize = 2_000;

/// How the contenders match the words of the first notes (in the manner of RM3, Abdul-Jaleel et al. 2004, "UMass at TREC 2004:
/// novelty and HARD").
fn like_the_first(words: &Words<'_>, pool: &Pool<'_>) -> Result<Vec<Matched>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut texts = Vec::with_capacity(2 * FIRST);
    for contender in pool.contenders.iter().take(FIRST) {
        let record = contender.found.segment.record(contender.found.note)?;
        let text = record.text.as_str();
        let text = text.get(..text.floor_char_boundary(FIRST_BYTES)).unwrap_or_default();
        texts.extend([(record.title.as_str(), contender.fused), (text, contender.fused)]);
    }
    let places: Vec<_> = pool.contenders.iter().map(|contender| contender.found.place()).collect();
    words.score_like(&texts, &places)
}
