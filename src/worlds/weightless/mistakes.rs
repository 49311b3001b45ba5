//! Learning from mistakes: an agent is told the label of the digits that it answers wrongly.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::{Accuracy, Digit};

use super::pictures::FIRST;
use super::trainer::{Trainer, percent, with_sample};

/// Samples of each class that the agent starts from.
const KNOWN: usize = 60;
/// Digits of the stream.
const STREAM: usize = 1000;
/// Digits after which a told digit is asked for again, and between two counts.
const LATER: usize = 100;

/// The results of a stream of digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistakes {
    /// Samples that the agent had learnt before.
    pub known: usize,
    /// Errors in each hundred digits of the stream.
    pub errors: Vec<usize>,
    /// The share of told digits that are answered rightly at once, in percent.
    pub at_once: f64,
    /// The share of told digits that are answered rightly after 100 more, in percent.
    pub later: f64,
    /// Accuracy on test digits in percent, before the stream and after it.
    pub before: f64,
    pub after: f64,
}

impl Mistakes {
    /// An agent that has learnt 60 digits of each class, or all there are, sees a stream of others.
    ///
    /// # Errors
    /// An interruption; fewer training digits than the stream needs.
    pub fn new(trainer: &Trainer) -> Result<Self> {
        let per_class = KNOWN.min(trainer.pictures.rarest() / 2).max(1);
        let known = trainer.pictures.drawn(per_class, FIRST)?;
        let seed = trainer.pictures.agent_seed(FIRST);
        let mut agent = trainer.trained(trainer.settings, &known.samples(), seed)?;
        let before = percent(&trainer.tested(&agent)?);
        let seen: std::collections::HashSet<&Digit> = known.images.iter().collect();
        let training = trainer.pictures.training();
        let stream = training.iter().filter(|(image, _)| !seen.contains(image)).take(STREAM);
        let (mut errors, mut at_once, mut later) = (vec![], Accuracy::default(), Accuracy::default());
        let mut told: Vec<(usize, &Digit, u8)> = vec![];
        for (at, (image, label)) in stream.enumerate() {
            if at % LATER == 0 {
                trainer.progress.update("learning from mistakes", at as u64, STREAM as u64)?;
                errors.push(0);
            }
            if let Some(position) = told.iter().position(|(place, ..)| place + LATER == at) {
                let (place, image, label) = told.remove(position);
                later.add(&agent.answer(image, place as u64), label);
            }
            if !agent.answer(image, at as u64).is(label) {
                errors[at / LATER] += 1;
                with_sample(agent.learn(image, label), at)?;
                at_once.add(&agent.answer(image, at as u64), label);
                told.push((at, image, label));
            }
        }
        let after = percent(&trainer.tested(&agent)?);
        let (at_once, later) = (percent(&at_once), percent(&later));
        Ok(Self { known: known.labels.len(), errors, at_once, later, before, after })
    }
}
