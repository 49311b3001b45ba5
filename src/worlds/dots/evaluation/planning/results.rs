//! The scores of planners.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::charts::{Align, Table};

/// The scores of four planners on the same problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planning {
    pub problems: usize,
    /// The cross-entropy method through the model.
    pub cem: PlannerScore,
    /// Gradient descent through the model.
    pub gradient: PlannerScore,
    /// Random steps, as in the data.
    pub random: PlannerScore,
    /// Equal steps straight to the target, from the true position.
    pub oracle: PlannerScore,
}

impl Planning {
    /// The planners by name, those that use the model first.
    pub fn planners(&self) -> [(&'static str, &PlannerScore); 4] {
        [("cem", &self.cem), ("gradient", &self.gradient), ("random", &self.random), ("oracle", &self.oracle)]
    }

    /// A row for each planner.
    pub fn table(&self) -> Table {
        let heading = format!("planning ({} problems)", self.problems);
        let columns = [
            (heading.as_str(), Align::Left),
            ("RMSE px", Align::Right),
            ("believed", Align::Right),
            ("within 1 px", Align::Right),
            ("within 2 px", Align::Right),
        ];
        let percent = |part: f64| format!("{:.0} %", 100.0 * part);
        self.planners().into_iter().fold(Table::new(columns), |table, (name, score)| {
            let believed = score.believed_rmse_px.map_or(String::new(), |px| format!("{px:.2}"));
            let rmse = format!("{:.2}", score.rmse_px);
            table.row([name.into(), rmse, believed, percent(score.within_1px), percent(score.within_2px)])
        })
    }
}

/// Distances of the dot from the target after the last step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannerScore {
    /// Mean squared distance, in pixels^2.
    pub mse_px2: f64,
    /// Root mean squared distance, in pixels.
    pub rmse_px: f64,
    /// The share of problems that end within one pixel of the target.
    pub within_1px: f64,
    /// The share of problems that end within two pixels of the target.
    pub within_2px: f64,
    /// The root mean squared distance that the model predicts for its own plans, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub believed_rmse_px: Option<f64>,
}

impl PlannerScore {
    /// The score of squared distances in pixels^2.
    pub fn of(squared: &[f64]) -> Self {
        let part = |counted: &dyn Fn(f64) -> f64| {
            squared.iter().map(|distance| counted(*distance)).sum::<f64>() / squared.len() as f64
        };
        let mse_px2 = part(&|squared| squared);
        Self {
            mse_px2,
            rmse_px: mse_px2.sqrt(),
            within_1px: part(&|squared| f64::from(squared <= 1.0)),
            within_2px: part(&|squared| f64::from(squared <= 4.0)),
            believed_rmse_px: None,
        }
    }

    /// The score with the model's predicted squared distances `[N]`, in pixels^2.
    ///
    /// # Errors
    /// When libtorch cannot copy them.
    pub fn believing(self, misses: &Tensor) -> Result<Self> {
        let mean = f64::try_from(misses.mean(Kind::Double))?;
        Ok(Self { believed_rmse_px: Some(mean.sqrt()), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_count_what_lies_within_a_pixel_and_two() {
        let score = PlannerScore::of(&[0.25, 1.0, 4.0, 14.75]);
        assert_eq!((score.mse_px2, score.rmse_px), (5.0, 5f64.sqrt()));
        assert_eq!((score.within_1px, score.within_2px), (0.5, 0.75));
        let believed = score.believing(&Tensor::from_slice(&[9.0f32, 7.0])).unwrap();
        assert!((believed.believed_rmse_px.unwrap() - 8f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn each_planner_has_its_row() {
        let score = |distance: f64| PlannerScore::of(&[distance * distance]);
        let cem = score(0.5).believing(&Tensor::from(0.01f32)).unwrap();
        let planning =
            Planning { problems: 1, cem, gradient: score(1.5), random: score(9.25), oracle: score(0.0) };
        let expected = "\
planning (1 problems)  RMSE px  believed  within 1 px  within 2 px
---------------------  -------  --------  -----------  -----------
cem                       0.50      0.10        100 %        100 %
gradient                  1.50                    0 %        100 %
random                    9.25                    0 %          0 %
oracle                    0.00                  100 %        100 %
";
        assert_eq!(planning.table().to_string(), expected);
    }
}
