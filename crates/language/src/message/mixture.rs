//! Messages that are latents in one part and a plan's text in the other (Interlat's curriculum).

use tch::Tensor;

use crate::segments::Segment;

/// The first `ratio` of the latents `[L, d]`, then the plan without its first `ratio`; both counts
/// are rounded half to even.
pub fn latent_first(latents: &Tensor, plan: &[i64], ratio: f64) -> Vec<Segment> {
    let count = |length: i64| (ratio * length as f64).round_ties_even() as i64;
    let text = &plan[(count(plan.len() as i64) as usize).min(plan.len())..];
    parts([rows(latents, 0, count(latents.size()[0])), Segment::Ids(text.to_vec())])
}

/// Text at the first floor(`ratio` L) positions, and the latents `[L, d]` behind them.
pub fn token_first(latents: &Tensor, plan: &[i64], ratio: f64) -> Vec<Segment> {
    let length = latents.size()[0];
    // A product that is a whole number may be just below it.
    let count = (ratio * length as f64 + 1e-9).floor() as i64;
    let text = &plan[..(count as usize).min(plan.len())];
    parts([Segment::Ids(text.to_vec()), rows(latents, count, length)])
}

fn rows(latents: &Tensor, from: i64, to: i64) -> Segment {
    Segment::Embeddings(latents.narrow(0, from, to - from))
}

fn parts(parts: [Segment; 2]) -> Vec<Segment> {
    parts.into_iter().filter(|part| part.length() > 0).collect()
}
