//! Main effects of the settings of a grid.

use std::collections::BTreeMap;

use super::{Importance, Scored};

/// The share of each setting's group means in the variance of the scores: the sum of squares between
/// groups over the total. What is left to 1 is interactions and noise, or, without a full grid, what
/// settings share.
pub fn main_effects(keys: &[String], runs: &[Scored]) -> Vec<Importance> {
    let mean = runs.iter().map(|run| run.loss).sum::<f64>() / runs.len() as f64;
    let total: f64 = runs.iter().map(|run| (run.loss - mean).powi(2)).sum();
    let share = |place: usize| {
        let mut groups: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for run in runs {
            let (count, sum) = groups.entry(run.values[place].to_string()).or_default();
            (*count, *sum) = (*count + 1.0, *sum + run.loss);
        }
        let between: f64 = groups.values().map(|(count, sum)| count * (sum / count - mean).powi(2)).sum();
        if total > 0.0 { between / total } else { 0.0 }
    };
    let importance =
        |(place, key): (usize, &String)| Importance { key: key.clone(), share: share(place), n: runs.len() };
    keys.iter().enumerate().map(importance).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_are_those_of_a_balanced_analysis_of_variance() {
        // loss = 3 a + b + 2 a b over a, b in {-1, 1}: the effects are orthogonal, so their shares
        // are 9, 1 and 4 (the interaction) of 14.
        let runs: Vec<Scored> = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
            .map(|(a, b)| Scored { values: vec![json!(a), json!(b)], loss: 3.0 * a + b + 2.0 * a * b })
            .to_vec();
        let shares = main_effects(&["a".into(), "b".into()], &runs);
        assert!((shares[0].share - 9.0 / 14.0).abs() < 1e-12 && (shares[1].share - 1.0 / 14.0).abs() < 1e-12);
        assert_eq!((shares[0].n, &*shares[1].key), (4, "b"));
        let flat: Vec<Scored> = runs.iter().map(|run| Scored { loss: 2.0, ..run.clone() }).collect();
        assert_eq!(main_effects(&["a".into(), "b".into()], &flat)[0].share, 0.0);
    }
}
