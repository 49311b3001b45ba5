//! The settings of weightless agents.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;
use umwelt_weightless::agent::{AgentSettings, KindSettings};
use umwelt_weightless::ao::AoSettings;
use umwelt_weightless::bits::{Encoding, EncodingSettings};
use umwelt_weightless::dwn::DwnSettings;
use umwelt_weightless::logic::LogicSettings;
use umwelt_weightless::wisard::WisardSettings;

use super::job::WeightlessJob;
use super::pictures::DIGITS;
use crate::datasets::mnist;
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, refuse, within};
use crate::training::{Job, RunKeys, Work, World};

/// The keys of weightless agents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// Settings of the agent and of its runs.
    pub weightless: WeightlessSettings,
}

/// The models of this world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// An agent made of lookup tables.
    #[default]
    Weightless,
}

/// Settings under `weightless`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightlessSettings {
    /// The kind of agent.
    pub kind: Kind,
    /// The folder of the digits, or of any other classes, in the format of MNIST.
    pub data_path: String,
    /// The digits that the agent learns. It is tested on those of `data_path`.
    pub sources: Vec<Source>,
    /// A folder of fonts besides those of the system; null for none.
    pub fonts_path: Option<String>,
    /// Variants of each digit of a font, of which the first is plain; 1 to 64.
    pub font_variants: usize,
    /// A folder of drawings, in folders that are named after their digit.
    pub drawings_path: String,
    /// Samples of each class that the agent learns; null for all.
    pub samples_per_class: Option<usize>,
    /// The rule by which samples are drawn.
    pub sampling: Sampling,
    /// The bits of a pixel; null takes `threshold` for `ao` and `fixed` for the others.
    pub encoding: Option<Encoding>,
    /// Bits of a pixel, of `fixed`, `gaussian` and `distributive`.
    pub bits_per_pixel: usize,
    /// The smallest value of a pixel with ink, of `threshold`.
    pub threshold: u8,
    /// Samples of each class at the points of the learning curve. All samples are a last point.
    pub curve: Vec<usize>,
    /// Draws of samples at each point of the learning curve.
    pub curve_seeds: Vec<usize>,
    /// Compares with nearest neighbours, class means and logistic regression.
    pub baselines: bool,
    /// Measures learning from mistakes, forgetting, wrong labels and fonts too.
    pub continual: bool,
    /// Training digits that are held out and tested on in place of the test digits, so that a
    /// search for settings does not see those; null for none.
    pub held_out: Option<usize>,
    /// Test digits; null for all.
    pub test_digits: Option<usize>,
    /// Settings of `kind: ao`.
    pub ao: AoSettings,
    /// Settings of `kind: wisard`.
    pub wisard: WisardSettings,
    /// Settings of `kind: dwn`.
    pub dwn: DwnSettings,
    /// Settings of `kind: logic`.
    pub logic: LogicSettings,
}

/// A kind of agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A neural state machine of nearest-match neurons.
    Ao,
    /// N-tuples in RAM.
    #[default]
    Wisard,
    /// Trained lookup tables.
    Dwn,
    /// Trained gates.
    Logic,
}

/// A source of digits to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Handwritten digits of `data_path`.
    Mnist,
    /// Digits of the fonts that are built in and found on the machine.
    Fonts,
    /// Drawings of `drawings_path`.
    Drawings,
}

/// A rule by which samples are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampling {
    /// As many of each class.
    #[default]
    Balanced,
    /// As many in all, of any class.
    Random,
}

impl Default for WeightlessSettings {
    fn default() -> Self {
        let EncodingSettings { bits_per_pixel, threshold, .. } = EncodingSettings::default();
        Self {
            kind: Kind::default(),
            data_path: mnist::FOLDER.into(),
            sources: vec![Source::Mnist],
            fonts_path: None,
            font_variants: 8,
            drawings_path: "data/drawings".into(),
            samples_per_class: None,
            sampling: Sampling::default(),
            encoding: None,
            bits_per_pixel,
            threshold,
            curve: vec![1, 6, 60, 600],
            curve_seeds: vec![10, 10, 5, 3],
            baselines: true,
            continual: true,
            held_out: None,
            test_digits: None,
            ao: AoSettings::default(),
            wisard: WisardSettings::default(),
            dwn: DwnSettings::default(),
            logic: LogicSettings::default(),
        }
    }
}

