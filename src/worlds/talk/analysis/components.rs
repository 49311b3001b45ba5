//! Principal components of the mean hidden states of messages.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;
use tch::{Kind, Tensor};

use crate::charts::{Figure, LineChart, Series};
use crate::worlds::talk::evaluation::Sources;
use crate::worlds::talk::tasks::Split;

/// The first two components of a message's mean.
type Place = (f64, f64);

/// The first two components of each message's mean.
#[derive(Debug, Serialize)]
pub struct Components {
    /// The shares of the variance that they explain.
    pub explained: [f64; 2],
    /// Places by group of problems.
    pub places: BTreeMap<String, Vec<Place>>,
}

/// The components of the plans for seen problems.
///
/// # Errors
/// When there are fewer than two messages with rows.
pub fn components(sources: &Sources) -> Result<Components> {
    let sent = sources.sent(Split::Seen)?;
    let spoken = || sent.problems.iter().zip(sent.first()).filter(|(_, plan)| plan.hidden.size()[0] > 0);
    let means: Vec<Tensor> = spoken().map(|(_, plan)| mean(&plan.hidden)).collect();
    ensure!(means.len() > 1, "fewer than two plans have a token");
    let (places, explained) = projected(&Tensor::stack(&means, 0))?;
    let mut groups: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for ((problem, _), place) in spoken().zip(places) {
        groups.entry(problem.group.clone()).or_default().push(place);
    }
    Ok(Components { explained, places: groups })
}

/// The mean row of a message `[L, d]`.
pub fn mean(hidden: &Tensor) -> Tensor {
    hidden.mean_dim(0, false, Kind::Double)
}

/// Rows `[N, d]` on their first two principal components, with the shares of variance.
fn projected(rows: &Tensor) -> Result<(Vec<Place>, [f64; 2])> {
    let centred = rows - rows.mean_dim(0, true, Kind::Double);
    let (left, values, _) = centred.svd(true, true);
    let scores: Vec<Vec<f64>> = Vec::try_from((left * &values).narrow(1, 0, values.size()[0].min(2)))?;
    let variances: Vec<f64> = Vec::try_from(values.square())?;
    let total: f64 = variances.iter().sum();
    let share = |at: usize| variances.get(at).map_or(0.0, |variance| variance / total.max(1e-300));
    let places = scores.iter().map(|row| (row[0], row.get(1).copied().unwrap_or(0.0))).collect();
    Ok((places, [share(0), share(1)]))
}

impl Components {
    pub fn figure(&self) -> Figure {
        let series = |(name, places): (&String, &Vec<Place>)| Series {
            name: name.clone(),
            points: places.clone(),
            unconnected: true,
            ..Series::default()
        };
        let label = |number: usize| {
            format!("component {} ({:.0} % of the variance)", number + 1, 100.0 * self.explained[number])
        };
        LineChart {
            title: "Mean hidden states of messages".into(),
            x_label: label(0),
            y_label: label(1),
            series: self.places.iter().map(series).collect(),
            x_margin: true,
            ..LineChart::default()
        }
        .figure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_have_one_component() {
        let rows = Tensor::from_slice2(&[[0.0, 0.0, 1.0], [3.0, 4.0, 1.0], [6.0, 8.0, 1.0]]);
        let (places, explained) = projected(&rows).unwrap();
        assert!((explained[0] - 1.0).abs() < 1e-9 && explained[1] < 1e-9);
        let first: Vec<f64> = places.iter().map(|(first, _)| first.abs()).collect();
        for (found, expected) in first.iter().zip([5.0, 0.0, 5.0]) {
            assert!((found - expected).abs() < 1e-9, "{places:?}");
        }
    }
}
