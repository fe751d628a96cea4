//! Repeatable data for tests: a splitmix64 generator and the shapes of data that tests of several rooms need.

use super::{Vectors, normalise};

/// Splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in -1..1.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// Unit vectors scattered by `spread` around `centres` random directions, all rows of one centre in sequence.
    pub(crate) fn clustered(&mut self, rows: usize, width: usize, centres: usize, spread: f32) -> Vectors {
        let mut vectors = Vectors::with_capacity(width, rows).unwrap();
        let directions: Vec<f32> = (0..centres * width).map(|_| self.uniform()).collect();
        for row in 0..rows {
            let centre = row * centres / rows;
            let mut vector: Vec<f32> = directions[centre * width..][..width].to_vec();
            for component in &mut vector {
                *component += spread * self.uniform();
            }
            normalise(&mut vector).unwrap();
            vectors.push(&vector).unwrap();
        }
        vectors
    }

    /// Unit vectors whose information lies in `hidden` directions that mix all components, plus a little noise.
    pub(crate) fn mixed(&mut self, rows: usize, width: usize, hidden: usize) -> Vectors {
        let directions: Vec<f32> = (0..hidden * width).map(|_| self.uniform()).collect();
        let mut vectors = Vectors::with_capacity(width, rows).unwrap();
        for _ in 0..rows {
            let mut vector: Vec<f32> = (0..width).map(|_| 0.05 * self.uniform()).collect();
            for direction in directions.chunks_exact(width) {
                let weight = self.uniform();
                for (component, part) in vector.iter_mut().zip(direction) {
                    *component += weight * part;
                }
            }
            normalise(&mut vector).unwrap();
            vectors.push(&vector).unwrap();
        }
        vectors
    }
}
