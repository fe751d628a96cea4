//! From a query vector to ranked hits: plan, coarse walk, rescoring, merge, evidence.
//!
//! | file | what it does |
//! |---|---|
//! | `target.rs` | what a caller asks |
//! | `options.rs` | what a caller may ask for |
//! | `answer.rs` | what a caller gets |
//! | `limits.rs` | when a call gives up |
//! | `admit.rs` | which notes a filter lets through, and how rows are looked at among them |
//! | `recent.rs` | the last filters, with what they let through |
//! | `cursor.rs` | where the next page starts |
//! | `opened.rs` | the views of a segment, made once a search |
//! | `aim.rs` | what is searched for in one space, and how a note does there |
//! | `plan.rs` | recall asked for → beam and number to rescore, from the segment's measured curve |
//! | `axes.rs` | the query in the axes of each space |
//! | `beam.rs` | the best rows met on a walk, and how far it goes |
//! | `queue.rs` | the rows a walk has still to follow |
//! | `walk.rs` | best-first walk over coarse codes |
//! | `scan.rs` | every code, or every full vector, without a graph |
//! | `space.rs` | candidates of one space of one segment |
//! | `calibrate.rs` | measures the curve when a segment is built |
//! | `judge.rs` | the queries it is measured with, and what they should find |
//! | `search.rs` | one search: its order, its page |
//! | `dense.rs` | the notes closest to the target: all segments together, widening |
//! | `group.rs` | rows to notes: the best row of each, order |
//! | `field_of.rs` | the values that notes have in a field, for grouping and sorting hits |
//! | `words.rs` | the words of a query in the segments |
//! | `pool/` | the order of a query with words: candidates, fusion, features, head |
//! | `arrange/` | the best of an answer anew: by date, with less repetition, copies folded |
//! | `nearby.rs` | all rows within a cosine of a vector |
//! | `evidence.rs` | hits with title, winning row and best passage |
//!
//! Segments are arguments here; which are alive, and since when, is the index's business, and so is what turned a text
//! into the query vector.

mod admit;
mod aim;
mod answer;
mod arrange;
mod axes;
mod beam;
mod calibrate;
mod cursor;
mod dense;
mod evidence;
mod field_of;
mod group;
mod judge;
mod limits;
mod nearby;
mod opened;
mod options;
mod plan;
mod pool;
mod queue;
mod recent;
mod scan;
mod search;
mod space;
mod target;
mod walk;
mod words;

pub(crate) use admit::{Admitted, matching};
pub(crate) use aim::Aim;
pub use answer::{AimScore, Answer, Explanation, FeatureShare, Hit, Passage, Row, Snippet, StageScores, Stages};
pub use arrange::{Curve, Decay, Grouping, Sorting};
pub(crate) use calibrate::{Coarse, Trial};
pub use cursor::Cursor;
pub use limits::Cancel;
pub(crate) use limits::Limits;
pub(crate) use nearby::near_rows;
pub use options::{Fusion, Granularity, Mode, SearchOptions};
pub(crate) use recent::RecentFilters;
pub(crate) use search::{Contest, LiveSegment, Scope, Target, Wording, contest, search};
pub use target::{Like, Query};
pub(crate) use target::{Sought, Term};

#[cfg(test)]
mod tests;
