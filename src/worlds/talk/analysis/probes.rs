//! Linear probes: what of a problem can be read from its message by a linear map.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;
use tch::{Kind, Tensor};

use super::components::mean;
use crate::worlds::talk::evaluation::Sources;
use crate::worlds::talk::tasks::Split;

/// The weight of the penalty on the map, for each message.
const PENALTY: f64 = 1e-3;
/// The share of messages that a probe is fitted on.
const FITTED: f64 = 2.0 / 3.0;

/// A probe's success on messages that it was not fitted on.
#[derive(Debug, Serialize)]
pub struct Probe {
    /// The features: the mean hidden state, the mean row behind the adapter, or a student's latents
    /// one after the other.
    pub features: String,
    /// The fact that is read: the group of the problem, or an operation or a number of it.
    pub target: String,
    /// The share that is read right.
    pub right: f64,
    /// The share of the most frequent value.
    pub baseline: f64,
    /// The messages that it was tested on.
    pub tested: usize,
}

/// Linear probes of what messages tell about the plans for seen problems.
///
/// # Errors
/// When a prompt does not fit a student.
pub fn probes(sources: &Sources) -> Result<Vec<Probe>> {
    let (sent, mut all) = (sources.sent(Split::Seen)?, vec![]);
    let is_spoken = |at: &usize| sent.first()[*at].hidden.size()[0] > 0;
    let places: Vec<usize> = (0..sent.first().len()).filter(is_spoken).collect();
    let features = features(sources, &places)?;
    let facts: Vec<BTreeMap<String, String>> =
        places.iter().map(|at| sources.task.facts(&sent.problems[*at])).collect();
    let targets: BTreeSet<&String> = facts.iter().flat_map(BTreeMap::keys).collect();
    for (name, rows) in &features {
        for target in &targets {
            let values: Vec<Option<&String>> = facts.iter().map(|facts| facts.get(*target)).collect();
            let probe = probe(rows, &values)?;
            all.extend(probe.map(|(right, baseline, tested)| Probe {
                features: name.clone(),
                target: (*target).clone(),
                right,
                baseline,
                tested,
            }));
        }
    }
    Ok(all)
}

/// Features `[N, F]` of the messages at these places, by name.
fn features(sources: &Sources, places: &[usize]) -> Result<Vec<(String, Tensor)>> {
    let sent = sources.sent(Split::Seen)?;
    let hidden: Vec<Tensor> = places.iter().map(|at| sent.first()[*at].hidden.shallow_clone()).collect();
    if hidden.is_empty() {
        return Ok(vec![]);
    }
    let means = |rows: &[Tensor]| Tensor::stack(&rows.iter().map(mean).collect::<Vec<_>>(), 0);
    let adapter = &sources.receiver(crate::worlds::talk::evaluation::Channel::Full)?.adapter;
    let mut all = vec![
        ("hidden states".to_owned(), means(&hidden)),
        ("behind the adapter".to_owned(), means(&adapter.adapted(0, &hidden, None)?)),
    ];
    let prompts = sources.prompts(sent, 0..sent.problems.len())?;
    let places = Tensor::from_slice(&places.iter().map(|at| *at as i64).collect::<Vec<_>>());
    for (k, student) in &sources.students {
        let latents = student.latents(&prompts, *k)?.flatten(1, 2).to_kind(Kind::Double);
        all.push((format!("{k} latents"), latents.index_select(0, &places.to_device(latents.device()))));
    }
    Ok(all)
}

/// The success of a probe of these values on `rows` `[N, F]`, that of the most frequent value, and
/// the number of tested rows; `None` where too few rows have a value.
fn probe(rows: &Tensor, values: &[Option<&String>]) -> Result<Option<(f64, f64, usize)>> {
    let known: Vec<i64> = (0..values.len()).filter(|at| values[*at].is_some()).map(|at| at as i64).collect();
    let values: Vec<&String> = values.iter().copied().flatten().collect();
    let classes: Vec<&String> = BTreeSet::from_iter(values.iter().copied()).into_iter().collect();
    let fitted = (values.len() as f64 * FITTED) as i64;
    let tested = values.len() as i64 - fitted;
    if fitted < 2 || tested < 1 || classes.len() < 2 {
        return Ok(None);
    }
    let labels: Vec<i64> = values
        .iter()
        .filter_map(|value| classes.iter().position(|class| class == value))
        .map(|c| c as i64)
        .collect();
    let labels = Tensor::from_slice(&labels).to_device(rows.device());
    let rows = rows.index_select(0, &Tensor::from_slice(&known).to_device(rows.device()));
    let targets = labels.one_hot(classes.len() as i64).to_kind(Kind::Double);
    let found = linear(&rows, &targets, fitted).argmax(-1, false);
    let expected = labels.narrow(0, fitted, tested);
    let right = found.eq_tensor(&expected).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    let frequent = targets.narrow(0, 0, fitted).sum_dim_intlist(0, false, Kind::Double).argmax(0, false);
    let baseline = expected.eq_tensor(&frequent).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    Ok(Some((right, baseline, tested as usize)))
}

/// The targets `[N - fitted, C]` that a linear map with a constant predicts for the rows behind the
/// `fitted` ones, by least squares with a penalty.
fn linear(rows: &Tensor, targets: &Tensor, fitted: i64) -> Tensor {
    let (count, width) = (rows.size()[0], rows.size()[1]);
    let (known, known_targets) = (rows.narrow(0, 0, fitted), targets.narrow(0, 0, fitted));
    let (mean, middle) =
        (known.mean_dim(0, true, Kind::Double), known_targets.mean_dim(0, true, Kind::Double));
    let scale = (&known - &mean).std_dim(0, false, true).clamp_min(1e-9);
    let standard = |rows: Tensor| (rows - &mean) / &scale;
    let known = standard(known);
    let penalty = Tensor::eye(width, (Kind::Double, rows.device())) * (PENALTY * fitted as f64);
    let square = known.transpose(0, 1).matmul(&known) + penalty;
    let map = Tensor::linalg_solve(&square, &known.transpose(0, 1).matmul(&(known_targets - &middle)), true);
    standard(rows.narrow(0, fitted, count - fitted)).matmul(&map) + middle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linear_is_read_and_what_is_not_there_is_not() {
        // Values by the sign of the first of three features, without any from the others.
        let rows: Vec<[f64; 3]> = (0..120)
            .map(|at| {
                let angle = f64::from(at) * 2.4;
                [angle.sin() * 3.0, (angle * 1.7).cos(), (angle * 0.3).sin()]
            })
            .collect();
        let names = ["low".to_owned(), "high".to_owned()];
        let of = |positive: bool| Some(&names[usize::from(positive)]);
        let rows_of = Tensor::from_slice2(&rows).to_kind(Kind::Double);
        let linear: Vec<Option<&String>> = rows.iter().map(|row| of(row[0] > 0.0)).collect();
        let (right, baseline, tested) = probe(&rows_of, &linear).unwrap().unwrap();
        assert!(right > 0.9 && (0.3..0.7).contains(&baseline) && tested == 40, "{right} {baseline} {tested}");
        let other: Vec<Option<&String>> = (0..120).map(|at| of(at * at % 7 > 2)).collect();
        let (right, baseline, _) = probe(&rows_of, &other).unwrap().unwrap();
        assert!(right < baseline + 0.2, "{right} {baseline}");
        assert!(probe(&rows_of, &[None; 120]).unwrap().is_none());
    }
}
