//! Adam (Kingma and Ba, arXiv 1412.6980), in libtorch's fused form.

use tch::{Device, Kind, Tensor};

use super::{Optimiser, named, zeros_like};
use crate::native::{AdamState, AdamStep, adam_step};

const BETAS: (f64, f64) = (0.9, 0.999);

/// Adam, or AdamW with `weight_decay` above 0.
pub struct Adam {
    names: Vec<String>,
    parameters: Vec<Tensor>,
    first: Vec<Tensor>,
    second: Vec<Tensor>,
    steps: Vec<Tensor>,
    epsilon: f64,
    weight_decay: f64,
}

impl Adam {
    /// Adam without weight decay.
    pub fn new(parameters: Vec<(String, Tensor)>, epsilon: f64) -> Self {
        Self::with_weight_decay(parameters, epsilon, 0.0)
    }

    /// AdamW (Loshchilov and Hutter, arXiv 1711.05101): each step also shrinks every weight by the
    /// learning rate times `weight_decay`.
    pub fn with_weight_decay(parameters: Vec<(String, Tensor)>, epsilon: f64, weight_decay: f64) -> Self {
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let device = parameters.first().map_or(Device::Cpu, Tensor::device);
        let steps = parameters.iter().map(|_| Tensor::zeros([0i64; 0], (Kind::Float, device))).collect();
        let (first, second) = (zeros_like(&parameters), zeros_like(&parameters));
        Self { names, parameters, first, second, steps, epsilon, weight_decay }
    }
}

impl Optimiser for Adam {
    fn step(&mut self, lr: f64) {
        let state = AdamState { first: &self.first, second: &self.second, steps: &self.steps };
        let step = AdamStep { lr, betas: BETAS, epsilon: self.epsilon, weight_decay: self.weight_decay };
        adam_step(&self.parameters, &state, step);
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let kinds = [("first_moment", &self.first), ("second_moment", &self.second), ("steps", &self.steps)];
        kinds.into_iter().flat_map(|(kind, tensors)| named(kind, &self.names, tensors)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_shrinks_a_weight_apart_from_its_gradient() {
        let x = Tensor::from_slice(&[2.0f32]).set_requires_grad(true);
        let mut adam = Adam::with_weight_decay(vec![("x".into(), x.shallow_clone())], 0.0, 0.5);
        (&x * 3.0).sum(Kind::Float).backward();
        adam.step(0.1);
        // The first step of Adam is the learning rate times the sign of the gradient.
        assert!((x.double_value(&[0]) - (2.0 * (1.0 - 0.1 * 0.5) - 0.1)).abs() < 1e-6);
    }

    #[test]
    fn agrees_with_the_algorithm_of_the_paper() {
        let x = Tensor::from_slice(&[1.0f32, -2.0]).set_requires_grad(true);
        let mut adam = Adam::new(vec![("x".into(), x.shallow_clone())], 1e-8);
        let (mut expected, mut m, mut v) = ([1.0f64, -2.0], [0.0; 2], [0.0; 2]);
        for t in 1..=5 {
            crate::native::clear_gradients(&[x.shallow_clone()]);
            (&x * &x * &x).sum(Kind::Float).backward();
            adam.step(0.1);
            for i in 0..2 {
                let g = 3.0 * expected[i] * expected[i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let (m_hat, v_hat) = (m[i] / (1.0 - 0.9f64.powi(t)), v[i] / (1.0 - 0.999f64.powi(t)));
                expected[i] -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            }
        }
        for i in 0..2 {
            assert!((x.double_value(&[i]) - expected[i as usize]).abs() < 1e-5);
        }
    }
}
