//! The digits that agents learn and are tested on.

use std::path::Path;

use anyhow::{Result, ensure};
use umwelt_base::random::Stream;
use umwelt_weightless::Samples;
use umwelt_weightless::sampling::{Chosen, balanced, random};

use super::{Sampling, WeightlessSettings};
use crate::datasets::{Digits, Split};

/// The digits from 0 to 9.
pub const CLASSES: usize = 10;

/// Training and test digits.
pub struct Pictures {
    training: Chosen,
    test: Chosen,
    sampling: Sampling,
    seed: u64,
}

impl Pictures {
    /// The digits of the settings' folder. The agent may see `samples_per_class` of each training
    /// class, or all.
    ///
    /// # Errors
    /// A file is missing or damaged, or has fewer digits than the settings say.
    pub fn new(settings: &WeightlessSettings, seed: u64) -> Result<Self> {
        let folder = Path::new(&settings.data_path);
        let read = |split: Split| -> Result<Chosen> {
            let digits = Digits::load(folder, split)?;
            let images = digits.images().as_slice().expect("images are in memory row by row");
            let samples = Samples::new(images, digits.labels())?;
            Ok(Chosen::of(&samples, &(0..samples.len()).collect::<Vec<_>>()))
        };
        let (all, mut test) = (read(Split::Training)?, read(Split::Validation)?);
        let count = settings.test_digits.unwrap_or(test.labels.len());
        let (found, key) = (test.labels.len(), "weightless.test_digits");
        ensure!(count <= found, "{key} is {count}, but {} has {found}", settings.data_path);
        test.images.truncate(count);
        test.labels.truncate(count);
        let mut pictures = Self { training: all, test, sampling: settings.sampling, seed };
        if let Some(per_class) = settings.samples_per_class {
            pictures.training = pictures.drawn(per_class, FIRST)?;
        }
        Ok(pictures)
    }

    /// All digits that the agent may learn.
    pub fn training(&self) -> Samples<'_> {
        self.training.samples()
    }

    /// The test digits.
    pub fn test(&self) -> Samples<'_> {
        self.test.samples()
    }

    /// `per_class` training digits of each class: draw number `draw`.
    ///
    /// # Errors
    /// There are fewer.
    pub fn drawn(&self, per_class: usize, draw: u64) -> Result<Chosen> {
        let (samples, wanted) = (self.training.samples(), per_class * CLASSES);
        let places = match self.sampling {
            Sampling::Balanced => balanced(samples.labels(), per_class, CLASSES, self.seed, draw),
            Sampling::Random => random(samples.len(), wanted, self.seed, draw),
        };
        ensure!(
            places.len() == wanted,
            "there are not {per_class} training digits of each class; lower weightless.samples_per_class or \
             weightless.curve"
        );
        Ok(Chosen::of(&samples, &places))
    }

    /// The training digits of the rarest class.
    pub fn rarest(&self) -> usize {
        let count = |class: usize| self.training.labels.iter().filter(|l| usize::from(**l) == class).count();
        (0..CLASSES).map(count).min().unwrap_or(0)
    }

    /// The training digits whose label `takes`, in their order.
    pub fn of_labels(&self, takes: impl Fn(u8) -> bool) -> Chosen {
        only(&self.training.samples(), takes)
    }

    /// The seed of the agent of a draw.
    pub fn agent_seed(&self, draw: u64) -> u64 {
        if draw == FIRST { self.seed } else { Stream::new(self.seed, "agents").at(&[draw]).bits() }
    }
}

/// The draw of the agent that the run leaves.
pub const FIRST: u64 = 0;

/// The samples whose label `takes`.
pub fn only(samples: &Samples, takes: impl Fn(u8) -> bool) -> Chosen {
    let places = samples.labels().iter().enumerate().filter(|(_, label)| takes(**label));
    Chosen::of(samples, &places.map(|(place, _)| place).collect::<Vec<_>>())
}
