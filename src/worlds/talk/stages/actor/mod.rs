//! The stage `actor`: a receiver learns to read a sender's hidden states.

mod messages;
mod passes;
pub(super) mod reader;

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use tch::{Device, Tensor, no_grad};

use self::reader::Reader;
use super::learning::Learner;
use super::parts::parts;
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::objectives::scalars::Scalars;
use crate::runs::{Inputs, Progress, Score};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task};
use crate::worlds::talk::models::rms;
use crate::worlds::talk::settings::{ActorChannel, ActorSettings, TalkSettings};

/// The training of receiver and adapter.
pub struct ActorTask {
    run: RunKeys,
    reader: Reader,
    /// Receiver, adapter and weights of low rank together.
    parameters: Parameters,
    descent: GradientDescent,
    accumulate: usize,
}

impl Learner for ActorTask {
    const FOLDER: &'static str = "receiver";

    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let reader = Reader::new(talk, run.seed, device, inputs)?;
        let parameters = reader.parameters();
        let settings = &reader.settings;
        let factor = |name: &str| if name.starts_with("adapter.") { settings.adapter_lr_factor } else { 1.0 };
        let recipe = recipe(&rate(settings));
        let descent = GradientDescent::with_factors(&parameters, &recipe, settings.batch_size, 1, factor);
        Ok(Self { run: run.clone(), reader, parameters, descent, accumulate: talk.accumulate })
    }

    fn save(&self, folder: &Path) -> Result<()> {
        self.reader.save(folder)
    }
}

fn rate(settings: &ActorSettings) -> Rate {
    Rate {
        steps: settings.steps,
        lr: settings.lr,
        rise: settings.warmup,
        beta2: 0.999,
        weight_decay: 0.0,
        clip: settings.clip,
    }
}

impl ActorTask {
    fn is_latent(&self) -> bool {
        self.reader.settings.channel == ActorChannel::Latent
    }

    fn observed(&self) -> Scalars {
        let mut observed = Scalars::default();
        let named = self.reader.adapter.0.named();
        let scale = |name: &str| named.iter().find(|(known, _)| known == name).map(|(_, tensor)| tensor);
        for (name, of) in [("scale.in", "adapt.scale"), ("scale.out", "adapt.output_scale")] {
            scale(of).into_iter().for_each(|tensor| observed.push(name, &tensor.detach()));
        }
        observed.push("rms.embeddings", &Tensor::from(rms(self.reader.receiver.decoder.embedding())));
        observed
    }
}

impl Task for ActorTask {
    type Batch = Vec<i64>;

    fn plan(&self) -> Plan {
        // The receiver that reads held-out messages best is kept.
        let every = (!self.run.eval_at_the_end_only).then_some(1);
        Plan { evaluate_every_epochs: every, ..plan(&self.run, self.reader.settings.steps) }
    }

    fn title(&self) -> String {
        let reads = match self.reader.settings.channel {
            ActorChannel::Latent => "hidden states",
            ActorChannel::Text => "plans as text",
            ActorChannel::None => "no messages",
        };
        format!("receiver of {reads}, {} messages", self.reader.collected.training.len())
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        self.reader.collected.batches(self.run.seed, self.batch_size(), steps)
    }

    fn batch_size(&self) -> usize {
        self.reader.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, observe: bool) -> Result<Step> {
        let reader = &self.reader;
        let samples = reader.collected.batch(&batch, &reader.renderer)?;
        let parts = parts(samples.len(), self.accumulate);
        if !self.is_latent() {
            let labels = reader.labels(&samples)?;
            let reports = parts.into_iter().map(|part| reader.baseline(&samples[part], labels));
            return self.descent.descend_in_parts(step, reports);
        }
        let batch = reader.batch(samples, step)?;
        let taken = if step.is_multiple_of(reader.settings.aux_every as u64) {
            let prepared = reader.prepared(&batch, parts)?;
            let reports = prepared.parts.iter().map(|part| reader.report(&batch, part, &prepared.weighting));
            self.descent.descend_in_parts(step, reports)?
        } else {
            let reports = parts.into_iter().map(|part| reader.right_alone(&batch, part));
            self.descent.descend_in_parts(step, reports)?
        };
        Ok(if observe { Step { observed: self.observed(), ..taken } } else { taken })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let (loss, bits) = no_grad(|| self.reader.held_out())?;
        let scores = vec![
            Score::lower("held_out.cross_entropy", loss, "nats", "cross-entropy of held-out answers"),
            Score::higher("held_out.js_bits", bits, "bits", "divergence from wrong messages"),
        ];
        let table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["cross-entropy of held-out answers".to_owned(), format!("{loss:.4} nats")])
            .row(["divergence from wrong messages".to_owned(), format!("{bits:.3} bits")]);
        Ok(Evaluated::of_scores(scores, "held_out.cross_entropy", &table))
    }
}
