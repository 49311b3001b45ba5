//! The settings of a run: the keys of every run and the keys of its world.

use std::path::Path;

use serde::Serialize;

use crate::settings::check::InvalidSetting;
use crate::settings::{
    Key, Node, Origin, Schema, SettingsError, Value, for_unknown_choice, found, keys_of, read_keys,
};
use crate::training::RunKeys;
use crate::worlds::{self, WorldSettings};

const MODEL_TYPE: &str = "model_type";

/// Everything that `train` can be told.
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
        let (run_keys, world_keys) = (keys_of(&RunKeys::default()), keys_of(&world));
        let entries = entries.iter().filter(|entry| !is_recorded_foreign_key(entry, &run_keys, &world_keys));
        let (of_run, rest): (Vec<_>, Vec<_>) =
            entries.cloned().partition(|(key, _)| is_one_of(key, &run_keys));
        if let Some((key, _)) = rest.iter().find(|(key, _)| !is_one_of(key, &world_keys)) {
            refuse_foreign_key(key, &world)?;
        }
        let part = |entries| Node { value: Value::Map(entries), origin: tree.origin.clone() };
        let known = [world_keys, run_keys].concat();
        Ok(Self { world: world.read(&part(rest), &known)?, run: read_keys(&part(of_run), &known)? })
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
    let (choices, hint) = (worlds::MODELS.join(", "), for_unknown_choice(text, worlds::MODELS));
    let reason = format!("expected one of {choices}, found {}{hint}", found(&node.value));
    Err(SettingsError::plain(reason).under(MODEL_TYPE).at(&node.origin))
}

fn is_one_of(key: &Key, known: &[String]) -> bool {
    let section = format!("{}.", key.name);
    known.iter().any(|known| *known == key.name || known.starts_with(&section))
}

/// Whether an entry is a key of another world in the `settings.yaml` of a run folder: earlier versions
/// recorded the keys of all worlds there.
fn is_recorded_foreign_key((key, node): &(Key, Node), run: &[String], world: &[String]) -> bool {
    let recorded = match &node.origin {
        Origin::File { file, .. } => Path::new(&**file),
        _ => return false,
    };
    recorded.file_name().is_some_and(|name| name == "settings.yaml")
        && recorded.with_file_name("status.json").exists()
        && !is_one_of(key, run)
        && !is_one_of(key, world)
        && WorldSettings::owner(&key.name).is_some()
}

/// # Errors
/// When the key belongs to another world, which is named.
fn refuse_foreign_key(key: &Key, world: &WorldSettings) -> Result<(), SettingsError> {
    let Some(owner) = WorldSettings::owner(&key.name) else { return Ok(()) };
    let models = owner.models().join(", ");
    let reason = format!(
        "is a setting of {} (model_type {models}), but this run is of {} (model_type {})",
        owner.name(),
        world.name(),
        world.model()
    );
    Err(SettingsError::plain(reason).under(&key.name).at(&key.origin))
}

#[cfg(test)]
mod tests;
