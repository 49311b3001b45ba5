//! The stage `compress`: a student learns to send a few latents in place of a whole message.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor, no_grad};
use umwelt_language::{
    Agreement, Inserted, LanguageModel, MessageAdapter, Segment, Student, agreement, cross_entropy, direction,
};

use super::actor::ADAPTER;
use super::messages::{Collected, Pass, Sample, adapted, conversations};
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::runs::{Inputs, Progress, Record, Score, ScoreCard};
use crate::training::{
    Evaluated, GradientDescent, Job, Plan, Prefetch, RunKeys, Session, Shuffle, Step, Task, Training,
};
use crate::worlds::talk::models::{adapter, file, folder, joined, load, restore, save};
use crate::worlds::talk::settings::{CompressSettings, STUDENT, TRAINED, TalkSettings};
use crate::worlds::talk::tasks;
use crate::worlds::talk::text::Renderer;

/// The folder of the student in the run folder, and the file of its own part.
const FOLDER: &str = "student";
pub const OWN: &str = "latents.safetensors";

/// The run of the stage: training, then the student as a folder.
pub struct Compressing(Training<CompressTask>);

impl Compressing {
    /// # Errors
    /// When a model or the messages cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        Ok(Self(Training::new(CompressTask::new(talk, run, device, inputs)?, &Inputs::default())))
    }
}

impl Job for Compressing {
    fn title(&self) -> String {
        self.0.title()
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        let ended = self.0.run(session)?;
        self.0.task().save(&session.run.path().join(FOLDER))?;
        Ok(ended)
    }
}

/// A trained receiver with its adapter.
pub struct TrainedReceiver {
    pub model: LanguageModel,
    pub renderer: Renderer,
    pub adapter: MessageAdapter,
    /// The adapter's parameters.
    pub own: Parameters,
}

impl TrainedReceiver {
    /// The receiver of the input `key`, for hidden states of `width` features.
    ///
    /// # Errors
    /// When it cannot be read; the error names the file.
    pub fn load(
        talk: &TalkSettings,
        task: &tasks::Task,
        seed: u64,
        (inputs, key): (&Inputs, &str),
        width: i64,
        device: Device,
    ) -> Result<Self> {
        let model = load(inputs, key, seed, device)?;
        let (parameters, adapter) = adapter(&talk.adapter, width, &model.decoder, seed)?;
        let place = folder(file(inputs, key)?).join(ADAPTER);
        restore(&parameters, &place).with_context(|| key.to_owned())?;
        let renderer = Renderer::new(&model, &talk.text, task.texts()).with_context(|| key.to_owned())?;
        parameters.freeze("");
        model.decoder.parameters().freeze("");
        Ok(Self { model, renderer, adapter, own: parameters })
    }

    /// The logits at the supervised positions with these messages.
    fn pass(&self, samples: &[Sample], messages: Vec<Option<Vec<Segment>>>) -> Result<Pass> {
        let texts: Vec<Inserted> = conversations(&self.renderer, samples.iter(), messages.into_iter())?;
        Pass::of(&self.model.decoder, &texts)
    }
}

/// What the receiver makes of a sample with its full message, and without one.
struct Reference {
    /// `[N, V]` in half precision.
    full: Tensor,
    none: Tensor,
    /// The full message's mean row, `[1, d]`.
    direction: Tensor,
}

impl Reference {
    fn bytes(&self) -> usize {
        2 * (self.full.numel() + self.none.numel())
    }
}

/// The training of a student.
pub struct CompressTask {
    settings: CompressSettings,
    run: RunKeys,
    student: Student,
    sender: Renderer,
    /// The files beside the student's weights.
    start: LanguageModel,
    trained: TrainedReceiver,
    collected: Collected,
    /// References by key, up to a number of bytes.
    references: RefCell<(HashMap<String, Reference>, usize)>,
    budget: usize,
    parameters: Parameters,
    descent: GradientDescent,
}

