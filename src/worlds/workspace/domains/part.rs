//! Parts of a domain's latent: their widths, output activations and losses.

use tch::{Kind, Tensor};

/// One part of the latent of a domain, a tensor `[N, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name in scores and checkpoints: `z_img`.
    pub name: &'static str,
    pub width: i64,
    /// The output activation of a network that predicts the part.
    pub activation: Activation,
    /// The loss of a prediction.
    pub loss: PartLoss,
}

/// An output activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Identity,
    Tanh,
    LogSoftmax,
    /// sign(x) log2(1 + |x|).
    Symlog,
}

/// The loss of a predicted part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartLoss {
    /// The mean squared error over rows and numbers.
    SquaredError,
    /// The negative log-likelihood of the largest entry of the target, a mean over rows. The
    /// prediction holds log-probabilities.
    NegativeLogLikelihood,
}

impl Part {
    /// The loss of `predicted` against `target`, both `[N, width]`.
    pub fn loss(&self, predicted: &Tensor, target: &Tensor) -> Tensor {
        self.row_losses(predicted, target).mean(Kind::Float)
    }

    /// The loss of each row of `predicted` against `target`, both `[N, width]` -> `[N]`.
    pub fn row_losses(&self, predicted: &Tensor, target: &Tensor) -> Tensor {
        match self.loss {
            PartLoss::SquaredError => {
                (predicted - target).square().mean_dim([-1].as_slice(), false, Kind::Float)
            }
            PartLoss::NegativeLogLikelihood => {
                -predicted.gather(-1, &target.argmax(-1, true), false).squeeze_dim(-1)
            }
        }
    }

    /// The prediction `[N, width]` in the form in which the domain encodes the part: probabilities
    /// in place of log-probabilities.
    pub fn adapt(&self, predicted: &Tensor) -> Tensor {
        match self.activation {
            Activation::LogSoftmax => predicted.exp(),
            _ => predicted.shallow_clone(),
        }
    }
}

impl Activation {
    /// The activation of `x` `[N, width]`.
    pub fn forward(self, x: &Tensor) -> Tensor {
        match self {
            Self::Identity => x.shallow_clone(),
            Self::Tanh => x.tanh(),
            Self::LogSoftmax => x.log_softmax(-1, Kind::Float),
            Self::Symlog => x.sign() * x.abs().log1p() / std::f64::consts::LN_2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(tensor: &Tensor) -> Vec<f64> {
        tensor.flatten(0, -1).to_kind(Kind::Double).try_into().unwrap()
    }

    #[test]
    fn a_class_costs_its_negative_log_probability_and_adapts_to_probabilities() {
        let part = Part {
            name: "z_cls",
            width: 2,
            activation: Activation::LogSoftmax,
            loss: PartLoss::NegativeLogLikelihood,
        };
        let predicted = part.activation.forward(&Tensor::from_slice2(&[[3f32.ln(), 0.0], [0.0, 0.0]]));
        let target = Tensor::from_slice2(&[[1f32, 0.0], [0.0, 1.0]]);
        let expected = -(0.75f64.ln() + 0.5f64.ln()) / 2.0;
        assert!((part.loss(&predicted, &target).double_value(&[]) - expected).abs() < 1e-6);
        let adapted = numbers(&part.adapt(&predicted));
        assert!(adapted.iter().zip([0.75, 0.25, 0.5, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn symlog_is_odd_and_1_at_1() {
        let found = numbers(&Activation::Symlog.forward(&Tensor::from_slice(&[-3f32, 0.0, 1.0, 7.0])));
        assert!(found.iter().zip([-2.0, 0.0, 1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
