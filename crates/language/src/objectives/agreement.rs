//! The objective of a student that compresses messages (Interlat, arXiv 2511.09149, section 3.3).

use tch::{Kind, Reduction, Tensor};

use super::head::Head;

/// The entropy (nats) that the full message takes from each position, `[N]`, of the hidden states
/// `[N, d]` with the full message and without one; 0 where it takes none.
pub fn information(head: &Head, full: &Tensor, none: &Tensor) -> Tensor {
    let of = |full: &Tensor, none: &[Tensor], _: &[Tensor]| {
        (entropies(&none[0]) - entropies(full)).relu().unsqueeze(1)
    };
    head.map(&full.detach(), &[none], &[], of).squeeze_dim(1).detach()
}

/// The weights of positions with mean 1: their `information` `[N]`, capped at the quantile of the
/// positive ones.
pub fn agreement_weights(information: &Tensor, quantile: f64) -> Tensor {
    let positive = information.masked_select(&information.gt(0.0));
    if positive.numel() == 0 {
        return information.shallow_clone();
    }
    let cap = positive.quantile_scalar(quantile, 0, false, "linear");
    let capped = information.minimum(&cap);
    &capped / capped.mean(Kind::Float).clamp_min(1e-6)
}

/// The divergences `[N]` of the receiver's distributions with the student's message from those with
/// the full message at a temperature T, times T^2. Hidden states are `[N, d]`.
pub fn disagreements(head: &Head, student: &Tensor, full: &Tensor, temperature: f64) -> Tensor {
    let of = move |student: &Tensor, full: &[Tensor], _: &[Tensor]| {
        let at = |logits: &Tensor| (logits / temperature).log_softmax(-1, Kind::Float);
        let divergence = at(student).kl_div(&at(&full[0]), Reduction::None, true);
        divergence.sum_dim_intlist(-1, true, Kind::Float) * temperature.powi(2)
    };
    head.map(student, &[full], &[], of).squeeze_dim(1)
}

/// 1 - cos of the mean rows of two messages `[L, d]`, whose lengths may differ, for each sample:
/// `[B]`.
pub fn directions(student: &[Tensor], full: &[Tensor]) -> Tensor {
    let mean = |rows: &Tensor| rows.mean_dim(0, false, Kind::Float);
    let unlike = student.iter().zip(full).map(|(student, full)| {
        1.0 - Tensor::cosine_similarity(&mean(student), &mean(full).detach(), 0, 1e-8)
    });
    Tensor::stack(&unlike.collect::<Vec<_>>(), 0)
}

/// The entropies (nats) of logits `[N, V]`: `[N]`.
fn entropies(logits: &Tensor) -> Tensor {
    let log = logits.log_softmax(-1, Kind::Float);
    -(log.exp() * log).sum_dim_intlist(-1, false, Kind::Float)
}
