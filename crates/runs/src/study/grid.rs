//! The first score at a glance: a row for each method, a column for each value of the x axis.

use super::Study;
use super::points::Point;
use super::table::BEST;
use umwelt_charts::format;
use umwelt_charts::text_table::{Align, Table};

/// The most columns that fit a page.
const COLUMNS: usize = 10;

impl Study {
    /// The name of each condition with its grid. There is none without methods, an x axis and
    /// scores, and none that is too wide for a page.
    pub(super) fn grids(&self) -> Vec<(String, Table)> {
        let (Some(x), Some(line)) = (self.encoding.x, self.encoding.line) else { return Vec::new() };
        let scored = self.points.iter().any(|point| self.first(point).is_some());
        if self.encoding.scatter || !scored || self.keys[x].values.len() > COLUMNS {
            return Vec::new();
        }
        self.conditions()
            .into_iter()
            .map(|points| (self.condition(points), self.grid(points, x, line)))
            .collect()
    }

    /// The labels of the panel that some points are in.
    pub(super) fn condition(&self, points: &[Point]) -> String {
        let label = |&key: &usize| self.keys[key].label(self.value(&points[0], key));
        self.encoding.panels.iter().map(label).collect::<Vec<_>>().join(", ")
    }

    fn grid(&self, points: &[Point], x: usize, line: usize) -> Table {
        let across = &self.keys[x];
        let columns = across.values.iter().enumerate().map(|(place, value)| match place {
            0 => (format!("{}={}", across.name, format::setting(value)), Align::Right),
            _ => (format::setting(value), Align::Right),
        });
        let head = (self.keys[line].name.clone(), Align::Left);
        let columns: Vec<_> = std::iter::once(head).chain(columns).collect();
        let table = Table::new(columns.iter().map(|(name, align)| (name.as_str(), *align)));
        let cell = |row: usize, column: usize| {
            let there = |point: &&Point| (point.ranks[line], point.ranks[x]) == (row, column);
            points.iter().find(there).map_or(String::new(), |point| self.grid_cell(point))
        };
        self.keys[line].values.iter().enumerate().fold(table, |table, (row, name)| {
            let cells = (0..across.values.len()).map(|column| cell(row, column));
            table.row(std::iter::once(format::setting(name)).chain(cells))
        })
    }

    /// Mean and deviation, with a mark if they are the best, and the number of seeds if some are
    /// missing.
    fn grid_cell(&self, point: &Point) -> String {
        let Some(summary) = self.first(point) else { return "–".to_owned() };
        let mean = format::mean(summary.mean, summary.deviation, self.decimals(&self.first_score().name));
        let best = if self.is_best(point) { format!("{BEST} ") } else { String::new() };
        match summary.count < point.planned {
            true => format!("{best}{mean} ({}/{})", summary.count, point.planned),
            false => best + &mean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{conditions, noise_sweep, search};
    use super::super::{Outcome, Study};

    #[test]
    fn methods_are_rows_and_levels_columns() {
        let mut runs = noise_sweep();
        runs[8].outcome = Outcome::Waiting;
        runs[9..12].iter_mut().for_each(|run| run.outcome = Outcome::Waiting);
        let expected = [
            "model_type  dataset_noise=0              1                  2\n",
            "----------  ---------------  -------------  -----------------\n",
            "VICReg          1.00 ± 0.10    2.00 ± 0.10  2.95 ± 0.07 (2/3)\n",
            "IDM                       –  * 0.90 ± 0.10      * 0.90 ± 0.10\n",
        ];
        assert_eq!(Study::example(runs).grids()[0].1.to_string(), expected.concat());
    }

    #[test]
    fn each_condition_has_a_grid_and_a_search_none() {
        let names: Vec<String> =
            Study::example(conditions()).grids().into_iter().map(|grid| grid.0).collect();
        assert_eq!(names[..2], ["dots=1, static=false", "dots=1, static=true"]);
        assert!(Study::example(search(20)).grids().is_empty());
    }
}
