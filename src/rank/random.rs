//! Repeatable chance for training: a seed written in a report gives the same head again, whatever a crate's next version
//! does.

/// Splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A stream for one purpose of a run: other purposes of the same seed get unrelated ones.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut random = Self(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.bits();
        random
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform between 0 and 1, both excluded.
    pub(super) fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Uniform among the first `count` numbers; 0 of none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        // The high half of a product is uniform enough: the bias is one in 2^64 / count.
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// A draw from the standard Gumbel distribution.
    pub(super) fn gumbel(&mut self) -> f64 {
        -(-self.unit().ln()).ln()
    }

    /// A draw from the standard normal distribution (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts items into random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut random = Random::new(1, 2);
        let mut mean = |draw: fn(&mut Random) -> f64| (0..100_000).map(|_| draw(&mut random)).sum::<f64>() / 100_000.0;
        assert!((mean(Random::unit) - 0.5).abs() < 0.01);
        assert!((mean(Random::gumbel) - 0.577_215_664_9).abs() < 0.02);
        assert!(mean(Random::normal).abs() < 0.02);
        assert!((mean(|random| random.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(|random| random.below(7) as f64) - 3.0).abs() < 0.03);
    }

    #[test]
    fn purposes_of_one_seed_are_unrelated_and_each_is_repeatable() {
        let draws = |seed, purpose| -> Vec<u64> {
            let mut random = Random::new(seed, purpose);
            (0..8).map(|_| random.bits()).collect()
        };
        assert_eq!(draws(1, 1), draws(1, 1));
        assert!(draws(1, 1).iter().all(|bits| !draws(1, 2).contains(bits) && !draws(2, 1).contains(bits)));
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<usize> = (0..50).collect();
        Random::new(3, 4).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
