//! Normal distributions and the divergence between them.

use tch::{Kind, Tensor};

/// Independent normal variables, `mean` and standard deviation `scale` of the same shape.
pub struct Normal {
    pub mean: Tensor,
    pub scale: Tensor,
}

impl Normal {
    /// The sample `mean + scale * noise` for standard normal `noise`, without gradients.
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        tch::no_grad(|| &self.mean + &self.scale * noise)
    }

    /// The Kullback-Leibler divergence KL(self || other) of each variable, in nats (Kingma and
    /// Welling, arXiv 1312.6114, appendix B, for two general normals).
    pub fn divergence(&self, other: &Self) -> Tensor {
        let spread = (&self.scale / &other.scale).square();
        let shift = ((&self.mean - &other.mean) / &other.scale).square();
        ((&spread + shift) - 1.0 - spread.log()) * 0.5
    }
}

/// KL(prior || posterior) for `[T, B, D]` each, averaged over batch and features, and then over
/// steps; `counted` raises each step's divergence to at least `free` nats first (Kingma et al.,
/// arXiv 1606.04934).
pub fn free_divergence(prior: &Normal, posterior: &Normal, free: f64) -> FreeDivergence {
    let steps = prior.divergence(posterior).mean_dim([1i64, 2].as_slice(), false, Kind::Float);
    FreeDivergence { counted: steps.clamp_min(free).mean(Kind::Float), plain: steps.mean(Kind::Float) }
}

/// The divergence (`plain`), and the divergence with free nats (`counted`); scalars.
pub struct FreeDivergence {
    pub counted: Tensor,
    pub plain: Tensor,
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn normal(mean: f32, scale: f32, steps: i64) -> Normal {
        let full = |value: f32| Tensor::full([steps, 4, 2], f64::from(value), (Kind::Float, Device::Cpu));
        Normal { mean: full(mean), scale: full(scale) }
    }

    #[test]
    fn the_divergence_of_two_normals_has_its_closed_form() {
        let divergence = normal(1.0, 2.0, 1).divergence(&normal(3.0, 4.0, 1)).double_value(&[0, 0, 0]);
        assert!((divergence - (2f64.ln() + (4.0 + 4.0) / 32.0 - 0.5)).abs() < 1e-6);
        assert_eq!(normal(1.0, 2.0, 1).divergence(&normal(1.0, 2.0, 1)).double_value(&[0, 0, 0]), 0.0);
    }

    #[test]
    fn a_step_below_the_free_nats_counts_as_them() {
        let prior = normal(0.0, 1.0, 2);
        let posterior = Normal {
            mean: Tensor::from_slice(&[4f32, 1.0]).view([2, 1, 1]) + &prior.mean,
            ..normal(0.0, 1.0, 2)
        };
        let FreeDivergence { counted, plain } = free_divergence(&prior, &posterior, 3.0); // 8 and 1/2 nats
        assert!((counted.double_value(&[]) - 5.5).abs() < 1e-6);
        assert!((plain.double_value(&[]) - 4.25).abs() < 1e-6);
    }

    #[test]
    fn no_gradient_flows_through_a_sample() {
        let mean = Tensor::zeros([3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let normal = Normal { scale: Tensor::full([3], 2.0, (Kind::Float, Device::Cpu)), mean };
        let sample = normal.sample(&Tensor::from_slice(&[1f32, 0.0, -1.0]));
        assert!(!sample.requires_grad());
        assert_eq!(Vec::<f32>::try_from(sample).expect("floats"), [2.0, 0.0, -2.0]);
    }
}
