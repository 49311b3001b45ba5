//! Training of agents inside a run.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Error, Result};
use umwelt_weightless::agent::{Agent, AgentError, Outcome};
use umwelt_weightless::{Accuracy, Answer, Samples};

use super::WeightlessSettings;
use super::pictures::Pictures;
use crate::runs::Progress;

/// The name of an agent in its file.
const NAME: &str = "agent";
/// Samples between two copies of an agent in training.
const SAMPLES_TO_COPY: u64 = 5000;

/// What agents of a run are made and tested with.
pub struct Trainer<'a> {
    pub settings: &'a WeightlessSettings,
    pub pictures: &'a Pictures,
    pub threads: usize,
    pub progress: &'a dyn Progress,
}

impl Trainer<'_> {
    /// An agent of `settings` that has learnt `samples`, with random numbers from `seed`.
    ///
    /// # Errors
    /// A setting is out of range; an interruption.
    pub fn trained(&self, settings: &WeightlessSettings, samples: &Samples, seed: u64) -> Result<Agent> {
        let mut agent = Agent::new(NAME, settings.agent(seed, self.pictures.classes()), samples)?;
        self.train(&mut agent, samples, None)?;
        Ok(agent)
    }

    /// The agent of the run, which has learnt all samples. A copy in the file `part` is written on
    /// the way, and taken up where an earlier start of the run left one.
    ///
    /// # Errors
    /// As [`Self::trained`], and a file that cannot be written.
    pub fn trained_in(&self, part: &Path, samples: &Samples, seed: u64) -> Result<Agent> {
        let mut agent = match part.exists() {
            true => {
                let mut agent = Agent::load(part)?;
                agent.forget_origin();
                agent
            }
            false => Agent::new(NAME, self.settings.agent(seed, self.pictures.classes()), samples)?,
        };
        self.train(&mut agent, samples, Some(part))?;
        Ok(agent)
    }

    /// Teaches `agent` the samples, with copies in the file `part`.
    ///
    /// # Errors
    /// An interruption, and a file that cannot be written.
    pub fn train(&self, agent: &mut Agent, samples: &Samples, part: Option<&Path>) -> Result<()> {
        let failed: RefCell<Option<Error>> = RefCell::new(None);
        let mut next = SAMPLES_TO_COPY;
        let mut report = |agent: &Agent, at: umwelt_weightless::agent::Progress| {
            let asked = self.progress.update("learning digits", at.done, at.total);
            let is_due = part.is_some() && at.done < at.total && (at.done >= next || asked.is_err());
            let written = match part.filter(|_| is_due) {
                Some(part) => {
                    next = at.done + SAMPLES_TO_COPY;
                    agent.save(part).map_err(Error::from)
                }
                None => Ok(()),
            };
            match written.and(asked) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed.replace(Some(error));
                    ControlFlow::Break(())
                }
            }
        };
        let outcome = agent.train(samples, self.threads, &mut report)?;
        match (outcome, failed.take()) {
            (_, Some(error)) => Err(error),
            (Outcome::Finished, None) => Ok(()),
            (Outcome::Stopped, None) => unreachable!("only a failure stops a training"),
        }
    }

    /// The accuracy of `agent` on test digits.
    ///
    /// # Errors
    /// An interruption.
    pub fn tested(&self, agent: &Agent) -> Result<Accuracy> {
        self.accuracy(agent, &self.pictures.test())
    }

    /// The accuracy of `agent` on `samples`.
    ///
    /// # Errors
    /// An interruption.
    pub fn accuracy(&self, agent: &Agent, samples: &Samples) -> Result<Accuracy> {
        let mut sum = Accuracy::default();
        self.answer(agent, samples, |_, answer, label| sum.add(answer, label))?;
        Ok(sum)
    }

    /// Calls `take` with the place, the answer and the label of each of `samples`.
    ///
    /// # Errors
    /// An interruption.
    pub fn answer(
        &self,
        agent: &Agent,
        samples: &Samples,
        mut take: impl FnMut(usize, &Answer, u8),
    ) -> Result<()> {
        let all = samples.len() as u64;
        for (at, chunk) in samples.images().chunks(TESTED_AT_ONCE).enumerate() {
            let first = (at * TESTED_AT_ONCE) as u64;
            self.progress.update("answering", first, all)?;
            let answers = agent.answers(chunk, first, self.threads);
            for (place, answer) in (at * TESTED_AT_ONCE..).zip(&answers) {
                take(place, answer, samples.labels()[place]);
            }
        }
        Ok(())
    }
}

/// Answers between two reports of progress.
const TESTED_AT_ONCE: usize = 1000;

/// The share of right answers, in percent.
pub fn percent(accuracy: &Accuracy) -> f64 {
    100.0 * accuracy.share()
}

/// The error of a result of an agent with the number of the sample.
pub fn with_sample<T>(result: Result<T, AgentError>, sample: usize) -> Result<T> {
    result.with_context(|| format!("sample {sample}"))
}