impl CompressTask {
    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let (settings, task) = (talk.compress.clone(), tasks::Task::new(talk, run.seed)?);
        ensure!(
            settings.k.len() == 1,
            "talk.compress.k: a stage trains one student; name one number of latents"
        );
        let start = load(inputs, STUDENT, run.seed, device)?;
        let sender = Renderer::new(&start, &talk.text, task.texts()).context(STUDENT)?;
        let collected = Collected::open(talk, task.clone(), run.seed, inputs, device)?;
        ensure!(
            collected.training.len() >= settings.batch_size,
            "talk.compress.batch_size: {} messages make no batch of {}",
            collected.training.len(),
            settings.batch_size
        );
        let trained =
            TrainedReceiver::load(talk, &task, run.seed, (inputs, TRAINED), collected.width, device)?;
        let decoder = load(inputs, STUDENT, run.seed, device)?.decoder;
        ensure!(
            decoder.config().hidden == collected.width,
            "{STUDENT}: hidden states of {} features do not fit messages of {}",
            decoder.config().hidden,
            collected.width
        );
        let student = Student::new(decoder, run.seed);
        let parameters =
            joined(&[("student", student.decoder().parameters()), ("own", student.parameters())]);
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: 0.03,
            beta2: 0.999,
            weight_decay: 0.0,
            clip: 3.0,
        };
        let descent = GradientDescent::new(&parameters, &recipe(&rate), settings.batch_size, 1);
        Ok(Self {
            settings,
            run: run.clone(),
            student,
            sender,
            start,
            trained,
            collected,
            references: RefCell::default(),
            budget: talk.cache_mb << 20,
            parameters,
            descent,
        })
    }

    fn save(&self, folder: &std::path::Path) -> Result<()> {
        let LanguageModel { tokenizer, tokenizer_config, generation_config, .. } = &self.start;
        let model = LanguageModel {
            decoder: self.student.decoder().grown(0, 0)?,
            tokenizer: tokenizer.clone(),
            tokenizer_config: tokenizer_config.clone(),
            generation_config: generation_config.clone(),
        };
        model.save(folder)?;
        save(self.student.parameters(), &folder.join(OWN))
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.collected.training.len(), self.settings.batch_size)
    }

    /// The student's messages `[K, d]`, and the receiver's pass with them.
    fn pass(&self, samples: &[Sample]) -> Result<(Vec<Tensor>, Pass)> {
        let prompt = |sample: &Sample| Ok(vec![Segment::Ids(self.sender.sender(&sample.problem, None)?.ids)]);
        let prompts: Vec<Vec<Segment>> = samples.iter().map(prompt).collect::<Result<_>>()?;
        let latents = self.student.latents(&prompts, self.settings.k[0])?;
        let messages = adapted(&self.trained.adapter, &latents.unbind(0), None)?;
        let inserted = messages.iter().map(|rows| Some(vec![Segment::Embeddings(rows.shallow_clone())]));
        let pass = self.trained.pass(samples, inserted.collect())?;
        Ok((messages, pass))
    }

    /// The references of samples, computed where they are not kept.
    fn references(&self, samples: &[Sample]) -> Result<Vec<Reference>> {
        let known = |sample: &&Sample| !self.references.borrow().0.contains_key(&sample.problem.id);
        let missing: Vec<&Sample> = samples.iter().filter(known).collect();
        let mut made = no_grad(|| self.made(&missing))?.into_iter();
        let mut found = vec![];
        for sample in samples {
            let (kept, bytes) = &mut *self.references.borrow_mut();
            if let Some(reference) = kept.get(&sample.problem.id) {
                found.push(reference.copied());
                continue;
            }
            let reference = made.next().context("each missing reference was made")?;
            found.push(reference.copied());
            if *bytes + reference.bytes() <= self.budget {
                *bytes += reference.bytes();
                kept.insert(sample.problem.id.clone(), reference);
            }
        }
        Ok(found)
    }

    fn made(&self, samples: &[&Sample]) -> Result<Vec<Reference>> {
        if samples.is_empty() {
            return Ok(vec![]);
        }
        let hidden: Vec<Tensor> = samples.iter().map(|sample| sample.hidden.shallow_clone()).collect();
        let messages = adapted(&self.trained.adapter, &hidden, None)?;
        let inserted = messages.iter().map(|rows| Some(vec![Segment::Embeddings(rows.shallow_clone())]));
        let renderer = &self.trained.renderer;
        let texts = conversations(renderer, samples.iter().copied(), inserted)?;
        let full = Pass::of(&self.trained.model.decoder, &texts)?;
        let silent = conversations(renderer, samples.iter().copied(), samples.iter().map(|_| None))?;
        let none = Pass::of(&self.trained.model.decoder, &silent)?;
        let split = |pass: &Pass| {
            let half = pass.logits.to_kind(Kind::Half);
            half.split_with_sizes(pass.supervised.counts.as_slice(), 0)
        };
        let pairs = split(&full).into_iter().zip(split(&none)).zip(&messages);
        Ok(pairs
            .map(|((full, none), rows)| Reference {
                full: full.copy(),
                none: none.copy(),
                direction: rows.mean_dim(0, true, Kind::Float),
            })
            .collect())
    }

    fn losses(&self, samples: &[Sample]) -> Result<LossReport> {
        let references = self.references(samples)?;
        let (messages, pass) = self.pass(samples)?;
        let together = |part: fn(&Reference) -> &Tensor| {
            Tensor::cat(&references.iter().map(part).collect::<Vec<_>>(), 0).to_kind(Kind::Float)
        };
        let (full, none) = (together(|reference| &reference.full), together(|reference| &reference.none));
        let settings = Agreement { temperature: self.settings.temperature, quantile: self.settings.quantile };
        let (agrees, _) = agreement(settings, &pass.logits, &full, &none);
        let directions: Vec<Tensor> = references.into_iter().map(|reference| reference.direction).collect();
        let [first, second, third] = [0, 1, 2].map(|at| self.settings.coefficients[at]);
        Ok(LossReport::weighted(vec![
            ("cross_entropy", first, cross_entropy(&pass.logits, &pass.supervised.targets)),
            ("agreement", second, agrees),
            ("direction", third, direction(&messages, &directions)),
        ]))
    }
}

