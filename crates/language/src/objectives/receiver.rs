//! The objective of a receiver that is given messages (Interlat, arXiv 2511.09149, and its code).

use std::f64::consts::LN_2;

use anyhow::{Result, ensure};
use tch::{Kind, Reduction, Tensor};

use super::supervised::{Supervised, cross_entropy};

/// The least probability in the public code.
const LEAST: f64 = 1e-8;
/// The public code's ln 2.
const HINGE: f64 = 0.69;

/// The terms of the objective: ours, the public code's or the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Fixed,
    Repo,
    Paper,
}

impl Variant {
    /// The distance from a label back to the position that is compared.
    pub fn shift(self) -> i64 {
        match self {
            Self::Fixed | Self::Paper => 1,
            Self::Repo => 0,
        }
    }
}

/// The objective and its terms, all still on their device.
pub struct ReceiverLosses {
    pub total: Tensor,
    pub cross_entropy: Tensor,
    pub plan: Tensor,
    pub contrast: Tensor,
    /// The Jensen-Shannon divergence of right and wrong message in nats at the positions that are
    /// compared, averaged over samples.
    pub divergence: Tensor,
    pub weights: [Tensor; 2],
}

/// The objective of three passes over the same answers: with the right message, with the plan as
/// text and with a wrong message. Each pass has its hidden states `[B, T, d]` and labels `[B, T]`;
/// `head` makes logits `[N, V]` of the hidden states `[N, d]` that are compared.
///
/// # Errors
/// When a sample has no label, or the passes have not as many labels in each sample.
pub fn receiver_losses(
    variant: Variant,
    head: impl Fn(&Tensor) -> Tensor,
    right: (&Tensor, &Tensor),
    plan: (&Tensor, &Tensor),
    wrong: (&Tensor, &Tensor),
) -> Result<ReceiverLosses> {
    let predicting = Supervised::new(right.1, 1)?;
    let predicted = head(&predicting.rows(right.0));
    let cross_entropy = cross_entropy(&predicted, &predicting.targets);
    let places = Supervised::new(right.1, variant.shift())?;
    let rows = |(hidden, labels): (&Tensor, &Tensor)| {
        let own = Supervised::new(labels, variant.shift())?;
        ensure!(
            own.counts == places.counts,
            "the passes have {:?} and {:?} labels, which should be as many",
            places.counts,
            own.counts
        );
        Ok(head(&own.rows(hidden)).to_kind(Kind::Float))
    };
    let right = if variant.shift() == 1 { predicted.to_kind(Kind::Float) } else { rows(right)? };
    let (plan, wrong) = (rows(plan)?, rows(wrong)?);
    let plan = plan_similarities(variant, &right, &plan, &places).mean(Kind::Float);
    let js = divergences(Variant::Fixed, &right, &wrong, &places);
    let contrast = match variant {
        Variant::Repo => contrast(variant, &divergences(variant, &right, &wrong, &places)),
        Variant::Fixed | Variant::Paper => contrast(variant, &js),
    };
    let weights = weights(variant, &plan, &contrast);
    let total = &cross_entropy + &weights[0] * &plan + &weights[1] * &contrast;
    Ok(ReceiverLosses {
        total,
        cross_entropy,
        plan,
        contrast,
        divergence: js.mean(Kind::Float).detach(),
        weights,
    })
}

/// The distance of the distribution with the right message from that with the plan, for each
/// sample: `[B]` of logits `[N, V]`.
pub fn plan_similarities(variant: Variant, right: &Tensor, plan: &Tensor, places: &Supervised) -> Tensor {
    let [log_right, log_plan] = [right, plan].map(|logits| logits.log_softmax(-1, Kind::Float));
    let cosine = |a: &Tensor, b: &Tensor| Tensor::cosine_similarity(a, b, 1, 1e-8);
    match variant {
        Variant::Fixed => {
            let unlike = 1.0 - cosine(&log_right.exp(), &log_plan.exp());
            places.means(&(divergence(&log_plan, &log_right) * 0.7 + unlike * 0.3))
        }
        Variant::Repo => {
            let clamped = log_plan.exp().clamp_min(LEAST);
            let relative = places.means(&divergence(&clamped.log(), &log_right));
            let unlike: Vec<Tensor> = split(&log_right.exp(), places)
                .iter()
                .zip(split(&clamped, places))
                .map(|(right, plan)| 1.0 - cosine(&right.view([1, -1]), &plan.view([1, -1])))
                .collect();
            relative * 0.7 + Tensor::cat(&unlike, 0) * 0.3
        }
        Variant::Paper => places.means(&(divergence(&log_right, &log_plan) + 1.0 - cosine(right, plan))),
    }
}

/// The divergence (nats) of the distributions of logits `[N, V]` with the right and the wrong
/// message, for each sample: `[B]`. It is Jensen-Shannon's, or the public code's, whose arguments
/// are exchanged.
pub fn divergences(variant: Variant, right: &Tensor, wrong: &Tensor, places: &Supervised) -> Tensor {
    let [right, wrong] = [right, wrong].map(|logits| logits.log_softmax(-1, Kind::Float));
    let values = match variant {
        Variant::Fixed | Variant::Paper => {
            let middle = ((right.exp() + wrong.exp()) / 2.0).clamp_min(f64::from(f32::MIN_POSITIVE)).log();
            divergence(&right, &middle) + divergence(&wrong, &middle)
        }
        Variant::Repo => {
            let [right, wrong] = [right, wrong].map(|log| log.exp().clamp_min(LEAST));
            let middle = ((&right + &wrong) / 2.0).log();
            divergence(&middle, &right.log()) + divergence(&middle, &wrong.log())
        }
    };
    places.means(&(values / 2.0))
}

/// The penalty on messages that change nothing, of divergences `[B]`.
pub fn contrast(variant: Variant, divergences: &Tensor) -> Tensor {
    match variant {
        Variant::Fixed => (LN_2 - divergences).relu().mean(Kind::Float),
        Variant::Repo => (HINGE - divergences).relu().mean(Kind::Float),
        Variant::Paper => -divergences.mean(Kind::Float),
    }
}

/// The weights of plan similarity and contrast, which grow with the terms.
///
/// Those of the public code carry gradients.
pub fn weights(variant: Variant, plan: &Tensor, contrast: &Tensor) -> [Tensor; 2] {
    let grown =
        |term: &Tensor, limit: f64, least: f64, growth: f64| (term / limit).clamp(0.0, 1.0) * growth + least;
    match variant {
        Variant::Fixed => [grown(&plan.detach(), 4.0, 0.1, 0.1), grown(&contrast.detach(), LN_2, 0.1, 0.9)],
        Variant::Repo => [grown(plan, 4.0, 0.01, 0.04), grown(contrast, HINGE, 0.01, 0.49)],
        Variant::Paper => [plan, contrast].map(|term| term.detach().ones_like() * 0.1),
    }
}

/// KL(p || q) in nats of log probabilities `[N, V]`: `[N]`.
fn divergence(p: &Tensor, q: &Tensor) -> Tensor {
    q.kl_div(p, Reduction::None, true).sum_dim_intlist(-1, false, Kind::Float)
}

/// The rows `[N, V]` of each sample.
fn split(rows: &Tensor, places: &Supervised) -> Vec<Tensor> {
    rows.split_with_sizes(places.counts.as_slice(), 0)
}