impl WeightlessSettings {
    /// The settings of an agent that knows `classes` classes, whose random numbers follow from
    /// `seed`.
    pub fn agent(&self, seed: u64, classes: usize) -> AgentSettings {
        let kind = match self.kind {
            Kind::Ao => KindSettings::Ao(self.ao.clone()),
            Kind::Wisard => KindSettings::Wisard(self.wisard.clone()),
            Kind::Dwn => KindSettings::Dwn(self.dwn.clone()),
            Kind::Logic => KindSettings::Logic(self.logic.clone()),
        };
        let own = AgentSettings::new(kind, seed);
        let encoding = EncodingSettings {
            encoding: self.encoding.unwrap_or(own.encoding.encoding),
            bits_per_pixel: self.bits_per_pixel,
            threshold: self.threshold,
        };
        AgentSettings { encoding, classes, ..own }
    }

    /// Refuses values that no agent can be made with, and settings of other kinds.
    ///
    /// # Errors
    /// The key below `weightless` and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("samples_per_class", self.samples_per_class.unwrap_or(1))])?;
        at_least(1, &[("test_digits", self.test_digits.unwrap_or(1))])?;
        at_least(1, &[("held_out", self.held_out.unwrap_or(1)), ("font_variants", self.font_variants)])?;
        at_most(MOST_VARIANTS, &[("font_variants", self.font_variants)])?;
        self.check_sources()?;
        for (key, counts) in [("curve", &self.curve), ("curve_seeds", &self.curve_seeds)] {
            counts.iter().try_for_each(|count| {
                at_least(1, &[(key, *count)]).and_then(|()| at_most(MOST, &[(key, *count)]))
            })?;
        }
        if self.curve.len() != self.curve_seeds.len() {
            let reason = format!(
                "must have a number for each of weightless.curve, {}, but has {}",
                self.curve.len(),
                self.curve_seeds.len()
            );
            return refuse("curve_seeds", reason);
        }
        if !self.curve.is_sorted() {
            return refuse("curve", "must rise");
        }
        if self.kind == Kind::Ao && self.samples_per_class.is_none() {
            let reason = "must be set for weightless.kind ao, whose answers compare a digit with every sample: \
                          with 60,000 they take hours; 6 and 60 are quick";
            return refuse("samples_per_class", reason);
        }
        self.check_other_kinds()?;
        match self.agent(0, DIGITS).check() {
            Ok(()) => Ok(()),
            Err(reason) => refuse(self.key(), reason),
        }
    }

    fn check_sources(&self) -> Result<(), InvalidSetting> {
        let is_twice = |(at, source): (usize, &Source)| self.sources[..at].contains(source);
        if self.sources.is_empty() || self.sources.iter().enumerate().any(is_twice) {
            return refuse("sources", "must name one or more of mnist, fonts and drawings, each once");
        }
        match self.held_out.is_some() && !self.sources.contains(&Source::Mnist) {
            true => refuse("held_out", "holds out digits of mnist, which weightless.sources does not name"),
            false => Ok(()),
        }
    }

    /// The section of the chosen kind.
    fn key(&self) -> &'static str {
        SECTIONS[self.kind as usize]
    }

    fn check_other_kinds(&self) -> Result<(), InvalidSetting> {
        let default = Self::default();
        let is_set = [
            self.ao != default.ao,
            self.wisard != default.wisard,
            self.dwn != default.dwn,
            self.logic != default.logic,
        ];
        let other = SECTIONS.iter().zip(is_set).find(|(section, is_set)| *is_set && **section != self.key());
        match other {
            Some((section, _)) => {
                refuse(section, format!("is of weightless.kind {section}, but the kind is {}", self.key()))
            }
            None => Ok(()),
        }
    }
}

