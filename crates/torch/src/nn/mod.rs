//! Layers and networks with PyTorch's initialisation (tch's own differs).
//!
//! Weights and biases start in U(+-1/sqrt(fan in)), batch normalisation at 1 and 0, a GRU in
//! U(+-1/sqrt(hidden)); a residual network's convolutions are normal.

mod arch;
mod attention;
mod backbone;
mod batch_norm;
mod conv;
mod decoder;
mod dropout;
mod finite;
mod gru;
mod gru_cell;
mod heads;
mod layer_norm;
mod linear;
mod mlp;
mod parameters;
mod precision;
mod predictor;
mod relu_mlp;
mod transformer_block;
mod upsampled_conv;

pub use arch::Arch;
pub use backbone::{Backbone, BackboneShape};
pub use batch_norm::BatchNorm;
pub use conv::{Conv2d, ConvTranspose2d, channels_last};
pub use decoder::Decoder;
pub use dropout::{Dropout, Masks};
pub use finite::not_finite;
pub use gru::Gru;
pub use gru_cell::GruCell;
pub use heads::{ActionHead, Projector};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use mlp::{Mlp, layer_sizes};
pub use parameters::{Parameters, Scope};
pub use precision::Precision;
pub use predictor::{Predictor, PredictorShape};
pub use relu_mlp::ReluMlp;
pub use transformer_block::{BlockShape, CrossBlock};
pub use upsampled_conv::UpsampledConv;

/// The mode of normalisation layers: batch statistics in training, running statistics in
/// evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Train,
    Evaluate,
}

/// PyTorch's bound on the initial weights of a layer with this fan-in, 1 / sqrt(fan in).
fn bound(fan_in: i64) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    fn deviation(x: &Tensor) -> f64 {
        x.std(false).double_value(&[])
    }

    #[test]
    fn initial_moments_are_those_of_pytorch() {
        let parameters = Parameters::new(Device::Cpu, 3);
        let linear = Linear::new(&parameters.root().sub("linear"), 400, 300);
        let gru = Gru::new(&parameters.root().sub("gru"), 2, 128, 1);
        let conv = Conv2d::new(&parameters.root().sub("conv"), 16, 32, 5, 1, 0);
        for (tensor, bound) in [
            (&linear.weight, 1.0 / 20.0),
            (linear.bias.as_ref().expect("it has one"), 1.0 / 20.0),
            (&conv.weight, 1.0 / 20.0),
            (&gru.weights[1], 1.0 / 128f64.sqrt()),
            (&gru.weights[0], 1.0 / 128f64.sqrt()),
            (&gru.weights[3], 1.0 / 128f64.sqrt()),
        ] {
            let count = tensor.numel() as f64;
            let tolerance = 4.0 / count.sqrt();
            assert!((deviation(tensor) / (bound / 3f64.sqrt()) - 1.0).abs() < tolerance);
            assert!(tensor.mean(Kind::Float).double_value(&[]).abs() < tolerance * bound);
            assert!(tensor.abs().max().double_value(&[]) <= bound);
            assert!(tensor.abs().max().double_value(&[]) > bound * (1.0 - 10.0 / count));
        }
    }

    #[test]
    fn kaiming_weights_are_normal_and_scaled_by_the_outputs_they_feed() {
        let parameters = Parameters::new(Device::Cpu, 3);
        let weight = Conv2d::kaiming(&parameters.root(), 40, 90, 5, 1).weight;
        assert_eq!(weight.size(), [90, 40, 5, 5]);
        let standard = &weight / (2.0f64 / (90.0 * 25.0)).sqrt();
        let moment = |power: f64| standard.pow_tensor_scalar(power).mean(Kind::Double).double_value(&[]);
        let error = 4.0 / (weight.numel() as f64).sqrt();
        for (power, expected, deviation) in
            [(1.0, 0.0, 1.0), (2.0, 1.0, 2f64.sqrt()), (4.0, 3.0, 96f64.sqrt())]
        {
            assert!((moment(power) - expected).abs() < error * deviation, "{power}: {}", moment(power));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
        let weight = |seed| Linear::new(&Parameters::new(Device::Cpu, seed).root().sub("a"), 5, 4).weight;
        assert_eq!(weight(1), weight(1));
        assert_ne!(weight(1), weight(2));
    }
}
