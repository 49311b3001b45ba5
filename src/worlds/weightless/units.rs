//! The parts of a run's work. Each leaves its result behind, so that a run that was killed goes on
//! with the next one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use umwelt_weightless::agent::Agent;

use super::cost::Cost;
use super::curve::{Last, Point};
use super::fonts::Fonts;
use super::forgetting::{Forgetting, variants};
use super::mistakes::Mistakes;
use super::pictures::{DIGITS, FIRST};
use super::trainer::Trainer;
use super::wrong_labels::WrongLabels;
use super::{Source, WeightlessSettings};

/// The agent that a run leaves, and a copy on the way there.
pub const AGENT: &str = "agent.safetensors";
const PART: &str = "agent.part.safetensors";
/// The results of the units that are done.
pub const RESULTS: &str = "units.json";

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One draw of samples, `per_class` of each class, at a point of the learning curve.
    Draw {
        per_class: usize,
        draw: u64,
    },
    /// The training of the agent on all samples. Its result is the seconds that it took.
    Training,
    /// The last point of the learning curve, with the answers to all test digits.
    All,
    Cost,
    Mistakes,
    /// A variant of the agent, by its place.
    Forgetting(usize),
    WrongLabels,
    Fonts,
}

/// The units of a run on `classes` classes, in their order. Small points of the learning curve come first.
pub fn units(settings: &WeightlessSettings, classes: usize) -> Vec<Unit> {
    let is_less = |per_class: usize| settings.samples_per_class.is_none_or(|all| per_class < all);
    let points = settings.curve.iter().zip(&settings.curve_seeds).filter(|(count, _)| is_less(**count));
    let draws = |(per_class, draws): (&usize, &usize)| {
        let per_class = *per_class;
        (0..*draws as u64).map(move |draw| Unit::Draw { per_class, draw })
    };
    let mut units: Vec<Unit> = points.flat_map(draws).collect();
    units.extend([Unit::Training, Unit::All, Unit::Cost]);
    if settings.continual {
        units.push(Unit::Mistakes);
        units.extend((0..variants(settings).len()).map(Unit::Forgetting));
        units.push(Unit::WrongLabels);
        if classes == DIGITS && !settings.sources.contains(&Source::Fonts) {
            units.push(Unit::Fonts);
        }
    }
    units
}

impl Unit {
    /// The name of the result.
    pub fn key(self) -> String {
        match self {
            Self::Draw { per_class, draw } => format!("draw.{per_class}.{draw}"),
            Self::Training => "training".into(),
            Self::All => "all".into(),
            Self::Cost => "cost".into(),
            Self::Mistakes => "mistakes".into(),
            Self::Forgetting(variant) => format!("forgetting.{variant}"),
            Self::WrongLabels => "wrong_labels".into(),
            Self::Fonts => "fonts".into(),
        }
    }

    /// Does the work in the folder of a run.
    ///
    /// # Errors
    /// An interruption; a file that cannot be written.
    pub fn work(self, trainer: &Trainer, run: &Path, results: &Results) -> Result<Value> {
        let (settings, pictures) = (trainer.settings, trainer.pictures);
        let agent = || Ok::<_, anyhow::Error>(Agent::load(&run.join(AGENT))?);
        match self {
            Self::Draw { per_class, draw } => {
                let drawn = pictures.drawn(per_class, draw)?;
                let agent = trainer.trained(settings, &drawn.samples(), pictures.agent_seed(draw))?;
                value(Point::new(trainer, &agent, &drawn.samples())?)
            }
            Self::Training => {
                let (started, part) = (Instant::now(), run.join(PART));
                let agent = trainer.trained_in(&part, &pictures.training(), pictures.agent_seed(FIRST))?;
                let seconds = started.elapsed().as_secs_f64();
                agent.save(&run.join(AGENT))?;
                if part.exists() {
                    std::fs::remove_file(&part).with_context(|| part.display().to_string())?;
                }
                value(seconds)
            }
            Self::All => value(Last::new(trainer, &agent()?)?),
            Self::Cost => value(Cost::new(trainer, &agent()?, results.of(Self::Training)?)?),
            Self::Mistakes => value(Mistakes::new(trainer)?),
            Self::Forgetting(variant) => {
                let (name, settings) = &variants(settings)[variant];
                value(Forgetting::new(trainer, name, settings)?)
            }
            Self::WrongLabels => value(WrongLabels::new(trainer)?),
            Self::Fonts => value(Fonts::new(trainer)?),
        }
    }
}

fn value(result: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(result)?)
}

/// The results of units by their names.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Results(BTreeMap<String, Value>);

impl Results {
    /// The results in the folder of a run.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(run: &Path) -> Result<Self> {
        let path = run.join(RESULTS);
        if !path.exists() {
            return Ok(Self::default());
        }
        let read = || Ok::<_, anyhow::Error>(Self(serde_json::from_slice(&std::fs::read(&path)?)?));
        read().with_context(|| format!("{} cannot be read; remove it to start again", path.display()))
    }

    /// True if the unit is done.
    pub fn has(&self, unit: Unit) -> bool {
        self.value(unit).is_some()
    }

    /// Adds the result of a unit.
    pub fn insert(&mut self, unit: Unit, result: Value) {
        self.0.insert(unit.key(), result);
    }

    /// The result of a unit, if it is done.
    pub fn value(&self, unit: Unit) -> Option<&Value> {
        self.0.get(&unit.key())
    }

    /// The result of a unit that is done.
    ///
    /// # Errors
    /// The unit is not done, or was done by another version.
    pub fn of<T: DeserializeOwned>(&self, unit: Unit) -> Result<T> {
        let key = unit.key();
        let value = self.value(unit).with_context(|| format!("{RESULTS} has no {key}"))?;
        serde_json::from_value(value.clone()).with_context(|| format!("{RESULTS}: {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_the_points_below_the_agents_own_and_the_protocols() {
        let mut settings = WeightlessSettings { curve_seeds: vec![2, 1, 1, 1], ..Default::default() };
        let all = units(&settings, DIGITS);
        assert_eq!(
            all[..3],
            [(1, 0), (1, 1), (6, 0)].map(|(per_class, draw)| Unit::Draw { per_class, draw })
        );
        assert_eq!(all[5], Unit::Training);
        let forgetting = [0, 1, 2].map(Unit::Forgetting);
        assert_eq!(all[8], Unit::Mistakes);
        assert_eq!(all[9..12], forgetting);
        assert_eq!(all[12..], [Unit::WrongLabels, Unit::Fonts]);
        settings.samples_per_class = Some(6);
        settings.continual = false;
        assert_eq!(units(&settings, DIGITS)[2..], [Unit::Training, Unit::All, Unit::Cost]);
    }
}