/// The most variants of a font's digit.
const MOST_VARIANTS: usize = 64;

/// The sections of the kinds, in their order.
const SECTIONS: [&str; 4] = ["ao", "wisard", "dwn", "logic"];

impl World for Settings {
    const NAME: &'static str = "the weightless agents";
    const MODELS: &'static [&'static str] = &["Weightless"];

    fn model(&self) -> &'static str {
        Self::MODELS[0]
    }

    fn check(&self, run: &RunKeys) -> Result<(), InvalidSetting> {
        if run.load_checkpoint_path.is_some() {
            return refuse("load_checkpoint_path", "names no agent; `umwelt agents test` tests a file");
        }
        within("weightless", self.weightless.check())
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.strip_prefix("weightless.").and_then(|key| key.split_once('.'));
        section.is_none_or(|(section, _)| section == self.weightless.key())
    }

    fn job(&self, _work: Work, run: &RunKeys, _device: Device, _inputs: &Inputs) -> Result<Box<dyn Job>> {
        Ok(Box::new(WeightlessJob::new(&self.weightless, run)?))
    }

    fn descends(&self) -> bool {
        false
    }

    fn metric_names(&self) -> Vec<&'static str> {
        vec![
            "samples",
            "accuracy",
            "no_digit",
            "accuracy_at.*",
            "learn_us",
            "answer_us",
            "seconds",
            "bytes",
            "finished_bytes",
            "mistakes.*",
            "forgetting.*",
            "wrong_labels.*",
            "fonts.*",
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(values: Value) -> String {
        let settings: WeightlessSettings = serde_json::from_value(values).unwrap();
        let (key, reason) = settings.check().unwrap_err();
        format!("{key} {reason}")
    }

    #[test]
    fn settings_of_another_kind_and_impossible_ones_are_refused() {
        assert!(WeightlessSettings::default().check().is_ok());
        assert_eq!(
            refused(json!({"kind": "wisard", "dwn": {"epochs": 7}})),
            "dwn is of weightless.kind dwn, but the kind is wisard"
        );
        assert!(refused(json!({"curve": [6, 1], "curve_seeds": [1, 1]})).starts_with("curve must rise"));
        assert!(refused(json!({"curve": [6]})).starts_with("curve_seeds must have a number for each"));
        assert!(refused(json!({"wisard": {"tuple": 99}})).starts_with("wisard "));
        assert!(refused(json!({"test_digits": 0})).starts_with("test_digits "));
        assert!(refused(json!({"sources": []})).starts_with("sources must name"));
        assert!(refused(json!({"sources": ["fonts", "fonts"]})).starts_with("sources must name"));
        assert!(refused(json!({"sources": ["fonts"], "held_out": 9})).starts_with("held_out holds out"));
        assert!(refused(json!({"font_variants": 65})).starts_with("font_variants "));
        assert!(refused(json!({"kind": "ao"})).starts_with("samples_per_class must be set"));
    }

    #[test]
    fn an_agent_has_the_settings_of_its_kind() {
        let settings: WeightlessSettings =
            serde_json::from_value(json!({"kind": "ao", "samples_per_class": 6, "ao": {"steps": 3}}))
                .unwrap();
        let agent = settings.agent(5, DIGITS);
        assert_eq!((agent.kind.name(), agent.seed, agent.encoding.encoding), ("ao", 5, Encoding::Threshold));
        assert!(matches!(agent.kind, KindSettings::Ao(AoSettings { steps: 3, .. })));
        let grey: WeightlessSettings = serde_json::from_value(json!({"encoding": "grey"})).unwrap();
        assert_eq!(grey.agent(0, DIGITS).encoding.encoding, Encoding::Grey);
    }
}
