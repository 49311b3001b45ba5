//! A model that learns from samples in batches, and goes on with single ones.

use std::collections::VecDeque;

use umwelt_base::random::Stream;

use super::cross_entropy::Loss;
use super::finished::Finished;
use super::planes::{BATCH, Plane, Varying};
use crate::answer::Answer;
use crate::bits::{Encoder, Shifts, shifted};
use crate::course::Course;
use crate::reservoir::{Change, Reservoir};
use crate::wisard::{best, softmax};
use crate::{Digit, Samples};

/// The fewest steps of a course: three epochs of few samples would be a handful.
const FEWEST_STEPS: u64 = 400;
/// Copies of a sample that is learnt alone, in each batch.
const COPIES: usize = 8;
/// Earlier samples in such a batch.
const REPLAYED: usize = 56;
/// Samples that can be taken back.
const UNDOS: usize = 50;

/// The bits and the labels of up to [`BATCH`] samples.
pub type Batch<'a> = (&'a [Plane], &'a [u8]);

/// The parameters that a step moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All, on so many threads.
    Course { threads: usize },
    /// [`Model::values`] only.
    Lesson,
}

/// Parameters that are trained by gradients and end as tables of bits.
pub trait Model: Clone {
    /// The state of the optimiser.
    type Optimiser: Clone;

    /// The state of the optimiser before the first step.
    fn optimiser(&self) -> Self::Optimiser;

    /// One step on a batch. The result is the same for any number of threads. Returns the loss
    /// before the step.
    fn step(&mut self, batch: Batch, optimiser: &mut Self::Optimiser, rate: f32, extent: Extent) -> Loss;

    /// Ends the first course: what only that course learns stays as it is from now on.
    fn settle(&mut self);

    /// The parameters that later courses and lessons move.
    fn values(&self) -> Vec<Vec<f32>>;

    /// Puts back what [`Self::values`] gave.
    fn set_values(&mut self, values: Vec<Vec<f32>>);

    /// The finished form for pictures whose bits vary so.
    fn finished(&self, varying: &Varying) -> Finished;

    /// The bytes of all parameters.
    fn bytes(&self) -> usize;
}

/// Numbers of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    pub epochs: usize,
    /// The rate of Adam; it falls to 0 over the second half of a course.
    pub rate: f32,
    /// Steps of Adam for one example that is learnt alone.
    pub learn_steps: usize,
    /// Earlier samples that are kept, to be learnt again with new ones.
    pub replay: usize,
    /// The divisor of a class's sum in its logit.
    pub tau: f32,
}

/// A model with what it needs to go on learning.
#[derive(Clone, Debug)]
pub struct Trained<M: Model> {
    plan: Plan,
    seed: u64,
    varying: Varying,
    model: M,
    /// The state of the optimiser in the middle of a course.
    optimiser: Option<M::Optimiser>,
    finished: Finished,
    reservoir: Reservoir,
    /// Samples learnt one at a time.
    lessons: u64,
    ring: VecDeque<Lesson>,
}

#[derive(Clone, Debug)]
struct Lesson {
    image: Digit,
    label: u8,
    values: Vec<Vec<f32>>,
    change: Change,
}

impl<M: Model> Trained<M> {
    /// A model that reads the varying bits of pictures.
    pub fn new(plan: Plan, model: M, varying: Varying, classes: usize, seed: u64) -> Self {
        let (finished, reservoir) = (model.finished(&varying), Reservoir::new(plan.replay, classes));
        let ring = VecDeque::new();
        Self { plan, seed, varying, model, optimiser: None, finished, reservoir, lessons: 0, ring }
    }

