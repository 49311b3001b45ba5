//! Figures of a training run, from its metrics.

use crate::charts::{Figure, LineChart, Series, panels};
use crate::diagnostics::is_diagnostic;
use crate::runs::Record;

/// Keys of a metrics line that are not loss terms.
const CLOCKS: [&str; 3] = ["step", "epoch", "lr"];

/// The terms of the loss over the steps, a panel each.
pub fn loss_terms(records: &[Record]) -> Option<Figure> {
    let training: Vec<&Record> = records.iter().filter(|record| record.contains_key("loss")).collect();
    let is_term = |key: &str| !CLOCKS.contains(&key) && !is_diagnostic(key);
    let names = training.first()?.keys().filter(|key| is_term(key));
    let charts = names.map(|name| chart(name, &training)).collect();
    Some(panels("Loss terms over training steps", charts, 2))
}

fn chart(name: &str, records: &[&Record]) -> LineChart {
    LineChart {
        title: name.into(),
        x_label: "step".into(),
        series: vec![Series { points: points(records.iter().copied(), name), ..Series::default() }],
        ..LineChart::default()
    }
}

/// The number called `key` over the steps, of the records that have it.
pub fn points<'a>(records: impl Iterator<Item = &'a Record>, key: &str) -> Vec<(f64, f64)> {
    let number = |record: &Record, key: &str| record.get(key).and_then(serde_json::Value::as_f64);
    records.filter_map(|record| Some((number(record, "step")?, number(record, key)?))).collect()
}
