//! The objective of a student that compresses messages (Interlat, arXiv 2511.09149, section 3.3).

use tch::{Kind, Tensor};

/// The settings of agreement.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    /// The temperature of the distributions that are compared, T.
    pub temperature: f64,
    /// The quantile of the positive weights of a batch at which weights are capped.
    pub quantile: f64,
}

/// The weighted divergence of the receiver's distributions with the student's message from those
/// with the full message, and the weights `[N]`.
///
/// Logits `[N, V]` are those with the student's message, with the full message and without one.
/// A position weighs as much as the full message lowers the entropy there.
pub fn agreement(settings: Agreement, student: &Tensor, full: &Tensor, none: &Tensor) -> (Tensor, Tensor) {
    let raw = (entropies(none) - entropies(full)).relu().detach();
    let weights = normalised(&raw, settings.quantile);
    let at =
        |logits: &Tensor| (logits.to_kind(Kind::Float) / settings.temperature).log_softmax(-1, Kind::Float);
    let divergence = at(student).kl_div(&at(full).detach(), tch::Reduction::None, true);
    let divergence = divergence.sum_dim_intlist(-1, false, Kind::Float) * settings.temperature.powi(2);
    let loss = (&weights * divergence).sum(Kind::Float) / (weights.sum(Kind::Float) + 1e-6);
    (loss, weights)
}

/// The mean over samples of 1 - cos of the mean rows of two messages `[L, d]`, whose lengths may
/// differ.
pub fn direction(student: &[Tensor], full: &[Tensor]) -> Tensor {
    let mean = |rows: &Tensor| rows.mean_dim(0, false, Kind::Float);
    let unlike = student.iter().zip(full).map(|(student, full)| {
        1.0 - Tensor::cosine_similarity(&mean(student), &mean(full).detach(), 0, 1e-8)
    });
    Tensor::stack(&unlike.collect::<Vec<_>>(), 0).mean(Kind::Float)
}

/// The entropies (nats) of logits `[N, V]`: `[N]`.
fn entropies(logits: &Tensor) -> Tensor {
    let log = logits.to_kind(Kind::Float).log_softmax(-1, Kind::Float);
    -(log.exp() * log).sum_dim_intlist(-1, false, Kind::Float)
}

/// Weights capped at the quantile of the positive ones, with mean 1.
fn normalised(raw: &Tensor, quantile: f64) -> Tensor {
    let positive = raw.masked_select(&raw.gt(0.0));
    if positive.numel() == 0 {
        return raw.shallow_clone();
    }
    let cap = positive.quantile_scalar(quantile, 0, false, "linear");
    let capped = raw.minimum(&cap);
    &capped / capped.mean(Kind::Float).clamp_min(1e-6)
}
