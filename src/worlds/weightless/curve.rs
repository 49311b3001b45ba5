//! Points of the learning curve: accuracy after some samples, beside baselines on the same ones.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::agent::{Agent, KindSettings};
use umwelt_weightless::baselines::{ClassMean, Logistic, accuracy, nearest_by_bits, nearest_by_grey};
use umwelt_weightless::bits::Shifts;
use umwelt_weightless::sampling::Chosen;
use umwelt_weightless::{Accuracy, Samples};

use super::confusion::Confusion;
use super::trainer::{Trainer, percent};

/// The most samples, copies included, that baselines get with shifted copies.
const MOST_COPIES: usize = 60_000;

/// The results of one draw of samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Samples learnt.
    pub samples: usize,
    /// The accuracy in percent.
    pub accuracy: f64,
    /// The share of answers that are no digit, in percent.
    pub no_digit: f64,
    /// The accuracy of each baseline in percent.
    pub baselines: BTreeMap<String, f64>,
}

impl Point {
    /// The results of `agent`, which has learnt `samples`.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer, agent: &Agent, samples: &Samples) -> Result<Self> {
        Self::of(trainer, agent, samples, &trainer.tested(agent)?)
    }

    /// The results of `agent`, whose answers to the test digits are `tested`.
    fn of(trainer: &Trainer, agent: &Agent, samples: &Samples, tested: &Accuracy) -> Result<Self> {
        Ok(Self {
            samples: samples.len(),
            accuracy: percent(tested),
            no_digit: 100.0 * tested.no_class as f64 / tested.answers.max(1) as f64,
            baselines: baselines(trainer, agent, samples)?,
        })
    }
}

/// The results of the agent of the run: the last point, and its answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Last {
    #[serde(flatten)]
    pub point: Point,
    pub confusion: Confusion,
}

impl Last {
    /// The results of `agent`, which has learnt all training digits.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer, agent: &Agent) -> Result<Self> {
        let (mut tested, mut confusion) = (Accuracy::default(), Confusion::new(trainer.pictures.classes()));
        trainer.answer(agent, &trainer.pictures.test(), |place, answer, label| {
            tested.add(answer, label);
            confusion.add(place, answer, label);
        })?;
        let point = Point::of(trainer, agent, &trainer.pictures.training(), &tested)?;
        Ok(Self { point, confusion: confusion.finished() })
    }
}

/// The accuracies of baselines that know `samples`, in percent. Where the agent learns shifted
/// copies, the nearest neighbour and the regression get them too.
fn baselines(trainer: &Trainer, agent: &Agent, samples: &Samples) -> Result<BTreeMap<String, f64>> {
    let (test, threads, classes) = (trainer.pictures.test(), trainer.threads, agent.settings().classes);
    let mut found = BTreeMap::new();
    if !trainer.settings.baselines {
        return Ok(found);
    }
    let mut compare = |name: &str, answers: &dyn Fn() -> Vec<u8>| -> Result<()> {
        trainer.progress.update("comparing with baselines", found.len() as u64, BASELINES)?;
        found.insert(name.to_owned(), 100.0 * accuracy(&answers(), test.labels()));
        Ok(())
    };
    compare(NEAREST, &|| nearest_by_grey(samples, test.images(), threads))?;
    compare(NEAREST_BITS, &|| nearest_by_bits(agent.encoder(), samples, test.images(), threads))?;
    compare(CLASS_MEAN, &|| ClassMean::fit(samples, classes).answers(test.images()))?;
    compare(LOGISTIC, &|| Logistic::fit(samples, classes, threads).answers(test.images()))?;
    if let Some(shifts) = shifts(agent, samples.len()) {
        let copies = Chosen::with_copies(samples, shifts);
        let known = copies.samples();
        compare(NEAREST_COPIES, &|| nearest_by_grey(&known, test.images(), threads))?;
        compare(LOGISTIC_COPIES, &|| Logistic::fit(&known, classes, threads).answers(test.images()))?;
    }
    Ok(found)
}

/// The shifted copies that the agent learns with each sample, if baselines can take as many.
fn shifts(agent: &Agent, samples: usize) -> Option<Shifts> {
    let KindSettings::Wisard(settings) = &agent.settings().kind else { return None };
    let shifts = settings.shifts(samples);
    let copies = shifts.count();
    (copies > 1 && copies * samples <= MOST_COPIES).then_some(shifts)
}

const NEAREST: &str = "nearest neighbour";
const NEAREST_BITS: &str = "nearest neighbour, bits";
const CLASS_MEAN: &str = "class mean";
const LOGISTIC: &str = "logistic regression";
const NEAREST_COPIES: &str = "nearest neighbour, copies";
const LOGISTIC_COPIES: &str = "logistic regression, copies";
/// The most baselines of a point.
const BASELINES: u64 = 6;
/// All baselines in the order of tables.
pub const NAMES: [&str; BASELINES as usize] =
    [NEAREST, NEAREST_COPIES, NEAREST_BITS, CLASS_MEAN, LOGISTIC, LOGISTIC_COPIES];
