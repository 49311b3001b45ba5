//! A domain of the workspace: the parts of its latents side by side.

use tch::Tensor;

use crate::worlds::workspace::domains::Part;

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

    fn by_part(&self, x: &Tensor, of_part: impl Fn(&Part, &Tensor) -> Tensor) -> Tensor {
        let parts = self.parts.iter().zip(self.split(x));
        self.join(&parts.map(|(part, x)| of_part(part, &x)).collect::<Vec<_>>())
    }
}
