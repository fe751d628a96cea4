//! Rotary positions (Su et al. 2021): pairs of components turned by an angle that grows with the token's place.

use candle_core::{Device, Result, Tensor};

/// The frequencies of a model.
#[derive(Debug, Clone)]
pub(in super::super) struct Rope {
    /// Radians a place, by pair.
    frequencies: Vec<f32>,
}

impl Rope {
    /// Frequencies `theta^(-2i/width)` for heads of this width.
    pub(in super::super) fn new(theta: f64, width: usize) -> Self {
        let frequency = |pair: usize| (1.0 / theta.powf((2 * pair) as f64 / width as f64)) as f32;
        Self { frequencies: (0..width / 2).map(frequency).collect() }
    }

    /// The same at places divided by `factor`.
    pub(in super::super) fn slowed(mut self, factor: f32) -> Self {
        self.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        self
    }

    /// The same frequencies once more, for places in two dimensions.
    pub(in super::super) fn twice(mut self) -> Self {
        self.frequencies.extend_from_within(..);
        self
    }

    /// Radians a place, by pair.
    #[cfg(test)]
    pub(in super::super) fn frequencies(&self) -> &[f32] {
        &self.frequencies
    }

    /// Pairs.
    pub(in super::super) fn pairs(&self) -> usize {
        self.frequencies.len()
    }

    /// The turn of each token, at its place.
    pub(in super::super) fn turns(&self, places: &[u32]) -> Turns {
        self.turns_by(places.len(), |token, _| places.get(token).copied().unwrap_or(0) as f32)
    }

    /// The turn of each token where every pair has a place of its own: `place(token, pair)`.
    pub(in super::super) fn turns_by(&self, tokens: usize, place: impl Fn(usize, usize) -> f32) -> Turns {
        let pairs = self.pairs();
        let mut turns =
            Turns { pairs, cos: Vec::with_capacity(tokens * pairs), sin: Vec::with_capacity(tokens * pairs) };
        for token in 0..tokens {
            for (pair, frequency) in self.frequencies.iter().enumerate() {
                let (sin, cos) = (place(token, pair) * frequency).sin_cos();
                turns.cos.push(cos);
                turns.sin.push(sin);
            }
        }
        turns
    }
}

/// Cosines and sines by token and pair. Pair `i` of a head is its components `i` and `i + pairs`.
#[derive(Debug, Clone)]
pub(in super::super) struct Turns {
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Turns {
    /// Turns one head of one token where it lies; components past the pairs stay as they are.
    pub(super) fn apply(&self, token: usize, head: &mut [f32]) {
        let at = token * self.pairs;
        let (cos, sin) = (self.cos.get(at..), self.sin.get(at..));
        let (Some(cos), Some(sin)) = (cos, sin) else { return };
        let (first, second) = head.split_at_mut(self.pairs.min(head.len()));
        for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }

    /// Turns `[tokens, heads, width]` in candle's own operations.
    pub(super) fn forward(&self, heads: &Tensor, device: &Device) -> Result<Tensor> {
        let (tokens, _, width) = heads.dims3()?;
        let table = |values: &[f32]| Tensor::from_slice(values, (tokens, 1, self.pairs), device);
        let (cos, sin) = (table(&self.cos)?, table(&self.sin)?);
        let (a, b) = (heads.narrow(2, 0, self.pairs)?, heads.narrow(2, self.pairs, self.pairs)?);
        let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
        let rest = heads.narrow(2, 2 * self.pairs, width - 2 * self.pairs)?;
        Tensor::cat(&[first, second, rest], 2)
    }
}
