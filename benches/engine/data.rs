//! Seeded vectors with the structure of real embeddings: few strong directions, many weak ones, clusters of unequal size.

/// Strength of axis `i` is `1 / (1 + i / DECAY)`: principal values of sentence embeddings fall about so.
const DECAY: f32 = 8.0;
/// Clusters that rows gather around.
const CLUSTERS: usize = 64;
/// How far rows lie from their cluster's centre, in units of the spread of centres.
const SPREAD: f32 = 0.7;

/// `rows` vectors of `width` components from one seed; none is zero.
pub(crate) fn clustered(seed: u64, rows: usize, width: usize) -> Vec<Vec<f32>> {
    let mut random = fastrand::Rng::with_seed(seed);
    // Centres come from a seed of their own, so that base and queries share them.
    let mut shared = fastrand::Rng::with_seed(1);
    let centres: Vec<Vec<f32>> = (0..CLUSTERS).map(|_| point(&mut shared, width)).collect();
    (0..rows)
        .map(|_| {
            // The product of two uniform numbers makes low clusters large and high ones small.
            let cluster = (random.f32() * random.f32() * CLUSTERS as f32) as usize;
            let offset = point(&mut random, width);
            centres[cluster.min(CLUSTERS - 1)].iter().zip(offset).map(|(centre, step)| centre + SPREAD * step).collect()
        })
        .collect()
}

fn point(random: &mut fastrand::Rng, width: usize) -> Vec<f32> {
    (0..width)
        .map(|axis| {
            // The sum of four uniform numbers is close enough to a normal one.
            let normal: f32 = (0..4).map(|_| random.f32() - 0.5).sum();
            normal / (1.0 + axis as f32 / DECAY)
        })
        .collect()
}
