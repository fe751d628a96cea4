//! AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization", arXiv 1711.05101) over a head's parts.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};

/// How fast the means of gradients and of their squares forget.
const FORGET: (f64, f64) = (0.9, 0.999);
const SMALL: f64 = 1e-8;

#[derive(Debug)]
pub(super) struct Adam {
    decay: f64,
    steps: i32,
    /// Means of each part's gradients and of their squares.
    means: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Adam {
    pub(super) fn new(decay: f64) -> Self {
        Self { decay, steps: 0, means: Vec::new() }
    }

    /// One step at a learning rate. Only weights decay, biases do not: those are the parts of one row.
    pub(super) fn step(&mut self, parts: &[Var], gradients: &GradStore, rate: f64) -> Result<()> {
        self.steps = self.steps.saturating_add(1);
        self.means.resize_with(parts.len(), Default::default);
        let (whole_mean, whole_square) = (1.0 - FORGET.0.powi(self.steps), 1.0 - FORGET.1.powi(self.steps));
        for (part, (mean, square)) in parts.iter().zip(&mut self.means) {
            let Some(gradient) = gradients.get(part.as_tensor()) else { continue };
            let gradient: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
            let mut values: Vec<f32> = part.flatten_all()?.to_vec1()?;
            mean.resize(values.len(), 0.0);
            square.resize(values.len(), 0.0);
            let keep = if part.dim(0)? > 1 { 1.0 - rate * self.decay } else { 1.0 };
            for (((value, gradient), mean), square) in values.iter_mut().zip(gradient).zip(mean).zip(square) {
                let gradient = f64::from(gradient);
                *mean = FORGET.0 * *mean + (1.0 - FORGET.0) * gradient;
                *square = FORGET.1 * *square + (1.0 - FORGET.1) * gradient * gradient;
                let step = *mean / whole_mean / ((*square / whole_square).sqrt() + SMALL);
                *value = (f64::from(*value) * keep - rate * step) as f32;
            }
            part.set(&Tensor::from_vec(values, part.shape(), &Device::Cpu)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_point_of_a_bowl_is_found_and_decay_pulls_to_zero() {
        let bowl = |decay: f64| {
            let var = Var::from_slice(&[5.0_f32, -3.0], (2, 1), &Device::Cpu).unwrap();
            let mut adam = Adam::new(decay);
            for _ in 0..2000 {
                let loss = (var.as_tensor() - 1.0).unwrap().sqr().unwrap().sum_all().unwrap();
                adam.step(std::slice::from_ref(&var), &loss.backward().unwrap(), 0.01).unwrap();
            }
            var.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert!(bowl(0.0).iter().all(|value| (value - 1.0).abs() < 1e-3));
        assert!(bowl(1.0).iter().all(|value| *value < 0.9));
    }

    #[test]
    fn the_first_step_is_the_learning_rate_against_the_gradient() {
        let var = Var::from_slice(&[5.0_f32, -3.0], (1, 2), &Device::Cpu).unwrap();
        let loss = var.as_tensor().sqr().unwrap().sum_all().unwrap();
        Adam::new(0.5).step(std::slice::from_ref(&var), &loss.backward().unwrap(), 0.1).unwrap();
        let values: Vec<f32> = var.flatten_all().unwrap().to_vec1().unwrap();
        assert!((values[0] - 4.9).abs() < 1e-5 && (values[1] + 2.9).abs() < 1e-5, "{values:?}");
    }
}
