//! One run of a sweep, made from the sweep file and a point of its search space.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    file::SweepFile,
    point::{Outcome, Point, TrialResult, by_point},
    setting::{Setting, filled, filled_value},
    space::Kind,
};
use crate::run_name;
use umwelt_settings::{
    self as settings, Given, Origin, Resolved, Schema, SettingsError, Value, inline, load_given,
};

/// One run of a sweep: its point in the search space, and its settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The name of the run's folder; empty before [`Self::named`].
    #[serde(default)]
    pub name: String,
    /// The [`settings::identity`] of the settings; empty before [`Self::named`].
    #[serde(default)]
    pub identity: String,
    /// The number of the trial in its sweep, from 0.
    pub index: usize,
    /// The settings files; later ones override earlier ones.
    pub configs: Vec<PathBuf>,
    /// Dotted keys with values as YAML; those that all trials share come first.
    pub values: Vec<(String, String)>,
    /// The dimensions that apply and their values as a person writes them, the seed last.
    pub varied: Vec<(String, String)>,
    /// The point in the search space.
    pub point: Point,
    /// The places of the keys and values in the sweep file; not serialised.
    #[serde(skip)]
    places: Vec<(Origin, Origin)>,
}

impl SweepFile {
    /// The trial number `index`, given the results so far; the seeds of a point are neighbours.
    ///
    /// A pure function of the file, `index` and `results`. An adaptive sweep keeps the point that
    /// `results` has for the index or for another seed of its point, so add a pending result for a
    /// trial before asking for the next one.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    pub fn trial(&self, index: usize, results: &[TrialResult]) -> Trial {
        assert!(index < self.len(), "trial {index} of a sweep with {}", self.len());
        let results = if self.is_adaptive() { results } else { &[] };
        let histories = by_point(results, self.seeds_per_point());
        let number = index / self.seeds_per_point();
        let known = histories.iter().find(|history| history.index == number);
        let point = known.map(|history| history.point.clone());
        self.trial_at(index, point.unwrap_or_else(|| self.sampler().ask(number, &histories)))
    }

    /// The trial number `index` at a given point.
    pub fn trial_at(&self, index: usize, point: Point) -> Trial {
        Trial::new(self, index, point, self.seeds.get(index % self.seeds_per_point()))
    }
}

impl Trial {
    fn new(sweep: &SweepFile, index: usize, point: Point, seed: Option<&Setting>) -> Self {
        let varied = varied(sweep, &point, seed);
        let fill = |name: &str| {
            varied.iter().find(|(dimension, _)| dimension == name).map(|(_, shown)| shown.clone())
        };
        let members = sweep.space.members(&point).flat_map(|member| &member.configs);
        let configs =
            sweep.configs.iter().chain(members).map(|(text, _)| filled(text, &fill).into()).collect();
        let given = given(sweep, &point, seed, &fill);
        let places = given.iter().map(|given| (given.key_origin.clone(), given.origin.clone())).collect();
        let values = given.into_iter().map(|given| (given.key, given.text)).collect();
        Self { name: String::new(), identity: String::new(), index, configs, values, varied, point, places }
    }

    /// The trial with its identity, and a folder name made of its varied values and that identity.
    ///
    /// # Errors
    /// Settings that cannot be loaded, with their place in the sweep file.
    pub fn named<T: Schema>(self) -> Result<Self, SettingsError> {
        let identity = settings::identity(&self.check::<T>()?.settings);
        let values = self.varied.iter().map(|(key, shown)| format!("{}={shown}", self.short(key)));
        let values = values.collect::<Vec<_>>().join(",");
        let name = run_name(if values.is_empty() { "trial" } else { &values }, &identity);
        Ok(Self { name, identity, ..self })
    }

    /// The values as arguments of `--values`.
    pub fn arguments(&self) -> Vec<String> {
        self.values.iter().map(|(key, text)| format!("{key}={text}")).collect()
    }

    /// The settings as the run will load them.
    ///
    /// # Errors
    /// Settings that cannot be loaded, with their place in the sweep file.
    pub fn check<T: Schema>(&self) -> Result<Resolved<T>, SettingsError> {
        let given = self.values.iter().enumerate().map(|(position, (key, text))| {
            let argument = || Origin::Values(format!("{key}={text}").into());
            let places = self.places.get(position).cloned();
            let (key_origin, origin) = places.unwrap_or_else(|| (argument(), argument()));
            Given { key: key.clone(), text: text.clone(), key_origin, origin }
        });
        load_given(&self.configs, &given.collect::<Vec<_>>())
    }

    /// The trial's result for the sampler.
    pub fn result(&self, outcome: Outcome) -> TrialResult {
        TrialResult { index: self.index, point: self.point.clone(), outcome }
    }

    /// The last part of a key, or the whole key if another one ends in the same part.
    fn short<'a>(&self, key: &'a str) -> &'a str {
        let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
        let ends_alike = |(other, _): &&(String, String)| other.rsplit('.').next() == Some(last(key));
        if self.varied.iter().filter(ends_alike).count() > 1 { key } else { last(key) }
    }
}

/// All settings of a trial; of a repeated key the last one.
fn given(
    sweep: &SweepFile,
    point: &Point,
    seed: Option<&Setting>,
    fill: &impl Fn(&str) -> Option<String>,
) -> Vec<Given> {
    let grouped = sweep.space.members(point).flat_map(|member| &member.settings);
    let set =
        sweep.space.fixed.iter().chain(grouped).map(|setting| (setting, filled_value(&setting.value, fill)));
    let set = set.map(|(setting, value)| written(setting, &value));
    let seed = seed.map(|seed| written(seed, &seed.value));
    let mut given: Vec<Given> = Vec::new();
    for setting in set.chain(parameters(sweep, point)).chain(seed) {
        given.retain(|known| known.key != setting.key);
        given.push(setting);
    }
    given
}

fn written(setting: &Setting, value: &Value) -> Given {
    let (key_origin, origin) = (setting.key_origin.clone(), setting.origin.clone());
    Given { key: setting.key.clone(), text: inline(value), key_origin, origin }
}

fn varied(sweep: &SweepFile, point: &Point, seed: Option<&Setting>) -> Vec<(String, String)> {
    let shown = |dimension: &super::Dimension| {
        let text = point.get(&dimension.name)?;
        Some((dimension.name.clone(), dimension.domain.shown(text).to_owned()))
    };
    let seed = seed.map(|seed| (seed.key.clone(), inline(&seed.value)));
    sweep.space.dimensions.iter().filter_map(shown).chain(seed).collect()
}

/// The parameters that apply at a point.
fn parameters(sweep: &SweepFile, point: &Point) -> impl Iterator<Item = Given> {
    let parameters =
        sweep.space.dimensions.iter().filter(|dimension| matches!(dimension.kind, Kind::Parameter));
    parameters.filter_map(|dimension| {
        let text = point.get(&dimension.name)?;
        let origin = dimension.domain.origin(text).unwrap_or(&dimension.origin).clone();
        let (key, key_origin) = (dimension.name.clone(), dimension.origin.clone());
        Some(Given { key, text: text.to_owned(), key_origin, origin })
    })
}
