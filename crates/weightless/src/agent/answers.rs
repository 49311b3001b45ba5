//! Answers to many pictures.

use std::thread;

use super::{Agent, Form};
use crate::answer::{Accuracy, Answer};
use crate::bits::BitSet;
use crate::trained::Finished;
use crate::{Digit, Samples};

/// Words of a bit in all pictures that trained tables answer at once.
const WORDS: usize = 4;
/// Pictures that trained tables answer at once.
const AT_ONCE: usize = 64 * WORDS;

impl Agent {
    /// The answer to one picture. `index` chooses the random numbers of an `ao` agent; the other
    /// kinds have none.
    pub fn answer(&self, image: &Digit, index: u64) -> Answer {
        match &self.form {
            Form::Ao(ao) => ao.answer(&self.encoder.encode(image), index).0,
            Form::Wisard(wisard) => wisard.answer(&self.encoder, image),
            Form::CompactWisard(compact) => compact.answer(&self.encoder, image),
            Form::Dwn(dwn) => dwn.answer(&self.encoder, image),
            Form::Logic(logic) => logic.answer(&self.encoder, image),
            Form::Finished(finished, tau) => {
                let bits = self.encoder.encode(image);
                let outputs = finished.outputs(|at| bits.get(at));
                finished.answer(*tau, outputs.last().map_or(&[], Vec::as_slice))
            }
        }
    }

    /// The answers to pictures, in order, on `threads` threads: the same for any number of them.
    /// The answer to picture i has the index `first + i`.
    pub fn answers(&self, images: &[Digit], first: u64, threads: usize) -> Vec<Answer> {
        let some = |from: usize, images: &[Digit]| match self.as_finished() {
            Some(finished) => images
                .chunks(AT_ONCE)
                .flat_map(|images| self.at_once(finished, images))
                .collect::<Vec<Answer>>(),
            None => {
                let numbered = images.iter().zip(first + from as u64..);
                numbered.map(|(image, index)| self.answer(image, index)).collect()
            }
        };
        answer_in_parallel(images, threads, some)
    }

    fn at_once(&self, finished: &Finished, images: &[Digit]) -> Vec<Answer> {
        let mut planes = vec![[0; WORDS]; self.encoder.bits()];
        let mut bits = BitSet::new(self.encoder.bits());
        for (at, image) in images.iter().enumerate() {
            self.encoder.encode_into(image, &mut bits);
            bits.ones().for_each(|bit| planes[bit][at / 64] |= 1 << (at % 64));
        }
        let mut answers = finished.answer_at_once(self.tau(), &planes);
        answers.truncate(images.len());
        answers
    }

    /// The accuracy on samples, on `threads` threads: the same for any number of them.
    pub fn accuracy(&self, samples: &Samples, threads: usize) -> Accuracy {
        let mut accuracy = Accuracy::default();
        let answers = self.answers(samples.images(), 0, threads);
        answers.iter().zip(samples.labels()).for_each(|(answer, &label)| accuracy.add(answer, label));
        accuracy
    }
}

/// The answers of `some`, which gets the place of its first picture and a part of all pictures, on
/// `threads` threads.
pub fn answer_in_parallel<T: Send>(
    images: &[Digit],
    threads: usize,
    some: impl Fn(usize, &[Digit]) -> Vec<T> + Sync,
) -> Vec<T> {
    let share = images.len().div_ceil(threads.max(1)).max(1);
    if share >= images.len() {
        return some(0, images);
    }
    thread::scope(|scope| {
        let start = |(part, images)| {
            let some = &some;
            scope.spawn(move || some(part * share, images))
        };
        let started: Vec<_> = images.chunks(share).enumerate().map(start).collect();
        started.into_iter().flat_map(|thread| thread.join().expect("answering does not panic")).collect()
    })
}
