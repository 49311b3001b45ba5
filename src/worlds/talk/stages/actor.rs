//! The stage `actor`: a receiver learns to read a sender's hidden states.

use std::ops::Range;

use anyhow::{Context, Result};
use tch::{Device, Tensor, no_grad};
use umwelt_base::random::Stream;
use umwelt_language::{
    LanguageModel, MessageAdapter, Segment, Variant, batch, cross_entropy, fitted, latent_first, others,
    receiver_losses, token_first,
};

use super::messages::{Collected, Pass, Sample, adapted, conversations};
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::{Dropout, Masks, Parameters};
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::runs::{Inputs, Progress, Record, Score, ScoreCard};
use crate::training::{
    Evaluated, GradientDescent, Job, Plan, Prefetch, RunKeys, Session, Shuffle, Step, Task, Training,
};
use crate::worlds::talk::models::{adapter, joined, load, rms, save};
use crate::worlds::talk::settings::{
    ActorChannel, ActorSettings, MixtureMode, RECEIVER, Switch, TalkSettings, Trained,
};
use crate::worlds::talk::tasks;
use crate::worlds::talk::text::Renderer;

/// The folder of the receiver in the run folder, and the adapter's file in it.
const FOLDER: &str = "receiver";
pub const ADAPTER: &str = "adapter.safetensors";
/// The ratios of messages that are mixed, in tenths.
const TENTHS: usize = 9;

/// The run of the stage: training, then the receiver as a folder.
pub struct Actor(Training<ActorTask>);

impl Actor {
    /// # Errors
    /// When the receiver or the messages cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        Ok(Self(Training::new(ActorTask::new(talk, run, device, inputs)?, &Inputs::default())))
    }
}

impl Job for Actor {
    fn title(&self) -> String {
        self.0.title()
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let ended = self.0.run(session)?;
        let (task, folder) = (self.0.task(), session.run.path().join(FOLDER));
        task.receiver.save(&folder)?;
        save(&task.adapter.0, &folder.join(ADAPTER))?;
        Ok(ended)
    }
}

/// The training of receiver and adapter.
pub struct ActorTask {
    settings: ActorSettings,
    run: RunKeys,
    receiver: LanguageModel,
    renderer: Renderer,
    adapter: (Parameters, MessageAdapter),
    dropout: Dropout,
    collected: Collected,
    /// Receiver and adapter together.
    parameters: Parameters,
    descent: GradientDescent,
}

