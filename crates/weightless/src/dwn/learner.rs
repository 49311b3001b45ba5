//! Trained tables that learn from samples in batches, and go on with single ones.

use std::collections::VecDeque;

use umwelt_base::random::Stream;

use super::finished::Finished;
use super::layer::Layer;
use super::mapping::Scores;
use super::network::{Network, Optimiser, Rule};
use super::settings::{DwnSettings, Reduction, Wiring};
use crate::answer::Answer;
use crate::bits::{Encoder, Shifts, shifted};
use crate::course::Course;
use crate::draws::{below, permutation};
use crate::planes::{BATCH, Varying};
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

/// Trained tables with what they need to go on.
#[derive(Clone, Debug)]
pub struct Dwn {
    pub(super) settings: DwnSettings,
    pub(super) seed: u64,
    pub(super) varying: Varying,
    pub(super) network: Network,
    /// The state of Adam in the middle of a course.
    pub(super) optimiser: Option<Optimiser>,
    pub(super) finished: Finished,
    pub(super) reservoir: Reservoir,
    /// Samples learnt one at a time.
    pub(super) lessons: u64,
    ring: VecDeque<Lesson>,
}

#[derive(Clone, Debug)]
struct Lesson {
    image: Digit,
    label: u8,
    luts: Vec<Vec<f32>>,
    change: Change,
}

