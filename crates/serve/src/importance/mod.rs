//! The importance of settings for a score.

mod effects;
mod ped_anova;

use serde::Serialize;
use serde_json::Value;

pub use effects::main_effects;
pub use ped_anova::ped_anova;

/// The share of a setting in what decides a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importance {
    pub key: String,
    /// From 0 to 1.
    pub share: f64,
    /// The scored runs with the setting.
    pub n: usize,
}

/// The importance of settings by the design of the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importances {
    /// `main effects` for a grid, `PED-ANOVA` for a search.
    pub method: &'static str,
    pub bars: Vec<Importance>,
}

/// A scored run: its value of each setting, and its score, where lower is better.
#[derive(Clone, Debug)]
pub struct Scored {
    pub values: Vec<Value>,
    pub loss: f64,
}

/// The importance of each of `keys`, the greatest first. In a grid each value of a setting occurs
/// in several runs; otherwise the runs are a search.
pub fn importance(keys: &[String], runs: &[Scored]) -> Importances {
    let finite: Vec<Scored> = runs.iter().filter(|run| run.loss.is_finite()).cloned().collect();
    let is_grid = (0..keys.len()).all(|place| 2 * distinct(&finite, place) <= finite.len());
    let (method, mut bars) = if is_grid {
        ("main effects", main_effects(keys, &finite))
    } else {
        ("PED-ANOVA", ped_anova(keys, &finite))
    };
    bars.sort_by(|a, b| b.share.total_cmp(&a.share));
    Importances { method, bars }
}

fn distinct(runs: &[Scored], place: usize) -> usize {
    let mut values: Vec<String> = runs.iter().map(|run| run.values[place].to_string()).collect();
    values.sort();
    values.dedup();
    values.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grid_and_a_search_are_told_apart_by_repeated_values() {
        let run = |a: f64, b: f64| Scored { values: vec![json!(a), json!(b)], loss: a };
        let keys = ["a".to_owned(), "b".to_owned()];
        let grid: Vec<Scored> = (0..9).map(|i| run(f64::from(i % 3), f64::from(i / 3))).collect();
        assert_eq!(importance(&keys, &grid).method, "main effects");
        let search: Vec<Scored> = (0..9).map(|i| run(f64::from(i), f64::from(i * i % 7))).collect();
        assert_eq!(importance(&keys, &search).method, "PED-ANOVA");
    }
}