impl ActorTask {
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let (settings, task) = (talk.actor.clone(), tasks::Task::new(talk, run.seed)?);
        let receiver = load(inputs, RECEIVER, run.seed, device)?;
        let renderer = Renderer::new(&receiver, &talk.text, task.texts()).context(RECEIVER)?;
        let collected = Collected::open(talk, task, run.seed, inputs, device)?;
        anyhow::ensure!(
            collected.training.len() >= settings.batch_size,
            "talk.actor.batch_size: {} messages make no batch of {}",
            collected.training.len(),
            settings.batch_size
        );
        let adapter = adapter(&talk.adapter, collected.width, &receiver.decoder, run.seed)?;
        let parameters = joined(&[("receiver", receiver.decoder.parameters()), ("adapter", &adapter.0)]);
        if settings.train == Trained::Adapter {
            parameters.freeze("receiver.");
        }
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: settings.warmup,
            beta2: 0.999,
            weight_decay: 0.0,
            clip: settings.clip,
        };
        let factor = |name: &str| if name.starts_with("adapter.") { settings.adapter_lr_factor } else { 1.0 };
        let descent =
            GradientDescent::with_factors(&parameters, &recipe(&rate), settings.batch_size, 1, factor);
        let dropout = Dropout::new(talk.adapter.dropout);
        Ok(Self {
            settings,
            run: run.clone(),
            receiver,
            renderer,
            adapter,
            dropout,
            collected,
            parameters,
            descent,
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.collected.training.len(), self.settings.batch_size)
    }

    /// The samples' messages `[L, d]` mixed with their plans; `ratios` are the parts of latents.
    fn mixed(&self, latents: &[Tensor], samples: &[Sample], ratios: &[f64]) -> Vec<Vec<Segment>> {
        let mix = |((latents, sample), ratio): ((&Tensor, &Sample), &f64)| match self.settings.mixture {
            MixtureMode::LatentFirst => latent_first(latents, &sample.plan, *ratio),
            MixtureMode::TokenFirst => token_first(latents, &sample.plan, 1.0 - *ratio),
            MixtureMode::None => vec![Segment::Embeddings(latents.shallow_clone())],
        };
        latents.iter().zip(samples).zip(ratios).map(mix).collect()
    }

    fn ratios(&self, step: u64) -> Vec<f64> {
        let ratio = |row: u64| {
            let mut rng = Stream::new(self.run.seed, "parts of latents").at(&[step, row]);
            let is_full = rng.uniform() < self.settings.p_full;
            if is_full { 1.0 } else { (1 + rng.below(TENTHS)) as f64 / 10.0 }
        };
        (0..self.settings.batch_size as u64).map(ratio).collect()
    }

    /// Hidden states of other samples, as long as the samples' own.
    fn wrong(&self, samples: &[Sample], step: u64) -> Result<Vec<Tensor>> {
        let mut rng = Stream::new(self.run.seed, "wrong messages").at(&[step]);
        let others = others(samples.len(), &mut rng)?;
        let fit = |(sample, other): (&Sample, usize)| {
            let hidden = &samples[other].hidden;
            // Nothing is another message than a silent sample's.
            if hidden.size()[0] == 0 {
                return Ok(hidden.shallow_clone());
            }
            fitted(hidden, sample.hidden.size()[0], &mut rng)
        };
        samples.iter().zip(others).map(fit).collect()
    }

    fn right(&self, samples: &[Sample], dropout: Option<&Masks>) -> Result<Vec<Tensor>> {
        let hidden: Vec<Tensor> = samples.iter().map(|sample| sample.hidden.shallow_clone()).collect();
        adapted(&self.adapter.1, &hidden, dropout)
    }

    /// The loss of a receiver that is trained with text, or without messages.
    fn baseline(&self, samples: &[Sample]) -> Result<LossReport> {
        let messages = samples.iter().map(|sample| match self.settings.channel {
            ActorChannel::Text => Some(vec![Segment::Ids(sample.plan.clone())]),
            ActorChannel::None | ActorChannel::Latent => None,
        });
        let texts = conversations(&self.renderer, samples.iter(), messages)?;
        let pass = Pass::of(&self.receiver.decoder, &texts)?;
        let loss = cross_entropy(&pass.logits, &pass.supervised.targets);
        Ok(LossReport::weighted(vec![("cross_entropy", 1.0, loss)]))
    }

    /// The three passes: the right message with a gradient, plan and wrong message without.
    fn losses(&self, samples: &[Sample], step: u64) -> Result<LossReport> {
        let (decoder, count) = (&self.receiver.decoder, samples.len() as i64);
        let (masks, ratios) = (self.dropout.masks(self.run.seed, step), self.ratios(step));
        let latents = self.right(samples, Some(&masks))?;
        let messages = self.mixed(&latents, samples, &ratios).into_iter().map(Some);
        let texts = conversations(&self.renderer, samples.iter(), messages)?;
        let right = batch(decoder, &texts)?;
        let hidden = decoder.hidden(&right.embeddings, None);
        let (fixed, fixed_hidden) = no_grad(|| -> Result<_> {
            let wrong = adapted(&self.adapter.1, &self.wrong(samples, step)?, Some(&masks))?;
            let plans = samples.iter().map(|sample| vec![Segment::Ids(sample.plan.clone())]);
            let messages = plans.chain(self.mixed(&wrong, samples, &ratios)).map(Some);
            let texts = conversations(&self.renderer, samples.iter().chain(samples), messages)?;
            let fixed = batch(decoder, &texts)?;
            let hidden = decoder.hidden(&fixed.embeddings, None);
            Ok((fixed, hidden))
        })?;
        let part =
            |at: i64| (fixed_hidden.narrow(0, at * count, count), fixed.labels.narrow(0, at * count, count));
        let (plan, wrong) = (part(0), part(1));
        let variant = match self.settings.switch {
            Switch::Fixed => Variant::Fixed,
            Switch::Repo => Variant::Repo,
            Switch::Paper => Variant::Paper,
        };
        let head = |hidden: &Tensor| decoder.logits(hidden);
        let losses = receiver_losses(
            variant,
            head,
            (&hidden, &right.labels),
            (&plan.0, &plan.1),
            (&wrong.0, &wrong.1),
        )?;
        let total = match self.settings.weights.as_deref() {
            Some([plan, contrast]) => {
                &losses.cross_entropy + &losses.plan * *plan + &losses.contrast * *contrast
            }
            _ => losses.total,
        };
        let [plan_weight, contrast_weight] = losses.weights.map(|weight| weight.detach());
        let terms = vec![
            ("cross_entropy", losses.cross_entropy.detach()),
            ("plan", losses.plan.detach()),
            ("contrast", losses.contrast.detach()),
            ("js_bits", losses.divergence / std::f64::consts::LN_2),
            ("weight.plan", plan_weight),
            ("weight.contrast", contrast_weight),
        ];
        Ok(LossReport { total, terms })
    }

    /// Cross-entropy (nats) of held-out conversations with whole messages, and the divergence (bits)
    /// from those with wrong messages.
    fn held_out(&self) -> Result<(f64, f64)> {
        let samples = self.collected.samples(self.collected.held_out.iter(), &self.renderer)?;
        let decoder = &self.receiver.decoder;
        if self.settings.channel != ActorChannel::Latent {
            return Ok((self.baseline(&samples)?.total.double_value(&[]), 0.0));
        }
        let pass = |latents: Vec<Tensor>| {
            let messages = latents.into_iter().map(|rows| Some(vec![Segment::Embeddings(rows)]));
            Pass::of(decoder, &conversations(&self.renderer, samples.iter(), messages)?)
        };
        let right = pass(self.right(&samples, None)?)?;
        let loss = cross_entropy(&right.logits, &right.supervised.targets).double_value(&[]);
        if samples.len() < 2 {
            return Ok((loss, 0.0));
        }
        let wrong = pass(adapted(&self.adapter.1, &self.wrong(&samples, u64::MAX)?, None)?)?;
        let divergences =
            umwelt_language::divergences(Variant::Fixed, &right.logits, &wrong.logits, &right.supervised);
        Ok((loss, divergences.mean(tch::Kind::Double).double_value(&[]) / std::f64::consts::LN_2))
    }

    fn observed(&self) -> Scalars {
        let mut observed = Scalars::default();
        let named = self.adapter.0.named();
        let scale = |name: &str| named.iter().find(|(known, _)| known == name).map(|(_, tensor)| tensor);
        for (name, of) in [("scale.in", "adapt.scale"), ("scale.out", "adapt.output_scale")] {
            scale(of).into_iter().for_each(|tensor| observed.push(name, &tensor.detach()));
        }
        observed.push("rms.embeddings", &Tensor::from(rms(self.receiver.decoder.embedding())));
        observed
    }
}

