//! `umwelt message`: what a language model says to another one in hidden states.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use tch::Device;

use super::runs;
use crate::registry::Registry;
use crate::runs::{Input, Inputs, read_json};
use crate::schema::RunSettings;
use crate::settings;
use crate::worlds::WorldSettings;
use crate::worlds::talk::{Question, message as described};
use umwelt_base::{UserError, terminal};

/// Prints a message of a run of language models that talk, row by row
#[derive(Args, Debug)]
#[command(after_help = "\
Each row shows what the sender's head makes of a hidden state, and the embeddings of the receiver that \
are nearest to it behind the adapter.

Examples:
  umwelt message runs/talk --task chainmath/seen/17
  umwelt message runs/talk --task chainmath/seen/17 --channel latent_k_8
  umwelt message runs/talk --task chainmath/seen/17 --diff chainmath/seen/18")]
pub struct MessageArguments {
    /// A run's name, folder, or a part of its name that no other has; one that evaluated channels
    run: PathBuf,

    /// The key of a problem, as `episodes/` has it
    #[arg(long, value_name = "ID")]
    task: String,

    /// The channel, as the table of the run names it
    #[arg(long, default_value = "latent_full")]
    channel: String,

    /// Another problem: prints the cosine of each row of its message with each row of the first one
    #[arg(long, value_name = "ID")]
    diff: Option<String>,

    /// The folder that holds the runs, in any depth
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    root: PathBuf,
}

/// Prints the message that the arguments name.
///
/// # Errors
/// When the run, the problem or the channel is unknown, or a model of the run is gone.
pub fn message(arguments: &MessageArguments) -> Result<()> {
    let run = runs::find(&Registry::new(&arguments.root), &arguments.run)?.folder;
    let mistake = |reason: String| UserError(format!("{}: {reason}", run.display()));
    let settings = settings::load::<RunSettings>(&[run.join("settings.yaml")], &[])?.settings;
    let WorldSettings::Talk(talk) = &settings.world else {
        return Err(mistake("it is no run of language models that talk".into()).into());
    };
    let inputs = read_json(&run.join("environment.json")).remove("inputs").unwrap_or_default();
    let inputs: Vec<Input> = serde_json::from_value(inputs).unwrap_or_default();
    let question =
        Question { task: &arguments.task, channel: &arguments.channel, diff: arguments.diff.as_deref() };
    let text = described(&talk.talk, &settings.run, &Inputs::new(inputs), Device::Cpu, question)
        .map_err(|error| mistake(format!("{error:#}")))?;
    terminal::print(text)
}
