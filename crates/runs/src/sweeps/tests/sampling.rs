//! Tests of the samplers through sweep files.

use std::collections::HashSet;

use super::{about, sweep};
use crate::sweeps::{Outcome, SweepFile, TrialResult};

const SPACE: &str =
    "parameters:\n  a: {min: 0.0, max: 1.0}\n  b: {values: [x, y], when: {c: 1}}\n  c: [1, 2]\n";

/// The results of a whole search with the given outcome of each trial.
fn search(sweep: &SweepFile, outcome: impl Fn(&crate::sweeps::Trial) -> Outcome) -> Vec<TrialResult> {
    (0..sweep.len()).fold(Vec::new(), |mut results, index| {
        let trial = sweep.trial(index, &results);
        results.push(trial.result(outcome(&trial)));
        results
    })
}

fn number(result: &TrialResult, key: &str) -> f64 {
    result.point.get(key).unwrap().parse().unwrap()
}

#[test]
fn a_trial_is_a_pure_function_of_its_index_and_the_seed() {
    for method in ["random", "sobol", "tpe"] {
        let file = format!("method: {method}\nbudget: 12\n{SPACE}");
        assert_eq!(about(&file), about(&file));
        let other = about(&format!("{file}sampler_seed: 1"));
        assert!(about(&file).iter().zip(&other).all(|(a, b)| a != b), "{method}");
        let longer = about(&file.replace("12", "20"));
        assert_eq!(about(&file), longer[..12], "{method}");
    }
}

#[test]
fn a_new_dimension_changes_no_draw_of_another() {
    let file = "method: random\nbudget: 5\nparameters:\n  a: {min: 0.0, max: 1.0}\n";
    let with = about(&format!("{file}  b: {{min: 0.0, max: 1.0}}\n"));
    assert!(about(file).iter().zip(with).all(|(alone, both)| both.starts_with(alone.as_str())));
}

#[test]
fn a_finite_space_is_visited_once_each_whatever_the_method() {
    for method in ["random", "sobol", "tpe"] {
        let file = format!(
            "method: {method}\nbudget: 50\nparameters: {{n: {{min: 1, max: 4}}, c: [u, v, w]}}\nexclude: [{{n: 2, c: v}}]"
        );
        let sweep = sweep(&file);
        assert_eq!(sweep.len(), 11);
        let results = search(&sweep, |trial| Outcome::Scored(trial.index as f64));
        let points: HashSet<_> = results.iter().map(|result| &result.point).collect();
        assert_eq!(points.len(), 11, "{method}");
    }
}

#[test]
fn sobol_spreads_more_evenly_than_chance() {
    let cells = |method: &str| {
        let sweep = sweep(&format!(
            "method: {method}\nbudget: 64\nparameters: {{a: {{min: 0.0, max: 1.0}}, b: {{min: 0.0, max: 1.0}}}}"
        ));
        let results = search(&sweep, |_| Outcome::Pending);
        let cell = |result: &TrialResult| ["a", "b"].map(|key| (number(result, key) * 8.0) as usize);
        results.iter().map(cell).collect::<HashSet<_>>().len()
    };
    assert_eq!(cells("sobol"), 64, "one in each of 8 x 8 cells");
    assert!(cells("random") < 55);
}

#[test]
fn tpe_prefers_what_was_good_in_each_kind_of_dimension() {
    let sweep = sweep(&format!("method: tpe\nbudget: 60\nmetric: {{name: acc, goal: maximize}}\n{SPACE}"));
    let results = search(&sweep, |trial| {
        let is = |key: &str, value: &str| f64::from(u8::from(trial.point.get(key) == Some(value)));
        let a: f64 = trial.point.get("a").unwrap().parse().unwrap();
        Outcome::Scored(is("c", "1") + is("b", "y") - (a - 0.8).powi(2))
    });
    let late = &results[30..];
    let good =
        |result: &&TrialResult| result.point.get("b") == Some("y") && (number(result, "a") - 0.8).abs() < 0.2;
    let count = late.iter().filter(good).count();
    assert!(count >= 20, "{count} of 30; chance has 3");
}

#[test]
fn tpe_shuns_what_broke_was_stopped_or_still_runs() {
    for bad in [Outcome::Failed, Outcome::Stopped(0.0), Outcome::Scored(f64::NAN), Outcome::Pending] {
        let sweep = sweep("method: tpe\nbudget: 60\nparameters: {a: {min: 0.0, max: 1.0}}");
        let results = search(&sweep, |trial| {
            let a: f64 = trial.point.get("a").unwrap().parse().unwrap();
            if a < 0.5 { bad } else { Outcome::Scored(1.0) }
        });
        let shunned = results[30..].iter().filter(|result| number(result, "a") >= 0.5).count();
        assert!(shunned >= 24, "{bad:?}: {shunned} of 30; chance has 15");
    }
}

#[test]
fn all_seeds_of_a_point_share_it_though_more_is_known_by_then() {
    let sweep = sweep("method: tpe\nbudget: 30\nseeds: 3\nparameters: {a: {min: 0.0, max: 1.0}}");
    assert_eq!(sweep.len(), 90);
    let results = search(&sweep, |trial| Outcome::Scored(trial.index as f64));
    for point in results.chunks(3) {
        assert!(point.iter().all(|result| result.point == point[0].point));
    }
    assert_eq!(sweep.trial(40, &results).point, results[40].point, "asking again changes nothing");
}

#[test]
fn a_value_that_is_drawn_again_is_passed_over() {
    let file = "method: random\nbudget: 900\nparameters: {a: {distribution: q_normal, sigma: 300, q: 1}}";
    assert_eq!(about(file).iter().collect::<HashSet<_>>().len(), 900);
    let file = "method: random\nbudget: 1500\nparameters: {a: {min: 0.0, max: 1.0}}";
    assert_eq!(about(file).iter().collect::<HashSet<_>>().len(), 1500);
}

#[test]
fn thousands_of_points_are_drawn_once_each_and_in_any_order_the_same() {
    let file = "method: random\nbudget: 20000\nparameters: {a: {min: 0.0, max: 1.0}, b: [1]}";
    let started = std::time::Instant::now();
    let points: Vec<_> = about(file);
    assert!(started.elapsed().as_secs() < 60, "drawing each again for each would take many minutes");
    assert_eq!(points.iter().collect::<HashSet<_>>().len(), 20_000);
    let sweep = sweep(file);
    for index in [9_000, 3, 19_999] {
        assert_eq!(
            sweep.trial(index, &[]).point.get("a").unwrap(),
            points[index].split(['=', ' ']).nth(1).unwrap()
        );
    }
}
