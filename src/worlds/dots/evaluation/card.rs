//! The score card of a world model on the moving dots.

use super::planning::Planning;
use super::{Baseline, Evaluation};
use crate::runs::{self, Score, ScoreCard};

const PREDICTION: &str = "prediction.rmse_px";
const ENCODING: &str = "encoding.rmse_px";

impl Evaluation {
    /// The score card: all scores with their baselines; the headline is the errors of prediction
    /// and encoding.
    pub fn card(&self) -> ScoreCard {
        ScoreCard {
            scores: self.scores(),
            baselines: self.card_baselines(),
            headline: [PREDICTION, ENCODING].map(str::to_owned).into(),
        }
    }

    fn scores(&self) -> Vec<Score> {
        let errors = [
            Score::lower(PREDICTION, self.prediction.rmse_px, "px", "prediction RMSE"),
            Score::lower(ENCODING, self.encoding.rmse_px, "px", "encoding RMSE"),
        ];
        let dots = self.dots.iter().map(|dot| {
            let title = format!("prediction RMSE, {}", dot.name);
            Score::lower(&dot.key(), dot.prediction_px, "px", &title)
        });
        let planning = self.planning.iter().flat_map(planning_scores);
        errors.into_iter().chain(self.diagnostics.scores()).chain(dots).chain(planning).collect()
    }

    fn card_baselines(&self) -> Vec<runs::Baseline> {
        let of = |score: &str, baselines: &[Baseline], value: fn(&Baseline) -> f64| -> Vec<_> {
            let named = |baseline: &Baseline| runs::Baseline {
                name: baseline.name.clone(),
                value: value(baseline),
                of: score.into(),
            };
            baselines.iter().map(named).collect()
        };
        let all_frames = |baseline: &Baseline| baseline.score.rmse_px;
        let first_frame = |baseline: &Baseline| baseline.score.per_step_px[0];
        let dots = self.dots.iter().flat_map(|dot| of(&dot.key(), &dot.baselines, all_frames));
        let prediction = of(PREDICTION, &self.baselines, all_frames);
        let encoding = of(ENCODING, &self.baselines, first_frame);
        prediction.into_iter().chain(encoding).chain(dots).collect()
    }
}

fn planning_scores(planning: &Planning) -> Vec<Score> {
    let of = |(name, score): (&'static str, &super::PlannerScore)| {
        let key = |number: &str| format!("planning.{name}.{number}");
        let believed = score.believed_rmse_px.map(|believed| {
            Score::lower(&key("believed_rmse_px"), believed, "px", &format!("believed RMSE, {name}"))
        });
        let within = |pixels: u8, share| {
            let title = format!("within {pixels} px, {name}");
            Score::higher(&key(&format!("within_{pixels}px")), share, "", &title)
        };
        let rmse = Score::lower(&key("rmse_px"), score.rmse_px, "px", &format!("planning RMSE, {name}"));
        let scores = [rmse, within(1, score.within_1px), within(2, score.within_2px)];
        scores.into_iter().chain(believed)
    };
    planning.planners().into_iter().flat_map(of).collect()
}
