//! Posteriors of variational autoencoders.

use tch::{Kind, Tensor};
use umwelt_base::random::Stream;

use crate::native::normals;
use crate::nn::Parameters;

/// Independent normal posteriors of latents, each tensor `[N, Z]` in float32.
///
/// Kingma and Welling, *Auto-Encoding Variational Bayes*, arXiv 1312.6114.
pub struct Posterior {
    pub mean: Tensor,
    pub log_variance: Tensor,
}

impl Posterior {
    /// The posteriors whose means are the first half of `columns` `[N, 2 Z]`, and whose
    /// log-variances are the second.
    pub fn of_columns(columns: &Tensor) -> Self {
        let columns = columns.to_kind(Kind::Float);
        let [mean, log_variance] = <[Tensor; 2]>::try_from(columns.chunk(2, 1)).expect("two halves");
        Self { mean, log_variance }
    }

    /// The latents `mean + noise * exp(log_variance / 2)` for standard normal `noise` `[N, Z]`.
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        &self.mean + noise * (&self.log_variance * 0.5).exp()
    }

    /// The Kullback-Leibler divergence from N(0, 1), in nats, summed over rows and numbers
    /// (appendix B of the paper).
    pub fn divergence(&self) -> Tensor {
        let Self { mean, log_variance } = self;
        (mean.square() + log_variance.exp() - log_variance - 1.0).sum(Kind::Float) * 0.5
    }
}

/// Standard normal numbers `[count, width]` on the device of a network: draw `index` of the stream
/// `name` of its seed.
pub fn noise(network: &Parameters, name: &str, index: u64, [count, width]: [i64; 2]) -> Tensor {
    let seed = Stream::new(network.seed(), name).at(&[index]).bits();
    normals(&[count, width], network.device(), seed)
}

/// The weight of the divergence in training step `step` of `steps`, counted from 0: it rises
/// linearly from 0 to `beta` over the first `warmup` of the steps, a share from 0 to 1.
pub fn warmed_up(beta: f64, warmup: f64, step: u64, steps: u64) -> f64 {
    let rise = warmup * steps as f64;
    if rise > 0.0 { beta * (step as f64 / rise).min(1.0) } else { beta }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_has_its_closed_form_and_samples_have_the_posteriors_spread() {
        let posterior = Posterior::of_columns(&Tensor::from_slice2(&[[1f32, 0.0, 4f32.ln(), 0.0]]));
        // 1/2 (mean^2 + variance - ln(variance) - 1), and 0 for the prior itself.
        let expected = 0.5 * (1.0 + 4.0 - 4f64.ln() - 1.0);
        assert!((posterior.divergence().double_value(&[]) - expected).abs() < 1e-6);
        let sample = posterior.sample(&Tensor::from_slice2(&[[1f32, -3.0]]));
        assert!((sample - Tensor::from_slice2(&[[3f32, -3.0]])).abs().max().double_value(&[]) < 1e-6);
    }

    #[test]
    fn beta_rises_linearly_over_its_share_of_the_steps() {
        let weights = |warmup| [0, 5, 10, 19].map(|step| warmed_up(0.4, warmup, step, 20));
        assert_eq!(weights(0.0), [0.4; 4]);
        assert_eq!(weights(0.5), [0.0, 0.2, 0.4, 0.4]);
        assert!((weights(1.0)[3] - 0.38).abs() < 1e-12);
    }
}
