//! The log of results at rungs, shared by the runs of a sweep.

use std::{collections::HashSet, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::asha::{Asha, Verdict};
use umwelt_base::{atomic, jsonl};

/// The result of a run at a rung; null for a value that is not finite.
#[derive(Serialize, Deserialize)]
struct RungResult {
    run: String,
    rung: u32,
    value: Option<f64>,
}

/// Records the `value` of `run` after `epoch` epochs, and decides by `rule` if the run continues.
///
/// Below the first rung nothing is recorded. The decision at a rung depends on the run's first
/// result there and on those before it, so a repeated call, even after a crash, returns the same
/// decision. Many processes may share `file`: a line is appended with one write.
///
/// # Errors
/// A `file` that cannot be read or written.
pub fn decide_at_rung(file: &Path, run: &str, epoch: f64, value: f64, rule: &Asha) -> Result<Verdict> {
    let Some(rung) = rule.rung(epoch) else { return Ok(Verdict::Continue) };
    if let Some(verdict) = verdict(&read(file)?, run, rung, rule) {
        return Ok(verdict);
    }
    jsonl::append(file, &RungResult { run: run.into(), rung, value: value.is_finite().then_some(value) })
        .with_context(|| format!("{}: cannot be written", file.display()))?;
    let results = read(file)?;
    verdict(&results, run, rung, rule)
        .with_context(|| format!("{}: the line just written is not there", file.display()))
}

/// Removes the results of all runs except those with a `wanted` name.
///
/// # Errors
/// A `file` that cannot be read or written.
pub fn keep(file: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let mut results = read(file)?;
    let all = results.len();
    results.retain(|result| wanted(&result.run));
    if results.len() == all {
        return Ok(());
    }
    let lines = results.iter().map(|result| Ok(serde_json::to_string(result)? + "\n"));
    atomic::replace(file, lines.collect::<Result<String>>()?.as_bytes())
        .with_context(|| format!("{}: cannot be written", file.display()))
}

/// The decision for the first result of `run` at `rung`, if it has one.
fn verdict(results: &[RungResult], run: &str, rung: u32, rule: &Asha) -> Option<Verdict> {
    let (mut runs, mut before) = (HashSet::new(), Vec::new());
    for result in results.iter().filter(|result| result.rung == rung) {
        let value = result.value.unwrap_or(f64::NAN);
        if result.run == run {
            return Some(rule.decide(rung, value, &before));
        }
        if runs.insert(&result.run) {
            before.push(value);
        }
    }
    None
}

fn read(file: &Path) -> Result<Vec<RungResult>> {
    jsonl::read(file).with_context(|| format!("{}: cannot be read", file.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Goal;

    const RULE: Asha = Asha { min_epochs: 1.0, eta: 2.0, goal: Goal::Minimize };

    #[test]
    fn a_run_is_judged_once_at_each_rung_and_gets_the_same_answer_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rungs.jsonl");
        let decide_at_rung =
            |run: &str, epoch, value| decide_at_rung(&file, run, epoch, value, &RULE).unwrap();
        let stop = |rank, of| Verdict::Stop { rung: 0, rank, of };
        assert_eq!(decide_at_rung("a", 0.5, 9.0), Verdict::Continue);
        assert!(!file.exists());
        assert_eq!(decide_at_rung("a", 1.0, 3.0), Verdict::Continue);
        assert_eq!(decide_at_rung("b", 1.0, 4.0), stop(2, 2));
        assert_eq!(decide_at_rung("c", 1.0, 1.0), Verdict::Continue);
        assert_eq!(decide_at_rung("a", 1.5, 7.0), Verdict::Continue, "judged at rung 0 already");
        assert_eq!(decide_at_rung("b", 1.0, 0.0), stop(2, 2));
        assert_eq!(decide_at_rung("c", 2.0, f64::NAN), Verdict::Stop { rung: 1, rank: 1, of: 1 });
        let written = fs::read_to_string(&file).unwrap();
        let expected = "{\"run\":\"a\",\"rung\":0,\"value\":3.0}\n{\"run\":\"b\",\"rung\":0,\"value\":4.0}\n\
                        {\"run\":\"c\",\"rung\":0,\"value\":1.0}\n{\"run\":\"c\",\"rung\":1,\"value\":null}\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn a_torn_line_says_nothing_and_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rungs.jsonl");
        fs::write(&file, "{\"run\":\"a\",\"rung\":0,\"value\":3.0}\n{\"run\":\"b\",\"ru").unwrap();
        let verdict = decide_at_rung(&file, "c", 1.0, 4.0, &RULE).unwrap();
        assert_eq!(verdict, Verdict::Stop { rung: 0, rank: 2, of: 2 });
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
    }

    #[test]
    fn runs_that_arrive_at_once_agree_on_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rungs.jsonl");
        let decide_at_rung =
            |k: u32| decide_at_rung(&file, &format!("run{k}"), 1.0, f64::from(k * 7 % 16), &RULE).unwrap();
        let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|k| scope.spawn(move || decide_at_rung(k))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 16);
        let again: Vec<Verdict> = (0..16).map(decide_at_rung).collect();
        assert_eq!(verdicts, again);
        let went_on = verdicts.iter().filter(|verdict| **verdict == Verdict::Continue).count();
        assert!((1..=15).contains(&went_on), "{went_on}");
        assert_eq!(verdicts[0], Verdict::Continue, "no value is lower");
    }
}