impl Task for ActorTask {
    type Batch = Vec<i64>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.settings.steps)
    }

    fn title(&self) -> String {
        let reads = match self.settings.channel {
            ActorChannel::Latent => "hidden states",
            ActorChannel::Text => "plans as text",
            ActorChannel::None => "no messages",
        };
        format!("receiver of {reads}, {} messages", self.collected.training.len())
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        let shuffle = self.shuffle();
        Prefetch::new(steps, move |step| shuffle.batch(step))
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, observe: bool) -> Result<Step> {
        let keys = batch.iter().map(|number| &self.collected.training[*number as usize]);
        let samples = self.collected.samples(keys, &self.renderer)?;
        let is_latent = self.settings.channel == ActorChannel::Latent;
        let report = if is_latent { self.losses(&samples, step)? } else { self.baseline(&samples)? };
        let taken = self.descent.descend(step, || Ok(report))?;
        Ok(if observe && is_latent { Step { observed: self.observed(), ..taken } } else { taken })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let (loss, bits) = no_grad(|| self.held_out())?;
        let scores = vec![
            Score::lower("held_out.cross_entropy", loss, "nats", "cross-entropy of held-out answers"),
            Score::higher("held_out.js_bits", bits, "bits", "divergence from wrong messages"),
        ];
        let table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["cross-entropy of held-out answers".to_owned(), format!("{loss:.4} nats")])
            .row(["divergence from wrong messages".to_owned(), format!("{bits:.3} bits")]);
        Ok(Evaluated {
            card: ScoreCard { scores, baselines: vec![], headline: vec!["held_out.cross_entropy".into()] },
            report: Record::new(),
            table: table.to_string(),
            figures: vec![],
        })
    }
}
