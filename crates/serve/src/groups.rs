//! Groups of runs: by a setting, by sweep, or by all settings but the seed.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use umwelt_runs::RunSummary;
use umwelt_runs::registry::value;

/// The settings that name a run and its place, and change no result.
const NAMING: [&str; 3] = ["output_path", "run_name", "run_group"];
const SEED: &str = "seed";
/// The group by the folder of a run's sweep.
pub const SWEEP: &str = "sweep";

/// The settings with several values among `runs`, without those that only name a run, in the order
/// of their first occurrence.
pub fn differing<R: Borrow<RunSummary>>(runs: &[R]) -> Vec<String> {
    let mut keys: Vec<&str> = Vec::new();
    let mut seen: HashMap<&str, (&Value, usize, bool)> = HashMap::new();
    for run in runs.iter().map(Borrow::borrow) {
        for (key, value) in &run.settings {
            let (first, count, differs) = seen.entry(key).or_insert_with(|| {
                keys.push(key);
                (value, 0, false)
            });
            *count += 1;
            *differs |= *first != value;
        }
    }
    // A setting that some runs lack differs too.
    let differs = |key: &&str| seen[key].2 || seen[key].1 < runs.len();
    keys.retain(|key| differs(key) && !NAMING.contains(key));
    keys.into_iter().map(str::to_owned).collect()
}

/// The places of `runs` in each group, by the name of the group.
///
/// `by` is `seed` for all settings but the seed, `sweep` for the folder, or a column.
pub fn groups<R: Borrow<RunSummary>>(runs: &[R], by: &str, now: f64) -> BTreeMap<String, Vec<usize>> {
    let mut keys = if by == SEED { differing(runs) } else { vec![by.to_owned()] };
    if by == SEED {
        keys.retain(|key| key != SEED);
    }
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        groups.entry(name(run.borrow(), by, &keys, now)).or_default().push(place);
    }
    groups
}

fn name(run: &RunSummary, by: &str, keys: &[String], now: f64) -> String {
    if by == SWEEP {
        return sweep_of(run).to_owned();
    }
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let part = |key: &String| format!("{}={}", key, text(value(run, key, now)));
    if keys.is_empty() { "all".into() } else { keys.iter().map(part).collect::<Vec<_>>().join(" ") }
}

/// The folder that holds a run; empty for a run directly below the root.
pub fn sweep_of(run: &RunSummary) -> &str {
    run.name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The mean and the sample standard deviation (n - 1); NaN where there are too few numbers.
pub fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, if numbers.len() > 1 { (squares / (count - 1.0)).sqrt() } else { f64::NAN })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(name: &str, settings: Value) -> RunSummary {
        let mut run = RunSummary::as_written(std::path::Path::new("/missing"));
        run.name = name.into();
        run.settings = settings.as_object().unwrap().clone();
        run
    }

    #[test]
    fn seeds_are_grouped_by_all_other_settings_that_differ() {
        let runs = [
            run("s/a", json!({"lr": 0.1, "seed": 1, "output_path": "x", "depth": 2})),
            run("s/b", json!({"lr": 0.1, "seed": 2, "output_path": "y", "depth": 2})),
            run("t/c", json!({"lr": 0.2, "seed": 1, "output_path": "z", "depth": 2, "extra": null})),
        ];
        assert_eq!(differing(&runs), ["lr", "seed", "extra"]);
        let places = |by: &str| groups(&runs, by, 0.0).into_iter().collect::<Vec<_>>();
        let seeds = places("seed");
        assert_eq!(seeds[0], ("lr=0.1 extra=null".to_owned(), vec![0, 1]));
        assert_eq!(seeds[1].1, [2]);
        assert_eq!(places("sweep"), [("s".to_owned(), vec![0, 1]), ("t".to_owned(), vec![2])]);
        assert_eq!(places("lr"), [("lr=0.1".to_owned(), vec![0, 1]), ("lr=0.2".to_owned(), vec![2])]);
        assert_eq!(groups(&runs[..2], "seed", 0.0).into_keys().collect::<Vec<_>>(), ["all"]);
    }

    #[test]
    fn a_deviation_needs_two_numbers() {
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (2.0, 2f64.sqrt()));
        let (mean, deviation) = mean_and_deviation(&[4.0]);
        assert!(mean == 4.0 && deviation.is_nan());
    }
}
