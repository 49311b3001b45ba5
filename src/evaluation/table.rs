//! The table a person reads at the end of a run.

use super::{Evaluation, Floor, Score};
use crate::reports::{Align, Table};

/// Scores beside the floors they beat, under a heading that says what world they are of.
pub fn table(world: &str, evaluation: &Evaluation) -> String {
    let columns = [
        (world, Align::Left),
        ("RMSE px", Align::Right),
        ("/ 28", Align::Right),
        ("floor it beats", Align::Left),
    ];
    let frames = evaluation.prediction.per_step_px.len();
    let prediction = beaten(&evaluation.floors, evaluation.prediction.rmse_px, |floor| floor.score.rmse_px);
    let encoding =
        beaten(&evaluation.floors, evaluation.encoding.rmse_px, |floor| floor.score.per_step_px[0]);
    let table = Table::new(columns)
        .row(row(&format!("prediction ({frames} frames)"), &evaluation.prediction, prediction))
        .row(row("encoding (frame 0)", &evaluation.encoding, encoding));
    format!("{table}floors: {}\n{}{}", listed(&evaluation.floors), evaluation.diagnostics, plans(evaluation))
}

/// Both scores and all floors by name, RMSE in pixels.
pub fn comparison(evaluation: &Evaluation) -> Vec<(String, f64)> {
    let scores = [("prediction", &evaluation.prediction), ("encoding", &evaluation.encoding)];
    let scores = scores.map(|(name, score)| (name.to_owned(), score.rmse_px));
    let floors =
        evaluation.floors.iter().map(|floor| (format!("floor: {}", floor.name), floor.score.rmse_px));
    scores.into_iter().chain(floors).collect()
}

fn row(name: &str, score: &Score, beaten: String) -> [String; 4] {
    [name.into(), format!("{:.2}", score.rmse_px), fraction(score.rmse_unit, 3), beaten]
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
    use crate::evaluation::Health;
    use crate::evaluation::errors::score_of;

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
}
