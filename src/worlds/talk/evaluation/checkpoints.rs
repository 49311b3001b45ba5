//! Checkpoints of the receiver's training.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::channel::Channel;
use super::episodes::Episodes;
use super::sources::Sources;
use super::tested::Tested;
use crate::charts::{Align, Table};
use crate::runs::{Inputs, checkpoint_step, numbered_checkpoints};
use crate::training::load_model_tensors;
use crate::worlds::talk::models::{file, folder};
use crate::worlds::talk::settings::ActorSettings;
use crate::worlds::talk::stages::TrainedReceiver;
use crate::worlds::talk::tasks::Split;

/// The receivers that are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checkpoints {
    /// The one with the least cross-entropy of held-out answers.
    #[default]
    Best,
    /// The one at the end of training.
    Last,
    /// The best one with all channels, and every kept checkpoint with whole messages.
    All,
}

/// The results of whole messages with the receiver of a checkpoint.
#[derive(Clone, Debug, Serialize)]
pub struct AtCheckpoint {
    pub step: u64,
    pub seen: Tested,
    pub unseen: Tested,
}

/// The folder of the run that trained the receiver of the input `key`.
pub fn training_run(inputs: &Inputs, key: &str) -> Result<PathBuf> {
    Ok(folder(&folder(file(inputs, key)?)))
}

impl TrainedReceiver {
    /// Takes the weights at the end of a run that trained as `actor` says.
    ///
    /// # Errors
    /// When its last checkpoint is missing, cannot be read, or holds other models.
    pub fn take_last(&self, run: &Path, actor: &ActorSettings) -> Result<()> {
        let checkpoints = numbered_checkpoints(run);
        let last = checkpoints.last().with_context(|| format!("{} has no checkpoint", run.display()))?;
        self.take(last, actor)
    }

    /// Takes the weights of a checkpoint. Weights of low rank are added to the receiver's.
    fn take(&self, checkpoint: &Path, actor: &ActorSettings) -> Result<()> {
        let tensors = load_model_tensors(checkpoint)?;
        let part = |name: &str| -> HashMap<String, Tensor> {
            let own = tensors.iter().filter_map(|(key, tensor)| Some((key.strip_prefix(name)?, tensor)));
            own.map(|(key, tensor)| (key.to_owned(), tensor.shallow_clone())).collect()
        };
        let fit = || format!("{} holds another receiver", checkpoint.display());
        let (decoder, low_rank) = (&self.model.decoder, part("low_rank."));
        decoder.parameters().assign(&part("receiver.")).with_context(fit)?;
        if !low_rank.is_empty() {
            let mut copy = decoder.grown(0, 0)?;
            copy.add_low_rank(&actor.lora.shape(), 0)?.assign(&low_rank).with_context(fit)?;
            let merged = copy.merged()?.parameters().named().into_iter().collect();
            decoder.parameters().assign(&merged).with_context(fit)?;
        }
        self.own.assign(&part("adapter.")).with_context(fit)
    }
}

impl Sources {
    /// The results of whole messages with each kept checkpoint of the run that trained the receiver.
    /// Afterwards the receiver has the weights of the last one.
    ///
    /// # Errors
    /// When a checkpoint cannot be read, and as [`Sources::test`].
    pub fn at_checkpoints(&self, run: &Path) -> Result<Vec<AtCheckpoint>> {
        let receiver = self.receiver(Channel::Full)?;
        let at = |path: PathBuf| {
            receiver.take(&path, &self.talk.actor)?;
            let step = checkpoint_step(&path).context("a checkpoint is named by its step")?;
            let [seen, unseen] = Split::EVALUATED.map(|split| self.whole_messages(split));
            Ok(AtCheckpoint { step, seen: seen?, unseen: unseen? })
        };
        numbered_checkpoints(run).into_iter().map(at).collect()
    }

    fn whole_messages(&self, split: Split) -> Result<Tested> {
        if !self.splits().contains(&split) {
            return Ok(Tested::default());
        }
        let mut episodes = Episodes::default();
        self.test(("latent_full", Channel::Full), split, &mut episodes, |_| Ok(()))?;
        let keys = self.sent(split)?.keys();
        Ok(episodes.tested(keys, self.talk.evaluate.samples))
    }
}

/// The table of checkpoints; empty where there is none.
pub fn table(all: &[AtCheckpoint]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let columns = ["seen %", "unseen %", "nats"].map(|name| (name, Align::Right));
    let table = Table::new([("latent_full, step", Align::Left)].into_iter().chain(columns));
    let percent = |tested: &Tested| format!("{:.1}", 100.0 * tested.share());
    let row = |table: Table, at: &AtCheckpoint| {
        let nats = format!("{:.3}", at.seen.cross_entropy);
        table.row([at.step.to_string(), percent(&at.seen), percent(&at.unseen), nats])
    };
    format!("{}\n", all.iter().fold(table, row))
}
