//! Settings that real tasks need and built-in ones have no use for.

use super::{Filter, StageName, TalkSettings, TaskName};
use crate::settings::check::{InvalidSetting, refuse};
use crate::training::AUTO;

/// A model that a message names as an example.
const EXAMPLE: &str = "models/Qwen2.5-0.5B-Instruct";

impl TaskName {
    /// True for tasks that come from files or child processes.
    pub fn is_real(self) -> bool {
        matches!(self, Self::Math | Self::AlfWorld)
    }

    fn name(self) -> &'static str {
        match self {
            Self::ChainMath => "chainmath",
            Self::MiniHouse => "minihouse",
            Self::Math => "math",
            Self::AlfWorld => "alfworld",
        }
    }
}

/// Checks the settings that real and built-in tasks do not share.
///
/// # Errors
/// When a real task lacks a file or a model, or a built-in one names files.
pub fn check(talk: &TalkSettings) -> Result<(), InvalidSetting> {
    if talk.task.is_real() { real(talk) } else { built_in(talk) }
}

fn built_in(talk: &TalkSettings) -> Result<(), InvalidSetting> {
    let own = || format!("is of the tasks math and alfworld; `{}` makes its own problems", talk.task.name());
    let given = [
        ("data", talk.data.is_some()),
        ("conversations", talk.conversations.is_some()),
        ("collect.subjects", talk.collect.subjects.is_some()),
        ("alfworld.bridge", talk.alfworld.bridge.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((key, _)) => refuse(key, own()),
        None if talk.stage == StageName::Convert => refuse(
            "stage",
            format!("convert is of the task math; `{}` needs no conversations", talk.task.name()),
        ),
        None => Ok(()),
    }
}

fn real(talk: &TalkSettings) -> Result<(), InvalidSetting> {
    let name = talk.task.name();
    if talk.stage == StageName::Pretrain {
        return refuse("stage", format!("pretrain is of built-in tasks; for `{name}` name a talk.sender"));
    }
    if talk.data.is_none() && (talk.task == TaskName::Math || talk.stage == StageName::Collect) {
        let what = if talk.task == TaskName::Math { "the folder of MATH" } else { "a JSON of conversations" };
        return refuse("data", format!("is needed by the task `{name}`: {what}"));
    }
    if talk.collect.filter == Filter::Right {
        return refuse(
            "collect.filter",
            format!("cannot be `right`: no program knows right plans of `{name}`"),
        );
    }
    if talk.senders.iter().any(|sender| sender == AUTO) {
        return refuse("senders", format!("must name models; the task `{name}` pretrains none"));
    }
    if talk.sender.is_none() && talk.senders.is_empty() && needs_sender(talk) {
        return refuse("sender", format!("is needed by the task `{name}`: a model such as {EXAMPLE}"));
    }
    if talk.task == TaskName::AlfWorld && talk.stage == StageName::Convert {
        return refuse("stage", "convert is of the task math; name conversations of alfworld in talk.data");
    }
    Ok(())
}

/// True if the stage reads the sender, or makes a stage that does.
fn needs_sender(talk: &TalkSettings) -> bool {
    let starts = talk.receiver.is_none() || talk.student.is_none();
    match talk.stage {
        StageName::Convert => talk.collected.is_none(),
        StageName::Actor | StageName::Compress => talk.collected.is_none() || starts,
        StageName::All
        | StageName::Fuse
        | StageName::Pretrain
        | StageName::Collect
        | StageName::Evaluate
        | StageName::Part
        | StageName::Analyse => true,
    }
}
