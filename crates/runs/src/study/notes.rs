//! What a table's means leave out, run by run, so that nothing is dropped in silence.

use std::collections::BTreeSet;

use super::points::Point;
use super::states::STATES;
use super::{Outcome, Study, StudyRun};

/// Of runs that may still finish, and of those that a score does not apply to, this many are named.
const NAMED: usize = 12;

impl Study {
    /// A sentence for everything that the means do not count, the most final first.
    pub fn notes(&self) -> Vec<String> {
        let unfinished = STATES[1..].iter().rev().flat_map(|state| self.unfinished(state));
        let unfinished: Vec<String> = unfinished.collect();
        let faults = self.points.iter().flat_map(|point| self.faults(point));
        let absent = if self.roles.scatter { Vec::new() } else { self.absent() };
        let without = self.metrics.iter().filter_map(|metric| self.without(metric));
        unfinished.into_iter().chain(faults).chain(without).chain(absent).collect()
    }

    /// The runs in a state, those with the same reason together.
    fn unfinished(&self, state: &str) -> Vec<String> {
        let runs: Vec<&StudyRun> = self.runs.iter().filter(|run| run.outcome.state() == state).collect();
        let mut details: Vec<&str> = Vec::new();
        for detail in runs.iter().map(|run| run.outcome.detail()) {
            if !details.contains(&detail) {
                details.push(detail);
            }
        }
        let told = |detail: &str| {
            let same: Vec<&StudyRun> =
                runs.iter().filter(|run| run.outcome.detail() == detail).copied().collect();
            let reason = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!("{state}: {}{reason}", named(&same))
        };
        details.into_iter().map(told).collect()
    }

    /// What is wrong with the finished runs of a point, and which seeds have no run at all.
    fn faults(&self, point: &Point) -> Vec<String> {
        let name = |run: usize| &self.runs[run].name;
        let repeated = point.repeated.iter().map(|&(run, first)| {
            format!("not counted: {} (settings and seed of {}, which counts)", name(run), name(first))
        });
        let odd = |run: usize, metric: &String| {
            let score = self.runs[run].scores.get(metric).filter(|score| !score.is_finite())?;
            Some(format!("no number: {metric} of {} is {score}", name(run)))
        };
        let scores = point.counted.iter();
        let scores = scores.flat_map(|&run| self.metrics.iter().filter_map(move |metric| odd(run, metric)));
        repeated.chain(scores).chain(self.missing_seeds(point)).collect()
    }

    /// The finished runs that do not have a metric.
    fn without(&self, metric: &str) -> Option<String> {
        let counted = self.points.iter().flat_map(|point| &point.counted).map(|&run| &self.runs[run]);
        let without: Vec<&StudyRun> = counted.filter(|run| !run.scores.contains_key(metric)).collect();
        (!without.is_empty()).then(|| format!("no score {metric}: {}", first(&without, NAMED)))
    }

    fn missing_seeds(&self, point: &Point) -> Option<String> {
        let own = point.seeds(&self.runs);
        let all: BTreeSet<_> = self.points.iter().flat_map(|point| point.seeds(&self.runs)).collect();
        let missing: Vec<&str> = all.difference(&own).filter_map(|seed| *seed).collect();
        let seeds = match all.len() == point.planned {
            true => format!("seed {}", missing.join(", ")),
            false => format!("{} of {} seeds", point.planned - own.len(), point.planned),
        };
        (own.len() < point.planned).then(|| format!("no run: {}, {seeds}", self.place(point)))
    }

    /// Combinations that have no run, where most of the grid has.
    fn absent(&self) -> Vec<String> {
        let roles = &self.roles;
        let placed: Vec<usize> = roles.panels.iter().copied().chain(roles.x).chain(roles.line).collect();
        let there: BTreeSet<Vec<usize>> =
            self.points.iter().map(|point| placed.iter().map(|&key| point.ranks[key]).collect()).collect();
        let cells: usize = placed.iter().map(|&key| self.keys[key].values.len()).product();
        if self.points.is_empty() || 2 * there.len() <= cells {
            return Vec::new();
        }
        let told = |ranks: Vec<usize>| {
            let told = |(&key, rank): (&usize, usize)| self.keys[key].told(&self.keys[key].values[rank]);
            let place: Vec<String> = placed.iter().zip(ranks).map(told).collect();
            format!("no run: {}", place.join(", "))
        };
        (0..cells)
            .map(|cell| self.ranks(cell, &placed))
            .filter(|ranks| !there.contains(ranks))
            .map(told)
            .collect()
    }

