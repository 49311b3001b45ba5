//! The objective of a receiver that is given messages (Interlat, arXiv 2511.09149, and its code).

use std::f64::consts::LN_2;

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::head::{Head, cross_entropies};
use super::rows::{divergence_rows, plan_rows, similarities};
use super::supervised::Supervised;

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

/// The hidden states of a pass at the positions that matter to the objective.
#[derive(Debug)]
pub struct Answers {
    /// `[N, d]` at the positions that predict labels.
    predicting: Tensor,
    predicted: Supervised,
    /// `[N, d]` at the positions that are compared.
    compared: Tensor,
    places: Supervised,
}

impl Answers {
    /// Those of the hidden states `[B, T, d]` of texts with labels `[B, T]`.
    ///
    /// # Errors
    /// When a sample has no label, or one at its first position.
    pub fn new(variant: Variant, hidden: &Tensor, labels: &Tensor) -> Result<Self> {
        let (predicted, places) = (Supervised::new(labels, 1)?, Supervised::new(labels, variant.shift())?);
        let predicting = predicted.rows(hidden);
        let compared = if variant.shift() == 1 { predicting.shallow_clone() } else { places.rows(hidden) };
        Ok(Self { predicting, predicted, compared, places })
    }

    /// The number of labels.
    pub fn labels(&self) -> i64 {
        self.places.counts.iter().sum()
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.places.counts.len()
    }
}

/// The sizes of a batch of which a part is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    pub samples: usize,
    pub labels: i64,
}

/// The terms of a part of a batch, all still on their device. Those of all parts add up to the
/// batch's.
pub struct ReceiverTerms {
    pub cross_entropy: Tensor,
    pub plan: Tensor,
    pub contrast: Tensor,
    /// The Jensen-Shannon divergence (nats) of right and wrong message at the positions that are
    /// compared.
    pub divergence: Tensor,
}

impl ReceiverTerms {
    /// The sum of the terms, those of plan and contrast with their weights.
    pub fn total(&self, weights: &[Tensor; 2]) -> Tensor {
        &self.cross_entropy + &weights[0] * &self.plan + &weights[1] * &self.contrast
    }
}

/// The terms of three passes over the same answers: with the right message, with the plan as text
/// and with a wrong message. No gradient passes through the last two.
///
/// # Errors
/// When the passes have not as many labels in each sample.
pub fn receiver_terms(
    variant: Variant,
    head: &Head,
    whole: Whole,
    [right, plan, wrong]: [&Answers; 3],
) -> Result<ReceiverTerms> {
    let places = &right.places;
    for other in [plan, wrong] {
        ensure!(
            other.places.counts == places.counts,
            "the passes have {:?} and {:?} labels, which should be as many",
            places.counts,
            other.places.counts
        );
    }
    let compare = move |right: &Tensor, fixed: &[Tensor], _: &[Tensor]| {
        let divergences = |variant| divergence_rows(variant, right, &fixed[1]).unsqueeze(1);
        let plan = plan_rows(variant, right, &fixed[0]);
        Tensor::cat(&[plan, divergences(variant), divergences(Variant::Fixed)], 1)
    };
    let columns = head.map(&right.compared, &[&plan.compared, &wrong.compared], &[], compare);
    let last = columns.size()[1] - 1;
    let mean = |samples: Tensor| samples.sum(Kind::Float) / whole.samples as f64;
    let own = places.means(&columns.select(1, last - 1));
    let losses = cross_entropies(head, &right.predicting, &right.predicted.targets);
    Ok(ReceiverTerms {
        cross_entropy: losses.sum(Kind::Float) / whole.labels as f64,
        plan: mean(similarities(variant, &columns.narrow(1, 0, last - 1), places)),
        contrast: mean(hinges(variant, &own)),
        divergence: mean(places.means(&columns.select(1, last))).detach(),
    })
}

/// The distance of the distribution with the right message from that with the plan, for each
/// sample: `[B]` of hidden states `[N, d]`.
pub fn plan_similarities(
    variant: Variant,
    head: &Head,
    right: &Tensor,
    plan: &Tensor,
    places: &Supervised,
) -> Tensor {
    let of = move |right: &Tensor, plan: &[Tensor], _: &[Tensor]| plan_rows(variant, right, &plan[0]);
    similarities(variant, &head.map(right, &[plan], &[], of), places)
}

/// The divergence (nats) of the distributions of hidden states `[N, d]` with the right and the
/// wrong message, for each sample: `[B]`. It is Jensen-Shannon's, or the public code's, whose
/// arguments are exchanged.
pub fn divergences(
    variant: Variant,
    head: &Head,
    right: &Tensor,
    wrong: &Tensor,
    places: &Supervised,
) -> Tensor {
    let of = move |right: &Tensor, wrong: &[Tensor], _: &[Tensor]| {
        divergence_rows(variant, right, &wrong[0]).unsqueeze(1)
    };
    places.means(&head.map(right, &[wrong], &[], of).squeeze_dim(1))
}

/// The penalties on messages that change nothing, of divergences `[B]`: `[B]`.
pub fn hinges(variant: Variant, divergences: &Tensor) -> Tensor {
    match variant {
        Variant::Fixed => (LN_2 - divergences).relu(),
        Variant::Repo => (HINGE - divergences).relu(),
        Variant::Paper => -divergences,
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
