//! The page `/worlds/talk` of `umwelt serve`: a problem and a channel are chosen; the page shows the
//! message and what the receiver does with it.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use tch::Device;
use umwelt_base::UserError;
use umwelt_serve::models::parsed;
use umwelt_serve::{EmbeddedFile, Model};

use super::Settings;
use super::evaluation::Sources;
use super::tasks::Split;
use crate::runs::{EVALUATION, Record};
use crate::worlds::rooms::{TrainedRun, WorldRoom};

/// The most problems of a split to choose from.
const PROBLEMS: usize = 200;

#[derive(rust_embed::RustEmbed)]
#[folder = "src/worlds/talk/web/"]
struct Web;

/// The models of an evaluated run.
struct Talking(Sources);

/// A problem of a split, and a channel by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    split: String,
    number: usize,
    channel: String,
}

impl WorldRoom for Settings {
    const ROOM: &'static str = "worlds/talk";
    const TITLE: &'static str = "Talk";
    /// Its models are of the runs that it builds on.
    const FILE: Option<&'static str> = Some(EVALUATION);

    fn file(name: &str) -> Option<EmbeddedFile> {
        Web::get(name)
    }

    /// Runs that evaluate or analyse; those of single stages have no receiver to ask.
    fn opens(settings: &Record) -> bool {
        let text = |key: &str| settings.get(key).and_then(Value::as_str);
        text("model_type") == Some("LatentTalk")
            && matches!(text("talk.stage"), None | Some("all" | "evaluate" | "analyse"))
    }

    fn open(&self, run: &TrainedRun) -> Result<Box<dyn Model>> {
        Ok(Box::new(Talking(Sources::load(&self.talk, run.keys.seed, Device::Cpu, &run.inputs)?)))
    }
}

impl Talking {
    /// The number of problems of a split to choose from.
    fn count(&self, split: Split) -> usize {
        self.0.task.count(split, self.0.talk.eval_tasks).min(PROBLEMS)
    }
}

impl Model for Talking {
    fn described(&mut self) -> Result<Value> {
        let task = &self.0.task;
        let mut splits = vec![];
        for split in self.0.splits() {
            let problem = |number| task.problem(split, number as u64, task.levels());
            let groups = (0..self.count(split)).map(|number| Ok(problem(number)?.group));
            splits.push(json!({"name": split.name(), "groups": groups.collect::<Result<Vec<_>>>()?}));
        }
        let channels: Vec<String> = self.0.channels()?.into_iter().map(|(name, _)| name).collect();
        Ok(json!({"task": task.name(), "splits": splits, "channels": channels}))
    }

    fn answer(&mut self, question: Value) -> Result<Value> {
        let Question { split, number, channel } = parsed(question)?;
        let known = self.0.splits().into_iter().find(|known| known.name() == split);
        let split =
            known.ok_or_else(|| UserError(format!("there is no split `{split}`; load the page again")))?;
        let count = self.count(split);
        if number >= count {
            return Err(UserError(format!("there is no problem {number}; choose one below {count}")).into());
        }
        let found = self.0.channels()?.into_iter().find(|(name, _)| *name == channel);
        let (name, channel) = found
            .ok_or_else(|| UserError(format!("there is no channel `{channel}`; choose one of the list")))?;
        Ok(serde_json::to_value(self.0.told(split, number as u64, (&name, channel))?)?)
    }
}
