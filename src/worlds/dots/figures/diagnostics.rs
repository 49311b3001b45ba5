//! The figure of diagnostics over training steps.

use std::iter;

use crate::charts::{Figure, LineChart, Series, panels};
use crate::diagnostics::STEPS;
use crate::runs::Record;
use crate::training::points;

/// Keys of the metrics that are logged for each prediction step, with the titles of their panels.
const STEPWISE: [(&str, &str); 3] =
    [("std", "standard deviation"), ("correlation", "|correlation|"), ("cosine", "cosine to the prediction")];

/// Slowness, noise and ranks, then spread and agreement of encodings and projections at each step;
/// `None` if none was logged.
pub fn diagnostics(records: &[Record]) -> Option<Figure> {
    let chart = |title: &str, lines: Vec<Series>| LineChart {
        title: title.into(),
        x_label: "step".into(),
        series: lines.into_iter().filter(|line| !line.points.is_empty()).collect(),
        ..LineChart::default()
    };
    let line = |name: &str, key: &str| line(records, name, key);
    let slow =
        vec![line("in training", "slow_feature_ratio"), line("evaluated", "diagnostics.slow_feature_ratio")];
    let mut charts = vec![
        LineChart { y_range: Some((0.0, 1.0)), ..chart("slow-feature ratio (1: constant in time)", slow) },
        chart("noise read-out R2", vec![line("", "noise_probe.r2")]),
        chart("smooth ranks", vec![line("RankMe", "rankme"), line("LiDAR", "lidar")]),
    ];
    for tensors in ["encodings", "projections"] {
        for (key, title) in STEPWISE {
            let all = line("all", &format!("{tensors}/{key}/flat"));
            let step = |step| line(&format!("step {step}"), &format!("{tensors}/{key}/{step}"));
            let lines = iter::once(all).chain(STEPS.map(step)).collect();
            charts.push(chart(&format!("{tensors}: {title}"), lines));
        }
    }
    charts.retain(|chart| !chart.series.is_empty());
    (!charts.is_empty()).then(|| panels("Encodings and predictions over training steps", charts, 3))
}

/// The series of a key of the metrics.
fn line(records: &[Record], name: &str, key: &str) -> Series {
    Series { name: name.into(), points: points(records.iter(), key), ..Series::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(step: u64, numbers: &[(&str, f64)]) -> Record {
        let numbers = numbers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        std::iter::once(("step".to_owned(), step.into())).chain(numbers).collect()
    }

    #[test]
    fn only_what_was_logged_has_a_panel() {
        assert!(diagnostics(&[record(1, &[("loss", 2.0)])]).is_none());
        let logged =
            |step| record(step, &[("rankme", 3.0), ("encodings/std/flat", 1.0), ("encodings/std/3", 0.5)]);
        let figure = diagnostics(&[logged(10), logged(20), record(20, &[("noise_probe.r2", 0.25)])]).unwrap();
        for (words, shown) in [
            ("smooth ranks", true),
            ("noise read-out R2", true),
            ("encodings: standard deviation", true),
            ("step 3", true),
            ("step 7", false),
            ("projections", false),
            ("slow-feature", false),
        ] {
            assert_eq!(figure.svg().contains(words), shown, "{words}");
        }
    }
}
