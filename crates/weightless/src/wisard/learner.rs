//! A WiSARD that learns from samples, one at a time or in passes, and takes them back.

use std::collections::VecDeque;

use umwelt_base::random::{Rng, Stream};

use super::bleaching::LeaveOneOut;
use super::group::Group;
use super::logits::step;
use super::mapping::Mapping;
use super::places::Places;
use super::rams::Rams;
use super::settings::{Decision, OrAuto, Store, WisardSettings};
use super::undo::Lesson;
use crate::bits::{Copies, Encoder};
use crate::course::Course;
use crate::reservoir::Reservoir;
use crate::{Digit, Samples};

/// The share of the first rate at the end of all passes.
const LAST_RATE: f32 = 0.02;

/// Counts, learnt tables, and the samples that are learnt again with new ones.
#[derive(Clone, Debug)]
pub struct Wisard {
    pub(super) settings: WisardSettings,
    pub(super) seed: u64,
    pub(super) rams: Rams,
    /// The copies of each sample; chosen when the first is learnt.
    pub(super) copies: Option<Copies>,
    /// The b of `bleached`.
    pub(super) bleaching: u16,
    pub(super) reservoir: Reservoir,
    /// Samples learnt one at a time.
    pub(super) lessons: u64,
    pub(super) ring: VecDeque<Lesson>,
}

/// Everything that a WiSARD has learnt.
pub struct WisardState {
    pub rams: Rams,
    pub copies: Option<Copies>,
    pub bleaching: u16,
    pub reservoir: Reservoir,
    pub lessons: u64,
}

impl Wisard {
    /// A WiSARD of pictures of `bits` bits that has learnt nothing.
    pub fn new(settings: WisardSettings, bits: usize, classes: usize, seed: u64) -> Self {
        let mapping = Mapping::random(bits, settings.tuple, settings.coverage, seed);
        let places = places(&settings, seed);
        let rams = Rams::new(mapping, places, classes, settings.decision == Decision::Learnt);
        let bleaching = match settings.bleaching {
            OrAuto::Number(b) => b as u16,
            OrAuto::Auto(_) => 1,
        };
        let reservoir = Reservoir::new(settings.replay, classes);
        let ring = VecDeque::new();
        Self { settings, seed, rams, copies: None, bleaching, reservoir, lessons: 0, ring }
    }

    /// A WiSARD with this state.
    pub fn restore(settings: WisardSettings, seed: u64, state: WisardState) -> Self {
        let WisardState { rams, copies, bleaching, reservoir, lessons } = state;
        Self { settings, seed, rams, copies, bleaching, reservoir, lessons, ring: VecDeque::new() }
    }

    /// The number of samples that were learnt one at a time.
    pub fn lessons(&self) -> u64 {
        self.lessons
    }

    /// The RAMs.
    pub fn rams(&self) -> &Rams {
        &self.rams
    }

    /// The b of `bleached`.
    pub fn bleaching(&self) -> u16 {
        self.bleaching
    }

    /// The copies of each sample, once one is learnt.
    pub fn copies(&self) -> Option<Copies> {
        self.copies
    }

    /// The samples that are learnt again with new ones.
    pub fn reservoir(&self) -> &Reservoir {
        &self.reservoir
    }

    /// The settings.
    pub fn settings(&self) -> &WisardSettings {
        &self.settings
    }

    /// The units of a training on `samples` samples: one for each in the counting pass and in each
    /// pass of learnt tables.
    pub fn units(&self, samples: usize) -> u64 {
        let passes = if self.rams.is_learnt() { self.settings.passes } else { 0 };
        samples as u64 * (1 + passes as u64)
    }

    pub(super) fn copies_for(&mut self, samples: usize) -> Copies {
        *self.copies.get_or_insert(self.settings.copies(samples))
    }

    /// Does the next at most `units` units of `course`. After the last one it chooses b and offers
    /// the samples to the reservoir. Takes no undo over: the ring is empty afterwards.
    pub fn advance(&mut self, encoder: &Encoder, samples: &Samples, course: &mut Course, units: u64) {
        let (copies, mut group) = (self.copies_for(samples.len()), Group::default());
        self.ring.clear();
        for unit in course.next(units) {
            match unit.checked_sub(samples.len() as u64) {
                None => self.count(encoder, samples.get(unit as usize), &mut group),
                Some(at) => self.pass(encoder, samples, course, at, &mut group),
            }
            course.done = unit + 1;
        }
        if course.is_done() {
            self.finish(encoder, samples, copies, course.number);
        }
    }

