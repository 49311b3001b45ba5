//! The optimiser Adam (Kingma and Ba, arXiv 1412.6980).

use crate::vectorised::vectorised;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The factors of one step: rate and corrections of the moments' start at 0.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    rate: f32,
    second: f32,
}

impl Factors {
    /// Those of step `step`, from 1 on.
    pub fn new(rate: f32, step: u64) -> Self {
        let left = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Self { rate: (f64::from(rate) / left(BETA1)) as f32, second: (1.0 / left(BETA2).sqrt()) as f32 }
    }

    /// Moves one value against its gradient.
    #[inline(always)]
    pub fn apply(self, value: &mut f32, first: &mut f32, second: &mut f32, gradient: f32) {
        *first = BETA1 * *first + (1.0 - BETA1) * gradient;
        *second = BETA2 * *second + (1.0 - BETA2) * gradient * gradient;
        *value -= self.rate * *first / (second.sqrt() * self.second + EPSILON);
    }
}

/// Moments of a list of values.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Moments {
    /// Zeros for `count` values.
    pub fn new(count: usize) -> Self {
        Self { first: vec![0.0; count], second: vec![0.0; count] }
    }

    /// Moves all values against their gradients.
    pub fn apply(&mut self, factors: Factors, values: &mut [f32], gradients: &[f32]) {
        apply(factors, values, &mut self.first, &mut self.second, gradients);
    }
}

vectorised! {
    fn apply(
        factors: Factors, values: &mut [f32], first: &mut [f32], second: &mut [f32], gradients: &[f32],
    ) {
        for (((value, first), second), gradient) in values.iter_mut().zip(first).zip(second).zip(gradients) {
            factors.apply(value, first, second, *gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_equal_those_of_the_paper() {
        let (mut values, mut moments) = ([0.5f32], Moments::new(1));
        let (mut value, mut first, mut second) = (0.5f64, 0.0f64, 0.0f64);
        for step in 1..=50 {
            let gradient = (f64::from(step as u32)).sin() + 0.2;
            moments.apply(Factors::new(0.01, step), &mut values, &[gradient as f32]);
            first = 0.9 * first + 0.1 * gradient;
            second = 0.999 * second + 0.001 * gradient * gradient;
            let t = step as i32;
            let (m, v) = (first / (1.0 - 0.9f64.powi(t)), second / (1.0 - 0.999f64.powi(t)));
            value -= 0.01 * m / (v.sqrt() + 1e-8);
            assert!((f64::from(values[0]) - value).abs() < 1e-5, "{step}: {} {value}", values[0]);
        }
    }
}
