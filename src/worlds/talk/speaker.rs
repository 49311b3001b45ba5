//! Senders: models that write plans, some of which read the message of another one first.

use anyhow::{Context, Result};
use tch::{Device, Tensor};
use umwelt_language::{LanguageModel, Prompt, Segment};

use super::models::{SendersAdapter, load};
use super::play::{Plan, Planning, plans};
use super::settings::{SENDER, TalkSettings, relay_of, sender_of};
use super::stages::TrainedReceiver;
use super::tasks::{Problem, Task};
use super::text::Renderer;
use crate::runs::Inputs;

/// A model that writes plans.
pub struct Speaker {
    pub model: LanguageModel,
    pub renderer: Renderer,
    /// The number among talk.senders; 0 where there is a single sender.
    pub who: usize,
    /// The adapter for the hidden states of the sender before it, which it reads in a chain.
    adapter: Option<SendersAdapter>,
}

impl Speaker {
    /// The key of the run that holds sender `who`.
    pub fn key(talk: &TalkSettings, who: usize) -> String {
        match who {
            0 if talk.senders.is_empty() => SENDER.to_owned(),
            who if talk.reads_another(who) => relay_of(who),
            who => sender_of(who),
        }
    }

    /// Sender `who`; in a chain the one before it has hidden states of `before` features.
    ///
    /// # Errors
    /// When it cannot be read; the error names the file.
    pub fn load(
        talk: &TalkSettings,
        task: &Task,
        seed: u64,
        (inputs, who): (&Inputs, usize),
        before: i64,
        device: Device,
    ) -> Result<Self> {
        let key = Self::key(talk, who);
        if talk.reads_another(who) {
            let trained = TrainedReceiver::load(talk, task, seed, (inputs, &key), &[before], device)?;
            let TrainedReceiver { model, renderer, adapter, .. } = trained;
            return Ok(Self { model, renderer: renderer.asking_for_plans(), who, adapter: Some(adapter) });
        }
        let model = load(inputs, &key, seed, device, talk.dtype)?;
        let renderer = Renderer::new(&model, &talk.text, task.texts()).context(key)?;
        Ok(Self { model, renderer, who, adapter: None })
    }

    /// The number of features of its hidden states.
    pub fn width(&self) -> i64 {
        self.model.decoder.config().hidden
    }

    /// The plans for problems, of which it reads its share, and in a chain the hidden states
    /// `[L, d_s]` that the sender before it wrote for each.
    ///
    /// # Errors
    /// When a prompt does not fit the model.
    pub fn plans(&self, problems: &[Problem], before: &[Tensor], planning: Planning) -> Result<Vec<Plan>> {
        let messages: Vec<Vec<Segment>> = match &self.adapter {
            None => vec![],
            Some(adapter) => {
                let rows = adapter.adapted(0, before, None)?;
                rows.into_iter().map(|rows| vec![Segment::Embeddings(rows)]).collect()
            }
        };
        let prompts = prompts(&self.renderer, problems, self.who, messages)?;
        plans(&self.model.decoder, &self.renderer, prompts, planning)
    }
}

/// The prompts of sender `who` for plans, with the messages that it reads in a chain.
///
/// # Errors
/// When the tokenizer cannot encode them.
pub fn prompts(
    renderer: &Renderer,
    problems: &[Problem],
    who: usize,
    messages: Vec<Vec<Segment>>,
) -> Result<Vec<Prompt>> {
    let mut messages = messages.into_iter();
    let prompt = |problem: &Problem| {
        let read = problem.read_by(who);
        let segments = match messages.next() {
            Some(message) => renderer.opening(&read.as_relayed(), Some(message))?,
            None => vec![Segment::Ids(renderer.sender(&read, None)?.ids)],
        };
        // Senders of one problem draw their tokens independently.
        let task = if who == 0 { read.id } else { format!("{} by sender {who}", read.id) };
        Ok(Prompt { task, segments })
    };
    problems.iter().map(prompt).collect()
}
