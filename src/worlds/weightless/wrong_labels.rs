//! Wrong labels: a tenth of the labels are false, and are taken back later.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_base::random::Stream;
use umwelt_weightless::Samples;
use umwelt_weightless::sampling::Chosen;

use super::pictures::FIRST;
use super::trainer::{Trainer, percent, with_sample};
use super::{Kind, WeightlessSettings};

/// Samples of each class.
const PER_CLASS: usize = 60;
/// One label in this many is false.
const FALSE: usize = 10;

/// The accuracy on test digits, in percent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongLabels {
    /// Samples learnt.
    pub samples: usize,
    /// With true labels.
    pub clean: f64,
    /// With a tenth of false labels.
    pub wrong: f64,
    /// After the samples with false labels were unlearnt one by one, where the kind can unlearn.
    pub unlearnt: Option<f64>,
    /// Without the samples that have false labels.
    pub without: f64,
}

impl WrongLabels {
    /// The results of agents that learn 600 samples, or all there are.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer) -> Result<Self> {
        let (pictures, settings) = (trainer.pictures, counting(trainer.settings));
        let per_class = PER_CLASS.min(pictures.rarest());
        let (clean, seed) = (pictures.drawn(per_class, FIRST)?, pictures.agent_seed(FIRST));
        let is_false = |place: usize| place.is_multiple_of(FALSE);
        let mut rng = Stream::new(seed, "false labels").at(&[]);
        let classes = pictures.classes();
        let mut false_label = |label: u8| ((usize::from(label) + 1 + rng.below(classes - 1)) % classes) as u8;
        let labels = clean.labels.iter().enumerate();
        let labels: Vec<u8> =
            labels.map(|(place, label)| if is_false(place) { false_label(*label) } else { *label }).collect();
        let wrong = Chosen { images: clean.images.clone(), labels };
        let true_ones: Vec<usize> = (0..clean.labels.len()).filter(|place| !is_false(*place)).collect();
        let tested = |samples: &Samples| -> Result<f64> {
            Ok(percent(&trainer.tested(&trainer.trained(&settings, samples, seed)?)?))
        };
        let mut agent = trainer.trained(&settings, &wrong.samples(), seed)?;
        let with_wrong = percent(&trainer.tested(&agent)?);
        let can_unlearn = matches!(settings.kind, Kind::Ao | Kind::Wisard);
        if can_unlearn {
            for place in (0..wrong.labels.len()).filter(|place| is_false(*place)) {
                let result = agent.unlearn(&wrong.images[place], wrong.labels[place]);
                with_sample(result, place)?;
            }
        }
        let unlearnt = can_unlearn.then(|| trainer.tested(&agent)).transpose()?;
        Ok(Self {
            samples: clean.labels.len(),
            clean: tested(&clean.samples())?,
            wrong: with_wrong,
            unlearnt: unlearnt.map(|accuracy| percent(&accuracy)),
            without: tested(&Chosen::of(&clean.samples(), &true_ones).samples())?,
        })
    }
}

/// The settings with which counts alone decide: learnt tables cannot take back a sample of a
/// training.
fn counting(settings: &WeightlessSettings) -> WeightlessSettings {
    use umwelt_weightless::wisard::Decision;
    let mut settings = settings.clone();
    if settings.wisard.decision == Decision::Learnt && settings.kind == Kind::Wisard {
        settings.wisard.decision = Decision::Log;
    }
    settings
}