impl Reference {
    fn copied(&self) -> Self {
        Self {
            full: self.full.shallow_clone(),
            none: self.none.shallow_clone(),
            direction: self.direction.shallow_clone(),
        }
    }
}

impl Task for CompressTask {
    type Batch = Vec<i64>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.settings.steps)
    }

    fn title(&self) -> String {
        format!("student of {} latents, {} messages", self.settings.k[0], self.collected.training.len())
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        let shuffle = self.shuffle();
        Prefetch::new(steps, move |step| shuffle.batch(step))
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, _observe: bool) -> Result<Step> {
        let keys = batch.iter().map(|number| &self.collected.training[*number as usize]);
        let samples = self.collected.samples(keys, &self.trained.renderer)?;
        let report = self.losses(&samples)?;
        self.descent.descend(step, || Ok(report))
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let samples = self.collected.samples(self.collected.held_out.iter(), &self.trained.renderer)?;
        let loss = no_grad(|| -> Result<f64> {
            let (_, pass) = self.pass(&samples)?;
            Ok(cross_entropy(&pass.logits, &pass.supervised.targets).double_value(&[]))
        })?;
        let name = "held_out.cross_entropy";
        let scores = vec![Score::lower(name, loss, "nats", "cross-entropy of held-out answers")];
        let table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["cross-entropy of held-out answers".to_owned(), format!("{loss:.4} nats")]);
        Ok(Evaluated {
            card: ScoreCard { scores, baselines: vec![], headline: vec![name.into()] },
            report: Record::new(),
            table: table.to_string(),
            figures: vec![],
        })
    }
}
