//! The command that makes a run once more.

use std::path::PathBuf;

use serde_json::Value;

use super::Run;
use crate::settings;

/// What to tell `train`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    pub configs: Vec<PathBuf>,
    /// `KEY=VALUE` each.
    pub values: Vec<String>,
}

/// The same settings with `values` laid upon them. Unless those say otherwise the folder is a new one, named after
/// the run.
pub fn rerun(run: &Run, values: &[String]) -> Rerun {
    let given = |key: &str| values.iter().any(|value| value.split('=').next() == Some(key));
    let mut all = Vec::new();
    if !given("output_path") {
        all.push("output_path=null".to_owned());
        let named = run.summary.settings.get("run_name").is_some_and(Value::is_string);
        if !named && !given("run_name") {
            all.push(format!("run_name={}", yaml_text(base_name(run))));
        }
    }
    all.extend_from_slice(values);
    Rerun { configs: vec![run.folder.join("settings.yaml")], values: all }
}

/// The last part of the run's name, without the mark of its settings that `train` may have put behind it.
fn base_name(run: &Run) -> &str {
    let name = run.summary.name.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('-').filter(|(_, mark)| settings::is_identity(mark)).map_or(name, |(base, _)| base)
}

/// Text that YAML reads as this text.
fn yaml_text(text: &str) -> String {
    let safe = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if safe && !text.starts_with('-') && settings::plain(text).is_string() {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

impl Rerun {
    /// The command for a shell.
    pub fn command(&self) -> String {
        let configs = self.configs.iter().map(|config| config.display().to_string());
        let start = ["umwelt", "train", "--configs"].map(ToOwned::to_owned).into_iter().chain(configs);
        let values = (!self.values.is_empty()).then(|| "--values".to_owned());
        quoted(&start.chain(values).chain(self.values.iter().cloned()).collect::<Vec<_>>())
    }
}

/// Words as a shell takes them.
pub fn quoted(words: &[String]) -> String {
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_quoted_words_as_they_were() {
        let words = ["", "a b", "it's", "$HOME", "x=1e-3", "(1).yaml", "new\nline"].map(ToOwned::to_owned);
        let script = format!("printf '%s|' {}", quoted(&words));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "|a b|it's|$HOME|x=1e-3|(1).yaml|new\nline|");
        assert_eq!(quoted(&words[4..6]), "x=1e-3 '(1).yaml'");
    }
}
