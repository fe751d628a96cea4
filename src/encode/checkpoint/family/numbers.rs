//! Numbers of a configuration, checked before anything is computed from them.

use super::super::layers::Heads;
use super::super::problem::ModelProblem;
use std::fmt::Display;

/// No size of any model comes near this, and no product of two that do not reach it overflows.
const MOST: usize = 1 << 24;

/// Refuses sizes of nothing and sizes beyond all reason.
pub(super) fn check(sizes: &[(&'static str, usize)]) -> Result<(), ModelProblem> {
    match sizes.iter().find(|(_, size)| !(1..=MOST).contains(size)) {
        Some((setting, size)) => Err(refused(setting, *size, "expected 1 to 16777216")),
        None => Ok(()),
    }
}

/// Heads, as many of keys as of queries, that together are as wide as the rows.
pub(super) fn equal_heads((setting, count): (&'static str, usize), width: usize) -> Result<Heads, ModelProblem> {
    check(&[(setting, count)])?;
    if width.is_multiple_of(count) {
        return Ok(Heads::equal(count, width / count));
    }
    Err(refused(setting, count, "expected a divisor of the width of the rows"))
}

/// Heads with fewer of keys than of queries, each of its own width.
pub(super) fn grouped_heads((queries, keys, width): (usize, usize, usize), scale: f64) -> Result<Heads, ModelProblem> {
    check(&[("num_attention_heads", queries), ("num_key_value_heads", keys), ("head_dim", width)])?;
    if !queries.is_multiple_of(keys) {
        return Err(refused("num_key_value_heads", keys, "expected a divisor of num_attention_heads"));
    }
    if !scale.is_finite() || scale <= 0.0 {
        return Err(refused("query_pre_attn_scalar", scale, "expected a positive number"));
    }
    Ok(Heads { queries, keys, width, scale: scale as f32 })
}

pub(super) fn refused(setting: &'static str, found: impl Display, expected: &'static str) -> ModelProblem {
    ModelProblem::Setting { file: "config.json".to_owned(), setting, found: found.to_string(), expected }
}
