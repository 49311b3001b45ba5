//! The file that the runs of a sweep share to judge each other.

use std::{collections::HashSet, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::asha::{Asha, Verdict};
use umwelt_base::{atomic, jsonl};

/// A run that came to a rung; a value that is not finite is written as null.
#[derive(Serialize, Deserialize)]
struct Arrival {
    run: String,
    rung: u32,
    value: Option<f64>,
}

/// Records that `run` has `value` after so many epochs, and says whether it goes on.
///
/// Below the first rung nothing is recorded. A run is judged at a rung by its first arrival there and those before
/// it, so that asking again, after a crash too, gives the same answer. `file` is made if it is not there, and may be
/// shared by many processes: a line is appended with one write. Fails if it cannot be read or written.
pub fn arrive(file: &Path, run: &str, epoch: f64, value: f64, rule: &Asha) -> Result<Verdict> {
    let Some(rung) = rule.rung(epoch) else { return Ok(Verdict::GoOn) };
    if let Some(verdict) = verdict(&read(file)?, run, rung, rule) {
        return Ok(verdict);
    }
    jsonl::append(file, &Arrival { run: run.into(), rung, value: value.is_finite().then_some(value) })
        .with_context(|| format!("{}: cannot be written", file.display()))?;
    let arrivals = read(file)?;
    verdict(&arrivals, run, rung, rule)
        .with_context(|| format!("{}: the line just written is not there", file.display()))
}

/// Leaves the arrivals of those runs alone that `wanted` says by name.
pub fn keep(file: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let mut arrivals = read(file)?;
    let all = arrivals.len();
    arrivals.retain(|arrival| wanted(&arrival.run));
    if arrivals.len() == all {
        return Ok(());
    }
    let lines = arrivals.iter().map(|arrival| Ok(serde_json::to_string(arrival)? + "\n"));
    atomic::replace(file, lines.collect::<Result<String>>()?.as_bytes())
        .with_context(|| format!("{}: cannot be written", file.display()))
}

/// What the rule says of the first arrival of `run` at `rung`, if there is one.
fn verdict(arrivals: &[Arrival], run: &str, rung: u32, rule: &Asha) -> Option<Verdict> {
    let (mut runs, mut before) = (HashSet::new(), Vec::new());
    for arrival in arrivals.iter().filter(|arrival| arrival.rung == rung) {
        let value = arrival.value.unwrap_or(f64::NAN);
        if arrival.run == run {
            return Some(rule.judge(rung, value, &before));
        }
        if runs.insert(&arrival.run) {
            before.push(value);
        }
    }
    None
}

fn read(file: &Path) -> Result<Vec<Arrival>> {
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
        let arrive = |run: &str, epoch, value| arrive(&file, run, epoch, value, &RULE).unwrap();
        let stop = |rank, of| Verdict::Stop { rung: 0, rank, of };
        assert_eq!(arrive("a", 0.5, 9.0), Verdict::GoOn);
        assert!(!file.exists());
        assert_eq!(arrive("a", 1.0, 3.0), Verdict::GoOn);
        assert_eq!(arrive("b", 1.0, 4.0), stop(2, 2));
        assert_eq!(arrive("c", 1.0, 1.0), Verdict::GoOn);
        assert_eq!(arrive("a", 1.5, 7.0), Verdict::GoOn, "judged at rung 0 already");
        assert_eq!(arrive("b", 1.0, 0.0), stop(2, 2));
        assert_eq!(arrive("c", 2.0, f64::NAN), Verdict::Stop { rung: 1, rank: 1, of: 1 });
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
        let verdict = arrive(&file, "c", 1.0, 4.0, &RULE).unwrap();
        assert_eq!(verdict, Verdict::Stop { rung: 0, rank: 2, of: 2 });
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
    }

    #[test]
    fn runs_that_arrive_at_once_agree_on_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rungs.jsonl");
        let arrive = |k: u32| arrive(&file, &format!("run{k}"), 1.0, f64::from(k * 7 % 16), &RULE).unwrap();
        let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|k| scope.spawn(move || arrive(k))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 16);
        let again: Vec<Verdict> = (0..16).map(arrive).collect();
        assert_eq!(verdicts, again);
        let went_on = verdicts.iter().filter(|verdict| **verdict == Verdict::GoOn).count();
        assert!((1..=15).contains(&went_on), "{went_on}");
        assert_eq!(verdicts[0], Verdict::GoOn, "no value is lower");
    }
}
