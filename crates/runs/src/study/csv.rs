//! The runs of a study as CSV, one row for each run.

use ::csv::Writer;

use super::{Study, StudyRun, scores};
use crate::Baseline;

/// The name of a score and of one of its baselines.
type BaselineName<'a> = (&'a str, &'a str);

impl Study {
    /// A header and a row for each run: its name, state and detail, seed, varied keys, scores and
    /// baselines, unrounded.
    ///
    /// Cells are quoted as in RFC 4180; lines end in a line feed.
    pub fn csv(&self) -> String {
        let is_key = |score: &&str| self.keys.iter().any(|key| key.name == **score);
        let scores: Vec<&str> =
            scores::known(&self.runs).into_iter().filter(|score| !is_key(score)).collect();
        let baselines = self.baseline_names();
        let mut writer = Writer::from_writer(Vec::new());
        let mut write =
            |cells: Vec<String>| writer.write_record(cells).expect("memory takes every row of one length");
        let start = ["run", "state", "detail", "seed"].map(str::to_owned).into_iter();
        let keys = self.keys.iter().map(|key| key.name.clone());
        let names = start.chain(keys).chain(scores.iter().map(|&score| score.to_owned()));
        write(names.chain(baselines.iter().map(|(of, name)| format!("{of} baseline: {name}"))).collect());
        for run in &self.runs {
            write(self.record(run, &scores, &baselines));
        }
        let bytes = writer.into_inner().expect("memory can be flushed");
        String::from_utf8(bytes).expect("quoting keeps text valid")
    }

    fn record(&self, run: &StudyRun, scores: &[&str], baselines: &[BaselineName]) -> Vec<String> {
        let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
        let mut cells =
            vec![run.name.clone(), run.outcome.state().to_owned(), run.outcome.detail().to_owned()];
        cells.push(run.seed.clone().unwrap_or_default());
        let value =
            |name: &str| run.varied.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        cells.extend(self.keys.iter().map(|key| value(&key.name).unwrap_or_default()));
        cells.extend(scores.iter().map(|&score| number(run.scores.get(score).copied())));
        let is = |baseline: &&Baseline, (of, name): BaselineName| baseline.of == of && baseline.name == name;
        let baseline = |wanted| run.card.baselines.iter().find(|baseline| is(baseline, wanted));
        cells.extend(baselines.iter().map(|&wanted| number(baseline(wanted).map(|baseline| baseline.value))));
        cells
    }

    fn baseline_names(&self) -> Vec<BaselineName<'_>> {
        let mut names: Vec<BaselineName> = Vec::new();
        for baseline in self.runs.iter().flat_map(|run| &run.card.baselines) {
            let name = (baseline.of.as_str(), baseline.name.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{baseline, run};
    use super::super::{Outcome, Study};

    #[test]
    fn cells_with_commas_quotes_and_lines_are_quoted() {
        let mut runs = vec![
            run("a,b", &[("k", "say \"x\"")], Some("1"), &[("s", 0.1)]),
            run("c", &[("other", "2")], None, &[("t", f64::NAN)]),
        ];
        runs[0].card.baselines = vec![baseline("simulator", 1e-6)];
        runs[1].outcome = Outcome::Failed("line one\nline two".into());
        let expected = "run,state,detail,seed,k,other,s,t,prediction.rmse_px baseline: simulator\n\
                        \"a,b\",finished,,1,\"say \"\"x\"\"\",,0.1,,0.000001\n\
                        c,failed,\"line one\nline two\",,,2,,NaN,\n";
        assert_eq!(Study::example(runs).csv(), expected);
    }
}
