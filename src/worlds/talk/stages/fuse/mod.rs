//! The stage `fuse`: the sender's keys and values of a plan learn to change the receiver's (Fu et
//! al., *Cache-to-Cache*, arXiv 2510.03215).

mod contexts;

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result};
use tch::{Device, Tensor, no_grad};
use umwelt_base::random::Stream;
use umwelt_language::{Fuser, Gates, LanguageModel, Segment};

pub use self::contexts::{Contexts, sender};
use super::learning::Learner;
use super::messages::{Collected, Pass, Sample, conversations, sample_labels};
use super::parts::parts;
use super::receiver::TrainedReceiver;
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::objectives::scalars::Scalars;
use crate::runs::{Inputs, Progress, Score};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task};
use crate::worlds::talk::models::{fuser, save};
use crate::worlds::talk::settings::{FuserSettings, TRAINED, TalkSettings};
use crate::worlds::talk::tasks;
use crate::worlds::talk::tasks::Problem;
use crate::worlds::talk::text::Renderer;

/// The file of the fuser in its folder.
const FUSER: &str = "fuser.safetensors";

/// The training of a fuser between two frozen models.
pub struct FuseTask {
    run: RunKeys,
    fusion: Fusion,
    descent: GradientDescent,
    accumulate: usize,
}

/// A fuser with its models, and the messages that it learns from.
struct Fusion {
    settings: FuserSettings,
    seed: u64,
    sender: LanguageModel,
    renderer: Renderer,
    receiver: TrainedReceiver,
    collected: Collected,
    fuser: Fuser,
}

impl Learner for FuseTask {
    const FOLDER: &'static str = "fuser";

    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let (settings, task) = (talk.fuser.clone(), tasks::Task::new(talk, run.seed)?);
        let (sender, renderer) = sender(talk, &task, run.seed, inputs, device)?;
        let collected = Collected::open(talk, task.clone(), run.seed, inputs, device)?;
        collected.check_batch("talk.fuser.batch_size", settings.batch_size)?;
        let receiver =
            TrainedReceiver::load(talk, &task, run.seed, (inputs, TRAINED), &collected.widths, device)?;
        let fuser = fuser(&sender, &receiver.model, talk, run.seed);
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: settings.warmup,
            beta2: 0.999,
            weight_decay: settings.weight_decay,
            clip: 1.0,
        };
        let descent = GradientDescent::new(fuser.parameters(), &recipe(&rate), settings.batch_size, 1);
        let fusion = Fusion { settings, seed: run.seed, sender, renderer, receiver, collected, fuser };
        fusion.contexts().check()?;
        Ok(Self { run: run.clone(), fusion, descent, accumulate: talk.accumulate })
    }

    fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        save(self.fusion.fuser.parameters(), &folder.join(FUSER))
    }
}

impl Fusion {
    fn contexts(&self) -> Contexts<'_> {
        Contexts { sender: &self.sender, renderer: &self.renderer, receiver: &self.receiver }
    }

    /// The gates of a step: their temperature falls exponentially.
    fn gates(&self, step: u64) -> Gates {
        let progress = step as f64 / (self.settings.steps.max(2) - 1) as f64;
        let mut rng = Stream::new(self.seed, "gates of a fuser").at(&[step]);
        let logistic = |uniform: f64| {
            let inside = uniform.clamp(1e-6, 1.0 - 1e-6);
            (inside / (1.0 - inside)).ln()
        };
        Gates::Drawn {
            temperature: self.settings.last_temperature.powf(progress),
            noise: (0..self.fuser.blocks()).map(|_| logistic(rng.uniform())).collect(),
        }
    }

    /// The receiver's pass over answers behind the fused plans.
    fn pass(&self, samples: &[Sample], gates: &Gates) -> Result<Pass> {
        let plans: Vec<(&Problem, &[i64])> =
            samples.iter().map(|sample| (&sample.problem, sample.first().plan.as_slice())).collect();
        let start = self.contexts().fused(&self.fuser, gates, &plans)?;
        let message = |sample: &Sample| vec![Segment::Ids(sample.first().plan.clone())];
        let renderer = &self.receiver.renderer;
        let openings = samples.iter().map(|sample| renderer.opening(&sample.problem, Some(message(sample))));
        let texts =
            conversations(renderer, samples.iter(), samples.iter().map(|sample| Some(message(sample))))?;
        Pass::after(start, &self.receiver.model.decoder, openings.collect::<Result<_>>()?, &texts)
    }
}

impl Task for FuseTask {
    type Batch = Vec<i64>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.fusion.settings.steps)
    }

    fn title(&self) -> String {
        format!(
            "fuser of {} blocks, {} plans",
            self.fusion.fuser.blocks(),
            self.fusion.collected.training.len()
        )
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        self.fusion.collected.batches(self.run.seed, self.batch_size(), steps)
    }

    fn batch_size(&self) -> usize {
        self.fusion.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, observe: bool) -> Result<Step> {
        let fusion = &self.fusion;
        let samples = fusion.collected.batch(&batch, &fusion.receiver.renderer)?;
        let count = sample_labels(&fusion.receiver.renderer, &samples)?;
        let gates = fusion.gates(step);
        let reports = parts(samples.len(), self.accumulate).into_iter().map(|part| {
            let loss = fusion.pass(&samples[part], &gates)?.cross_entropy(count);
            Ok(LossReport::weighted(vec![("cross_entropy", 1.0, loss)]))
        });
        let taken = self.descent.descend_in_parts(step, reports)?;
        if !observe {
            return Ok(taken);
        }
        let mut observed = Scalars::default();
        observed.push("gates.open", &Tensor::from(self.fusion.fuser.open() as f64));
        Ok(Step { observed, ..taken })
    }

    fn parameters(&self) -> &Parameters {
        self.fusion.fuser.parameters()
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let Fusion { collected, fuser, receiver, .. } = &self.fusion;
        let samples = collected.samples(collected.held_out.iter(), &receiver.renderer)?;
        let loss = no_grad(|| self.fusion.pass(&samples, &Gates::Hard))?.mean_cross_entropy();
        let name = "held_out.cross_entropy";
        let scores = vec![Score::lower(name, loss, "nats", "cross-entropy of held-out answers")];
        let open = format!("{} of {}", fuser.open(), fuser.blocks());
        let table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["cross-entropy of held-out answers".to_owned(), format!("{loss:.4} nats")])
            .row(["blocks whose gate is open".to_owned(), open]);
        Ok(Evaluated::of_scores(scores, name, &table))
    }
}
