//! A domain of the workspace: the parts of its latents side by side.

use tch::{Device, Kind, Tensor};

use crate::native::{OutputActivation, OutputPart, RowLoss, part_losses};
use crate::worlds::workspace::domains::{Activation, Part, PartLoss};

/// A domain, whose latents `[N, width]` hold its parts side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The name in settings, scores and checkpoints: `v`.
    pub name: String,
    pub parts: Vec<Part>,
}

impl Domain {
    /// The numbers of a latent, all parts together.
    pub fn width(&self) -> i64 {
        self.parts.iter().map(|part| part.width).sum()
    }

    /// Latents `[N, width]` from the tensors of their parts, each `[N, width of the part]`.
    pub fn join(&self, parts: &[Tensor]) -> Tensor {
        if parts.len() == 1 { parts[0].shallow_clone() } else { Tensor::cat(parts, 1) }
    }

    /// The parts of latents `[N, width]`, each `[N, width of the part]`.
    pub fn split(&self, latents: &Tensor) -> Vec<Tensor> {
        if self.parts.len() == 1 {
            return vec![latents.shallow_clone()];
        }
        let widths: Vec<i64> = self.parts.iter().map(|part| part.width).collect();
        latents.split_with_sizes(widths, 1)
    }

    /// Outputs of a decoder `[N, width]` under the activations of their parts.
    pub fn activate(&self, outputs: &Tensor) -> Tensor {
        self.by_part(outputs, |part, outputs| part.activation.forward(outputs))
    }

    /// A prediction `[N, width]` in the form in which the domain encodes latents.
    pub fn adapt(&self, predicted: &Tensor) -> Tensor {
        self.by_part(predicted, Part::adapt)
    }

    /// The loss of each row and part of `predicted` against `target`, both `[N, width]` ->
    /// `[N, parts]`.
    pub fn row_losses(&self, predicted: &Tensor, target: &Tensor) -> Tensor {
        let (predicted, target) = (self.split(predicted), self.split(target));
        let each = self.parts.iter().zip(predicted.iter().zip(&target));
        let losses: Vec<Tensor> =
            each.map(|(part, (predicted, target))| part.row_losses(predicted, target)).collect();
        Tensor::stack(&losses, 1)
    }

    /// A decoder's outputs `[N, width]` as [`Self::adapt`] makes them of predictions, and the terms
    /// `[K, parts]`: the losses of rows against `targets` `[N, width]`, summed with weights
    /// `[K, N]`.
    pub fn adapted_losses(&self, outputs: &Tensor, targets: &Tensor, weights: &Tensor) -> (Tensor, Tensor) {
        if outputs.device() == Device::Cpu && outputs.kind() == Kind::Float {
            let parts: Vec<OutputPart> = self.parts.iter().map(output_part).collect();
            return part_losses(outputs, targets, weights, &parts);
        }
        let predicted = self.activate(outputs);
        (self.adapt(&predicted), weights.matmul(&self.row_losses(&predicted, targets)))
    }

    fn by_part(&self, x: &Tensor, of_part: impl Fn(&Part, &Tensor) -> Tensor) -> Tensor {
        let parts = self.parts.iter().zip(self.split(x));
        self.join(&parts.map(|(part, x)| of_part(part, &x)).collect::<Vec<_>>())
    }
}

fn output_part(part: &Part) -> OutputPart {
    let activation = match part.activation {
        Activation::Identity => OutputActivation::Identity,
        Activation::Tanh => OutputActivation::Tanh,
        Activation::LogSoftmax => OutputActivation::LogSoftmax,
        Activation::Symlog => OutputActivation::Symlog,
    };
    let loss = match part.loss {
        PartLoss::SquaredError => RowLoss::Squared,
        PartLoss::NegativeLogLikelihood => RowLoss::Likelihood,
    };
    OutputPart { width: part.width, activation, loss }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::normals;

    #[test]
    fn the_fused_losses_agree_with_separate_operations() {
        let part = |name, width, activation, loss| Part { name, width, activation, loss };
        let (error, likelihood) = (PartLoss::SquaredError, PartLoss::NegativeLogLikelihood);
        let parts = vec![
            part("a", 3, Activation::LogSoftmax, likelihood),
            part("b", 5, Activation::Tanh, error),
            part("c", 2, Activation::Symlog, error),
            part("d", 4, Activation::Identity, error),
        ];
        let domain = Domain { name: "all".into(), parts };
        let drawn = |shape: [i64; 2], seed| normals(&shape, Device::Cpu, seed) * 2.0;
        let (targets, weights) = (drawn([300, 14], 1), drawn([3, 300], 2));
        let (of_adapted, of_terms) = (drawn([300, 14], 3), drawn([3, 4], 4));
        let outputs = || drawn([300, 14], 5).set_requires_grad(true);
        let (fused, plain) = (outputs(), outputs());
        let ours = domain.adapted_losses(&fused, &targets, &weights);
        let predicted = domain.activate(&plain);
        let theirs = (domain.adapt(&predicted), weights.matmul(&domain.row_losses(&predicted, &targets)));
        for (ours, theirs) in [(&ours.0, &theirs.0), (&ours.1, &theirs.1)] {
            let largest = theirs.abs().max().double_value(&[]);
            assert!((ours - theirs).abs().max().double_value(&[]) < 1e-5 * largest);
        }
        for (adapted, terms) in [ours, theirs] {
            ((adapted * &of_adapted).sum(Kind::Float) + (terms * &of_terms).sum(Kind::Float)).backward();
        }
        let gap = (fused.grad() - plain.grad()).abs().max().double_value(&[]);
        assert!(gap < 1e-5 * plain.grad().abs().max().double_value(&[]), "{gap}");
    }
}
