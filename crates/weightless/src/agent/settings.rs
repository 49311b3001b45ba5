//! Settings of an agent of any kind.

use serde::{Deserialize, Serialize};

use crate::ao::AoSettings;
use crate::bits::EncodingSettings;
use crate::dwn::DwnSettings;
use crate::logic::LogicSettings;
use crate::wisard::{Decision, Store, WisardSettings};
use crate::{PIXELS, bits::label_outputs};

/// The most bytes of memory that an agent may take before it has learnt anything.
const MOST_MEMORY: u64 = 1 << 30;

/// The kind of an agent with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "settings", rename_all = "snake_case")]
pub enum KindSettings {
    /// A neural state machine of nearest-match neurons.
    Ao(AoSettings),
    /// N-tuples in RAM.
    Wisard(WisardSettings),
    /// Trained lookup tables.
    Dwn(DwnSettings),
    /// Trained gates.
    Logic(LogicSettings),
}

impl KindSettings {
    /// The name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ao(_) => "ao",
            Self::Wisard(_) => "wisard",
            Self::Dwn(_) => "dwn",
            Self::Logic(_) => "logic",
        }
    }

    /// True for a network that is trained by gradient descent.
    pub fn is_trained(&self) -> bool {
        matches!(self, Self::Dwn(_) | Self::Logic(_))
    }
}

/// Settings of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentSettings {
    #[serde(flatten)]
    pub kind: KindSettings,
    pub encoding: EncodingSettings,
    /// The number of classes, 2 to 256.
    pub classes: usize,
    /// All random numbers are functions of it.
    pub seed: u64,
}

impl AgentSettings {
    /// Ten classes, with the encoding that the kind takes where none is set: one bit a pixel for
    /// `ao`, three for the others.
    pub fn new(kind: KindSettings, seed: u64) -> Self {
        let encoding = match kind {
            KindSettings::Ao(_) => EncodingSettings::threshold(64),
            _ => EncodingSettings::default(),
        };
        Self { kind, encoding, classes: 10, seed }
    }

    /// Checks the ranges, and that the agent fits into a GiB of memory.
    ///
    /// # Errors
    /// The key with its range.
    pub fn check(&self) -> Result<(), String> {
        self.encoding.check()?;
        if !(2..=256).contains(&self.classes) {
            return Err(format!("classes must be from 2 to 256, but are {}", self.classes));
        }
        match &self.kind {
            KindSettings::Ao(settings) => settings.check()?,
            KindSettings::Wisard(settings) => settings.check()?,
            KindSettings::Dwn(settings) => settings.check(self.classes)?,
            KindSettings::Logic(settings) => settings.check(self.classes)?,
        }
        match self.memory() {
            bytes if bytes > MOST_MEMORY => Err(format!(
                "an agent of these settings takes {} MB, more than {} MB: choose a smaller one",
                bytes >> 20,
                MOST_MEMORY >> 20
            )),
            _ => Ok(()),
        }
    }

    /// The number of bits of a picture.
    pub fn bits(&self) -> usize {
        self.encoding.levels() * PIXELS
    }

    /// An upper bound of the bytes of an agent that has learnt nothing. Settings are in range.
    fn memory(&self) -> u64 {
        let (bits, classes) = (self.bits() as u64, self.classes as u64);
        match &self.kind {
            // Lists of four bytes an input and masks, for four sets of connections.
            KindSettings::Ao(_) => (bits + label_outputs(self.classes) as u64) * bits * 9,
            KindSettings::Wisard(settings) => {
                let rams = (bits * settings.coverage as u64).div_ceil(settings.tuple as u64);
                let places = match settings.store {
                    Store::Dense => rams << settings.tuple,
                    Store::Map => 1,
                    Store::Bloom => rams << settings.bloom_index_bits,
                };
                let row = if settings.decision == Decision::Learnt { 96 } else { 32 };
                places * classes.div_ceil(16) * row + rams * settings.tuple as u64 * 12
            }
            KindSettings::Dwn(settings) => {
                let tables: u64 = settings.tables.iter().map(|tables| *tables as u64).sum();
                let inputs = settings.inputs as u64;
                let scores = settings.tables[0] as u64 * inputs * bits * 12;
                (tables << inputs) * 12 + tables * inputs * 4 + scores
            }
            KindSettings::Logic(settings) => {
                settings.gates.iter().map(|gates| *gates as u64).sum::<u64>() * (16 * 12 + 8)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_fits_into_memory_and_its_settings_into_json() {
        for kind in [
            KindSettings::Ao(AoSettings::default()),
            KindSettings::Wisard(WisardSettings::default()),
            KindSettings::Dwn(DwnSettings::default()),
            KindSettings::Logic(LogicSettings::default()),
        ] {
            let settings = AgentSettings::new(kind, 3);
            assert_eq!(settings.check(), Ok(()));
            let text = serde_json::to_string(&settings).unwrap();
            assert!(text.starts_with(&format!(r#"{{"kind":"{}","settings":{{"#, settings.kind.name())));
            assert_eq!(serde_json::from_str::<AgentSettings>(&text).unwrap(), settings);
        }
        let huge = WisardSettings { tuple: 12, coverage: 64, ..Default::default() };
        let refused = AgentSettings::new(KindSettings::Wisard(huge), 3).check().unwrap_err();
        assert!(refused.contains("takes 4705 MB, more than 1024 MB"), "{refused}");
    }
}
