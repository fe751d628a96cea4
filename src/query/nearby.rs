//! All rows of a space within a cosine of a vector, as far as recall goes: for comparing a collection with itself.

use super::axes::Axes;
use super::plan::{Method, plan};
use super::space::Coarse;
use crate::segment::OpenSpace;

/// Recall of each search.
const RECALL: f32 = 0.99;
/// Rows wanted at first.
const WANTED: usize = 16;
/// How many more are wanted each time that all were near enough.
const MORE: usize = 4;

/// The accepted rows with at least this cosine, in no order.
pub(crate) fn near_rows(space: &OpenSpace<'_>, vector: &[f32], least: f32, accept: impl Fn(u32) -> bool) -> Vec<u32> {
    let axes = Axes::of(vector);
    let coarse = Coarse::of(space.meta, &space.view);
    let mut wanted = WANTED;
    loop {
        let plan = plan(space.meta, wanted, RECALL, 1);
        let candidates = match plan.method {
            Method::Exact => coarse.exact(axes.full(), &accept, &|| false),
            _ => coarse.candidates((axes.full(), &axes.coded(space)), plan, &accept, &|| false),
        };
        let near = candidates.found.iter().filter(|candidate| candidate.full >= least);
        if candidates.exhaustive || near.clone().count() < wanted {
            return near.map(|candidate| candidate.row).collect();
        }
        wanted = wanted.saturating_mul(MORE);
    }
}
