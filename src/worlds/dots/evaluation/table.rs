//! The text table printed at the end of a run.

use super::{Baseline, Evaluation};
use crate::charts::{Align, Table, format::fraction};
use crate::datasets::IMAGE_SIZE;

/// The scores of all dots together and of each of several dots, each with the best baseline that it
/// beats. `world` is the heading.
pub fn table(world: &str, evaluation: &Evaluation) -> String {
    let columns = [
        (world, Align::Left),
        ("RMSE px", Align::Right),
        ("/ 28", Align::Right),
        ("baseline it beats", Align::Left),
    ];
    let Evaluation { prediction, encoding, baselines, dots, .. } = evaluation;
    let all_frames = |baseline: &Baseline| baseline.score.rmse_px;
    let first_frame = |baseline: &Baseline| baseline.score.per_step_px[0];
    let frames = prediction.per_step_px.len();
    let mut rows =
        vec![row(&format!("prediction ({frames} frames)"), prediction.rmse_px, baselines, all_frames)];
    let dot = |name: &str| format!("  {name}");
    rows.extend(dots.iter().map(|d| row(&dot(&d.name), d.prediction_px, &d.baselines, all_frames)));
    rows.push(row("encoding (frame 0)", encoding.rmse_px, baselines, first_frame));
    rows.extend(dots.iter().map(|d| row(&dot(&d.name), d.encoding_px, &d.baselines, first_frame)));
    let table = rows.into_iter().fold(Table::new(columns), Table::row);
    let of_dots =
        dots.iter().map(|dot| format!("baselines of the {}: {}\n", dot.name, listed(&dot.baselines)));
    format!(
        "{table}baselines: {}\n{}{}{}",
        listed(baselines),
        of_dots.collect::<String>(),
        evaluation.diagnostics,
        plans(evaluation)
    )
}

fn row(name: &str, rmse_px: f64, baselines: &[Baseline], of: impl Fn(&Baseline) -> f64) -> [String; 4] {
    let unit = fraction(rmse_px / IMAGE_SIZE as f64, 3);
    [name.into(), format!("{rmse_px:.2}"), unit, beaten(baselines, rmse_px, of)]
}

/// The table of planners, if any, after an empty line.
fn plans(evaluation: &Evaluation) -> String {
    evaluation.planning.as_ref().map_or(String::new(), |planning| format!("\n{}", planning.table()))
}

/// The best baseline with a larger error than the score.
fn beaten(baselines: &[Baseline], rmse: f64, of: impl Fn(&Baseline) -> f64) -> String {
    let worse =
        baselines.iter().filter(|baseline| of(baseline) > rmse).min_by(|a, b| of(a).total_cmp(&of(b)));
    worse.map_or("none".into(), |baseline| format!("{} {:.2}", baseline.name, of(baseline)))
}

fn listed(baselines: &[Baseline]) -> String {
    let name = |baseline: &Baseline| match baseline.score.rmse_px {
        rmse if rmse < 0.005 => format!("{} 0", baseline.name),
        rmse => format!("{} {rmse:.2}", baseline.name),
    };
    baselines.iter().map(name).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::worlds::dots::evaluation::RepresentationDiagnostics;
    use crate::worlds::dots::evaluation::errors::score_of;
    use crate::worlds::dots::evaluation::{DotScore, Score};

    fn score(per_step: &[f64]) -> Score {
        score_of(&Array2::from_shape_fn((per_step.len(), 1), |(t, _)| per_step[t].powi(2)), 1.0, |px| px)
    }

    #[test]
    fn each_score_is_listed_with_the_next_worse_baseline() {
        let baseline = |name: &str, per_step: &[f64]| Baseline { name: name.into(), score: score(per_step) };
        let evaluation = Evaluation {
            epoch: 20.0,
            prediction: score(&[1.0, 1.0]),
            encoding: score(&[0.5]),
            baselines: vec![
                baseline("simulator", &[0.0, 0.0]),
                baseline("dead reckoning", &[0.0, 1.7]),
                baseline("centre", &[8.9, 9.8]),
            ],
            dots: vec![],
            diagnostics: RepresentationDiagnostics::default(),
            planning: None,
        };
        let expected = "\
one dot                RMSE px  / 28  baseline it beats
---------------------  -------  ----  -------------------
prediction (2 frames)     1.00  .036  dead reckoning 1.20
encoding (frame 0)        0.50  .018  centre 8.90
baselines: simulator 0 | dead reckoning 1.20 | centre 9.36
";
        assert_eq!(table("one dot", &evaluation), expected);
    }

    #[test]
    fn several_dots_have_a_row_each_and_their_own_baselines() {
        let baseline = |name: &str, per_step: &[f64]| Baseline { name: name.into(), score: score(per_step) };
        let dot = |name: &str, prediction_px, encoding_px, baselines| DotScore {
            name: name.into(),
            prediction_px,
            encoding_px,
            baselines,
        };
        let (copy, centre) = (baseline("copy", &[0.0, 2.0]), baseline("centre", &[9.0, 9.0]));
        let evaluation = Evaluation {
            epoch: 20.0,
            prediction: score(&[5.0, 5.0]),
            encoding: score(&[4.0]),
            baselines: vec![copy.clone(), centre.clone()],
            dots: vec![
                dot("action dot", 1.0, 0.5, vec![copy, centre.clone()]),
                dot("standing dot", 7.0, 9.5, vec![baseline("copy", &[0.0, 0.0]), centre]),
            ],
            diagnostics: RepresentationDiagnostics::default(),
            planning: None,
        };
        let expected = "\
two dots               RMSE px  / 28  baseline it beats
---------------------  -------  ----  -----------------
prediction (2 frames)     5.00  .179  centre 9.00
  action dot              1.00  .036  copy 1.41
  standing dot            7.00  .250  centre 9.00
encoding (frame 0)        4.00  .143  centre 9.00
  action dot              0.50  .018  centre 9.00
  standing dot            9.50  .339  none
baselines: copy 1.41 | centre 9.00
baselines of the action dot: copy 1.41 | centre 9.00
baselines of the standing dot: copy 0 | centre 9.00
";
        assert_eq!(table("two dots", &evaluation), expected);
        let card = evaluation.card();
        let names: Vec<&str> = card.scores.iter().map(|score| score.name.as_str()).collect();
        let (action, standing) = ("prediction.action_dot_px", "prediction.standing_dot_px");
        assert_eq!(names, ["prediction.rmse_px", "encoding.rmse_px", action, standing]);
        let values = |of| card.baselines_of(of).map(|baseline| baseline.value).collect::<Vec<_>>();
        assert_eq!(values("prediction.rmse_px"), [2f64.sqrt(), 9.0]);
        assert_eq!((values("encoding.rmse_px"), values(standing)), (vec![0.0, 9.0], vec![0.0, 9.0]));
    }
}
