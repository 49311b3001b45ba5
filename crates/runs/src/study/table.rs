//! The table of a study: for each point its settings, the mean and deviation of each score, and its
//! seeds.

use super::Study;
use super::points::{Point, Summary};
use super::scores::StudyScore;
use umwelt_charts::format;
use umwelt_charts::text_table::{Align, Table};

/// The mark of the best row of a condition.
pub const BEST: &str = "*";

impl Study {
    /// The points by condition, or the best first in a search, and the baselines of each group.
    pub fn table(&self) -> Table {
        let order = self.encoding.order(&self.keys);
        let digits: Vec<Option<usize>> = self.scores.iter().map(|score| self.decimals(&score.name)).collect();
        let points = self.rows();
        let groups = self.baseline_groups(&order);
        let mut table = Table::new(self.columns(&order).iter().map(|(name, align)| (name.as_str(), *align)));
        for group in points.chunk_by(|a, b| same(a, b, &order[..groups])) {
            for point in group {
                table = table.row(self.cells(point, &order, &digits));
            }
            let baselines = self.baseline_rows(group, &order, groups, &digits);
            table = baselines.into_iter().fold(table, Table::row);
        }
        table
    }

    /// The meaning of the mark of the best rows; `None` if no row is marked.
    pub(super) fn best_of(&self) -> Option<String> {
        let order = self.encoding.order(&self.keys);
        let keys = order[..self.encoding.condition()].iter().map(|&key| self.keys[key].name.as_str());
        let condition: Vec<&str> = keys.collect();
        let within =
            if condition.is_empty() { "all".into() } else { format!("each {}", condition.join(", ")) };
        let meaning = format!("{BEST} best {} of {within}", self.first_score().heading);
        self.points.iter().any(|point| self.is_best(point)).then_some(meaning)
    }

    /// The points in the order of the table.
    fn rows(&self) -> Vec<Point> {
        let mut points = self.points.clone();
        if self.encoding.scatter {
            let goal = self.first_score().goal;
            let score = |point: &Point| self.first(point).map_or(f64::NAN, |summary| summary.mean);
            points.sort_by(|a, b| goal.order(score(a), score(b)));
        }
        points
    }

    fn columns(&self, order: &[usize]) -> Vec<(String, Align)> {
        let mut columns = vec![(String::new(), Align::Left)];
        let key = |&key: &usize| {
            let align = if self.keys[key].numeric { Align::Right } else { Align::Left };
            (self.keys[key].name.clone(), align)
        };
        columns.extend(order.iter().map(key));
        if order.is_empty() {
            columns.push((String::new(), Align::Left));
        }
        columns.extend(self.scores.iter().map(|score| (score.heading.clone(), Align::Right)));
        let seeded = self.runs.iter().any(|run| run.seed.is_some());
        columns.push((if seeded { "seeds" } else { "runs" }.to_owned(), Align::Right));
        columns
    }

    fn cells(&self, point: &Point, order: &[usize], digits: &[Option<usize>]) -> Vec<String> {
        let mut cells = vec![if self.is_best(point) { BEST.to_owned() } else { String::new() }];
        cells.extend(order.iter().map(|&key| format::setting(self.value(point, key))));
        if order.is_empty() {
            cells.push("all runs".to_owned());
        }
        let cell = |(score, &digits): (&StudyScore, &Option<usize>)| match point
            .summary(&self.runs, &score.name)
        {
            Some(summary) if summary.count < point.counted.len() => {
                format!("{} (n = {})", format::mean(summary.mean, summary.deviation, digits), summary.count)
            }
            Some(summary) => format::mean(summary.mean, summary.deviation, digits),
            None => "–".to_owned(),
        };
        cells.extend(self.scores.iter().zip(digits).map(cell));
        cells.push(self.seeds(point));
        cells
    }

    fn seeds(&self, point: &Point) -> String {
        let (counted, planned) = (point.counted.len(), point.planned);
        match planned {
            _ if counted >= planned => counted.to_string(),
            1 => "–".to_owned(),
            _ => format!("{counted} of {planned} seeds"),
        }
    }

