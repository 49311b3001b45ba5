//! A row for each point of a study: its settings, the mean and deviation of each metric, and its seeds.

use super::Study;
use super::points::{Point, Summary};
use super::words;
use umwelt_charts::format;
use umwelt_charts::text_table::{Align, Table};

/// The mark of the best row of a condition.
pub const BEST: &str = "*";

impl Study {
    /// The points, conditions together (the best first in a search), and the floors below those they belong to.
    pub fn table(&self) -> Table {
        let order = self.roles.order(&self.keys);
        let digits: Vec<Option<usize>> = self.metrics.iter().map(|metric| self.decimals(metric)).collect();
        let points = self.rows();
        let groups = self.floor_groups(&order);
        let mut table = Table::new(self.columns(&order).iter().map(|(name, align)| (name.as_str(), *align)));
        for group in points.chunk_by(|a, b| same(a, b, &order[..groups])) {
            for point in group {
                table = table.row(self.cells(point, &order, &digits));
            }
            for (name, value) in self.floors(group) {
                table = table.row(self.floor_cells(&group[0], &order, groups, (&name, value), &digits));
            }
        }
        table
    }

    /// What the marked rows are the best of, in words; `None` if none is marked.
    pub(super) fn best_of(&self) -> Option<String> {
        let order = self.roles.order(&self.keys);
        let keys = order[..self.roles.condition()].iter().map(|&key| self.keys[key].name.as_str());
        let condition: Vec<&str> = keys.collect();
        let within =
            if condition.is_empty() { "all".into() } else { format!("each {}", condition.join(", ")) };
        let told = format!("{BEST} best {} of {within}", words::metric(self.first_metric()));
        self.points.iter().any(|point| self.is_best(point)).then_some(told)
    }

    /// The points in the order of the table.
    fn rows(&self) -> Vec<Point> {
        let mut points = self.points.clone();
        if self.roles.scatter {
            let worst = self.goal.worst();
            let score = |point: &Point| self.first(point).map_or(worst, |summary| summary.mean);
            points.sort_by(|a, b| self.goal.order(score(a), score(b)));
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
        columns.extend(self.metrics.iter().map(|metric| (words::metric(metric), Align::Right)));
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
        let metric = |(metric, &digits): (&String, &Option<usize>)| match point.summary(&self.runs, metric) {
            Some(summary) if summary.count < point.counted.len() => {
                format!("{} (n = {})", format::mean(summary.mean, summary.deviation, digits), summary.count)
            }
            Some(summary) => format::mean(summary.mean, summary.deviation, digits),
            None => "–".to_owned(),
        };
        cells.extend(self.metrics.iter().zip(digits).map(metric));
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

    /// Whether no other point of the condition is better, and some is there to compare with.
    pub(super) fn is_best(&self, point: &Point) -> bool {
        let order = self.roles.order(&self.keys);
        let condition = &order[..self.roles.condition()];
        let rivals = self.points.iter().filter(|other| *other != point && same(point, other, condition));
        let rivals: Vec<f64> = rivals.filter_map(|rival| Some(self.first(rival)?.mean)).collect();
        let best = |mean: f64| !rivals.iter().any(|&rival| self.goal.better(rival, mean));
        self.first(point).is_some_and(|summary| !rivals.is_empty() && best(summary.mean))
    }

    pub(super) fn first(&self, point: &Point) -> Option<Summary> {
        point.summary(&self.runs, self.first_metric())
    }

    pub(super) fn decimals(&self, metric: &str) -> Option<usize> {
        let summaries = self.points.iter().filter_map(|point| point.summary(&self.runs, metric));
        format::decimals(summaries.map(|summary| summary.mean))
    }
}

/// Whether two points agree in some keys.
pub fn same(a: &Point, b: &Point, keys: &[usize]) -> bool {
    keys.iter().all(|&key| a.ranks[key] == b.ranks[key])
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, run, search, study};
    use super::super::{Outcome, Study, Wishes};

    #[test]
    fn rows_hold_means_deviations_seeds_and_floors() {
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
        let wishes = Wishes {
            metrics: vec!["prediction.rmse_px".into(), "encoding.rmse_px".into()],
            ..Wishes::default()
        };
        let study = Study::new("t", runs.collect(), wishes).unwrap();
        let expected = [
            "   dataset_noise  model_type     prediction RMSE (px)     encoding RMSE (px)         seeds\n",
            "-  -------------  -------------  --------------------  ---------------------  ------------\n",
            "               0  VICReg                  1.00 ± 0.10          0.500 ± 0.000             3\n",
            "*              0  IDM                            0.50                      –  1 of 3 seeds\n",
            "               1  VICReg                  2.05 ± 0.07          0.500 ± 0.000  2 of 3 seeds\n",
            "               2  VICReg                  3.00 ± 0.10  0.500 ± 0.000 (n = 2)             3\n",
            "                  floor: centre                  9.37\n",
            "                  floor: copy                    2.50\n",
        ];
        assert_eq!(study.table().to_string(), expected.concat());
    }

    #[test]
    fn the_best_of_each_condition_is_marked_unless_alone() {
        let text = study(noise_sweep()).table().to_string();
        let marked: Vec<&str> = text.lines().filter(|line| line.starts_with('*')).collect();
        assert_eq!(marked.len(), 3, "{text}");
        assert!(marked.iter().all(|line| line.contains("IDM")), "{text}");
        let alone: Vec<_> = noise_sweep().into_iter().filter(|run| run.varied[0].1 == "VICReg").collect();
        assert_eq!(study(alone).table().to_string().matches('*').count(), 1, "of one method, its best level");
    }

    #[test]
    fn a_search_has_its_best_run_on_top() {
        let text = study(search(20)).table().to_string();
        assert!(text.lines().nth(2).unwrap().starts_with('*'), "{text}");
        assert_eq!(text.matches('*').count(), 1);
    }
}
