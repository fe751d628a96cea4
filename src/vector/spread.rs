//! A fixed pseudo-random turn that spreads whatever a vector holds evenly over its components.
//!
//! Signs are flipped by a fixed pattern, then a Walsh-Hadamard transform mixes all components (Ailon and Chazelle 2009,
//! "The fast Johnson-Lindenstrauss transform"). Afterwards the components of nearly every vector look like draws from
//! one normal distribution, which a few levels, the same for all components, describe well; principal axes, by contrast,
//! differ in spread by orders of magnitude. No matrix needs to be stored, and it takes `dims * log2(dims)` additions.

/// Turns `components`, a power of two of them, in place; lengths grow by the square root of their number.
///
/// Another number of components is a programmer's error: caught in debug builds, left as it is otherwise.
pub(crate) fn spread(components: &mut [f32]) {
    debug_assert!(components.len().is_power_of_two(), "{} components cannot be spread", components.len());
    if !components.len().is_power_of_two() {
        return;
    }
    for (block, word) in components.chunks_mut(64).zip(0_u64..) {
        let signs = sign_word(word);
        for (place, component) in block.iter_mut().enumerate() {
            if signs >> place & 1 == 1 {
                *component = -*component;
            }
        }
    }
    let mut half = 1;
    while half < components.len() {
        for pair in components.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            for (left, right) in left.iter_mut().zip(right) {
                (*left, *right) = (*left + *right, *left - *right);
            }
        }
        half *= 2;
    }
}

/// The signs of 64 components: number `word` of the sequence SplitMix64 (Steele et al. 2014) from seed 0. A set bit flips.
const fn sign_word(word: u64) -> u64 {
    let state = (word + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::naive;
    use crate::vector::seeded::Seeded;

    /// The transform by its definition: component `i` is the sum of all, with the sign of the common bits of the numbers.
    fn by_definition(components: &[f32]) -> Vec<f64> {
        let flipped = |at: usize| if sign_word(at as u64 / 64) >> (at % 64) & 1 == 1 { -1.0 } else { 1.0 };
        let sign = |out: usize, at: usize| if (out & at).count_ones() % 2 == 1 { -1.0 } else { 1.0 };
        let sum = |out: usize| {
            let parts = components.iter().enumerate();
            parts.map(|(at, component)| sign(out, at) * flipped(at) * f64::from(*component)).sum()
        };
        (0..components.len()).map(sum).collect()
    }

    #[test]
    fn the_fast_transform_is_the_defined_one() {
        let mut seeded = Seeded(5);
        for dims in [1, 2, 64, 128, 256] {
            let before: Vec<f32> = (0..dims).map(|_| seeded.uniform()).collect();
            let mut after = before.clone();
            spread(&mut after);
            for (fast, defined) in after.iter().zip(by_definition(&before)) {
                assert!((f64::from(*fast) - defined).abs() < 1e-4, "{dims}: {fast} against {defined}");
            }
        }
    }

    #[test]
    fn dot_products_stay_but_for_the_number_of_components() {
        let mut seeded = Seeded(6);
        let mut vectors = [(); 2].map(|()| (0..128).map(|_| seeded.uniform()).collect::<Vec<f32>>());
        let before = naive::dot(&vectors[0], &vectors[1]);
        vectors.iter_mut().for_each(|vector| spread(vector));
        assert!((naive::dot(&vectors[0], &vectors[1]) / 128.0 - before).abs() < 1e-4);
    }

    #[test]
    fn a_lone_component_is_spread_over_all() {
        let mut vector = vec![0.0; 256];
        vector[7] = 1.0;
        spread(&mut vector);
        assert!(vector.iter().all(|component| component.abs() == 1.0));
    }

    #[test]
    fn the_signs_are_the_published_sequence() {
        assert_eq!(sign_word(0), 0xE220_A839_7B1D_CDAF);
    }
}
