//! The command that repeats a run.

use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;

use super::{Run, quoted};
use umwelt_settings as settings;

/// The arguments of `train` that repeat a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    pub configs: Vec<PathBuf>,
    /// Overrides, each `KEY=VALUE`.
    pub values: Vec<String>,
}

/// The settings of `run` with the overrides `values`.
///
/// Without an `output_path` among `values` the new run gets its own folder, named after `run`.
pub fn rerun(run: &Run, values: &[String]) -> Rerun {
    let given = |key: &str| values.iter().any(|value| value.split('=').next() == Some(key));
    let mut overrides = Vec::new();
    if !given("output_path") {
        overrides.push("output_path=null".to_owned());
        let named = run.summary.settings.get("run_name").is_some_and(Value::is_string);
        if !named && !given("run_name") {
            overrides.push(format!("run_name={}", yaml_text(base_name(run))));
        }
    }
    overrides.extend_from_slice(values);
    Rerun { configs: vec![run.folder.join("settings.yaml")], values: overrides }
}

/// The last part of the run's name, without the identity at its end.
fn base_name(run: &Run) -> &str {
    let name = run.summary.folder_name();
    name.rsplit_once('-').filter(|(_, end)| settings::is_identity(end)).map_or(name, |(base, _)| base)
}

/// `text` as a YAML scalar, in quotes if YAML would read it as something else.
pub fn yaml_text(text: &str) -> String {
    let safe = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if safe && !text.starts_with('-') && settings::plain(text).is_string() {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

impl Rerun {
    /// The command, quoted for a shell.
    pub fn command(&self) -> String {
        let start = ["umwelt", "train", "--configs"].map(OsStr::new).into_iter();
        let configs = self.configs.iter().map(|config| config.as_os_str());
        let values = (!self.values.is_empty()).then_some("--values").into_iter();
        let values = values.chain(self.values.iter().map(String::as_str)).map(OsStr::new);
        quoted(&start.chain(configs).chain(values).collect::<Vec<_>>())
    }
}
