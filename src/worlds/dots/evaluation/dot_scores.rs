//! Scores of each of several dots, and baselines of all dots together.

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use super::baselines::Baseline;
use super::errors::Score;
use crate::datasets::IMAGE_SIZE;
use crate::worlds::dots::data::Role;

/// The scores of one dot, with its own baselines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DotScore {
    /// The role of the dot.
    pub name: String,
    /// RMSE of the prediction in pixels.
    pub prediction_px: f64,
    /// RMSE of the encoding in pixels.
    pub encoding_px: f64,
    pub baselines: Vec<Baseline>,
}

impl DotScore {
    /// The key of its prediction score in logs and score cards.
    pub fn key(&self) -> String {
        format!("prediction.{}_px", self.name.replace(' ', "_"))
    }
}

/// The scores of each dot; empty for a single dot, whose scores are the overall ones.
pub fn dot_scores(
    roles: &[Role],
    prediction: &Score,
    encoding: &Score,
    baselines: &[Vec<Baseline>],
) -> Vec<DotScore> {
    let score = |(dot, role): (usize, &Role)| DotScore {
        name: role.name().into(),
        prediction_px: prediction.per_dot_px[dot],
        encoding_px: encoding.per_dot_px[dot],
        baselines: baselines[dot].clone(),
    };
    if roles.len() == 1 { vec![] } else { roles.iter().enumerate().map(score).collect() }
}

/// The baselines of all dots together: those that every dot has.
pub fn together(dots: &[Vec<Baseline>]) -> Vec<Baseline> {
    if let [only] = dots {
        return only.clone();
    }
    let of = |name: &str, dot: &Vec<Baseline>| {
        dot.iter().find(|baseline| baseline.name == name).map(|f| f.score.clone())
    };
    let all = |baseline: &Baseline| {
        let scores: Vec<Score> = dots.iter().map(|dot| of(&baseline.name, dot)).collect::<Option<_>>()?;
        Some(Baseline { name: baseline.name.clone(), score: mean(&scores) })
    };
    dots[0].iter().filter_map(all).collect()
}

/// The score over all dots from the score of each: root mean squares over dots.
fn mean(dots: &[Score]) -> Score {
    let mean_square = dots.iter().map(|dot| dot.rmse_px.powi(2)).sum::<f64>() / dots.len() as f64;
    let rmse_px = mean_square.sqrt();
    let frames = dots[0].per_step_px.len();
    let squares = Array2::from_shape_fn((dots.len(), frames), |(d, t)| dots[d].per_step_px[t].powi(2));
    let per_step = squares.mean_axis(Axis(0)).expect("there is a dot").mapv(f64::sqrt);
    Score {
        rmse_px,
        rmse_unit: rmse_px / IMAGE_SIZE as f64,
        per_step_px: per_step.to_vec(),
        per_dot_px: dots.iter().map(|dot| dot.rmse_px).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;
    use crate::worlds::dots::evaluation::errors::score_of;

    #[test]
    fn baselines_of_all_dots_are_those_of_one_sum_of_errors() {
        // Squared errors of two frames and two dots.
        let errors = array![[4.0, 36.0], [9.0, 1.0]];
        let one = |dot: usize| score_of(&errors.slice(s![.., dot..=dot]).to_owned(), 1.0, |px| px);
        let baseline = |name: &str, dot| Baseline { name: name.into(), score: one(dot) };
        let dots = [vec![baseline("simulator", 0), baseline("copy", 0)], vec![baseline("copy", 1)]];
        let found = together(&dots);
        assert_eq!((found.len(), found[0].name.as_str()), (1, "copy"));
        let expected = score_of(&errors, 1.0, |px| px);
        assert!((found[0].score.rmse_px - expected.rmse_px).abs() < 1e-12);
        for (ours, expected) in [
            (&found[0].score.per_step_px, &expected.per_step_px),
            (&found[0].score.per_dot_px, &expected.per_dot_px),
        ] {
            assert!(ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn one_dot_has_its_baselines_and_no_scores_of_its_own() {
        let score = score_of(&array![[4.0]], 1.0, |px| px);
        let baselines = [vec![Baseline { name: "simulator".into(), score: score.clone() }]];
        assert_eq!(together(&baselines), baselines[0]);
        assert!(dot_scores(&[Role::Action], &score, &score, &baselines).is_empty());
    }
}
