//! One run of a sweep.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    file::SweepFile,
    point::{Outcome, Point, Told},
    setting::{Setting, filled, filled_value},
    space::Kind,
};
use crate::run_name;
use umwelt_settings::{
    self as settings, Given, Origin, Resolved, Schema, SettingsError, Value, inline, load_given,
};

/// One run of a sweep: what it is about, and the settings that make it so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The name of the run's folder; empty until [`Self::named`] gives it.
    #[serde(default)]
    pub name: String,
    /// The identity of the settings, as [`settings::identity`] defines it; empty as long as the name is.
    #[serde(default)]
    pub identity: String,
    /// The trial's number in the sweep, from 0.
    pub index: usize,
    /// Settings files, later ones upon earlier ones.
    pub configs: Vec<PathBuf>,
    /// Dotted keys and their values as YAML, those of all trials first.
    pub values: Vec<(String, String)>,
    /// What the trial is about: dimensions and their values as a person would write them, the seed last.
    pub varied: Vec<(String, String)>,
    /// Where the trial lies in the search space.
    pub point: Point,
    /// Where the keys and values were given; lost when a trial is written down.
    #[serde(skip)]
    places: Vec<(Origin, Origin)>,
}

impl Trial {
    pub(super) fn assemble(sweep: &SweepFile, index: usize, point: Point, seed: Option<&Setting>) -> Self {
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

    /// The trial with its identity and a folder name made of what it is about and that identity.
    ///
    /// # Errors
    /// When its settings cannot be loaded; an error in a value says where in the sweep file it was given.
    pub fn named<T: Schema>(self) -> Result<Self, SettingsError> {
        let identity = settings::identity(&self.check::<T>()?.settings);
        let about = self.varied.iter().map(|(key, shown)| format!("{}={shown}", self.short(key)));
        let about = about.collect::<Vec<_>>().join(",");
        let name = run_name(if about.is_empty() { "trial" } else { &about }, &identity);
        Ok(Self { name, identity, ..self })
    }

    /// The values as arguments of `--values`.
    pub fn arguments(&self) -> Vec<String> {
        self.values.iter().map(|(key, text)| format!("{key}={text}")).collect()
    }

    /// Loads the settings as the run will; an error in a value says where in the sweep file it was given.
    pub fn check<T: Schema>(&self) -> Result<Resolved<T>, SettingsError> {
        let given = self.values.iter().enumerate().map(|(position, (key, text))| {
            let argument = || Origin::Values(format!("{key}={text}").into());
            let places = self.places.get(position).cloned();
            let (key_origin, origin) = places.unwrap_or_else(|| (argument(), argument()));
            Given { key: key.clone(), text: text.clone(), key_origin, origin }
        });
        load_given(&self.configs, &given.collect::<Vec<_>>())
    }

    /// What a scheduler remembers of the trial.
    pub fn told(&self, outcome: Outcome) -> Told {
        Told { index: self.index, point: self.point.clone(), outcome }
    }

    /// The last part of a key, unless another key here ends the same.
    fn short<'a>(&self, key: &'a str) -> &'a str {
        let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
        let same = |(other, _): &&(String, String)| other.rsplit('.').next() == Some(last(key));
        if self.varied.iter().filter(same).count() > 1 { key } else { last(key) }
    }
}

/// All settings of a trial, a key given twice only as it was given last.
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
    for one in set.chain(parameters(sweep, point)).chain(seed) {
        given.retain(|known| known.key != one.key);
        given.push(one);
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

/// Each parameter that applies.
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
