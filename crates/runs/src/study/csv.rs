//! The runs of a study for other programs: one row a run.

use std::collections::BTreeSet;

use ::csv::Writer;

use super::{Study, StudyRun};

impl Study {
    /// A header, then each run's name, state and its detail, seed, varied keys, scores and floors, unrounded.
    ///
    /// Cells are quoted as RFC 4180 has it; lines end in a line feed.
    pub fn csv(&self) -> String {
        let is_key = |score: &&str| self.keys.iter().any(|key| key.name == **score);
        let scores = self.runs.iter().flat_map(|run| run.scores.keys().map(String::as_str));
        let scores: BTreeSet<&str> = scores.filter(|score| !is_key(score)).collect();
        let floors = self.floor_names();
        let mut writer = Writer::from_writer(Vec::new());
        let mut write =
            |cells: Vec<String>| writer.write_record(cells).expect("memory takes every row of one length");
        let start = ["run", "state", "detail", "seed"].map(str::to_owned).into_iter();
        let keys = self.keys.iter().map(|key| key.name.clone());
        let names = start.chain(keys).chain(scores.iter().map(|&score| score.to_owned()));
        write(names.chain(floors.iter().map(|floor| format!("floor: {floor}"))).collect());
        for run in &self.runs {
            write(self.record(run, &scores, &floors));
        }
        let bytes = writer.into_inner().expect("memory can be flushed");
        String::from_utf8(bytes).expect("quoting keeps text valid")
    }

    fn record(&self, run: &StudyRun, scores: &BTreeSet<&str>, floors: &[&str]) -> Vec<String> {
        let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
        let mut cells =
            vec![run.name.clone(), run.outcome.state().to_owned(), run.outcome.detail().to_owned()];
        cells.push(run.seed.clone().unwrap_or_default());
        let value =
            |name: &str| run.varied.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        cells.extend(self.keys.iter().map(|key| value(&key.name).unwrap_or_default()));
        cells.extend(scores.iter().map(|&score| number(run.scores.get(score).copied())));
        let floor = |name: &str| run.floors.iter().find(|floor| floor.0 == name).map(|floor| floor.1);
        cells.extend(floors.iter().map(|&name| number(floor(name))));
        cells
    }

    fn floor_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.runs.iter().flat_map(|run| &run.floors) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::examples::{run, study};

    #[test]
    fn cells_with_commas_quotes_and_lines_are_quoted() {
        let mut runs = vec![
            run("a,b", &[("k", "say \"x\"")], Some("1"), &[("s", 0.1)]),
            run("c", &[("other", "2")], None, &[("t", f64::NAN)]),
        ];
        runs[0].floors = vec![("simulator".into(), 1e-6)];
        runs[1].outcome = Outcome::Failed("line one\nline two".into());
        let expected = "run,state,detail,seed,k,other,s,t,floor: simulator\n\
                        \"a,b\",finished,,1,\"say \"\"x\"\"\",,0.1,,0.000001\n\
                        c,failed,\"line one\nline two\",,,2,,NaN,\n";
        assert_eq!(study(runs).csv(), expected);
    }
}
