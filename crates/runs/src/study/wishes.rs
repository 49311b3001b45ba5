//! What a user may ask of a study's table and figure.

use std::collections::BTreeSet;

use umwelt_settings::for_unknown_choice;

use super::StudyRun;
use super::keys::Key;
use crate::Goal;

/// A world model is judged, and its floors are told, by what it predicts: such scores stand first.
const FIRST: &str = "prediction";

/// How to show a study; whatever is left empty is chosen from the runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// The key along the x axis.
    pub x: Option<String>,
    /// The key with a line for each value.
    pub line: Option<String>,
    /// The keys with a panel for each combination; keys without another place join them.
    pub panel: Vec<String>,
    /// The scores to show, the one that the floors belong to first; if empty all, the prediction's first.
    pub metrics: Vec<String>,
    /// Which end of the first metric is best.
    pub goal: Goal,
    /// The keys that the sweep spaces evenly in ratio: settings that are tuned, on a logarithmic axis.
    /// Those that no run has yet do no harm.
    pub log: Vec<String>,
    /// Whether each panel has a y axis of its own, so that small differences show and panels do not compare.
    pub own_heights: bool,
}

/// A wish that the runs cannot fulfil.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    #[error("{wish}: this sweep does not vary {key}{hint}\nvaried: {known}")]
    UnknownKey { wish: &'static str, key: String, hint: String, known: String },
    #[error("{key} is wished for as {first} and as {second}: a key has one place")]
    Twice { key: String, first: &'static str, second: &'static str },
    #[error("metrics: no run has a score {metric}{hint}\nscores: {known}")]
    UnknownMetric { metric: String, hint: String, known: String },
}

/// The places of the wished keys among `keys`, each with the wish it is for.
pub(super) fn places(wishes: &Wishes, keys: &[Key]) -> Result<Vec<(&'static str, usize)>, WishError> {
    let single = wishes.x.iter().map(|key| ("x", key)).chain(wishes.line.iter().map(|key| ("line", key)));
    let wished = single.chain(wishes.panel.iter().map(|key| ("panel", key)));
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (wish, key) in wished {
        let place = place(wish, key, keys)?;
        if let Some(&(first, _)) = places.iter().find(|(_, taken)| *taken == place) {
            return Err(WishError::Twice { key: key.clone(), first, second: wish });
        }
        places.push((wish, place));
    }
    Ok(places)
}

fn place(wish: &'static str, wished: &str, keys: &[Key]) -> Result<usize, WishError> {
    let unknown = || {
        let known: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        let (hint, key) = (for_unknown_choice(wished, &known), wished.to_owned());
        WishError::UnknownKey { wish, key, hint, known: known.join(", ") }
    };
    keys.iter().position(|key| key.name == wished).ok_or_else(unknown)
}

/// The scores to show. While no run has a score, any name is believed.
pub(super) fn metrics(wishes: &Wishes, runs: &[StudyRun]) -> Result<Vec<String>, WishError> {
    let known: BTreeSet<&str> = runs.iter().flat_map(|run| run.scores.keys().map(String::as_str)).collect();
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_by_key(|name| !name.starts_with(FIRST));
    let unknown = wishes.metrics.iter().find(|metric| !known.contains(&metric.as_str()));
    match unknown {
        Some(metric) if !known.is_empty() => Err(WishError::UnknownMetric {
            metric: metric.clone(),
            hint: for_unknown_choice(metric, &known),
            known: known.join(", "),
        }),
        _ if wishes.metrics.is_empty() => Ok(known.into_iter().map(str::to_owned).collect()),
        _ => Ok(wishes.metrics.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{noise_sweep, refusal, run};
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        let wishes = Wishes { x: Some("dataset_nois".into()), ..Wishes::default() };
        let expected = "x: this sweep does not vary dataset_nois; did you mean dataset_noise?\n\
                        varied: model_type, dataset_noise";
        assert_eq!(refusal(noise_sweep(), wishes), expected);
        let wishes = Wishes { panel: vec!["zz".into()], ..Wishes::default() };
        let expected = "panel: this sweep does not vary zz\nvaried: model_type, dataset_noise";
        assert_eq!(refusal(noise_sweep(), wishes), expected);
    }

    #[test]
    fn a_key_has_one_place() {
        let (x, panel) = (Some("model_type".into()), vec!["model_type".into()]);
        let wishes = Wishes { x, panel, ..Wishes::default() };
        assert_eq!(
            refusal(noise_sweep(), wishes),
            "model_type is wished for as x and as panel: a key has one place"
        );
    }

    #[test]
    fn an_unknown_score_is_refused_once_there_are_scores() {
        let wishes = || Wishes { metrics: vec!["prediction.rmse".into()], ..Wishes::default() };
        let expected = "metrics: no run has a score prediction.rmse; did you mean prediction.rmse_px?\n\
                        scores: prediction.rmse_px, encoding.rmse_px";
        assert_eq!(refusal(noise_sweep(), wishes()), expected);
        let unscored = vec![run("a", &[("k", "1")], None, &[])];
        assert_eq!(metrics(&wishes(), &unscored).unwrap(), ["prediction.rmse"]);
    }
}
