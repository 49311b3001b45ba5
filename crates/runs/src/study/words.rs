//! Scores whose names differ in one word, such as `parts.fast.noise_r2` and `parts.slow.noise_r2`,
//! as one score with a varied key.

use std::collections::BTreeSet;

use umwelt_base::UserError;

use super::run::{Outcome, StudyRun};
use super::scores::known;
use crate::Score;

/// A name with a `*` for one word: `parts.*.noise_r2`.
#[derive(Clone, Copy)]
struct Pattern<'a> {
    name: &'a str,
    before: &'a str,
    after: &'a str,
}

/// Divides every run into one for each word that the `*` of a score in `metrics` stands for. The
/// word is the value of a key, which has the name before the `*`: `parts` for `parts.*.noise_r2`.
/// Finished runs without such a score are left out.
///
/// # Errors
/// Two `*` in one name, or names with different keys.
pub fn divide(runs: Vec<StudyRun>, metrics: &[String]) -> Result<Vec<StudyRun>, UserError> {
    let patterns: Vec<Pattern> = metrics.iter().filter_map(|name| Pattern::of(name)).collect();
    let Some(first) = patterns.first() else { return Ok(runs) };
    if let Some(twice) = patterns.iter().find(|pattern| pattern.after.contains('*')) {
        return Err(UserError(format!("metrics: {} has more than one `*`", twice.name)));
    }
    if let Some(other) = patterns.iter().find(|pattern| pattern.before != first.before) {
        let (a, b) = (first.name, other.name);
        return Err(UserError(format!("metrics: {a} and {b} differ before the `*`; make a report of each")));
    }
    let mut seen = BTreeSet::new();
    let words = known(&runs).into_iter().flat_map(|name| patterns.iter().filter_map(|p| p.word(name)));
    let words: Vec<String> = words.filter(|word| seen.insert(*word)).map(str::to_owned).collect();
    if words.is_empty() {
        return Ok(runs);
    }
    Ok(runs.iter().flat_map(|run| divided(run, &patterns, &words)).collect())
}

/// A run for each word; for a finished run only the words that it has scores of.
fn divided(run: &StudyRun, patterns: &[Pattern], words: &[String]) -> Vec<StudyRun> {
    let finished = run.outcome == Outcome::Finished;
    let of_word = |word: &String| {
        let mut of_word = run.clone();
        for pattern in patterns {
            pattern.rename(word, &mut of_word);
        }
        of_word.varied.push((patterns[0].key().to_owned(), word.clone()));
        (!finished || of_word.scores.len() > run.scores.len()).then_some(of_word)
    };
    let mut runs: Vec<StudyRun> = words.iter().filter_map(of_word).collect();
    runs.iter_mut().skip(1).for_each(|run| run.repeats = true);
    runs
}

impl<'a> Pattern<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (before, after) = name.split_once('*')?;
        Some(Self { name, before, after })
    }

    fn key(self) -> &'a str {
        match self.before.trim_end_matches('.') {
            "" => "*",
            key => key,
        }
    }

    /// The word that the `*` stands for in the name of a score.
    fn word<'b>(&self, name: &'b str) -> Option<&'b str> {
        let word = name.strip_prefix(self.before)?.strip_suffix(self.after)?;
        (!word.is_empty() && !word.contains('.')).then_some(word)
    }

    /// Gives a run the score of `word` under the name of the pattern.
    fn rename(&self, word: &str, run: &mut StudyRun) {
        let name = format!("{}{word}{}", self.before, self.after);
        if let Some(&score) = run.scores.get(&name) {
            run.scores.insert(self.name.to_owned(), score);
        }
        if let Some(score) = run.card.score(&name) {
            let title = without(&score.title, word).unwrap_or_else(|| self.name.to_owned());
            let score = Score { name: self.name.to_owned(), title, ..score.clone() };
            run.card.scores.push(score);
        }
    }
}

/// A title without its phrases that contain `word`.
fn without(title: &str, word: &str) -> Option<String> {
    let phrases = title.split(", ").filter(|phrase| !phrase.split(' ').any(|own| own == word));
    let rest = phrases.collect::<Vec<_>>().join(", ");
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::examples::run;
    use super::super::{Study, StudyOptions};
    use super::*;
    use crate::sweeps::ReportOptions;

    /// Two methods; the split code has two parts, and one of its runs still waits.
    fn parts() -> Vec<StudyRun> {
        let split = |seed: &str, offset: f64| {
            let name = format!("split-{seed}");
            let scores = [("parts.fast.noise_r2", offset), ("parts.slow.noise_r2", 0.5 + offset)];
            let mut run = run(&name, &[("method", "split")], Some(seed), &scores);
            let titled = |word: &str| Score::lower("", 0.0, "", &format!("noise read-out, {word} features"));
            for (score, word) in run.card.scores.iter_mut().zip(["fast", "slow"]) {
                score.title = titled(word).title;
            }
            run
        };
        let idm = run("idm", &[("method", "idm")], Some("1"), &[("prediction.rmse_px", 1.0)]);
        let mut waiting = run("waiting", &[("method", "split")], Some("3"), &[]);
        waiting.outcome = Outcome::Waiting;
        vec![split("1", 0.1), split("2", 0.3), idm, waiting]
    }

    fn study(metrics: &[&str]) -> Result<Study, UserError> {
        let metrics = metrics.iter().map(|&name| name.to_owned()).collect();
        let report = ReportOptions { metrics, ..ReportOptions::default() };
        Study::planned(parts(), StudyOptions { report, ..StudyOptions::default() })
    }

    #[test]
    fn each_word_is_a_value_of_a_key() {
        let study = study(&["parts.*.noise_r2"]).unwrap();
        let expected = [
            "   parts  noise read-out         seeds\n",
            "-  -----  --------------  ------------\n",
            "*  fast    0.200 ± 0.141  2 of 3 seeds\n",
            "   slow    0.700 ± 0.141  2 of 3 seeds\n",
        ];
        assert_eq!(study.table().to_string(), expected.concat());
        assert_eq!(study.states(), "3 runs: 2 finished, 1 waiting", "each run is counted once");
        assert_eq!(study.notes(), ["waiting: waiting"]);
    }

    #[test]
    fn names_that_no_key_can_have_are_refused() {
        let refusal = |metrics: &[&str]| study(metrics).unwrap_err().to_string();
        assert_eq!(refusal(&["parts.*.*"]), "metrics: parts.*.* has more than one `*`");
        assert_eq!(
            refusal(&["parts.*.noise_r2", "dots.*.rmse"]),
            "metrics: parts.*.noise_r2 and dots.*.rmse differ before the `*`; make a report of each"
        );
        assert!(refusal(&["parts.*.rmse"]).starts_with("metrics: no run has a score parts.*.rmse"));
    }
}
