//! The settings in the `command` of W&B's sweep files.

use super::{
    groups::file_path,
    reading::{items, text},
    setting::{Setting, flatten},
};
use umwelt_settings::{Node, Origin, SettingsError, parse_argument, refuse_interpolation};

/// The settings files and values of a command line.
#[derive(Default)]
pub(super) struct Command {
    pub configs: Vec<(String, Origin)>,
    pub values: Vec<Setting>,
}

/// Reads the words behind `--configs` and `--values`. All others, and `${...}`, are for W&B's
/// agent.
pub(super) fn read(node: &Node) -> Result<Command, SettingsError> {
    let mut command = Command::default();
    let mut option = String::new();
    for node in items(node, "command")? {
        let word = text(node, "command")?;
        if word.starts_with("--") {
            option = word;
        } else if word.starts_with("${") {
        } else if option == "--configs" {
            refuse_interpolation(node).map_err(|error| error.under("command"))?;
            command.configs.push((file_path(node, "command")?, node.origin.clone()));
        } else if option == "--values" {
            refuse_interpolation(node).map_err(|error| error.under("command"))?;
            command.values.extend(argument(&word, &node.origin)?);
        }
    }
    Ok(command)
}

fn argument(word: &str, origin: &Origin) -> Result<Vec<Setting>, SettingsError> {
    let placed = |setting| Setting { key_origin: origin.clone(), origin: origin.clone(), ..setting };
    Ok(flatten(&parse_argument(word)?, "command")?.into_iter().map(placed).collect())
}
