//! The rows of a table that tell the floors of the rows above them.

use super::Study;
use super::points::Point;
use super::table::same;
use umwelt_charts::format;

impl Study {
    /// The row of a floor under the first metric, with the settings that its condition shares.
    pub(super) fn floor_cells(
        &self,
        of: &Point,
        order: &[usize],
        shared: usize,
        (name, value): (&str, f64),
        digits: &[Option<usize>],
    ) -> Vec<String> {
        let column = self.floor_column(order);
        let cell = |(place, key): (usize, &usize)| match Some(key) == column {
            true => format!("floor: {name}"),
            false if place < shared => format::setting(self.value(of, *key)),
            false => String::new(),
        };
        let mut cells = vec![String::new()];
        cells.extend(order.iter().enumerate().map(cell));
        if order.is_empty() {
            cells.push(format!("floor: {name}"));
        }
        cells.extend(digits.first().map(|&digits| format::column_number(value, digits)));
        cells
    }

    /// How many of the sorting keys it takes until the points that agree in them share their floors.
    pub(super) fn floor_groups(&self, order: &[usize]) -> usize {
        if self.roles.scatter {
            return 0;
        }
        let shared = |&keys: &usize| {
            let mut groups = self.points.chunk_by(|a, b| same(a, b, &order[..keys]));
            groups.all(|group| self.share_floors(group))
        };
        (0..order.len()).find(shared).unwrap_or(order.len())
    }

    /// The key under which floors are named: the innermost one that sorts the rows.
    fn floor_column<'a>(&self, order: &'a [usize]) -> Option<&'a usize> {
        let named = self.roles.line.or(self.roles.x);
        order.iter().find(|key| Some(**key) == named).or(order.first())
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, study};

    #[test]
    fn floors_that_differ_stand_below_their_condition() {
        let mut runs = noise_sweep();
        for run in runs.iter_mut().filter(|run| run.varied[1].1 == "2") {
            run.floors[1].1 = 7.0;
        }
        let text = study(runs).table().to_string();
        let floors: Vec<&str> = text.lines().filter(|line| line.contains("floor: centre")).collect();
        assert_eq!(floors.len(), 3);
        let place = |what: &str| text.find(what).unwrap();
        assert!(floors[2].contains("7.00") && place(floors[2]) > place(floors[0]), "{text}");
        assert!(!text.contains("simulator"));
    }
}
