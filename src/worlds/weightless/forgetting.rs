//! Forgetting: some classes are learnt, and then others.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::agent::Agent;
use umwelt_weightless::wisard::{Decision, OrAuto};

use super::pictures::{FIRST, Pictures, only};
use super::trainer::{Trainer, percent};
use super::{Kind, WeightlessSettings};

/// The most samples of each class that an `ao` agent learns: its answers take time in proportion.
const MOST_OF_AO: usize = 60;

/// The results of an agent that learns the first half of the classes, and then the second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forgetting {
    /// The variant of the agent: `as set`, `without replay`, `counts only`.
    pub variant: String,
    /// The accuracy on the first half among all classes, in percent, before the second is learnt.
    pub before: f64,
    /// The same afterwards.
    pub after: f64,
    /// The accuracy on the second half afterwards, in percent.
    pub second: f64,
    /// The accuracy on all digits of an agent that learnt the classes one after another, in percent.
    pub one_by_one: f64,
}

/// `settings` with the copies that an agent of all training digits learns: those of one class alone
/// would get many more.
fn with_copies_of_all(settings: &WeightlessSettings, samples: usize) -> WeightlessSettings {
    let (copies, mut settings) = (settings.wisard.copies(samples), settings.clone());
    settings.wisard.shifts = OrAuto::Number(copies.shifts().count());
    settings.wisard.warp = OrAuto::Number(copies.warp());
    settings
}

/// The variants of the agent's settings that differ in what they forget, by name.
pub fn variants(settings: &WeightlessSettings) -> Vec<(&'static str, WeightlessSettings)> {
    let with = |change: fn(&mut WeightlessSettings)| {
        let mut changed = settings.clone();
        change(&mut changed);
        changed
    };
    let mut variants = vec![("as set", settings.clone())];
    match settings.kind {
        Kind::Ao => {}
        Kind::Wisard => {
            if settings.wisard.decision == Decision::Learnt {
                variants.push(("without replay", with(|settings| settings.wisard.replay = 0)));
                variants.push(("counts only", with(|settings| settings.wisard.decision = Decision::Log)));
            }
        }
        Kind::Dwn => variants.push(("without replay", with(|settings| settings.dwn.replay = 0))),
        Kind::Logic => variants.push(("without replay", with(|settings| settings.logic.replay = 0))),
    }
    variants
}

/// The number of classes that are learnt first.
pub fn first_half(classes: usize) -> usize {
    classes.div_ceil(2)
}

impl Forgetting {
    /// The results of the agent with these settings.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer, variant: &str, settings: &WeightlessSettings) -> Result<Self> {
        let pictures = trainer.pictures;
        let settings = &with_copies_of_all(settings, pictures.training().len());
        let (test, classes, half) = (pictures.test(), pictures.classes(), first_half(pictures.classes()));
        let (first_test, second_test) =
            (only(&test, |label| usize::from(label) < half), only(&test, |label| usize::from(label) >= half));
        let mut agent = new_agent(trainer, settings)?;
        learn(trainer, &mut agent, |label| usize::from(label) < half)?;
        let before = percent(&trainer.accuracy(&agent, &first_test.samples())?);
        learn(trainer, &mut agent, |label| usize::from(label) >= half)?;
        let after = percent(&trainer.accuracy(&agent, &first_test.samples())?);
        let second = percent(&trainer.accuracy(&agent, &second_test.samples())?);
        let mut one_by_one = new_agent(trainer, settings)?;
        for class in 0..classes {
            learn(trainer, &mut one_by_one, |label| usize::from(label) == class)?;
        }
        let one_by_one = percent(&trainer.tested(&one_by_one)?);
        Ok(Self { variant: variant.to_owned(), before, after, second, one_by_one })
    }
}

/// An agent that has learnt nothing. Its encoding is fitted to all training digits.
fn new_agent(trainer: &Trainer, settings: &WeightlessSettings) -> Result<Agent> {
    let (pictures, seed): (&Pictures, u64) = (trainer.pictures, trainer.pictures.agent_seed(FIRST));
    Ok(Agent::new("forgetting", settings.agent(seed, pictures.classes()), &pictures.training())?)
}

/// Teaches the training digits whose label `takes`.
fn learn(trainer: &Trainer, agent: &mut Agent, takes: impl Fn(u8) -> bool) -> Result<()> {
    let chosen = match trainer.settings.kind {
        Kind::Ao => {
            let few = MOST_OF_AO.min(trainer.pictures.rarest());
            only(&trainer.pictures.drawn(few, FIRST)?.samples(), takes)
        }
        _ => trainer.pictures.of_labels(takes),
    };
    if chosen.labels.is_empty() {
        return Ok(());
    }
    trainer.train(agent, &chosen.samples(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_alone_has_the_copies_of_all_samples() {
        let settings = WeightlessSettings::default();
        assert_eq!(settings.wisard.copies(6_000).count(), 63);
        let fixed = with_copies_of_all(&settings, 60_000);
        assert_eq!(fixed.wisard.copies(6_000), settings.wisard.copies(60_000));
        let unchanged = WeightlessSettings { wisard: settings.wisard.clone(), ..fixed };
        assert_eq!(unchanged, settings);
    }
}
