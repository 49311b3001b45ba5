//! The choice of the next token.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use umwelt_base::random::Stream;

/// The distribution from which a token is drawn, made of logits in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Positive logits of tokens that occurred are divided by this number, negative ones multiplied
    /// (Keskar et al., arXiv 1909.05858); 1 changes nothing.
    pub repetition_penalty: f64,
    /// The divisor of logits; 0 takes the most likely token.
    pub temperature: f64,
    /// The number of most likely tokens that stay, with all that tie with the last; 0 keeps all.
    pub top_k: usize,
    /// The smallest set of most likely tokens whose probabilities reach this sum stays (Holtzman et
    /// al., arXiv 1904.09751); 1 keeps all.
    pub top_p: f64,
}

impl Sampling {
    /// The most likely token.
    pub const GREEDY: Self = Self { repetition_penalty: 1.0, temperature: 0.0, top_k: 0, top_p: 1.0 };

    /// Checks the ranges.
    ///
    /// # Errors
    /// When a number is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        let Self { repetition_penalty, temperature, top_p, .. } = self;
        ensure!(
            repetition_penalty.is_finite() && *repetition_penalty > 0.0,
            "repetition_penalty is {repetition_penalty}; it should be a positive number"
        );
        ensure!(
            temperature.is_finite() && *temperature >= 0.0,
            "temperature is {temperature}; it should be 0 or a positive number"
        );
        ensure!(*top_p > 0.0 && *top_p <= 1.0, "top_p is {top_p}; it should be above 0 and at most 1");
        Ok(())
    }

    /// The most likely token is taken, whatever occurred before.
    pub fn is_plain_greedy(&self) -> bool {
        self.temperature == 0.0 && self.repetition_penalty == 1.0
    }

    /// The probability of every token, from `logits` `[V]` and the ids that `occurred`.
    ///
    /// At temperature 0 the most likely token, the first of several, has all.
    pub fn probabilities(&self, logits: &[f32], occurred: &[i64]) -> Vec<f64> {
        let mut scores: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
        penalise(&mut scores, occurred, self.repetition_penalty);
        if self.temperature == 0.0 {
            let best = first_largest(&scores);
            return (0..scores.len()).map(|id| f64::from(u8::from(id == best))).collect();
        }
        scores.iter_mut().for_each(|score| *score /= self.temperature);
        keep_top_k(&mut scores, self.top_k);
        let mut probabilities = softmax(&scores);
        keep_top_p(&mut probabilities, self.top_p);
        probabilities
    }

    /// The token at `draw`, a number from 0 to below 1, in the order of the ids.
    pub fn choose(&self, logits: &[f32], occurred: &[i64], draw: f64) -> i64 {
        let probabilities = self.probabilities(logits, occurred);
        let mut left = draw * probabilities.iter().sum::<f64>();
        let mut last = 0;
        for (id, probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            last = id;
            left -= probability;
            if left < 0.0 {
                break;
            }
        }
        last as i64
    }
}

/// The number from 0 to below 1 that chooses the token of `task` at `step`.
pub fn draw(seed: u64, task: &str, step: u64) -> f64 {
    Stream::new(seed, &format!("sampling of {task}")).at(&[step]).uniform()
}

fn penalise(scores: &mut [f64], occurred: &[i64], penalty: f64) {
    if penalty == 1.0 {
        return;
    }
    for id in occurred.iter().collect::<BTreeSet<_>>() {
        if let Some(score) = usize::try_from(*id).ok().and_then(|id| scores.get_mut(id)) {
            *score = if *score > 0.0 { *score / penalty } else { *score * penalty };
        }
    }
}

fn first_largest(scores: &[f64]) -> usize {
    let better = |best: usize, id: usize| if scores[id] > scores[best] { id } else { best };
    (1..scores.len()).fold(0, better)
}

fn descending(a: &f64, b: &f64) -> Ordering {
    b.total_cmp(a)
}

fn keep_top_k(scores: &mut [f64], count: usize) {
    if count == 0 || count >= scores.len() {
        return;
    }
    let mut sorted = scores.to_vec();
    let (_, least, _) = sorted.select_nth_unstable_by(count - 1, descending);
    let least = *least;
    scores.iter_mut().filter(|score| **score < least).for_each(|score| *score = f64::NEG_INFINITY);
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// Keeps the smallest set of most likely tokens that reaches `sum`, and scales it to 1.
fn keep_top_p(probabilities: &mut [f64], sum: f64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_with_the_last_of_top_k_stay() {
        let sampling = Sampling { temperature: 1.0, top_k: 2, ..Sampling::GREEDY };
        let probabilities = sampling.probabilities(&[1.0, 3.0, 1.0, 0.0], &[]);
        let total = 3f64.exp() + 2.0 * 1f64.exp();
        for (ours, expected) in probabilities.iter().zip([1f64.exp(), 3f64.exp(), 1f64.exp(), 0.0]) {
            assert!((ours - expected / total).abs() < 1e-12);
        }
    }

    #[test]
    fn top_p_keeps_the_token_that_reaches_the_sum_and_at_least_one() {
        let logits = [0.5f32, 0.3, 0.2].map(f32::ln);
        for (top_p, expected) in [(0.4, [1.0, 0.0, 0.0]), (0.6, [0.625, 0.375, 0.0]), (0.9, [0.5, 0.3, 0.2])]
        {
            let sampling = Sampling { temperature: 1.0, top_p, ..Sampling::GREEDY };
            let ours = sampling.probabilities(&logits, &[]);
            assert!(ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{top_p}: {ours:?}");
        }
    }

    #[test]
    fn tokens_are_drawn_in_the_order_of_their_ids() {
        let logits = [0.5f32, 0.3, 0.2].map(f32::ln);
        let sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };
        for (draw, expected) in [(0.0, 0), (0.49, 0), (0.51, 1), (0.79, 1), (0.81, 2), (0.999_999_999, 2)] {
            assert_eq!(sampling.choose(&logits, &[], draw), expected);
        }
        assert_eq!(Sampling::GREEDY.choose(&[1.0, 2.0, 2.0], &[], 0.99), 1);
        let penalised = Sampling { repetition_penalty: 3.0, ..Sampling::GREEDY };
        assert_eq!(penalised.choose(&[1.0, 2.0, -0.5], &[1, 1], 0.0), 0);
        assert_eq!(penalised.choose(&[-1.0, -2.0, -0.5], &[2], 0.0), 0);
    }

    #[test]
    fn draws_follow_from_seed_task_and_step() {
        assert_eq!(draw(1, "a", 2), draw(1, "a", 2));
        let others = [draw(2, "a", 2), draw(1, "b", 2), draw(1, "a", 3)];
        assert!(others.iter().all(|other| *other != draw(1, "a", 2)));
        let mean = (0..1000).map(|step| draw(1, "a", step)).sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 4.0 / 12f64.sqrt() / 1000f64.sqrt());
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        for (sampling, expected) in [
            (Sampling { temperature: -1.0, ..Sampling::GREEDY }, "temperature is -1"),
            (Sampling { top_p: 0.0, ..Sampling::GREEDY }, "top_p is 0"),
            (Sampling { repetition_penalty: 0.0, ..Sampling::GREEDY }, "repetition_penalty is 0"),
        ] {
            assert!(sampling.check().unwrap_err().to_string().starts_with(expected));
        }
    }
}
