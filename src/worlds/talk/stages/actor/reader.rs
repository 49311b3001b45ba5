//! The models that learn to read messages.

use std::path::Path;

use anyhow::{Context, Result};
use tch::{Device, Tensor};
use umwelt_language::{LanguageModel, Segment};

use crate::nn::{Dropout, Parameters};
use crate::objectives::LossReport;
use crate::runs::Inputs;
use crate::worlds::talk::models::{SendersAdapter, adapter, joined, load, save, trained_in};
use crate::worlds::talk::settings::{
    ActorChannel, ActorSettings, NumberFormat, RECEIVER, TalkSettings, Trained, sender_of,
};
use crate::worlds::talk::stages::messages::{
    Collected, Pass, Sample, conversations, hidden_of, sample_labels,
};
use crate::worlds::talk::stages::receiver::ADAPTER;
use crate::worlds::talk::tasks;
use crate::worlds::talk::text::Renderer;

/// A receiver with its adapter and the messages that it learns from.
pub struct Reader {
    pub settings: ActorSettings,
    pub seed: u64,
    pub receiver: LanguageModel,
    pub renderer: Renderer,
    pub adapter: (Parameters, SendersAdapter),
    /// Weights of low rank that add to the receiver's.
    low_rank: Option<Parameters>,
    pub dropout: Dropout,
    pub collected: Collected,
}

impl Reader {
    /// # Errors
    /// When the receiver or the messages cannot be read.
    pub fn new(talk: &TalkSettings, seed: u64, device: Device, inputs: &Inputs) -> Result<Self> {
        let (settings, task) = (talk.actor.clone(), tasks::Task::new(talk, seed)?);
        // Weights that are not trained need not be exact.
        let format = if settings.train == Trained::Full { NumberFormat::F32 } else { talk.dtype };
        let key = settings.reader.map_or(RECEIVER.to_owned(), sender_of);
        let mut receiver = trained_in(load(inputs, &key, seed, device, format)?, talk);
        let renderer = Renderer::new(&receiver, &talk.text, task.texts()).context(key)?;
        let mut renderer = renderer.with_marker(talk.text.marker);
        if settings.reader.is_some() {
            renderer = renderer.asking_for_plans();
        }
        let collected = Collected::open(talk, task, seed, inputs, device)?;
        collected.check_batch("talk.actor.batch_size", settings.batch_size)?;
        let adapter = adapter(&talk.adapter, &collected.widths, &receiver.decoder, seed)?;
        let low_rank = match settings.train {
            Trained::Lora => Some(receiver.decoder.add_low_rank(&settings.lora.shape(), seed)?),
            Trained::Full | Trained::Adapter => None,
        };
        let dropout = Dropout::new(talk.adapter.dropout);
        Ok(Self { settings, seed, receiver, renderer, adapter, low_rank, dropout, collected })
    }

    /// All parameters; those of a receiver that is not trained whole are frozen.
    pub fn parameters(&self) -> Parameters {
        let mut parts = vec![("receiver", self.receiver.decoder.parameters()), ("adapter", &self.adapter.0)];
        parts.extend(self.low_rank.as_ref().map(|low_rank| ("low_rank", low_rank)));
        let all = joined(&parts);
        if self.settings.train != Trained::Full {
            all.freeze("receiver.");
        }
        all
    }

    /// Writes the receiver, with weights of low rank added to its own, and the adapter.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        match &self.low_rank {
            None => self.receiver.save(folder)?,
            Some(_) => self.receiver.with_decoder(self.receiver.decoder.merged()?).save(folder)?,
        }
        save(&self.adapter.0, &folder.join(ADAPTER))
    }

    /// The number of labels of samples.
    pub fn labels(&self, samples: &[Sample]) -> Result<i64> {
        sample_labels(&self.renderer, samples)
    }

    /// The loss of a receiver that is trained with text, or without messages, for a part of a batch
    /// with this number of `labels`.
    pub fn baseline(&self, samples: &[Sample], labels: i64) -> Result<LossReport> {
        let messages = samples.iter().map(|sample| match self.settings.channel {
            ActorChannel::Text => Some(sample.text(&self.renderer)),
            ActorChannel::None | ActorChannel::Latent => None,
        });
        let loss = self.pass(samples, messages)?.cross_entropy(labels);
        Ok(LossReport::weighted(vec![("cross_entropy", 1.0, loss)]))
    }

    /// The receiver's pass over samples with these messages.
    ///
    /// # Errors
    /// When a text does not fit the model.
    pub fn pass(
        &self,
        samples: &[Sample],
        messages: impl Iterator<Item = Option<Vec<Segment>>>,
    ) -> Result<Pass> {
        Pass::of(&self.receiver.decoder, &conversations(&self.renderer, samples.iter(), messages)?)
    }

    /// Cross-entropy (nats) of held-out conversations with whole messages, and the divergence (bits)
    /// from those with wrong messages.
    pub fn held_out(&self) -> Result<(f64, f64)> {
        let samples = self.collected.samples(self.collected.held_out.iter(), &self.renderer)?;
        if self.settings.channel != ActorChannel::Latent {
            let labels = self.labels(&samples)?;
            return Ok((self.baseline(&samples, labels)?.total.double_value(&[]), 0.0));
        }
        let pass = |hidden: &[Vec<Tensor>]| {
            let of = |(who, hidden): (usize, &Vec<Tensor>)| {
                let rows = self.adapter.1.adapted(who, hidden, None)?.into_iter();
                Ok(rows.map(|rows| vec![Segment::Embeddings(rows)]).collect())
            };
            let senders = hidden.iter().enumerate().map(of).collect::<Result<_>>()?;
            self.pass(&samples, self.renderer.joined_by_problem(senders).into_iter().map(Some))
        };
        let right = pass(&hidden_of(&samples, self.collected.widths.len()))?;
        let loss = right.mean_cross_entropy();
        if samples.len() < 2 {
            return Ok((loss, 0.0));
        }
        Ok((loss, right.bits_from(&pass(&self.wrong(&samples, u64::MAX)?)?)))
    }
}