    /// The model with its optimiser, reservoir and number of lessons as they were in a file.
    pub fn restore(self, optimiser: Option<M::Optimiser>, reservoir: Reservoir, lessons: u64) -> Self {
        Self { optimiser, reservoir, lessons, ..self }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The bits that the model reads.
    pub fn varying(&self) -> &Varying {
        &self.varying
    }

    /// The state of the optimiser in the middle of a course.
    pub fn optimiser(&self) -> Option<&M::Optimiser> {
        self.optimiser.as_ref()
    }

    /// The finished form.
    pub fn finished(&self) -> &Finished {
        &self.finished
    }

    /// The samples that are learnt again with new ones.
    pub fn reservoir(&self) -> &Reservoir {
        &self.reservoir
    }

    /// The number of samples that were learnt one at a time.
    pub fn lessons(&self) -> u64 {
        self.lessons
    }

    /// The samples of a batch that are new; the others are replayed.
    fn new_samples(&self) -> usize {
        if self.reservoir.samples().is_empty() { BATCH } else { BATCH / 2 }
    }

    /// The units of a training on `samples` samples: steps on batches.
    pub fn units(&self, samples: usize) -> u64 {
        match self.plan.epochs {
            0 => 0,
            epochs => FEWEST_STEPS.max((epochs * samples.div_ceil(self.new_samples())) as u64),
        }
    }

    /// Does the next at most `units` units of `course` on `threads` threads; the result is the same
    /// for any number of them. Nothing can be undone afterwards. Returns the mean loss of these
    /// units.
    pub fn advance(
        &mut self,
        encoder: &Encoder,
        samples: &Samples,
        course: &mut Course,
        units: u64,
        threads: usize,
    ) -> f64 {
        let mut optimiser = self.optimiser.take().unwrap_or_else(|| self.model.optimiser());
        self.ring.clear();
        let (range, mut sum) = (course.next(units), 0.0);
        let steps = (range.end - range.start).max(1) as f64;
        for unit in range {
            let (images, labels) = self.batch(samples, course, unit);
            let planes = self.varying.planes(encoder, images.iter());
            let left = 1.0 - unit as f32 / course.total as f32;
            let rate = self.plan.rate * (2.0 * left).min(1.0);
            sum += self.model.step((&planes, &labels), &mut optimiser, rate, Extent::Course { threads }).mean;
            course.done = unit + 1;
        }
        self.optimiser = Some(optimiser);
        if course.is_done() {
            self.finish(samples, course.number);
        }
        self.finished = self.model.finished(&self.varying);
        sum / steps
    }

    /// A batch of samples, each moved by at most one pixel, and of replayed ones.
    fn batch(&self, samples: &Samples, course: &mut Course, unit: u64) -> (Vec<Digit>, Vec<u8>) {
        let (count, fresh) = (samples.len() as u64, self.new_samples());
        let mut rng = Stream::new(self.seed, "batches").at(&[course.number, unit]);
        let mut batch = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        for place in unit * fresh as u64..(unit + 1) * fresh as u64 {
            let (image, label) = samples.get(course.sample(self.seed, place / count, place % count));
            let moves = Shifts::NINE.moves();
            batch.0.push(shifted(image, moves[rng.below(moves.len())]));
            batch.1.push(label);
        }
        while batch.0.len() < BATCH {
            let Some((image, label)) = self.reservoir.draw(usize::MAX, &mut rng) else { break };
            batch.0.push(*image);
            batch.1.push(*label);
        }
        batch
    }

    fn finish(&mut self, samples: &Samples, number: u64) {
        self.optimiser = None;
        self.model.settle();
        let stream = Stream::new(self.seed, "reservoir of courses");
        for (at, (image, label)) in samples.iter().enumerate() {
            self.reservoir.offer(image, label, &mut stream.at(&[number, at as u64]));
        }
    }

    /// Learns one sample: steps of Adam on batches of shifted copies and replayed samples.
    /// [`Self::undo`] takes it back.
    pub fn learn(&mut self, encoder: &Encoder, image: &Digit, label: u8) {
        let values = self.model.values();
        let mut optimiser = self.model.optimiser();
        for step in 0..self.plan.learn_steps {
            let mut rng = Stream::new(self.seed, "replayed in lessons").at(&[self.lessons, step as u64]);
            let copies = Shifts::NINE.copies(image).take(COPIES).map(|copy| (copy, label));
            let drawn = (0..REPLAYED).filter_map(|_| self.reservoir.draw(usize::MAX, &mut rng).cloned());
            let (images, labels): (Vec<Digit>, Vec<u8>) = copies.chain(drawn).unzip();
            let planes = self.varying.planes(encoder, images.iter());
            self.model.step((&planes, &labels), &mut optimiser, self.plan.rate, Extent::Lesson);
        }
        let mut rng = Stream::new(self.seed, "reservoir of lessons").at(&[self.lessons]);
        let change = self.reservoir.offer(image, label, &mut rng);
        self.lessons += 1;
        self.ring.push_back(Lesson { image: *image, label, values, change });
        if self.ring.len() > UNDOS {
            self.ring.pop_front();
        }
        self.finished = self.model.finished(&self.varying);
    }

    /// Takes back the last sample that was learnt by [`Self::learn`]: values and reservoir are
    /// again as they were. Returns the sample; `None` where there is none to take back.
    pub fn undo(&mut self) -> Option<(Digit, u8)> {
        let lesson = self.ring.pop_back()?;
        self.model.set_values(lesson.values);
        self.reservoir.take_back(lesson.label, lesson.change);
        self.lessons -= 1;
        self.finished = self.model.finished(&self.varying);
        Some((lesson.image, lesson.label))
    }

    /// The number of samples that can be taken back one after another.
    pub fn undos(&self) -> usize {
        self.ring.len()
    }

    /// The bytes of the model and the reservoir.
    pub fn bytes(&self) -> usize {
        self.model.bytes() + self.reservoir.samples().len() * (size_of::<Digit>() + 1)
    }

    /// The answer to one picture.
    pub fn answer(&self, encoder: &Encoder, image: &Digit) -> Answer {
        let bits = encoder.encode(image);
        let outputs = self.finished.outputs(|at| bits.get(at));
        self.finished.answer(self.plan.tau, outputs.last().map_or(&[], Vec::as_slice))
    }
}

impl Finished {
    /// The answer with these outputs of the last layer.
    pub fn answer(&self, tau: f32, outputs: &[bool]) -> Answer {
        self.answer_with(tau, &self.sums(outputs))
    }

    /// The answer where the outputs of each class have these sums.
    pub fn answer_with(&self, tau: f32, sums: &[u32]) -> Answer {
        let scores: Vec<f32> = sums.iter().map(|sum| *sum as f32 / tau).collect();
        let value = best(&scores, |_| true);
        let probabilities = softmax(&scores);
        let confidence = value.map_or(0.0, |class| f64::from(probabilities[class]));
        Answer { value, confidence, scores, ..Answer::default() }
    }

    /// The answers to 64 W pictures at once, whose bits are `planes`.
    pub fn answer_at_once<const W: usize>(&self, tau: f32, planes: &[[u64; W]]) -> Vec<Answer> {
        let sums = self.sums_at_once(planes);
        let of = |at: usize| sums.iter().map(|class| class[at]).collect::<Vec<u32>>();
        (0..64 * W).map(|at| self.answer_with(tau, &of(at))).collect()
    }
}
