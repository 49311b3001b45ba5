//! Notes about all runs that the means of a table leave out.

use std::collections::BTreeSet;

use super::Study;
use super::points::Point;
use super::run::{Outcome, STATES, StudyRun};
use super::scores::StudyScore;

/// The number of names in a list of runs that may still finish, or that lack a score.
const NAMED: usize = 12;

impl Study {
    /// A note for each group of runs that is not in the means, the final outcomes first.
    pub fn notes(&self) -> Vec<String> {
        let unfinished = STATES[1..].iter().rev().flat_map(|state| self.unfinished(state));
        let unfinished: Vec<String> = unfinished.collect();
        let faults = self.points.iter().flat_map(|point| self.faults(point));
        let absent = if self.encoding.scatter { Vec::new() } else { self.absent() };
        let without = self.scores.iter().filter_map(|score| self.without(&score.name));
        unfinished.into_iter().chain(faults).chain(without).chain(absent).collect()
    }

    /// The runs in a state, grouped by their reason.
    fn unfinished(&self, state: &str) -> Vec<String> {
        let runs: Vec<&StudyRun> = self.each_run().filter(|run| run.outcome.state() == state).collect();
        let mut details: Vec<&str> = Vec::new();
        for detail in runs.iter().map(|run| run.outcome.detail()) {
            if !details.contains(&detail) {
                details.push(detail);
            }
        }
        let note = |detail: &str| {
            let same: Vec<&StudyRun> =
                runs.iter().filter(|run| run.outcome.detail() == detail).copied().collect();
            let reason = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!("{state}: {}{reason}", named(&same))
        };
        details.into_iter().map(note).collect()
    }

    /// The faults of the finished runs of a point, and its seeds without a run.
    fn faults(&self, point: &Point) -> Vec<String> {
        let name = |run: usize| &self.runs[run].name;
        let repeated = point.repeated.iter().map(|&(run, first)| {
            format!("not counted: {} (settings and seed of {}, which counts)", name(run), name(first))
        });
        let odd = |run: usize, score: &StudyScore| {
            let value = self.runs[run].scores.get(&score.name).filter(|value| !value.is_finite())?;
            Some(format!("no number: {} of {} is {value}", score.name, name(run)))
        };
        let scores = point.counted.iter();
        let scores = scores.flat_map(|&run| self.scores.iter().filter_map(move |score| odd(run, score)));
        repeated.chain(scores).chain(self.missing_seeds(point)).collect()
    }

    /// The finished runs without a score that other seeds of their point have.
    fn without(&self, score: &str) -> Option<String> {
        let has = |run: &usize| self.runs[*run].scores.contains_key(score);
        let scored = self.points.iter().filter(|point| point.counted.iter().any(has));
        let without = scored.flat_map(|point| point.counted.iter().filter(|&run| !has(run)));
        let without: Vec<&StudyRun> = without.map(|&run| &self.runs[run]).collect();
        (!without.is_empty()).then(|| format!("no score {score}: {}", first(&without, NAMED)))
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

    /// The combinations without a run, of a grid most of which has runs.
    fn absent(&self) -> Vec<String> {
        let encoding = &self.encoding;
        let placed: Vec<usize> =
            encoding.panels.iter().copied().chain(encoding.x).chain(encoding.line).collect();
        let there: BTreeSet<Vec<usize>> =
            self.points.iter().map(|point| placed.iter().map(|&key| point.ranks[key]).collect()).collect();
        let cells: usize = placed.iter().map(|&key| self.keys[key].values.len()).product();
        if self.points.is_empty() || 2 * there.len() <= cells {
            return Vec::new();
        }
        let note = |ranks: Vec<usize>| {
            let label = |(&key, rank): (&usize, usize)| self.keys[key].label(&self.keys[key].values[rank]);
            let place: Vec<String> = placed.iter().zip(ranks).map(label).collect();
            format!("no run: {}", place.join(", "))
        };
        (0..cells)
            .map(|cell| self.ranks(cell, &placed))
            .filter(|ranks| !there.contains(ranks))
            .map(note)
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

    /// The labels of a point.
    pub(super) fn place(&self, point: &Point) -> String {
        let order = self.encoding.order(&self.keys);
        let labels = order.iter().map(|&key| self.keys[key].label(self.value(point, key)));
        let labels: Vec<String> = labels.collect();
        if labels.is_empty() { "all runs".to_owned() } else { labels.join(", ") }
    }
}

/// The names of runs; only the first of many that may still finish.
fn named(runs: &[&StudyRun]) -> String {
    let pending = |run: &&StudyRun| matches!(run.outcome, Outcome::Waiting | Outcome::Running(_));
    first(runs, if runs.iter().all(pending) { NAMED } else { runs.len() })
}

/// The names of the first `most` runs, or of one more if that is the last.
fn first(runs: &[&StudyRun], most: usize) -> String {
    let named = if runs.len() > most + 1 { most } else { runs.len() };
    let names: Vec<&str> = runs[..named].iter().map(|run| run.name.as_str()).collect();
    let more = match runs.len() - named {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, run};
    use super::*;

    #[test]
    fn a_clean_sweep_has_no_notes() {
        assert!(Study::example(noise_sweep()).notes().is_empty());
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
        assert_eq!(Study::example(runs).notes(), expected);
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
        assert_eq!(Study::example(runs).notes(), expected);
    }

    #[test]
    fn a_score_that_many_seeds_lack_is_one_note_and_one_that_all_lack_is_none() {
        let run = |index: usize, k: &str, scores: &[_]| {
            run(&format!("r{index}"), &[("k", k)], Some(&index.to_string()), scores)
        };
        let runs = (0..40)
            .map(|index| run(index, "1", if index == 0 { &[("a", 1.0), ("b", 1.0)] } else { &[("a", 1.0)] }));
        let others = (0..40).map(|index| run(100 + index, "2", &[("a", 1.0)]));
        let notes = Study::example(runs.chain(others).collect()).notes();
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
        assert_eq!(Study::example(runs).notes(), expected);
    }

    #[test]
    fn a_long_queue_is_counted() {
        let queue = (0..30).map(|index| {
            let mut run = run(&format!("r{index}"), &[("k", &index.to_string())], None, &[]);
            run.outcome = Outcome::Waiting;
            run
        });
        let notes = Study::example(queue.collect()).notes();
        assert!(
            notes[0].starts_with("waiting: r0, r1, ") && notes[0].ends_with("r11 and 18 more"),
            "{notes:?}"
        );
    }
}
