//! Responses: the RAMs of each class whose count is large enough.

use super::rams::{Own, Rams};
use super::rows::LANES;
use crate::answer::{Answer, relative_lead};

/// The number of RAMs of each class whose count is at least `b`; `own` is left out.
pub fn responses(rams: &Rams, rows: &[u32], b: u16, own: Option<Own>) -> Vec<u32> {
    let mut responses = vec![0u16; rams.blocks() * LANES];
    for (block, responses) in responses.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        rams.for_each_ram(rows, block, own, |counts| {
            for k in 0..LANES {
                responses[k] += u16::from(counts[k] >= b);
            }
        });
    }
    responses[..rams.classes()].iter().map(|response| u32::from(*response)).collect()
}

/// The responses at the smallest b from 1 on at which one class is best alone or no RAM counts to
/// b + 1; and this b. `own` is left out.
pub fn adaptive(rams: &Rams, rows: &[u32], own: Option<Own>) -> (Vec<u32>, u16) {
    let mut at = responses(rams, rows, 1, own);
    let mut b = 1;
    while is_tied(&at) && b < u16::MAX {
        let next = responses(rams, rows, b + 1, own);
        if next.iter().all(|response| *response == 0) {
            break;
        }
        (at, b) = (next, b + 1);
    }
    (at, b)
}

fn is_tied(responses: &[u32]) -> bool {
    let best = responses.iter().max();
    responses.iter().filter(|response| Some(*response) == best).count() > 1
}

/// The answer with the most responses among the candidates.
pub fn by_responses(responses: &[u32], is_candidate: impl Fn(usize) -> bool) -> Answer {
    let score = |class: usize| match is_candidate(class) {
        true => responses[class] as f32,
        false => f32::NEG_INFINITY,
    };
    Answer {
        value: best(responses, &is_candidate),
        confidence: relative_lead(responses.iter().map(|response| f64::from(*response))),
        scores: (0..responses.len()).map(score).collect(),
        ..Answer::default()
    }
}

/// The class with the largest score, the lowest of those with equal ones, of the candidates.
pub fn best<T: PartialOrd + Copy>(scores: &[T], is_candidate: impl Fn(usize) -> bool) -> Option<usize> {
    let better = |best: Option<usize>, class: usize| match best {
        Some(best) if scores[class] <= scores[best] => Some(best),
        _ => Some(class),
    };
    (0..scores.len()).filter(|class| is_candidate(*class)).fold(None, better)
}
