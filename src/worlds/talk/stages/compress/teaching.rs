//! A student with the frozen receiver that it learns from.

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_base::random::Stream;
use umwelt_language::{Head, LanguageModel, Segment, Student, agreement_weights, directions, disagreements};

use super::references::{Reference, References};
use crate::objectives::LossReport;
use crate::runs::Inputs;
use crate::worlds::talk::models::{load, trained_in};
use crate::worlds::talk::settings::{
    CompressSettings, NumberFormat, STUDENT, TRAINED, TalkSettings, TeacherMessage,
};
use crate::worlds::talk::stages::TrainedReceiver;
use crate::worlds::talk::stages::messages::{Collected, Pass, Sample};
use crate::worlds::talk::tasks;
use crate::worlds::talk::text::Renderer;

/// A student, its receiver, and the messages that it compresses.
pub struct Teaching {
    pub settings: CompressSettings,
    seed: u64,
    pub student: Student,
    sender: Renderer,
    /// The files beside the student's weights.
    pub start: LanguageModel,
    pub trained: TrainedReceiver,
    pub collected: Collected,
    references: References,
}

/// The samples of a step, with what does not depend on the student.
pub struct Lesson {
    /// The number of latents that the student sends.
    latents: usize,
    samples: Vec<Sample>,
    references: Vec<Reference>,
    /// The weights of the positions of each sample, `[N]`.
    pub weights: Vec<Tensor>,
    /// The sum of all weights.
    weight: Tensor,
    labels: i64,
}

impl Teaching {
    /// # Errors
    /// When a model or the messages cannot be read, or do not fit each other.
    pub fn new(talk: &TalkSettings, seed: u64, device: Device, inputs: &Inputs) -> Result<Self> {
        let (settings, task) = (talk.compress.clone(), tasks::Task::new(talk, seed)?);
        ensure!(
            settings.k.len() == 1 || (settings.nested && !settings.k.is_empty()),
            "talk.compress.k: a stage trains one student; name one number of latents, or set \
             talk.compress.nested=true for a student of several"
        );
        let start = trained_in(load(inputs, STUDENT, seed, device, NumberFormat::F32)?, talk);
        let sender = Renderer::new(&start, &talk.text, task.texts()).context(STUDENT)?;
        let collected = Collected::open(talk, task.clone(), seed, inputs, device)?;
        collected.check_batch("talk.compress.batch_size", settings.batch_size)?;
        let trained = TrainedReceiver::load(talk, &task, seed, (inputs, TRAINED), &collected.widths, device)?;
        let width = start.decoder.config().hidden;
        ensure!(
            collected.widths == [width],
            "{STUDENT}: hidden states of {width} features do not fit messages of {}",
            collected.widths[0]
        );
        let student = Student::new(start.decoder.grown(0, 0)?, seed);
        let references = References::new(talk.cache_mb << 20);
        Ok(Self { seed, settings, student, sender, start, trained, collected, references })
    }

    /// The number of latents of a step.
    fn latents(&self, step: u64) -> usize {
        let numbers = &self.settings.k;
        numbers[Stream::new(self.seed, "numbers of latents").at(&[step]).below(numbers.len())]
    }

    /// # Errors
    /// When a text does not fit the receiver.
    pub fn lesson(&self, samples: Vec<Sample>, step: u64) -> Result<Lesson> {
        let latents = self.latents(step);
        let rows = match self.settings.teacher_message {
            TeacherMessage::Full => i64::MAX,
            TeacherMessage::KRows => latents as i64,
        };
        let references = self.references.of(&self.trained, &samples, rows)?;
        let window = self.settings.window as i64;
        let all: Vec<Tensor> =
            references.iter().map(|reference| within(&reference.information, window)).collect();
        let counts: Vec<i64> = all.iter().map(|information| information.size()[0]).collect();
        let weights = agreement_weights(&Tensor::cat(&all, 0), self.settings.quantile);
        Ok(Lesson {
            latents,
            weight: weights.sum(Kind::Float),
            weights: weights.split_with_sizes(counts.as_slice(), 0),
            labels: counts.iter().sum(),
            references,
            samples,
        })
    }

    /// The loss of a part of a lesson; those of all parts add up to the lesson's.
    ///
    /// # Errors
    /// When a text does not fit a model.
    pub fn report(&self, lesson: &Lesson, part: Range<usize>) -> Result<LossReport> {
        let (references, weights) = (&lesson.references[part.clone()], &lesson.weights[part.clone()]);
        let (messages, pass) = self.pass(&lesson.samples[part], lesson.latents)?;
        let full: Vec<&Tensor> = references.iter().map(|reference| &reference.full).collect();
        let head = Head::of(&self.trained.model.decoder);
        let disagreed = disagreements(&head, &pass.rows, &Tensor::cat(&full, 0), self.settings.temperature);
        let agreement = (Tensor::cat(weights, 0) * disagreed).sum(Kind::Float) / (&lesson.weight + 1e-6);
        let full: Vec<Tensor> =
            references.iter().map(|reference| reference.direction.shallow_clone()).collect();
        let direction = directions(&messages, &full).sum(Kind::Float) / lesson.samples.len() as f64;
        let [first, second, third] = [0, 1, 2].map(|at| self.settings.coefficients[at]);
        Ok(LossReport::weighted(vec![
            ("cross_entropy", first, pass.cross_entropy(lesson.labels)),
            ("agreement", second, agreement),
            ("direction", third, direction),
        ]))
    }

    /// Cross-entropy (nats) of held-out answers with the student's messages of most latents.
    ///
    /// # Errors
    /// When a text does not fit a model.
    pub fn held_out(&self) -> Result<f64> {
        let most = self.settings.k.iter().copied().max().unwrap_or_default();
        let renderer = &self.trained.renderer;
        let samples = self.collected.samples(self.collected.held_out.iter(), renderer)?;
        Ok(self.pass(&samples, most)?.1.mean_cross_entropy())
    }

    /// The student's messages `[K, d]`, and the receiver's pass with them.
    fn pass(&self, samples: &[Sample], count: usize) -> Result<(Vec<Tensor>, Pass)> {
        let prompt = |sample: &Sample| Ok(vec![Segment::Ids(self.sender.sender(&sample.problem, None)?.ids)]);
        let prompts: Vec<Vec<Segment>> = samples.iter().map(prompt).collect::<Result<_>>()?;
        let latents = self.student.latents(&prompts, count)?;
        let messages = self.trained.adapter.adapted(0, &latents.unbind(0), None)?;
        let inserted = messages.iter().map(|rows| Some(vec![Segment::Embeddings(rows.shallow_clone())]));
        let pass = self.trained.pass(samples.iter(), inserted)?;
        Ok((messages, pass))
    }
}

/// The information `[N]` of the first `window` positions, and 0 behind them; 0 keeps all.
fn within(information: &Tensor, window: i64) -> Tensor {
    let count = information.size()[0];
    if window == 0 || window >= count {
        return information.shallow_clone();
    }
    information.narrow(0, 0, window).constant_pad_nd([0, count - window])
}
