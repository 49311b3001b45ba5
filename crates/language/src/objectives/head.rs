//! Logits in chunks of rows, which the backward pass makes again.

use std::sync::Arc;

use tch::{Kind, Tensor};
use umwelt_torch::native::recomputed;

use crate::decoder::DecoderLm;
use crate::message::IGNORED;

/// The most logits that are in memory at once: 64 MiB of float32.
const LOGITS: i64 = 1 << 24;

/// The matrix that makes logits of hidden states.
pub struct Head {
    /// `[V, d]`
    weight: Tensor,
    /// The most logits of a chunk.
    most: i64,
}

/// A function of the logits of some rows, of fixed ones, and of further numbers of these rows.
trait RowFunction: Fn(&Tensor, &[Tensor], &[Tensor]) -> Tensor + 'static {}
impl<F: Fn(&Tensor, &[Tensor], &[Tensor]) -> Tensor + 'static> RowFunction for F {}

impl Head {
    /// The head with the matrix `weight` `[V, d]`.
    pub fn new(weight: &Tensor) -> Self {
        Self { weight: weight.shallow_clone(), most: LOGITS }
    }

    /// The head of a model, for its hidden states.
    pub fn of(model: &DecoderLm) -> Self {
        Self::new(&model.head().to_kind(model.kind()))
    }

    /// The same head with at most `most` logits in memory at once.
    #[must_use]
    pub fn with_most(self, most: i64) -> Self {
        Self { most, ..self }
    }

    /// Numbers `[N, C]` of rows: `of` makes them of the float32 logits of `rows` `[N, d]`, of those
    /// of each of the `fixed` rows `[N, d]`, through which no gradient passes, and of the `others`
    /// `[N, ..]`.
    ///
    /// Many rows are taken in chunks. The backward pass computes each chunk again, so that logits
    /// of all rows are never in memory together. A row's numbers should depend on that row alone.
    pub fn map(
        &self,
        rows: &Tensor,
        fixed: &[&Tensor],
        others: &[&Tensor],
        of: impl Fn(&Tensor, &[Tensor], &[Tensor]) -> Tensor + 'static,
    ) -> Tensor {
        let sets = 1 + fixed.len() as i64;
        let chunk = (self.most / (self.weight.size()[0] * sets)).max(1);
        let columns: Vec<&Tensor> =
            [rows].into_iter().chain(fixed.iter().copied()).chain(others.iter().copied()).collect();
        let part = Arc::new(chunk_function(fixed.len(), of));
        if rows.size()[0] <= chunk {
            let inputs: Vec<Tensor> =
                [&self.weight].into_iter().chain(columns).map(Tensor::shallow_clone).collect();
            return part(&inputs);
        }
        let split: Vec<Vec<Tensor>> = columns.iter().map(|column| column.split(chunk, 0)).collect();
        let numbers = |at: usize| {
            let inputs: Vec<&Tensor> =
                [&self.weight].into_iter().chain(split.iter().map(|column| &column[at])).collect();
            let part = part.clone();
            recomputed(&inputs, &[], move |inputs| part(inputs))
        };
        Tensor::cat(&(0..split[0].len()).map(numbers).collect::<Vec<_>>(), 0)
    }
}

/// The numbers of a chunk, as a function of the head's matrix, the rows, the fixed rows and the
/// others.
fn chunk_function(fixed: usize, of: impl RowFunction) -> impl Fn(&[Tensor]) -> Tensor + 'static {
    move |inputs: &[Tensor]| {
        let logits =
            |rows: &Tensor, weight: &Tensor| rows.linear(weight, None::<&Tensor>).to_kind(Kind::Float);
        let (weight, rows) = (&inputs[0], &inputs[1]);
        let constant = weight.detach();
        let fixed_logits: Vec<Tensor> =
            inputs[2..2 + fixed].iter().map(|rows| logits(&rows.detach(), &constant)).collect();
        of(&logits(rows, weight), &fixed_logits, &inputs[2 + fixed..])
    }
}

/// The cross-entropies (nats) `[N]` of hidden states `[N, d]` at the labels `[N]`.
pub fn cross_entropies(head: &Head, rows: &Tensor, targets: &Tensor) -> Tensor {
    let of = |logits: &Tensor, _: &[Tensor], others: &[Tensor]| {
        logits
            .cross_entropy_loss(&others[0], None::<&Tensor>, tch::Reduction::None, IGNORED, 0.0)
            .unsqueeze(1)
    };
    head.map(rows, &[], &[targets], of).squeeze_dim(1)
}
