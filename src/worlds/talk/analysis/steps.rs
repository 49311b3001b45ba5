//! Numbers along the rows of messages.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use tch::{Kind, Tensor};
use umwelt_language::{DecoderLm, Student};

use crate::charts::{Figure, LineChart, Series, panels};
use crate::worlds::talk::evaluation::{Sources, norms, successive};
use crate::worlds::talk::tasks::Split;

/// The tokens whose mass is counted.
const TOP: i64 = 10;

/// The sender's head on the latents of students, trained and untrained, by name.
pub type Entropies = BTreeMap<String, Vec<Entropy>>;

/// Medians over messages of the distribution that a head makes of a latent.
#[derive(Clone, Debug, Serialize)]
pub struct Entropy {
    /// Nats.
    pub entropy: f64,
    /// The probability of the ten most likely tokens.
    pub top: f64,
}

/// The entropies of the students' latents and of an untrained student's, for seen problems.
///
/// # Errors
/// When a prompt does not fit a student.
pub fn entropies(sources: &Sources) -> Result<Entropies> {
    let (sent, mut all) = (sources.sent(Split::Seen)?, Entropies::new());
    let prompts = sources.prompts(sent, 0..sent.problems.len())?;
    for (k, student) in &sources.students {
        all.insert(format!("{k} latents"), of(student.decoder(), &student.latents(&prompts, *k)?)?);
        let untrained = Student::new(sources.sender().model.decoder.grown(0, 0)?, sources.seed);
        let latents = untrained.latents(&prompts, *k)?;
        all.insert(format!("{k} latents, untrained"), of(untrained.decoder(), &latents)?);
    }
    Ok(all)
}

/// Medians of each step of latents `[B, K, d_s]`.
fn of(decoder: &DecoderLm, latents: &Tensor) -> Result<Vec<Entropy>> {
    let logs = decoder.logits(latents).log_softmax(-1, Kind::Float);
    let shares = logs.exp();
    let entropies = -(&shares * logs).sum_dim_intlist(-1, false, Kind::Double);
    let count = TOP.min(shares.size()[2]);
    let top = shares.topk(count, -1, true, false).0.sum_dim_intlist(-1, false, Kind::Double);
    let medians = |values: Tensor| -> Result<Vec<f64>> {
        Ok(Vec::try_from(values.quantile_scalar(0.5, 0, false, "linear"))?)
    };
    let pairs = medians(entropies)?.into_iter().zip(medians(top)?);
    Ok(pairs.map(|(entropy, top)| Entropy { entropy, top }).collect())
}

/// Means over messages, by row.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Drift {
    pub norm: Vec<f64>,
    /// The cosine with the row before; the first row has none.
    pub cosine: Vec<f64>,
}

/// The drift of the sender's hidden states and of the students' latents, by name.
///
/// # Errors
/// When a prompt does not fit a student.
pub fn drifts(sources: &Sources) -> Result<BTreeMap<String, Drift>> {
    let (sent, mut all) = (sources.sent(Split::Seen)?, BTreeMap::new());
    let hidden: Vec<Tensor> = sent.first().iter().map(|plan| plan.hidden.shallow_clone()).collect();
    all.insert("the sender".to_owned(), drift(&hidden)?);
    let prompts = sources.prompts(sent, 0..sent.problems.len())?;
    for (k, student) in &sources.students {
        all.insert(format!("{k} latents"), drift(&student.latents(&prompts, *k)?.unbind(0))?);
    }
    Ok(all)
}

fn drift(messages: &[Tensor]) -> Result<Drift> {
    let lists = |of: fn(&Tensor) -> Result<Vec<f64>>| messages.iter().map(of).collect::<Result<Vec<_>>>();
    Ok(Drift { norm: means(&lists(norms)?), cosine: means(&lists(successive)?) })
}

/// The mean at each place of the lists that reach it.
fn means(lists: &[Vec<f64>]) -> Vec<f64> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let mean = |at: usize| {
        let values: Vec<f64> = lists.iter().filter_map(|list| list.get(at).copied()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    (0..longest).map(mean).collect()
}

/// Entropy and mass along the latents.
pub fn entropy_figure(all: &Entropies) -> Figure {
    let chart = |label: &str, of: fn(&Entropy) -> f64| {
        let series = |(name, steps): (&String, &Vec<Entropy>)| (name.clone(), steps.iter().map(of).collect());
        lines(label, "latent", all.iter().map(series))
    };
    let charts = vec![chart("entropy (nats)", |e| e.entropy), chart("mass of the top 10", |e| e.top)];
    panels("The sender's head on latents, medians", charts, 2)
}

/// Norms and cosines along messages.
pub fn drift_figure(all: &BTreeMap<String, Drift>) -> Figure {
    let chart = |label: &str, of: fn(&Drift) -> &Vec<f64>| {
        lines(label, "row", all.iter().map(|(name, drift)| (name.clone(), of(drift).clone())))
    };
    let charts = vec![chart("norm", |d| &d.norm), chart("cosine with the row before", |d| &d.cosine)];
    panels("Hidden states along messages, means", charts, 2)
}

/// A chart of lines over the places of their values.
pub fn lines(label: &str, x: &str, all: impl Iterator<Item = (String, Vec<f64>)>) -> LineChart {
    let points = |values: Vec<f64>| values.into_iter().enumerate().map(|(at, v)| (at as f64, v)).collect();
    LineChart {
        title: label.into(),
        x_label: x.into(),
        y_label: label.into(),
        series: all
            .map(|(name, values)| Series { name, points: points(values), ..Series::default() })
            .collect(),
        ..LineChart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_the_messages_that_are_long_enough() {
        assert_eq!(means(&[vec![1.0, 2.0], vec![3.0], vec![]]), [2.0, 2.0]);
        let steps =
            drift(&[Tensor::from_slice2(&[[3.0, 4.0], [6.0, 8.0]]), Tensor::from_slice2(&[[0.0, 1.0]])]);
        let steps = steps.unwrap();
        assert_eq!(steps.norm, [3.0, 10.0]);
        assert!((steps.cosine[0] - 1.0).abs() < 1e-12 && steps.cosine.len() == 1);
    }
}
