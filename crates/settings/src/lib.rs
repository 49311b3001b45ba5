//! Typed, checked settings from layered YAML files and `key=value` arguments, and back to YAML.
//!
//! This crate is generic over the [`Schema`] and defines no keys.

pub mod check;
mod de;
mod difference;
mod error;
#[cfg(any(test, feature = "example"))]
pub mod example;
mod explain;
mod flat;
mod identity;
mod interpolation;
mod layers;
mod numbers;
mod origin;
mod parse;
mod paths;
mod read;
mod resolved;
mod scalar;
mod ser;
mod suggest;
mod tree;
mod values;
mod yaml;

#[cfg(test)]
mod error_texts;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod round_trips;

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};

use check::InvalidSetting;
pub use difference::{Difference, differences};
pub use error::SettingsError;
pub use flat::{flat, plain};
pub use identity::{identity, is_identity, result_differences};
pub use layers::{Given, load_given};
pub use numbers::{NumberKind, number_kind};
pub use origin::Origin;
pub use resolved::{Resolved, to_yaml};

pub use de::{found, from_tree};
pub use interpolation::refuse_interpolation;
pub use paths::{expand_path, expand_paths};
pub use read::read_file;
pub use scalar::{Meaning, resolve};
pub use suggest::{for_unknown_choice, for_unknown_key, for_unknown_name};
pub use tree::{Key, Node, Scalar, Value, join};
pub use values::parse_argument;
pub use yaml::inline;

/// Settings that can be loaded: a struct with a default for each key.
pub trait Schema: Serialize + Default {
    /// Dotted keys that a file or `--values` must give, each with what can be chosen.
    const REQUIRED: &'static [(&'static str, &'static [&'static str])] = &[];

    /// Reads the settings from a tree with some of the keys; [`read_keys`] does it for a struct.
    ///
    /// # Errors
    /// Unknown keys, with the nearest known one, and values of the wrong type.
    fn read(tree: &Node) -> Result<Self, SettingsError>;

    /// The defaults that these settings are compared with: those with the same keys.
    fn defaults(&self) -> Self {
        Self::default()
    }

    /// The kind of settings with the same keys, where there are several; `None` for the usual kind.
    fn kind(&self) -> Option<&'static str> {
        None
    }

    /// Refuses invalid values. The error holds the dotted key and the allowed range.
    fn check(&self) -> Result<(), InvalidSetting>;

    /// True if the value of a dotted key can change a result of a run with these settings.
    ///
    /// Labels, folders and trackers of a run change no result, and neither do settings of a model
    /// that is not trained. The [`identity`] of a run leaves them out.
    fn affects_results(&self, key: &str) -> bool;
}

/// Settings from the schema's defaults, `files` and `values` (each `KEY=VALUE`). Later ones win.
///
/// Maps merge; lists and scalars replace earlier ones.
///
/// # Errors
/// The first problem: a file that cannot be read, an unknown key, a value of the wrong type or out
/// of range, or a missing required key.
pub fn load<T: Schema>(files: &[PathBuf], values: &[String]) -> Result<Resolved<T>, SettingsError> {
    let mut tree = layers::read_files(files)?;
    for argument in values {
        tree.merge(parse_argument(argument)?);
    }
    resolve_tree(tree)
}

/// The typed and checked settings of a tree into which all files and arguments have been merged.
fn resolve_tree<T: Schema>(mut tree: Node) -> Result<Resolved<T>, SettingsError> {
    refuse_interpolation(&tree)?;
    expand_paths(&mut tree)?;
    let settings = T::read(&tree)?;
    check_required::<T>(&tree)?;
    settings.check().map_err(|invalid| located(invalid, &tree))?;
    Ok(Resolved { settings, tree })
}

/// Reads a struct from a tree. An error about an unknown key suggests the nearest of the dotted
/// keys `known`.
///
/// # Errors
/// Unknown keys, with the nearest known one, and values of the wrong type.
pub fn read_keys<T: DeserializeOwned>(tree: &Node, known: &[String]) -> Result<T, SettingsError> {
    from_tree(tree).map_err(|error| error.suggesting(known))
}

/// A copy of `settings` in which all keys but those of `sections`, the first parts of keys, have their
/// defaults.
pub fn with_sections<T: Serialize + DeserializeOwned>(settings: &T, sections: &[&str]) -> T {
    let mut tree = resolved::to_tree(settings);
    if let Value::Map(entries) = &mut tree.value {
        entries.retain(|(key, _)| sections.contains(&key.name.as_str()));
    }
    from_tree(&tree).expect("settings are read as they are written")
}

/// True if `name` is one of the dotted `keys`, or the first part of one.
pub fn has_key(keys: &[String], name: &str) -> bool {
    keys.iter().any(|key| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// The dotted keys of settings, in order.
pub fn keys_of<T: Serialize>(settings: &T) -> Vec<String> {
    resolved::to_tree(settings).leaves().into_iter().map(|(key, _)| key).collect()
}

fn check_required<T: Schema>(tree: &Node) -> Result<(), SettingsError> {
    let Some((key, choices)) = T::REQUIRED.iter().find(|(key, _)| tree.get(key).is_none()) else {
        return Ok(());
    };
    let (one_of, example) = match choices.first() {
        Some(first) => (format!("choose one of {}, ", choices.join(", ")), *first),
        None => (String::new(), "..."),
    };
    let message = format!("{key} is missing; {one_of}for instance `--values {key}={example}`");
    Err(SettingsError::plain(message))
}

/// The error of an invalid setting, with the origin of its value.
fn located((key, reason): InvalidSetting, tree: &Node) -> SettingsError {
    let origin = tree.get(&key).map_or(&Origin::Default, |node| &node.origin);
    SettingsError::plain(reason).under(&key).at(origin)
}
