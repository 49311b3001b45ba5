//! The settings of a run: the keys of every run and the keys of its world.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use tch::Device;

use crate::runs::Inputs;
use crate::settings::check::InvalidSetting;
use crate::settings::{
    Key, Node, Origin, Schema, SettingsError, Value, for_unknown_choice, found, has_key, read_keys,
};
use crate::training::{Experiment, InputSetting, Job, LOAD_CHECKPOINT, RunKeys, Work};
use crate::worlds::{self, WorldSettings};

const MODEL_TYPE: &str = "model_type";

/// The settings of `train`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunSettings {
    /// The keys of the world that `model_type` chooses.
    #[serde(flatten)]
    pub world: WorldSettings,
    /// The keys of every run.
    #[serde(flatten)]
    pub run: RunKeys,
}

impl RunSettings {
    /// The value of `model_type`.
    pub fn model(&self) -> &'static str {
        self.world.model()
    }
}

impl Schema for RunSettings {
    const REQUIRED: &'static [(&'static str, &'static [&'static str])] = &[(MODEL_TYPE, worlds::MODELS)];

    fn read(tree: &Node) -> Result<Self, SettingsError> {
        let entries = match &tree.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let model = model_of(tree)?;
        let world = WorldSettings::of(model, entries.iter().map(|(key, _)| key.name.as_str()));
        let (mut of_run, mut of_world) = (vec![], vec![]);
        for entry @ (key, node) in entries {
            if has_key(RunKeys::keys(), &key.name) {
                of_run.push(entry.clone());
                continue;
            }
            match WorldSettings::owner(&key.name).filter(|_| !has_key(world.keys(), &key.name)) {
                // An unknown key is refused when the keys of the world are read.
                None => of_world.push(entry.clone()),
                Some(_) if is_recorded(&node.origin) => {}
                Some(owner) => return Err(foreign_key(key, &owner, &world)),
            }
        }
        let part = |entries| Node { value: Value::Map(entries), origin: tree.origin.clone() };
        let known = [world.keys(), RunKeys::keys()].concat();
        Ok(Self { world: world.read(&part(of_world), &known)?, run: read_keys(&part(of_run), &known)? })
    }

    fn defaults(&self) -> Self {
        Self { world: self.world.defaults(), ..Self::default() }
    }

    fn kind(&self) -> Option<&'static str> {
        (self.world.name() != WorldSettings::default().name()).then(|| self.world.name())
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        self.run.check()?;
        self.world.check(&self.run)
    }

    fn affects_results(&self, key: &str) -> bool {
        RunKeys::affects_results(key) && self.world.affects_results(key)
    }
}

impl Experiment for RunSettings {
    fn run(&self) -> &RunKeys {
        &self.run
    }

    fn inputs(&self) -> Vec<InputSetting<Self>> {
        let of_stage = |(world, run)| Self { world, run };
        let of_world = self.world.inputs(&self.run).into_iter().map(|input| input.map(of_stage));
        let path = self.run.load_checkpoint_path.clone();
        let start =
            path.map(|value| InputSetting { key: LOAD_CHECKPOINT.into(), value, results: &[], stage: None });
        start.into_iter().chain(of_world).collect()
    }

    fn job(&self, work: Work, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        self.world.job(work, &self.run, device, inputs)
    }
}

/// The value of `model_type`, if it is given.
fn model_of(tree: &Node) -> Result<Option<&str>, SettingsError> {
    let Some(node) = tree.get(MODEL_TYPE) else { return Ok(None) };
    let text = match &node.value {
        Value::Scalar(scalar) => scalar.text.as_str(),
        _ => "",
    };
    if worlds::MODELS.contains(&text) {
        return Ok(Some(text));
    }
    let reason = left_out(text).unwrap_or_else(|| {
        let (choices, hint) = (worlds::MODELS.join(", "), for_unknown_choice(text, worlds::MODELS));
        format!("expected one of {choices}, found {}{hint}", found(&node.value))
    });
    Err(SettingsError::plain(reason).under(MODEL_TYPE).at(&node.origin))
}

/// What to do about a model of a world that this build leaves out.
fn left_out(model: &str) -> Option<String> {
    let (_, feature) = worlds::OPTIONAL.iter().find(|(name, _)| *name == model)?;
    Some(format!(
        "{model} is not in this build; `make build` or `cargo build --release --features {feature}` builds it in"
    ))
}

/// True if a value comes from the `settings.yaml` of a run folder. Earlier versions recorded the
/// keys of all worlds there.
fn is_recorded(origin: &Origin) -> bool {
    let Origin::File { file, .. } = origin else { return false };
    let recorded = Path::new(&**file);
    recorded.file_name().is_some_and(|name| name == "settings.yaml")
        && recorded.with_file_name("status.json").exists()
}

/// The error of a key that belongs to another world. It names that world.
fn foreign_key(key: &Key, owner: &WorldSettings, world: &WorldSettings) -> SettingsError {
    let reason = format!(
        "is a setting of {} (model_type {}), but this run is of {} (model_type {})",
        owner.name(),
        owner.models().join(", "),
        world.name(),
        world.model()
    );
    SettingsError::plain(reason).under(&key.name).at(&key.origin)
}

#[cfg(test)]
mod tests;
