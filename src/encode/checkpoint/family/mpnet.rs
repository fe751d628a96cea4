//! MPNet (Song et al. 2020): a RoBERTa whose attention scores also get a learnt bias by distance (Raffel et al. 2020), the
//! same in all layers.

use super::super::directory::Directory;
use super::super::layers::Bias;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use super::bert::{Bert, Config, Names};

const NAMES: Names = Names {
    segments: false,
    layer: "encoder.layer",
    project: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    out: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    feed_forward_norm: "output.LayerNorm",
};
/// Buckets of distances: the reference always counts on so many, whatever the configuration says.
const BUCKETS: usize = 32;
/// All distances from here on share a bucket.
const REACH: usize = 128;
/// The padding token, which the reference does not read from the configuration either.
const PADDING: u32 = 1;

pub(super) fn load(directory: &Directory, weights: &Weights) -> Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let root = weights.root().first_child(&["mpnet"]);
    let bert = Bert::read(&config, &root, &NAMES)?.counting_from(PADDING)?;
    Ok(Box::new(bert.biased(bias(&root.child("encoder"), config.num_attention_heads)?)))
}

fn bias(encoder: &Scope<'_>, heads: usize) -> Result<Bias, ModelProblem> {
    let table = encoder.tensor("relative_attention_bias.weight", &[BUCKETS, heads])?.t()?.to_vec2::<f32>()?;
    let spread = |row: Vec<f32>| {
        let distances = (0..=2 * REACH).map(|at| bucket(at as isize - REACH as isize));
        distances.map(|bucket| row.get(bucket).copied().unwrap_or(0.0)).collect()
    };
    Ok(Bias { by_head: table.into_iter().map(spread).collect(), reach: REACH })
}

/// The bucket of a key so far behind its query (negative: before it). Either side has half of the buckets: eight for the
/// distances below eight, then two for every doubling.
fn bucket(distance: isize) -> usize {
    let side = BUCKETS / 2;
    let (exact, far) = (side / 2, distance.unsigned_abs());
    let near = if far < exact { far } else { exact + (far * far / (exact * exact)).ilog2() as usize };
    near.min(side - 1) + if distance > 0 { side } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    /// Each pair is a distance and the bucket that starts there, by the reference implementation.
    #[test]
    fn buckets_start_where_the_reference_has_them() {
        let before =
            [(0, 0), (1, 1), (7, 7), (8, 8), (12, 9), (16, 10), (23, 11), (32, 12), (46, 13), (64, 14), (91, 15)];
        for (distance, expected) in before {
            assert_eq!(bucket(-distance), expected, "{distance} before");
            assert_eq!(bucket(distance), expected + if distance > 0 { 16 } else { 0 }, "{distance} behind");
            if distance > 8 {
                assert_eq!(bucket(1 - distance), expected - 1, "{distance} before, less one");
            }
        }
        assert_eq!((bucket(-5_000), bucket(5_000)), (15, 31));
    }
}
