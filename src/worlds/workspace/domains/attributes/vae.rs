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
        let layer =
            |scope: Scope, place: i64, inputs, outputs| Linear::new(&scope.sub(place), inputs, outputs);
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
    fn the_network_has_the_published_sizes() {
        // 11-64-64-10, two times 10-10, 10-64-64, 64-3 and 64-8.
        let sizes = [(11, 64), (64, 64), (64, 10), (10, 10), (10, 10), (10, 64), (64, 64), (64, 3), (64, 8)];
        let expected = sizes.iter().map(|(inputs, outputs)| (inputs + 1) * outputs).sum::<usize>();
        let vae = AttributeVae::new(&AttributeCode::default(), 0, Device::Cpu);
        assert_eq!(vae.parameters.count(), expected);
    }

    #[test]
    fn the_loss_is_a_sum_over_items_of_three_terms_in_nats() {
        let vae = AttributeVae::new(&AttributeCode::default(), 0, Device::Cpu);
        let classes = Tensor::eye(3, (Kind::Float, Device::Cpu));
        let rest = crate::native::normals(&[3, 8], Device::Cpu, 1) * 0.5;
        let posterior = vae.encode(&classes, &rest);
        let [log_probabilities, numbers] = vae.decode(&posterior.mean);
        let (mut class, mut error) = (0.0, 0.0);
        for row in 0..3 {
            class -= log_probabilities.double_value(&[row, row]);
            for column in 0..8 {
                let gap = numbers.double_value(&[row, column]) - rest.double_value(&[row, column]);
                error += gap * gap / 2.0 + 0.918_938_533_2;
            }
        }
        let kl = posterior.divergence().double_value(&[]);
        let report = vae.loss(&classes, &rest, &posterior.mean.zeros_like(), 0.5);
        let found = Vec::<f32>::try_from(report.values()).unwrap();
        for (found, expected) in found.iter().zip([class + error + 0.5 * kl, class, error, kl]) {
            assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}
