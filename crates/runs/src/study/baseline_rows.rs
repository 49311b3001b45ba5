//! The rows of a table with the baselines of the rows above them.

use super::Study;
use super::baselines::Baselines;
use super::points::Point;
use super::table::same;
use umwelt_charts::format;

impl Study {
    /// A row for each baseline of a group of points: the `shared` first keys of the order, and a
    /// value below each score that has the baseline.
    pub(super) fn baseline_rows(
        &self,
        group: &[Point],
        order: &[usize],
        shared: usize,
        digits: &[Option<usize>],
    ) -> Vec<Vec<String>> {
        let of_scores: Vec<Baselines> =
            self.scores.iter().map(|score| self.baselines(group, score)).collect();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in of_scores.iter().flatten() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let cell = |name: &str, baselines: &Baselines, digits: Option<usize>| {
            let baseline = baselines.iter().find(|baseline| baseline.0 == name);
            baseline.map_or(String::new(), |baseline| number(baseline.1, digits))
        };
        let row = |name: &str| {
            let values =
                of_scores.iter().zip(digits).map(|(baselines, digits)| cell(name, baselines, *digits));
            self.baseline_keys(&group[0], order, shared, name).into_iter().chain(values).collect()
        };
        names.into_iter().map(row).collect()
    }

    /// The cells before the scores: the settings that the group shares, and the baseline's name.
    fn baseline_keys(&self, of: &Point, order: &[usize], shared: usize, name: &str) -> Vec<String> {
        let column = self.baseline_column(order);
        let label = format!("baseline: {name}");
        let cell = |(place, key): (usize, &usize)| match Some(key) == column {
            true => label.clone(),
            false if place < shared => format::setting(self.value(of, *key)),
            false => String::new(),
        };
        let keys: Vec<String> = order.iter().enumerate().map(cell).collect();
        let keys = if keys.is_empty() { vec![label] } else { keys };
        std::iter::once(String::new()).chain(keys).collect()
    }

    /// The least number of sorting keys such that points that agree in them share their baselines.
    pub(super) fn baseline_groups(&self, order: &[usize]) -> usize {
        if self.encoding.scatter {
            return 0;
        }
        let share = |group: &[Point]| self.scores.iter().all(|score| self.share_baselines(group, score));
        let shared = |&keys: &usize| self.points.chunk_by(|a, b| same(a, b, &order[..keys])).all(share);
        (0..order.len()).find(shared).unwrap_or(order.len())
    }

    /// The column with the baselines' names: that of the innermost sorting key.
    fn baseline_column<'a>(&self, order: &'a [usize]) -> Option<&'a usize> {
        let named = self.encoding.line.or(self.encoding.x);
        order.iter().find(|key| Some(**key) == named).or(order.first())
    }
}

/// A number of a column with these decimals, or with its own if they would round it to 0.
fn number(value: f64, decimals: Option<usize>) -> String {
    let suits = |&decimals: &usize| value == 0.0 || value.abs() * 10f64.powi(decimals as i32) >= 0.5;
    format::column_number(value, decimals.filter(suits))
}

#[cfg(test)]
mod tests {
    use super::super::Study;
    use super::super::examples::noise_sweep;
    use super::number;

    #[test]
    fn a_baseline_that_the_column_would_round_to_nothing_has_its_own_digits() {
        assert_eq!([0.0, 0.3, 0.6].map(|value| number(value, Some(0))), ["0", "0.300", "1"]);
    }

    #[test]
    fn baselines_that_differ_are_below_their_condition() {
        let mut runs = noise_sweep();
        for run in runs.iter_mut().filter(|run| run.varied[1].1 == "2") {
            run.card.baselines[1].value = 7.0;
        }
        let text = Study::example(runs).table().to_string();
        let baselines: Vec<&str> = text.lines().filter(|line| line.contains("baseline: centre")).collect();
        assert_eq!(baselines.len(), 3);
        let place = |line: &str| text.find(line).unwrap();
        assert!(baselines[2].contains("7.00") && place(baselines[2]) > place(baselines[0]), "{text}");
        assert!(!text.contains("simulator"));
    }
}