    pub(super) fn count(&mut self, encoder: &Encoder, (image, label): (&Digit, u8), group: &mut Group) {
        group.add(&mut self.rams, encoder, image, self.copies.unwrap_or(Copies::NONE));
        (0..group.copies()).for_each(|copy| self.rams.count(group.rows(copy), usize::from(label)));
    }

    /// One step on a sample of a shuffled pass, and one on a sample of an earlier course.
    fn pass(
        &mut self,
        encoder: &Encoder,
        samples: &Samples,
        course: &mut Course,
        at: u64,
        group: &mut Group,
    ) {
        let (count, steps) = (samples.len() as u64, course.total - samples.len() as u64);
        let progress = at as f32 / steps as f32;
        let rate = self.settings.rate * (1.0 - (1.0 - LAST_RATE) * progress);
        let copies = self.copies.unwrap_or(Copies::NONE);
        let (image, label) = samples.get(course.sample(self.seed, at / count, at % count));
        group.find(&self.rams, encoder, image, copies);
        self.steps(group, label, rate, &mut |_, _| {});
        let rng = Stream::new(self.seed, "replayed in passes").at(&[course.number, at]);
        self.replay(encoder, rng, rate, group, &mut |_, _| {});
    }

    /// [`Self::steps`] on a kept sample that `rng` draws, if there is one. `group` becomes its.
    pub(super) fn replay(
        &mut self,
        encoder: &Encoder,
        mut rng: Rng,
        rate: f32,
        group: &mut Group,
        before: &mut dyn FnMut(&Rams, &[u32]),
    ) {
        let Some(&(image, label)) = self.reservoir.draw(usize::MAX, &mut rng) else { return };
        group.find(&self.rams, encoder, &image, self.copies.unwrap_or(Copies::NONE));
        self.steps(group, label, rate, before);
    }

    /// A step on each copy of a sample. `before` sees the RAMs and the rows of each before it
    /// changes them.
    pub(super) fn steps(
        &mut self,
        group: &Group,
        label: u8,
        rate: f32,
        before: &mut dyn FnMut(&Rams, &[u32]),
    ) {
        for copy in 0..group.copies() {
            before(&self.rams, group.rows(copy));
            let own = group.own(copy, usize::from(label));
            step(&mut self.rams, group.rows(copy), usize::from(label), Some(own), self.settings.tau, rate);
        }
    }

    fn finish(&mut self, encoder: &Encoder, samples: &Samples, copies: Copies, number: u64) {
        if self.chooses_bleaching() {
            let kept = self.reservoir.samples().iter().map(|(image, label)| (image, *label));
            self.bleaching = self.best_bleaching(encoder, samples.iter().chain(kept), copies);
        }
        let stream = Stream::new(self.seed, "reservoir of courses");
        for (at, (image, label)) in samples.iter().enumerate() {
            self.reservoir.offer(image, label, &mut stream.at(&[number, at as u64]));
        }
    }

    pub(super) fn chooses_bleaching(&self) -> bool {
        self.settings.decision == Decision::Bleached && self.settings.bleaching == OrAuto::AUTO
    }

    pub(super) fn best_bleaching<'a>(
        &self,
        encoder: &Encoder,
        samples: impl Iterator<Item = (&'a Digit, u8)>,
        copies: Copies,
    ) -> u16 {
        self.leave_one_out(encoder, samples, copies).best().map_or(1, |(b, _)| b)
    }

    fn leave_one_out<'a>(
        &self,
        encoder: &Encoder,
        samples: impl Iterator<Item = (&'a Digit, u8)>,
        copies: Copies,
    ) -> LeaveOneOut {
        let (mut scores, mut group) = (LeaveOneOut::default(), Group::default());
        for (image, label) in samples {
            group.find(&self.rams, encoder, image, copies);
            scores.add(&self.rams, group.rows(0), group.own(0, usize::from(label)));
        }
        scores
    }
}

fn places(settings: &WisardSettings, seed: u64) -> Places {
    let (tuple, index_bits) = (settings.tuple, settings.bloom_index_bits);
    match settings.store {
        Store::Dense => Places::Dense { tuple },
        Store::Map => Places::map(),
        Store::Bloom => {
            let mut rng = Stream::new(seed, "hashes").at(&[]);
            let constants =
                (0..settings.bloom_hashes * tuple).map(|_| (rng.bits() >> (64 - index_bits)) as u32);
            Places::Bloom { index_bits, tuple, constants: constants.collect() }
        }
    }
}
