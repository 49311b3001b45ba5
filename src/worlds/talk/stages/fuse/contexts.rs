//! What two models make of plans as text, before and after the one is fused into the other.

use anyhow::{Context as _, Result, ensure};
use tch::{Device, no_grad};
use umwelt_language::{Fuser, Gates, LanguageModel, Segment, split};

use crate::runs::Inputs;
use crate::worlds::talk::models::load;
use crate::worlds::talk::play::Start;
use crate::worlds::talk::settings::{SENDER, TalkSettings};
use crate::worlds::talk::stages::TrainedReceiver;
use crate::worlds::talk::tasks::{Problem, Task};
use crate::worlds::talk::text::Renderer;

/// A sender and a receiver that read the same plans, each behind its own prompt.
pub struct Contexts<'a> {
    pub sender: &'a LanguageModel,
    pub renderer: &'a Renderer,
    pub receiver: &'a TrainedReceiver,
}

/// The sender of a run, frozen.
///
/// # Errors
/// When it cannot be read.
pub fn sender(
    talk: &TalkSettings,
    task: &Task,
    seed: u64,
    inputs: &Inputs,
    device: Device,
) -> Result<(LanguageModel, Renderer)> {
    let sender = load(inputs, SENDER, seed, device, talk.dtype)?;
    sender.decoder.parameters().freeze("");
    let renderer = Renderer::new(&sender, &talk.text, task.texts()).context(SENDER)?;
    Ok((sender, renderer))
}

impl Contexts<'_> {
    /// # Errors
    /// When the models have other tokens.
    pub fn check(&self) -> Result<()> {
        let tokens = [self.sender, &self.receiver.model].map(|model| model.tokenizer.as_ref());
        let [Some(own), Some(theirs)] = tokens else { return Ok(()) };
        ensure!(own.has_tokens_of(theirs), "fused models need the same tokens, and {SENDER} has others");
        Ok(())
    }

    /// The receivers' contexts up to the ends of plans, given as the receiver's tokens, with the
    /// sender's fused in. Gradients reach the fuser alone.
    ///
    /// # Errors
    /// When a text does not fit a model.
    pub fn fused(&self, fuser: &Fuser, gates: &Gates, plans: &[(&Problem, &[i64])]) -> Result<Start> {
        let (mut prompts, mut openings, mut read) = (vec![], vec![], vec![]);
        for (problem, plan) in plans {
            let prompt = self.renderer.sender(problem, None)?.ids;
            prompts.push([Segment::Ids([prompt, plan.to_vec()].concat())]);
            let message = vec![Segment::Ids(plan.to_vec())];
            let (opening, end) = self.receiver.renderer.opening_with_end(problem, message)?;
            let [before, _] = split(opening, end);
            openings.push(before);
            read.push(end);
        }
        let lengths: Vec<i64> = plans.iter().map(|(_, plan)| plan.len() as i64).collect();
        let (sender, receiver) = (&self.sender.decoder, &self.receiver.model.decoder);
        let (theirs, mut own) =
            no_grad(|| -> Result<_> { Ok((sender.prefill(&prompts)?.0, receiver.prefill(&openings)?.0)) })?;
        fuser.fuse((sender, &theirs), (receiver, &mut own), &lengths, gates)?;
        Ok(Start { context: Some(own), graft: None, read })
    }
}
