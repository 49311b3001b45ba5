//! The variational autoencoder of attributes.

use std::f64::consts::TAU;

use tch::{Device, Kind, Reduction, Tensor};

use super::AttributeCode;
use crate::nn::{Linear, Parameters, Scope};
use crate::objectives::LossReport;
use crate::worlds::workspace::data::CLASSES;
use crate::worlds::workspace::domains::Posterior;

/// Features of the hidden layers.
const HIDDEN: i64 = 64;
/// Numbers in a latent.
pub const LATENT: i64 = 10;

/// A variational autoencoder of the numbers of an [`AttributeCode`].
pub struct AttributeVae {
    pub parameters: Parameters,
    encoder: [Linear; 3],
    posterior: [Linear; 2],
    decoder: [Linear; 2],
    class: Linear,
    rest: Linear,
}

impl AttributeVae {
    /// The network for the numbers of `code`, with initial parameters that follow from `seed`.
    pub fn new(code: &AttributeCode, seed: u64, device: Device) -> Self {
        let parameters = Parameters::new(device, seed);
        let (root, classes, width) = (parameters.root(), CLASSES.len() as i64, code.width() as i64);
        let layer = |scope: Scope, place: i64, inputs, outputs| Linear::new(&scope.sub(place), inputs, outputs);
        let encoder = [(0, classes + width, HIDDEN), (2, HIDDEN, HIDDEN), (4, HIDDEN, LATENT)];
        let decoder = [(0, LATENT, HIDDEN), (2, HIDDEN, HIDDEN)];
        Self {
            encoder: encoder.map(|(place, i, o)| layer(root.sub("encoder"), place, i, o)),
            posterior: ["q_mean", "q_logvar"].map(|name| Linear::new(&root.sub(name), LATENT, LATENT)),
            decoder: decoder.map(|(place, i, o)| layer(root.sub("decoder"), place, i, o)),
            class: Linear::new(&root.sub("class"), HIDDEN, classes),
            rest: Linear::new(&root.sub("attributes"), HIDDEN, width),
            parameters,
        }
    }

    /// The posteriors `[N, 10]` of classes `[N, 3]` and other numbers `[N, width]`.
    pub fn encode(&self, classes: &Tensor, rest: &Tensor) -> Posterior {
        let hidden = relu_layers(&self.encoder, Tensor::cat(&[classes, rest], 1));
        let [mean, log_variance] = self.posterior.each_ref().map(|layer| layer.forward(&hidden));
        Posterior { mean, log_variance }
    }

    /// Latents `[N, 10]` -> log-probabilities of the classes `[N, 3]` and other numbers
    /// `[N, width]`
    pub fn decode(&self, latents: &Tensor) -> [Tensor; 2] {
        let hidden = relu_layers(&self.decoder, latents.shallow_clone());
        [self.class.forward(&hidden).log_softmax(-1, Kind::Float), self.rest.forward(&hidden).tanh()]
    }

    /// The loss of a batch, summed over items: the negative log-likelihood of the classes and that
    /// of the other numbers with standard deviation 1, and `beta` times the divergence of the
    /// posteriors, which are sampled with standard normal `noise` `[N, 10]`.
    pub fn loss(&self, classes: &Tensor, rest: &Tensor, noise: &Tensor, beta: f64) -> LossReport {
        let posterior = self.encode(classes, rest);
        let [log_probabilities, numbers] = self.decode(&posterior.sample(noise));
        let truth = classes.argmax(-1, false);
        let class = log_probabilities.g_nll_loss(&truth, None::<Tensor>, Reduction::Sum, -100);
        let constant = 0.5 * TAU.ln() * rest.numel() as f64;
        let error = (numbers - rest).square().sum(Kind::Float) * 0.5 + constant;
        LossReport::weighted(vec![
            ("class", 1.0, class),
            ("attributes", 1.0, error),
            ("kl", beta, posterior.divergence()),
        ])
    }
}

fn relu_layers(layers: &[Linear], x: Tensor) -> Tensor {
    layers.iter().fold(x, |x, layer| layer.forward(&x).relu())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_the_true_numbers_is_that_of_the_normal_and_the_divergence() {
        let code = AttributeCode::default();
        let vae = AttributeVae::new(&code, 0, Device::Cpu);
        // 11-64-64-10, two times 10-10, 10-64-64, 64-3 and 64-8.
        let layer = |i: usize, o: usize| i * o + o;
        let expected = [(11, 64), (64, 64), (64, 10), (10, 10), (10, 10), (10, 64), (64, 64), (64, 3), (64, 8)];
        assert_eq!(vae.parameters.count(), expected.map(|(i, o)| layer(i, o)).iter().sum::<usize>());
        let classes = Tensor::eye(3, (Kind::Float, Device::Cpu));
        let latents = Tensor::zeros([3, LATENT], (Kind::Float, Device::Cpu));
        let posterior = vae.encode(&classes, &latents.narrow(1, 0, 8));
        let [log_probabilities, numbers] = vae.decode(&posterior.mean);
        // Noise of 0 samples the mean, whose own reconstruction is then the truth.
        let again = vae.encode(&classes, &numbers.detach());
        let report = vae.loss(&classes, &numbers.detach(), &latents, 0.0);
        let [_, second] = vae.decode(&again.mean);
        let error = 0.5 * (second - &numbers).square().sum(Kind::Float).double_value(&[]);
        let expected = error + 24.0 * 0.5 * TAU.ln();
        assert!((report.terms[1].1.double_value(&[]) - expected).abs() < 1e-4);
        let nll = -log_probabilities.diagonal(0, 0, 1).sum(Kind::Float).double_value(&[]);
        assert!((nll - report.terms[0].1.double_value(&[])).abs() < 1e-1);
    }
}