impl Dwn {
    /// Random tables. `images` are the training pictures: bits that hardly vary among them are not
    /// read.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn new(
        settings: DwnSettings,
        encoder: &Encoder,
        images: &[Digit],
        classes: usize,
        seed: u64,
    ) -> Result<Self, String> {
        settings.check(classes)?;
        let varying = Varying::of(encoder, images);
        if varying.kept().is_empty() {
            return Err("no bit varies among the training pictures: choose another encoding".into());
        }
        let network = network(&settings, varying.kept().len(), classes, seed);
        Ok(Self::restore(settings, seed, varying, network, classes))
    }

    /// Tables that are trained already.
    pub(super) fn restore(
        settings: DwnSettings,
        seed: u64,
        varying: Varying,
        network: Network,
        classes: usize,
    ) -> Self {
        let finished = Finished::new(&network, &varying);
        let reservoir = Reservoir::new(settings.replay, classes);
        let ring = VecDeque::new();
        Self { settings, seed, varying, network, optimiser: None, finished, reservoir, lessons: 0, ring }
    }

    /// The settings.
    pub fn settings(&self) -> &DwnSettings {
        &self.settings
    }

    /// The finished form.
    pub fn finished(&self) -> &Finished {
        &self.finished
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The samples that are learnt again with new ones.
    pub fn reservoir(&self) -> &Reservoir {
        &self.reservoir
    }

    /// The samples of a batch that are new; the others are replayed.
    fn new_samples(&self) -> usize {
        if self.reservoir.samples().is_empty() { BATCH } else { BATCH / 2 }
    }

    /// The units of a training on `samples` samples: steps on batches.
    pub fn units(&self, samples: usize) -> u64 {
        match self.settings.epochs {
            0 => 0,
            epochs => FEWEST_STEPS.max((epochs * samples.div_ceil(self.new_samples())) as u64),
        }
    }

    /// Does the next at most `units` units of `course` on `threads` threads; the result is the same
    /// for any number of them. The mapping is learnt in the agent's first course and stays afterwards.
    /// Nothing can be undone afterwards. Returns the mean loss of these units.
    pub fn advance(
        &mut self,
        encoder: &Encoder,
        samples: &Samples,
        course: &mut Course,
        units: u64,
        threads: usize,
    ) -> f64 {
        let rule = Rule::new(&self.settings);
        let mut optimiser = self.optimiser.take().unwrap_or_else(|| Optimiser::new(&self.network));
        self.ring.clear();
        let (range, mut sum) = (course.next(units), 0.0);
        let steps = (range.end - range.start).max(1) as f64;
        for unit in range {
            let (images, labels) = self.batch(samples, course, unit);
            let planes = self.varying.planes(encoder, images.iter());
            let left = 1.0 - unit as f32 / course.total as f32;
            let rate = self.settings.learning_rate * (2.0 * left).min(1.0);
            sum += self.network.step((&planes, &labels), &mut optimiser, &rule, rate, threads).mean;
            course.done = unit + 1;
        }
        self.optimiser = Some(optimiser);
        if course.is_done() {
            self.finish(samples, course.number);
        }
        self.finished = Finished::new(&self.network, &self.varying);
        sum / steps
    }

    fn batch(&self, samples: &Samples, course: &mut Course, unit: u64) -> (Vec<Digit>, Vec<u8>) {
        let (count, fresh) = (samples.len() as u64, self.new_samples());
        let mut rng = Stream::new(self.seed, "batches").at(&[course.number, unit]);
        let mut batch = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        for place in unit * fresh as u64..(unit + 1) * fresh as u64 {
            let (image, label) = samples.get(course.sample(self.seed, place / count, place % count));
            let moves = Shifts::NINE.moves();
            batch.0.push(shifted(image, moves[below(moves.len(), &mut rng)]));
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
        self.network.scores = None;
        self.network.layers.iter_mut().for_each(Layer::clamp);
        let stream = Stream::new(self.seed, "reservoir of courses");
        for (at, (image, label)) in samples.iter().enumerate() {
            self.reservoir.offer(image, label, &mut stream.at(&[number, at as u64]));
        }
    }

    /// Learns one sample: steps of Adam on batches of shifted copies and replayed samples. The mapping
    /// stays. [`Self::undo`] takes it back.
    pub fn learn(&mut self, encoder: &Encoder, image: &Digit, label: u8) {
        let luts = self.network.layers.iter().map(|layer| layer.luts.clone()).collect();
        let scores = self.network.scores.take();
        let (mut optimiser, rule) = (Optimiser::new(&self.network), Rule::new(&self.settings));
        for step in 0..self.settings.learn_steps {
            let mut rng = Stream::new(self.seed, "replayed in lessons").at(&[self.lessons, step as u64]);
            let copies = Shifts::NINE.copies(image).take(COPIES).map(|copy| (copy, label));
            let drawn = (0..REPLAYED).filter_map(|_| self.reservoir.draw(usize::MAX, &mut rng).cloned());
            let (images, labels): (Vec<Digit>, Vec<u8>) = copies.chain(drawn).unzip();
            let planes = self.varying.planes(encoder, images.iter());
            let rate = self.settings.learning_rate;
            self.network.step((&planes, &labels), &mut optimiser, &rule, rate, 1);
        }
        self.network.scores = scores;
        let mut rng = Stream::new(self.seed, "reservoir of lessons").at(&[self.lessons]);
        let change = self.reservoir.offer(image, label, &mut rng);
        self.lessons += 1;
        self.ring.push_back(Lesson { image: *image, label, luts, change });
        if self.ring.len() > UNDOS {
            self.ring.pop_front();
        }
        self.finished = Finished::new(&self.network, &self.varying);
    }

    /// Takes back the last sample that was learnt by [`Self::learn`]: tables and reservoir are again
    /// as they were. Returns the sample; `None` where there is none to take back.
    pub fn undo(&mut self) -> Option<(Digit, u8)> {
        let lesson = self.ring.pop_back()?;
        self.network.layers.iter_mut().zip(lesson.luts).for_each(|(layer, luts)| layer.luts = luts);
        self.reservoir.take_back(lesson.label, lesson.change);
        self.lessons -= 1;
        self.finished = Finished::new(&self.network, &self.varying);
        Some((lesson.image, lesson.label))
    }

    /// The number of samples that can be taken back one after another.
    pub fn undos(&self) -> usize {
        self.ring.len()
    }

    /// The bytes of entries, mapping, scores, optimiser and reservoir.
    pub fn bytes(&self) -> usize {
        let layers = &self.network.layers;
        let luts: usize = layers.iter().map(|layer| size_of_val(&*layer.luts)).sum();
        let mapping: usize = layers.iter().map(|layer| layer.mapping.len() * 2).sum();
        let scores = self.network.scores.as_ref().map_or(0, Scores::bytes);
        let optimiser = self.optimiser.as_ref().map_or(0, |_| 2 * luts);
        luts + mapping + scores + optimiser + self.reservoir.samples().len() * (size_of::<Digit>() + 1)
    }

    /// The answer to one picture.
    pub fn answer(&self, encoder: &Encoder, image: &Digit) -> Answer {
        let outputs = self.outputs(encoder, image);
        answer(&self.finished, self.settings.tau, outputs.last().map_or(&[], Vec::as_slice))
    }

    /// The outputs of every layer for one picture.
    pub fn outputs(&self, encoder: &Encoder, image: &Digit) -> Vec<Vec<bool>> {
        let bits = encoder.encode(image);
        self.finished.outputs(|at| bits.get(at))
    }
}

fn answer(finished: &Finished, tau: f32, outputs: &[bool]) -> Answer {
    let scores: Vec<f32> = finished.sums(outputs).iter().map(|sum| *sum as f32 / tau).collect();
    let value = best(&scores, |_| true);
    let probabilities = softmax(&scores);
    let confidence = value.map_or(0.0, |class| f64::from(probabilities[class]));
    Answer { value, confidence, scores, ..Answer::default() }
}

fn network(settings: &DwnSettings, bits: usize, classes: usize, seed: u64) -> Network {
    let stream = Stream::new(seed, "mapping");
    let mut tables = Stream::new(seed, "tables").at(&[]);
    let (n, mut layers, mut width) = (settings.inputs, Vec::<Layer>::new(), bits);
    let is_learnt = settings.mapping == Wiring::Learnable;
    let scores = is_learnt.then(|| Scores::random(bits, settings.tables[0] * n, &mut stream.at(&[0])));
    for (at, &count) in settings.tables.iter().enumerate() {
        let mapping = match (&scores, settings.mapping) {
            (Some(scores), _) if at == 0 => scores.best(),
            (_, Wiring::Arange) => (0..count * n).map(|input| (input % width) as u32).collect(),
            _ => permutations(count * n, width, &stream, at as u64),
        };
        layers.push(Layer::random(n, mapping, &mut tables));
        width = count;
    }
    while settings.reduction == Reduction::Learnable && width > classes {
        let (group, next) = (width / classes, (width / classes).div_ceil(n));
        let input = |at: usize| (at / (next * n) * group + at % (next * n) % group) as u32;
        layers.push(Layer::random(n, (0..classes * next * n).map(input).collect(), &mut tables));
        width = classes * next;
    }
    Network { layers, scores, classes, tau: settings.tau }
}

/// Random permutations of `width` bits after one another, `count` of them in all.
fn permutations(count: usize, width: usize, stream: &Stream, layer: u64) -> Vec<u32> {
    let rounds =
        (0..count.div_ceil(width) as u64).flat_map(|r| permutation(width, &mut stream.at(&[layer, r])));
    rounds.take(count).collect()
}
