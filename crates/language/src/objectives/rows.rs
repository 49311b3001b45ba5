//! The terms of the receiver's objective at single positions.

use tch::{Kind, Reduction, Tensor};

use super::receiver::Variant;
use super::supervised::Supervised;

/// The least probability in the public code.
const LEAST: f64 = 1e-8;

/// Numbers `[N, C]` of logits `[N, V]` with the right message and with the plan, of which
/// [`similarities`] makes distances.
///
/// The public code's cosine is one over all positions: its three sums come behind the divergence.
pub fn plan_rows(variant: Variant, right: &Tensor, plan: &Tensor) -> Tensor {
    let [log_right, log_plan] = [right, plan].map(|logits| logits.log_softmax(-1, Kind::Float));
    let cosine = |a: &Tensor, b: &Tensor| Tensor::cosine_similarity(a, b, 1, 1e-8);
    let distance = match variant {
        Variant::Fixed => {
            let unlike = 1.0 - cosine(&log_right.exp(), &log_plan.exp());
            divergence(&log_plan, &log_right) * 0.7 + unlike * 0.3
        }
        Variant::Paper => divergence(&log_right, &log_plan) + 1.0 - cosine(right, plan),
        Variant::Repo => {
            let (right, plan) = (log_right.exp(), log_plan.exp().clamp_min(LEAST));
            let product = |a: &Tensor, b: &Tensor| (a * b).sum_dim_intlist(-1, false, Kind::Float);
            let relative = divergence(&plan.log(), &log_right);
            let [dot, own, theirs] = [product(&right, &plan), product(&right, &right), product(&plan, &plan)];
            return Tensor::stack(&[relative, dot, own, theirs], 1);
        }
    };
    distance.unsqueeze(1)
}

/// The distances `[B]` of samples, of the numbers `[N, C]` of [`plan_rows`].
pub fn similarities(variant: Variant, columns: &Tensor, places: &Supervised) -> Tensor {
    let first = places.means(&columns.select(1, 0));
    if variant != Variant::Repo {
        return first;
    }
    let sums = places.sums(columns);
    let norms = (sums.select(1, 2).sqrt() * sums.select(1, 3).sqrt()).clamp_min(1e-8);
    first * 0.7 + (1.0 - sums.select(1, 1) / norms) * 0.3
}

/// The divergences (nats) `[N]` of the distributions of logits `[N, V]` with the right and the wrong
/// message.
pub fn divergence_rows(variant: Variant, right: &Tensor, wrong: &Tensor) -> Tensor {
    let [right, wrong] = [right, wrong].map(|logits| logits.log_softmax(-1, Kind::Float));
    let sum = match variant {
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
    sum / 2.0
}

/// KL(p || q) in nats of log probabilities `[N, V]`: `[N]`.
fn divergence(p: &Tensor, q: &Tensor) -> Tensor {
    q.kl_div(p, Reduction::None, true).sum_dim_intlist(-1, false, Kind::Float)
}