    /// The `cell`th combination of the values of `keys`.
    fn ranks(&self, mut cell: usize, keys: &[usize]) -> Vec<usize> {
        let mut rank = |&key: &usize| {
            let values = self.keys[key].values.len();
            let rank = cell % values;
            cell /= values;
            rank
        };
        keys.iter().map(&mut rank).collect()
    }

    /// Where a point lies, in words.
    pub(super) fn place(&self, point: &Point) -> String {
        let order = self.roles.order(&self.keys);
        let told = order.iter().map(|&key| self.keys[key].told(self.value(point, key)));
        let told: Vec<String> = told.collect();
        if told.is_empty() { "all runs".to_owned() } else { told.join(", ") }
    }
}

/// The names of runs; of many that may still finish, only the first.
fn named(runs: &[&StudyRun]) -> String {
    let pending = |run: &&StudyRun| matches!(run.outcome, Outcome::Waiting | Outcome::Running(_));
    first(runs, if runs.iter().all(pending) { NAMED } else { runs.len() })
}

/// The names of the first runs, one more than `most` if that spares a count of one.
fn first(runs: &[&StudyRun], most: usize) -> String {
    let told = if runs.len() > most + 1 { most } else { runs.len() };
    let names: Vec<&str> = runs[..told].iter().map(|run| run.name.as_str()).collect();
    let more = match runs.len() - told {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::super::Wishes;
    use super::super::examples::{noise_sweep, run, study};
    use super::*;

    #[test]
    fn a_clean_sweep_has_no_notes() {
        assert!(study(noise_sweep()).notes().is_empty());
    }

    #[test]
    fn every_run_that_does_not_count_is_named_with_its_reason() {
        let mut runs = noise_sweep();
        runs[0].outcome = Outcome::Failed("out of memory".into());
        runs[4].outcome = Outcome::Failed("out of memory".into());
        runs[1].outcome = Outcome::Stopped("behind the median at epoch 10".into());
        runs[2].outcome = Outcome::Running("epoch 3 of 100".into());
        runs[3].outcome = Outcome::Waiting;
        runs[5].outcome = Outcome::Interrupted;
        let expected = [
            "failed: VICReg-n0-s0, VICReg-n1-s1 (out of memory)",
            "interrupted: VICReg-n1-s2",
            "waiting: VICReg-n1-s0",
            "running: VICReg-n0-s2 (epoch 3 of 100)",
            "stopped early: VICReg-n0-s1 (behind the median at epoch 10)",
        ];
        assert_eq!(study(runs).notes(), expected);
    }

    #[test]
    fn odd_scores_and_repeated_runs_are_reported() {
        let mut runs = noise_sweep();
        runs[0].scores.insert("prediction.rmse_px".into(), f64::NAN);
        runs[1].scores.remove("encoding.rmse_px");
        let mut again = runs[2].clone();
        again.name = "again".into();
        runs.push(again);
        let expected = [
            "not counted: again (settings and seed of VICReg-n0-s2, which counts)",
            "no number: prediction.rmse_px of VICReg-n0-s0 is NaN",
            "no score encoding.rmse_px: VICReg-n0-s1",
        ];
        assert_eq!(study(runs).notes(), expected);
    }

    #[test]
    fn a_score_that_many_runs_lack_is_told_in_a_line() {
        let run = |index: usize, scores: &[_]| {
            run(&format!("r{index}"), &[("k", &index.to_string())], None, scores)
        };
        let runs = (0..40)
            .map(|index| run(index, if index == 0 { &[("a", 1.0), ("b", 1.0)] } else { &[("a", 1.0)] }));
        let wishes = Wishes { metrics: vec!["a".into(), "b".into()], ..Wishes::default() };
        let notes = Study::new("t", runs.collect(), wishes).unwrap().notes();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(
            notes[0].starts_with("no score b: r1, r2, ") && notes[0].ends_with("r12 and 27 more"),
            "{notes:?}"
        );
    }

    #[test]
    fn seeds_and_combinations_without_a_run_are_named() {
        let mut runs = noise_sweep();
        runs.drain(0..3);
        runs.remove(1);
        let expected = ["no run: dataset_noise=1, VICReg, seed 1", "no run: dataset_noise=0, VICReg"];
        assert_eq!(study(runs).notes(), expected);
    }

    #[test]
    fn a_long_queue_is_counted() {
        let queue = (0..30).map(|index| {
            let mut run = run(&format!("r{index}"), &[("k", &index.to_string())], None, &[]);
            run.outcome = Outcome::Waiting;
            run
        });
        let notes = study(queue.collect()).notes();
        assert!(
            notes[0].starts_with("waiting: r0, r1, ") && notes[0].ends_with("r11 and 18 more"),
            "{notes:?}"
        );
    }
}
