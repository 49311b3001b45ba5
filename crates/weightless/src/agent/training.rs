//! Training on samples, in steps that can be stopped and continued.

use std::ops::ControlFlow;

use super::{Agent, AgentError, Form};
use crate::Samples;
use crate::course::Course;

/// Units between two reports of progress.
const SLICE: u64 = 64;

/// The state of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Units of work done, of all.
    pub done: u64,
    pub total: u64,
    /// The mean loss since the last report, of trained kinds.
    pub loss: Option<f64>,
}

/// The end of a call of [`Agent::train`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    /// The report of progress asked to stop; the next call goes on.
    Stopped,
}

impl Agent {
    /// Trains on samples: begins, or goes on with the training that was stopped or read from a
    /// file, which needs the same samples. After each slice of work `report` gets the agent and its
    /// progress, and may stop; the state after a stop is the state at that unit of one training
    /// without stops.
    ///
    /// An `ao` agent stores every sample. A WiSARD counts every sample once and takes its passes;
    /// trained kinds take steps on batches on `threads` threads.
    ///
    /// # Errors
    /// When a label is no class, there are no samples, they are not those of the stopped training,
    /// or the agent learns no more.
    pub fn train(
        &mut self,
        samples: &Samples,
        threads: usize,
        report: &mut dyn FnMut(&Self, Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, AgentError> {
        samples.labels().iter().try_for_each(|label| self.check_label(*label))?;
        let mut course = match self.course.take() {
            Some(course) => course,
            None => self.begin(samples.len())?,
        };
        if course.samples != samples.len() {
            let expected = course.samples;
            self.course = Some(course);
            return Err(AgentError::OtherSamples { expected, found: samples.len() });
        }
        while !course.is_done() {
            let loss = self.advance(samples, &mut course, threads);
            let progress = Progress { done: course.done, total: course.total, loss };
            if course.is_done() {
                samples.labels().iter().for_each(|label| self.learnt[usize::from(*label)] += 1);
                // There is nothing left to stop.
                let _ = report(self, progress);
                break;
            }
            // A report may save the agent, with its place in the training.
            self.course = Some(course);
            if report(self, progress).is_break() {
                return Ok(Outcome::Stopped);
            }
            course = self.course.take().expect("a report cannot change the agent");
        }
        Ok(Outcome::Finished)
    }

    fn begin(&mut self, samples: usize) -> Result<Course, AgentError> {
        if samples == 0 {
            return Err(AgentError::NoSamples);
        }
        let units = self.units(samples).ok_or(AgentError::Finished)?;
        self.courses += 1;
        Ok(Course::new(samples, units, self.courses - 1))
    }

    /// The units of a training on `samples` samples; `None` of an agent that learns no more.
    pub(super) fn units(&self, samples: usize) -> Option<u64> {
        match &self.form {
            Form::Ao(_) => Some(samples as u64),
            Form::Wisard(wisard) => Some(wisard.units(samples)),
            Form::Dwn(dwn) => Some(dwn.units(samples)),
            Form::Logic(logic) => Some(logic.units(samples)),
            Form::CompactWisard(_) | Form::Finished(..) => None,
        }
    }

    /// One slice; the mean loss of trained kinds.
    fn advance(&mut self, samples: &Samples, course: &mut Course, threads: usize) -> Option<f64> {
        let encoder = &self.encoder;
        match &mut self.form {
            Form::Ao(ao) => {
                for at in course.next(SLICE) {
                    let (image, label) = samples.get(at as usize);
                    ao.learn(encoder.encode(image), label);
                    course.done = at + 1;
                }
                None
            }
            Form::Wisard(wisard) => {
                wisard.advance(encoder, samples, course, SLICE);
                None
            }
            Form::Dwn(dwn) => Some(dwn.advance(encoder, samples, course, SLICE / 8, threads)),
            Form::Logic(logic) => Some(logic.advance(encoder, samples, course, SLICE / 8, threads)),
            Form::CompactWisard(_) | Form::Finished(..) => {
                course.done = course.total;
                None
            }
        }
    }
}