    /// True if no other point of the condition has a better first score, and some has one.
    pub(super) fn is_best(&self, point: &Point) -> bool {
        let order = self.encoding.order(&self.keys);
        let condition = &order[..self.encoding.condition()];
        let rivals = self.points.iter().filter(|other| *other != point && same(point, other, condition));
        let rivals: Vec<f64> = rivals.filter_map(|rival| Some(self.first(rival)?.mean)).collect();
        let goal = self.first_score().goal;
        let best = |mean: f64| !rivals.iter().any(|&rival| goal.better(rival, mean));
        self.first(point).is_some_and(|summary| !rivals.is_empty() && best(summary.mean))
    }

    /// The mean of the first score.
    pub(super) fn first(&self, point: &Point) -> Option<Summary> {
        point.summary(&self.runs, &self.first_score().name)
    }

    /// The decimals of a score in a column of means.
    pub(super) fn decimals(&self, score: &str) -> Option<usize> {
        let summaries = self.points.iter().filter_map(|point| point.summary(&self.runs, score));
        format::decimals(summaries.map(|summary| summary.mean))
    }
}

/// True if two points agree in some keys.
pub fn same(a: &Point, b: &Point, keys: &[usize]) -> bool {
    keys.iter().all(|&key| a.ranks[key] == b.ranks[key])
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, run, search};
    use super::super::{Outcome, Study};
    use crate::Goal;

    #[test]
    fn rows_hold_means_deviations_seeds_and_baselines() {
        let mut runs = noise_sweep();
        runs.truncate(9);
        runs[3].outcome = Outcome::Failed("why".into());
        runs[8].scores.remove("encoding.rmse_px");
        let runs = runs.into_iter().chain([run(
            "IDM",
            &[("model_type", "IDM"), ("dataset_noise", "0")],
            Some("0"),
            &[("prediction.rmse_px", 0.5)],
        )]);
        let study = Study::example(runs.collect());
        let expected = [
            "   dataset_noise  model_type        prediction RMSE (px)     encoding RMSE (px)         seeds\n",
            "-  -------------  ----------------  --------------------  ---------------------  ------------\n",
            "               0  VICReg                     1.00 ± 0.10          0.500 ± 0.000             3\n",
            "*              0  IDM                               0.50                      –  1 of 3 seeds\n",
            "               1  VICReg                     2.05 ± 0.07          0.500 ± 0.000  2 of 3 seeds\n",
            "               2  VICReg                     3.00 ± 0.10  0.500 ± 0.000 (n = 2)             3\n",
            "                  baseline: centre                  9.37\n",
            "                  baseline: copy                    2.50\n",
        ];
        assert_eq!(study.table().to_string(), expected.concat());
    }

    #[test]
    fn the_best_of_each_condition_is_marked_unless_alone() {
        let text = Study::example(noise_sweep()).table().to_string();
        let marked: Vec<&str> = text.lines().filter(|line| line.starts_with('*')).collect();
        assert_eq!(marked.len(), 3, "{text}");
        assert!(marked.iter().all(|line| line.contains("IDM")), "{text}");
        let alone: Vec<_> = noise_sweep().into_iter().filter(|run| run.varied[0].1 == "VICReg").collect();
        assert_eq!(
            Study::example(alone).table().to_string().matches('*').count(),
            1,
            "of one method, its best level"
        );
    }

    #[test]
    fn a_search_has_its_best_run_on_top() {
        let text = Study::example(search(20)).table().to_string();
        assert!(text.lines().nth(2).unwrap().starts_with('*'), "{text}");
        assert_eq!(text.matches('*').count(), 1);
    }

    #[test]
    fn runs_without_the_score_are_last_whatever_the_goal() {
        for goal in [Goal::Minimize, Goal::Maximize] {
            let mut runs = search(20);
            runs.iter_mut().for_each(|run| run.card.scores.iter_mut().for_each(|score| score.goal = goal));
            runs[3].scores.clear();
            let text = Study::example(runs).table().to_string();
            assert!(text.lines().nth(2).unwrap().starts_with('*'), "{text}");
            assert!(text.lines().last().unwrap().contains('–'), "{text}");
        }
    }
}
