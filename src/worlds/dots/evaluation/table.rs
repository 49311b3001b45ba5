//! The table a person reads at the end of a run.

use super::{Evaluation, Floor};
use crate::charts::{Align, Table};
use crate::datasets::IMAGE_SIZE;

/// Scores beside the floors they beat, under a heading that says what world they are of: of all dots together,
/// and then of each where there are several.
pub fn table(world: &str, evaluation: &Evaluation) -> String {
    let columns = [
        (world, Align::Left),
        ("RMSE px", Align::Right),
        ("/ 28", Align::Right),
        ("floor it beats", Align::Left),
    ];
    let Evaluation { prediction, encoding, floors, dots, .. } = evaluation;
    let all_frames = |floor: &Floor| floor.score.rmse_px;
    let first_frame = |floor: &Floor| floor.score.per_step_px[0];
    let frames = prediction.per_step_px.len();
    let mut rows =
        vec![row(&format!("prediction ({frames} frames)"), prediction.rmse_px, floors, all_frames)];
    let dot = |name: &str| format!("  {name}");
    rows.extend(dots.iter().map(|d| row(&dot(&d.name), d.prediction_px, &d.floors, all_frames)));
    rows.push(row("encoding (frame 0)", encoding.rmse_px, floors, first_frame));
    rows.extend(dots.iter().map(|d| row(&dot(&d.name), d.encoding_px, &d.floors, first_frame)));
    let table = rows.into_iter().fold(Table::new(columns), Table::row);
    let of_dots = dots.iter().map(|dot| format!("floors of the {}: {}\n", dot.name, listed(&dot.floors)));
    format!(
        "{table}floors: {}\n{}{}{}",
        listed(floors),
        of_dots.collect::<String>(),
        evaluation.diagnostics,
        plans(evaluation)
    )
}

/// Both scores and all floors by name, RMSE in pixels.
pub fn comparison(evaluation: &Evaluation) -> Vec<(String, f64)> {
    let scores = [("prediction", &evaluation.prediction), ("encoding", &evaluation.encoding)];
    let scores = scores.map(|(name, score)| (name.to_owned(), score.rmse_px));
    let dots = evaluation.dots.iter().map(|dot| (format!("prediction, {}", dot.name), dot.prediction_px));
    let floors =
        evaluation.floors.iter().map(|floor| (format!("floor: {}", floor.name), floor.score.rmse_px));
    scores.into_iter().chain(dots).chain(floors).collect()
}

fn row(name: &str, rmse_px: f64, floors: &[Floor], of: impl Fn(&Floor) -> f64) -> [String; 4] {
    let unit = fraction(rmse_px / IMAGE_SIZE as f64, 3);
    [name.into(), format!("{rmse_px:.2}"), unit, beaten(floors, rmse_px, of)]
}

/// Planners beside each other, where they were asked for, after an empty line.
fn plans(evaluation: &Evaluation) -> String {
    evaluation.planning.as_ref().map_or(String::new(), |planning| format!("\n{}", planning.table()))
}

/// `.034` for 0.034, as the paper writes it.
pub fn fraction(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix("-0.") {
        Some(digits) => format!("-.{digits}"),
        None => text.strip_prefix('0').unwrap_or(&text).to_owned(),
    }
}

/// The best floor that is worse than the score.
fn beaten(floors: &[Floor], rmse: f64, of: impl Fn(&Floor) -> f64) -> String {
    let worse = floors.iter().filter(|floor| of(floor) > rmse).min_by(|a, b| of(a).total_cmp(&of(b)));
    worse.map_or("none".into(), |floor| format!("{} {:.2}", floor.name, of(floor)))
}

fn listed(floors: &[Floor]) -> String {
    let name = |floor: &Floor| match floor.score.rmse_px {
        rmse if rmse < 0.005 => format!("{} 0", floor.name),
        rmse => format!("{} {rmse:.2}", floor.name),
    };
    floors.iter().map(name).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::dots::evaluation::Health;
    use crate::worlds::dots::evaluation::errors::score_of;
    use crate::worlds::dots::evaluation::{DotScore, Score};

    fn score(per_step: &[f64]) -> Score {
        score_of(&per_step.iter().map(|px| vec![px * px]).collect::<Vec<_>>(), 1.0, |px| px)
    }

    #[test]
    fn each_score_stands_beside_the_next_worse_floor() {
        let floor = |name: &str, per_step: &[f64]| Floor { name: name.into(), score: score(per_step) };
        let evaluation = Evaluation {
            epoch: 20.0,
            prediction: score(&[1.0, 1.0]),
            encoding: score(&[0.5]),
            floors_px: serde_json::Map::new(),
            floors: vec![
                floor("simulator", &[0.0, 0.0]),
                floor("dead reckoning", &[0.0, 1.7]),
                floor("centre", &[8.9, 9.8]),
            ],
            dots: vec![],
            diagnostics: Health::default(),
            planning: None,
        };
        let expected = "\
one dot                RMSE px  / 28  floor it beats
---------------------  -------  ----  -------------------
prediction (2 frames)     1.00  .036  dead reckoning 1.20
encoding (frame 0)        0.50  .018  centre 8.90
floors: simulator 0 | dead reckoning 1.20 | centre 9.36
";
        assert_eq!(table("one dot", &evaluation), expected);
    }

    #[test]
    fn several_dots_have_a_row_each_beside_their_own_floors() {
        let floor = |name: &str, per_step: &[f64]| Floor { name: name.into(), score: score(per_step) };
        let dot = |name: &str, prediction_px, encoding_px, floors| DotScore {
            name: name.into(),
            prediction_px,
            encoding_px,
            floors,
        };
        let (copy, centre) = (floor("copy", &[0.0, 2.0]), floor("centre", &[9.0, 9.0]));
        let evaluation = Evaluation {
            epoch: 20.0,
            prediction: score(&[5.0, 5.0]),
            encoding: score(&[4.0]),
            floors_px: serde_json::Map::new(),
            floors: vec![copy.clone(), centre.clone()],
            dots: vec![
                dot("action dot", 1.0, 0.5, vec![copy, centre.clone()]),
                dot("standing dot", 7.0, 9.5, vec![floor("copy", &[0.0, 0.0]), centre]),
            ],
            diagnostics: Health::default(),
            planning: None,
        };
        let expected = "\
two dots               RMSE px  / 28  floor it beats
---------------------  -------  ----  --------------
prediction (2 frames)     5.00  .179  centre 9.00
  action dot              1.00  .036  copy 1.41
  standing dot            7.00  .250  centre 9.00
encoding (frame 0)        4.00  .143  centre 9.00
  action dot              0.50  .018  centre 9.00
  standing dot            9.50  .339  none
floors: copy 1.41 | centre 9.00
floors of the action dot: copy 1.41 | centre 9.00
floors of the standing dot: copy 0 | centre 9.00
";
        assert_eq!(table("two dots", &evaluation), expected);
        let names: Vec<String> = comparison(&evaluation).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[2..4], ["prediction, action dot", "prediction, standing dot"]);
    }
}
