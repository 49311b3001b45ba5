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

/// The latent of `[L, d]` at each position where `coins` falls true, and the plan's token at each
/// other one; a position of which only the other kind is left has nothing.
pub fn scattered(latents: &Tensor, plan: &[i64], mut coins: impl FnMut() -> bool) -> Vec<Segment> {
    let length = latents.size()[0] as usize;
    let is_latent: Vec<bool> = (0..length.max(plan.len())).map(|_| coins()).collect();
    let mut pieces = vec![];
    let mut start = 0;
    for run in is_latent.chunk_by(|one, next| one == next) {
        let end = start + run.len();
        pieces.push(match run[0] {
            true => rows(latents, start.min(length) as i64, end.min(length) as i64),
            false => Segment::Ids(plan[start.min(plan.len())..end.min(plan.len())].to_vec()),
        });
        start = end;
    }
    parts(pieces)
}

fn rows(latents: &Tensor, from: i64, to: i64) -> Segment {
    Segment::Embeddings(latents.narrow(0, from, to - from))
}

fn parts(pieces: impl IntoIterator<Item = Segment>) -> Vec<Segment> {
    pieces.into_iter().filter(|part| part.length() > 0).collect()
}
