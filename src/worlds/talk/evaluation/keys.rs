//! Keys, values and states of a sender, from which a receiver goes on.

use std::ops::Range;

use anyhow::{Context as _, Result};
use umwelt_language::{Gates, Graft, Segment};

use super::channel::Channel;
use super::encode::{Encoded, key_values};
use super::sources::{Sent, Sources};
use crate::worlds::talk::play::Start;
use crate::worlds::talk::settings::FUSED;
use crate::worlds::talk::speaker::Speaker;
use crate::worlds::talk::stages::Contexts;

impl Sent {
    /// The next problem of the split whose group is the same, or another; the next one, if there is
    /// none.
    pub fn other_of_group(&self, at: usize, same: bool) -> usize {
        let (count, group) = (self.problems.len(), |at: usize| &self.problems[at].group);
        let mut others = (1..count).map(|step| (at + step) % count);
        others.find(|other| (group(*other) == group(at)) == same).unwrap_or((at + 1) % count)
    }
}

impl Sources {
    /// What the receiver goes on from: the sender's keys and values, or its last state, where a
    /// channel gives them.
    ///
    /// # Errors
    /// When a prompt does not fit the sender.
    pub fn start(&self, channel: Channel, sent: &Sent, places: &[usize]) -> Result<Start> {
        if channel == Channel::Fused {
            return self.fused(sent, places);
        }
        if !matches!(channel, Channel::KeyValues { .. } | Channel::Graft { .. }) {
            return Ok(Start::default());
        }
        let prompts = places.iter().map(|at| self.prompts(sent, *at..at + 1));
        let mut texts: Vec<Vec<Segment>> =
            prompts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let lengths: Vec<i64> = texts.iter().map(|text| text.iter().map(Segment::length).sum()).collect();
        for (text, at) in texts.iter_mut().zip(places) {
            text.push(Segment::Ids(sent.first()[*at].ids.clone()));
        }
        if let Channel::Graft { from, to, rule } = channel {
            let states = self.sender().model.decoder.states_after(&texts, from)?;
            return Ok(Start { graft: Some(Graft { blocks: to, states, rule }), ..Start::default() });
        }
        let (mut context, _) = self.sender().model.decoder.prefill(&texts)?;
        if channel == (Channel::KeyValues { all: false }) {
            context.hide_first(&lengths)?;
        }
        Ok(Start { context: Some(context), ..Start::default() })
    }

    /// The receiver's contexts of plans as text, with the sender's fused in.
    fn fused(&self, sent: &Sent, places: &[usize]) -> Result<Start> {
        let fuser = self.fuser.as_ref().with_context(|| format!("{FUSED} names no run"))?;
        let receiver = self.receiver(Channel::Fused)?;
        let Speaker { model, renderer, .. } = self.sender();
        let contexts = Contexts { sender: model, renderer, receiver };
        let plan = |at: &usize| receiver.renderer.plan(&sent.first()[*at].text);
        let plans: Vec<Vec<i64>> = places.iter().map(plan).collect::<Result<_>>()?;
        let problems = places.iter().map(|at| &sent.problems[*at]);
        let pairs: Vec<_> = problems.zip(plans.iter().map(Vec::as_slice)).collect();
        contexts.fused(fuser, &Gates::Hard, &pairs)
    }

    /// The sizes of these messages.
    ///
    /// # Errors
    /// When sender and receiver are not of one architecture.
    pub fn cached(&self, channel: Channel, sent: &Sent, range: Range<usize>) -> Result<Vec<Encoded>> {
        let (own, theirs) =
            (self.sender().model.decoder.config(), self.receiver(channel)?.model.decoder.config());
        let sizes = |config: &umwelt_language::LmConfig| [config.layers, config.kv_heads, config.head];
        (sizes(own) == sizes(theirs)).then_some(()).with_context(|| {
            format!(
                "talk.evaluate.channels: {channel:?} needs one architecture; blocks, heads and features are {:?} and {:?}",
                sizes(own),
                sizes(theirs)
            )
        })?;
        let numbers = key_values(own);
        let prompts = self.prompts(sent, range.clone())?;
        let size = |(text, at): (Vec<Segment>, usize)| {
            let prompt: i64 = text.iter().map(Segment::length).sum();
            let plan = sent.first()[at].ids.len();
            let all = matches!(channel, Channel::KeyValues { all: true });
            Encoded::keys(plan + if all { prompt as usize } else { 0 }, numbers, plan)
        };
        Ok(prompts.into_iter().zip(range).map(size).collect())
    }
}
