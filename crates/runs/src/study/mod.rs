//! Reports of sweeps as a table and a figure: means over seeds with their baselines, and a note of
//! every run that is left out.

mod baseline_lines;
mod baseline_rows;
mod baselines;
mod csv;
mod encoding;
#[cfg(test)]
mod examples;
mod factors;
mod figure;
mod grid;
mod keys;
mod lines;
mod listed;
mod notes;
mod only;
mod options;
mod points;
mod run;
mod scatter;
mod scores;
mod states;
mod sweep;
mod table;
mod text;
mod words;

use encoding::Encoding;
use keys::Key;
use points::Point;
use scores::StudyScore;
use umwelt_base::UserError;

pub use options::StudyOptions;
pub use run::{Outcome, StudyRun};

/// The runs of a sweep, and the layout of their table and figure.
#[derive(Clone, Debug)]
pub struct Study {
    title: String,
    runs: Vec<StudyRun>,
    /// The scores to show; the best rows are those with the best first score.
    scores: Vec<StudyScore>,
    /// The keys that the sweep draws on a logarithmic scale.
    log: Vec<String>,
    keys: Vec<Key>,
    points: Vec<Point>,
    encoding: Encoding,
    /// The value of the lines' key that the other lines are compared with.
    reference: Option<usize>,
    /// True if all scores have logarithmic axes.
    log_y: bool,
}

impl Study {
    /// The study of `runs`; layout that `options` leave open is chosen from the runs.
    ///
    /// # Errors
    /// Options with a key that no run varies, with one key twice, with a score that no run has, or
    /// with a reference that no line is.
    pub fn new(runs: Vec<StudyRun>, options: StudyOptions) -> Result<Self, UserError> {
        let keys = keys::of(&runs);
        let mut points = points::of(&runs, &keys);
        let scores = scores::shown(&options, &runs)?;
        let encoding = encoding::choose(&keys, &points, &options)?;
        let order = encoding.order(&keys);
        points.sort_by_key(|point| order.iter().map(|&key| point.ranks[key]).collect::<Vec<_>>());
        let reference = options::reference(&options.report, encoding.line.map(|line| &keys[line]))?;
        let StudyOptions { title, log, report, .. } = options;
        let log_y = report.log_y;
        Ok(Self { title, runs, scores, log, keys, points, encoding, reference, log_y })
    }

    /// The runs, each once.
    fn each_run(&self) -> impl Iterator<Item = &StudyRun> {
        self.runs.iter().filter(|run| !run.repeats)
    }

    /// The score that decides which points are the best.
    fn first_score(&self) -> &StudyScore {
        &self.scores[0]
    }

    /// A point's value of a key, as written in the sweep file.
    fn value(&self, point: &Point, key: usize) -> &str {
        &self.keys[key].values[point.ranks[key]]
    }

    #[cfg(test)]
    fn example(runs: Vec<StudyRun>) -> Self {
        Self::with(runs, crate::sweeps::ReportOptions::default())
    }

    #[cfg(test)]
    fn with(runs: Vec<StudyRun>, report: crate::sweeps::ReportOptions) -> Self {
        Self::new(runs, StudyOptions { title: "A study".into(), report, ..StudyOptions::default() }).unwrap()
    }
}
