//! Fonts and handwriting: agents that learn digits of fonts, tested on handwritten ones.

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_weightless::baselines::{accuracy, nearest_by_grey};
use umwelt_weightless::fonts::{Face, default_folders, digits, find};
use umwelt_weightless::sampling::Chosen;

use super::WeightlessSettings;
use super::pictures::FIRST;
use super::trainer::{Trainer, percent};

/// The results of agents that learn digits of fonts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fonts {
    /// The faces that were found, in their order.
    pub faces: Vec<FaceName>,
    /// Digits drawn from them.
    pub digits: usize,
    /// The accuracy on test digits of an agent that learnt the digits of fonts only, in percent.
    pub alone: f64,
    /// The same of the nearest neighbour.
    pub alone_nearest: f64,
    /// The accuracy of an agent that learnt them with the training digits, in percent.
    pub together: f64,
}

/// A face of a font.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceName {
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

impl Fonts {
    /// The results on the faces of this machine.
    ///
    /// # Errors
    /// An interruption.
    pub fn new(trainer: &Trainer) -> Result<Self> {
        let (settings, pictures) = (trainer.settings, trainer.pictures);
        trainer.progress.update("drawing digits of fonts", 0, 1)?;
        let faces = faces(settings);
        let (known, seed) = (font_digits(settings, &faces, pictures.seed()), pictures.agent_seed(FIRST));
        let tested = |samples: &Chosen| -> Result<f64> {
            Ok(percent(&trainer.tested(&trainer.trained(settings, &samples.samples(), seed)?)?))
        };
        let (training, test) = (pictures.training(), pictures.test());
        let nearest = nearest_by_grey(&known.samples(), test.images(), trainer.threads);
        let mut both = known.clone();
        both.append(Chosen { images: training.images().to_vec(), labels: training.labels().to_vec() });
        let name = |face: &Face| FaceName { name: face.name.clone(), sha256: face.sha256.clone() };
        Ok(Self {
            faces: faces.iter().map(name).collect(),
            digits: known.labels.len(),
            alone: tested(&known)?,
            alone_nearest: 100.0 * accuracy(&nearest, test.labels()),
            together: tested(&both)?,
        })
    }
}

/// The built-in faces, those of the machine and those of the settings' folder.
pub fn faces(settings: &WeightlessSettings) -> Vec<Face> {
    let own = settings.fonts_path.as_ref().map(PathBuf::from);
    find(&default_folders().into_iter().chain(own).collect::<Vec<_>>())
}

/// The digits of `faces` in the settings' variants.
pub fn font_digits(settings: &WeightlessSettings, faces: &[Face], seed: u64) -> Chosen {
    digits(faces, settings.font_variants as u64, seed)
}
