//! The steps from scores to probabilities.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Divides positive scores of the ids that occurred by `penalty`, and multiplies negative ones.
pub fn penalise(scores: &mut [f64], occurred: &[i64], penalty: f64) {
    if penalty == 1.0 {
        return;
    }
    for id in occurred.iter().collect::<BTreeSet<_>>() {
        if let Some(score) = usize::try_from(*id).ok().and_then(|id| scores.get_mut(id)) {
            *score = if *score > 0.0 { *score / penalty } else { *score * penalty };
        }
    }
}

/// The place of the largest score, the first of several.
pub fn first_largest(scores: &[f64]) -> usize {
    let better = |best: usize, id: usize| if scores[id] > scores[best] { id } else { best };
    (1..scores.len()).fold(0, better)
}

fn descending(a: &f64, b: &f64) -> Ordering {
    b.total_cmp(a)
}

/// Keeps the `count` largest scores and all that tie with the last; 0 keeps all.
pub fn keep_top_k(scores: &mut [f64], count: usize) {
    if count == 0 || count >= scores.len() {
        return;
    }
    let mut sorted = scores.to_vec();
    let (_, least, _) = sorted.select_nth_unstable_by(count - 1, descending);
    let least = *least;
    scores.iter_mut().filter(|score| **score < least).for_each(|score| *score = f64::NEG_INFINITY);
}

/// The probabilities of scores.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// Keeps the smallest set of most likely tokens that reaches `sum`, and scales it to 1.
pub fn keep_top_p(probabilities: &mut [f64], sum: f64) {
    if sum >= 1.0 {
        return;
    }
    // Tokens below this probability sum to less than 1 - `sum`: none of them is in the set.
    let least = (1.0 - sum) / probabilities.len() as f64;
    let mut likely: Vec<usize> = (0..probabilities.len()).filter(|id| probabilities[*id] >= least).collect();
    likely.sort_by(|a, b| descending(&probabilities[*a], &probabilities[*b]));
    let mut reached = 0.0;
    let taken = likely.iter().take_while(|id| {
        let before = reached;
        reached += probabilities[**id];
        before < sum
    });
    let kept: BTreeSet<usize> = taken.copied().collect();
    let total: f64 = kept.iter().map(|id| probabilities[*id]).sum();
    for (id, probability) in probabilities.iter_mut().enumerate() {
        *probability = if kept.contains(&id) { *probability / total } else { 0.0 };
    }
}
