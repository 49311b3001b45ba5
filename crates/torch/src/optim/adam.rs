//! Adam (Kingma and Ba, arXiv 1412.6980), in libtorch's fused form.

use tch::{Device, Kind, Tensor};

use super::{Optimiser, Rates, named, zeros_like};
use crate::native::{AdamState, AdamStep, WeightDecay, adam_step};

const BETAS: (f64, f64) = (0.9, 0.999);

/// Adam, or AdamW with decoupled weight decay.
pub struct Adam {
    names: Vec<String>,
    parameters: Vec<Tensor>,
    first: Vec<Tensor>,
    second: Vec<Tensor>,
    steps: Vec<Tensor>,
    epsilon: f64,
    betas: (f64, f64),
    decay: WeightDecay,
}

impl Adam {
    /// Adam without weight decay.
    pub fn new(parameters: Vec<(String, Tensor)>, epsilon: f64) -> Self {
        Self::with_decay(parameters, epsilon, WeightDecay::Decoupled(0.0))
    }

    /// Adam with weight decay, which for AdamW is decoupled (Loshchilov and Hutter, arXiv
    /// 1711.05101).
    pub fn with_decay(parameters: Vec<(String, Tensor)>, epsilon: f64, decay: WeightDecay) -> Self {
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
        let device = parameters.first().map_or(Device::Cpu, Tensor::device);
        let steps = parameters.iter().map(|_| Tensor::zeros([0i64; 0], (Kind::Float, device))).collect();
        let (first, second) = (zeros_like(&parameters), zeros_like(&parameters));
        Self { names, parameters, first, second, steps, epsilon, betas: BETAS, decay }
    }

    /// The same optimiser with these decay rates of the moments.
    pub fn with_betas(self, betas: (f64, f64)) -> Self {
        Self { betas, ..self }
    }
}

impl Optimiser for Adam {
    fn step(&mut self, Rates { lr, beta1 }: Rates) {
        let state = AdamState { first: &self.first, second: &self.second, steps: &self.steps };
        let betas = (beta1.unwrap_or(self.betas.0), self.betas.1);
        let step = AdamStep { lr, betas, epsilon: self.epsilon, decay: self.decay };
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
        let mut adam =
            Adam::with_decay(vec![("x".into(), x.shallow_clone())], 0.0, WeightDecay::Decoupled(0.5));
        (&x * 3.0).sum(Kind::Float).backward();
        adam.step(Rates::constant(0.1));
        // The first step of Adam is the learning rate times the sign of the gradient.
        assert!((x.double_value(&[0]) - (2.0 * (1.0 - 0.1 * 0.5) - 0.1)).abs() < 1e-6);
    }

    #[test]
    fn agrees_with_the_algorithm_of_the_paper() {
        for (l2, beta1) in [(0.0, None), (0.5, Some(0.7))] {
            agrees(l2, beta1);
        }
    }

    fn agrees(l2: f64, beta1: Option<f64>) {
        let x = Tensor::from_slice(&[1.0f32, -2.0]).set_requires_grad(true);
        let decay = WeightDecay::L2(l2);
        let mut adam = Adam::with_decay(vec![("x".into(), x.shallow_clone())], 1e-8, decay);
        let b1 = beta1.unwrap_or(0.9);
        let (mut expected, mut m, mut v) = ([1.0f64, -2.0], [0.0; 2], [0.0; 2]);
        for t in 1..=5 {
            crate::native::clear_gradients(&[x.shallow_clone()]);
            (&x * &x * &x).sum(Kind::Float).backward();
            adam.step(Rates { lr: 0.1, beta1 });
            for i in 0..2 {
                let g = 3.0 * expected[i] * expected[i] + l2 * expected[i];
                m[i] = b1 * m[i] + (1.0 - b1) * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let (m_hat, v_hat) = (m[i] / (1.0 - b1.powi(t)), v[i] / (1.0 - 0.999f64.powi(t)));
                expected[i] -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            }
        }
        for i in 0..2 {
            assert!((x.double_value(&[i]) - expected[i as usize]).abs() < 1e-5);
        }
    }
}
