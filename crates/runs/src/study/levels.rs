//! Floors in a figure: level lines where they lie near the data, words where they do not.

use super::Study;
use super::floors::Floors;
use super::points::Point;
use umwelt_charts::format::short_number;
use umwelt_charts::line_chart::{Floor, LineChart};
use umwelt_charts::plot_axes::heights;
use umwelt_charts::range::extent;

/// Floors further from the data than this part of the data's range would squash it.
const NEAR: f64 = 0.3;
/// What counts as the range of data that hardly vary, as a part of their height.
const LEAST_RANGE: f64 = 0.5;

impl Study {
    /// Draws the floors that lie near the data in charts of `columns`, and tells of the others in a sentence.
    pub(super) fn add_floors(&self, charts: &mut [LineChart], columns: usize) -> Option<String> {
        let conditions: Vec<&[Point]> =
            if self.roles.scatter { vec![&self.points[..]; charts.len()] } else { self.conditions() };
        if !conditions.iter().all(|points| self.share_floors(points)) {
            return Some("The floors change along the x axis: see the table.".to_owned());
        }
        let (shared, all, last) = (self.share_floors(&self.points), reach(charts), charts.len() - 1);
        let mut far = Vec::new();
        for (index, (chart, points)) in charts.iter_mut().zip(&conditions).enumerate() {
            let range = if self.own_heights { reach(std::slice::from_ref(chart)) } else { all };
            let floors = self.floors(if shared { &self.points } else { points });
            let (close, beyond): (Floors, Floors) =
                floors.into_iter().partition(|floor| near(floor.1, range));
            // Where a row shares levels, its last panel names them for all.
            let named = !shared || self.own_heights || (index + 1) % columns == 0 || index == last;
            let name = |name: String| if named { name } else { String::new() };
            chart.floors =
                close.into_iter().map(|(floor, value)| Floor { name: name(floor), value }).collect();
            far.extend(beyond);
        }
        let range = if self.own_heights { "a panel's range" } else { "the range" };
        told(&far).map(|floors| format!("Floors beyond {range}: {floors}."))
    }
}

/// The lowest and the highest of the charts' data.
pub fn reach(charts: &[LineChart]) -> (f64, f64) {
    extent(charts.iter().flat_map(heights))
}

/// Whether a level lies within a range or not far from it.
fn near(value: f64, (low, high): (f64, f64)) -> bool {
    let room = NEAR * (high - low).max(LEAST_RANGE * high.abs());
    (low - room..=high + room).contains(&value)
}

/// Names and values, each once; `None` without any.
fn told(far: &Floors) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for (name, value) in far {
        let floor = format!("{name} {}", short_number(*value));
        if !told.contains(&floor) {
            told.push(floor);
        }
    }
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::examples::{conditions, noise_sweep, study};
    use super::super::{Study, StudyRun, Wishes};
    use umwelt_charts::inspect::paths;

    fn with_floors(
        mut runs: Vec<StudyRun>,
        floors: impl Fn(&StudyRun) -> Vec<(String, f64)>,
    ) -> Vec<StudyRun> {
        for run in &mut runs {
            run.floors = floors(run);
            run.scores.remove("encoding.rmse_px");
        }
        runs
    }

    #[test]
    fn floors_far_from_the_data_are_told_and_not_drawn() {
        let floors =
            [("near", 3.0), ("far", 9.0), ("simulator", 0.0)].map(|(name, value)| (name.to_owned(), value));
        let figure = study(with_floors(noise_sweep(), |_| floors.to_vec())).figure();
        assert_eq!(paths(&figure, "floor").len(), 1);
        assert!(figure.svg().contains("near 3.00"));
        assert!(figure.svg().contains("Floors beyond the range: far 9.00."));
    }

    #[test]
    fn floors_of_all_panels_are_named_once_a_row_and_others_in_each() {
        let shared = study(with_floors(conditions(), |_| vec![("copy".into(), 2.5)])).figure();
        assert_eq!((paths(&shared, "floor").len(), shared.svg().matches("copy 2.50").count()), (4, 2));
        let dots = |run: &StudyRun| if run.varied[2].1 == "1" { 2.0 } else { 3.0 };
        let own = study(with_floors(conditions(), |run| vec![("copy".into(), dots(run))])).figure();
        assert_eq!((own.svg().matches("copy 2.00").count(), own.svg().matches("copy 3.00").count()), (2, 2));
    }

    #[test]
    fn floors_that_change_along_x_are_no_level() {
        let noise = |run: &StudyRun| 1.0 + run.varied[1].1.parse::<f64>().unwrap();
        let figure = study(with_floors(noise_sweep(), |run| vec![("copy".into(), noise(run))])).figure();
        assert!(paths(&figure, "floor").is_empty() && figure.svg().contains("change along the x axis"));
    }

    #[test]
    fn panels_with_their_own_heights_have_their_own_floors() {
        let runs = with_floors(conditions(), |_| vec![("copy".into(), 2.5)]);
        let wishes = Wishes { own_heights: true, line: Some("static".into()), ..Wishes::default() };
        let figure = Study::new("t", runs, wishes).unwrap().figure();
        assert_eq!(paths(&figure, "floor").len(), 2, "near VICReg's data and far from IDM's");
    }
}
