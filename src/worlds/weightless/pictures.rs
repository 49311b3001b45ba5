//! The digits that agents learn and are tested on.

use std::path::Path;

use anyhow::{Result, ensure};
use umwelt_base::random::Stream;
use umwelt_weightless::Samples;
use umwelt_weightless::sampling::{Chosen, balanced, random};

use super::drawings::drawings;
use super::fonts::{faces, font_digits};
use super::{Sampling, Source, WeightlessSettings};
use crate::datasets::{Digits, Split};

/// The classes of digits.
pub const DIGITS: usize = 10;

/// Training and test digits.
pub struct Pictures {
    training: Chosen,
    test: Chosen,
    classes: usize,
    sampling: Sampling,
    seed: u64,
}

impl Pictures {
    /// The digits of the settings' sources. The agent may see `samples_per_class` of each training
    /// class, or all.
    ///
    /// # Errors
    /// A file is missing or damaged, or there are fewer digits than the settings say.
    pub fn new(settings: &WeightlessSettings, seed: u64) -> Result<Self> {
        let (training, test) = training_and_test(settings, seed)?;
        let labels = training.labels.iter().chain(&test.labels);
        // At least two, which a part of a set may not have.
        let classes = labels.max().map_or(0, |label| usize::from(*label) + 1).max(2);
        let mut pictures = Self { training, test, classes, sampling: settings.sampling, seed };
        if let Some(per_class) = settings.samples_per_class {
            pictures.training = pictures.drawn(per_class, FIRST)?;
        }
        Ok(pictures)
    }

    /// The number of classes: one more than the largest label.
    pub fn classes(&self) -> usize {
        self.classes
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
        let (samples, wanted) = (self.training.samples(), per_class * self.present());
        let places = match self.sampling {
            Sampling::Balanced => balanced(samples.labels(), per_class, self.classes, self.seed, draw),
            Sampling::Random => random(samples.len(), wanted, self.seed, draw),
        };
        ensure!(
            places.len() == wanted,
            "there are not {per_class} training digits of each class; lower weightless.samples_per_class or \
             weightless.curve"
        );
        Ok(Chosen::of(&samples, &places))
    }

    /// The number of training digits of each class.
    fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        self.training.labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts
    }

    /// The number of classes that have training digits: some sets start at label 1.
    fn present(&self) -> usize {
        self.counts().iter().filter(|count| **count > 0).count()
    }

    /// The training digits of the rarest class of those that have any.
    pub fn rarest(&self) -> usize {
        self.counts().into_iter().filter(|count| *count > 0).min().unwrap_or(0)
    }

    /// The training digits whose label `takes`, in their order.
    pub fn of_labels(&self, takes: impl Fn(u8) -> bool) -> Chosen {
        only(&self.training.samples(), takes)
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The seed of the agent of a draw.
    pub fn agent_seed(&self, draw: u64) -> u64 {
        if draw == FIRST { self.seed } else { Stream::new(self.seed, "agents").at(&[draw]).bits() }
    }
}

/// The draw of the agent that the run leaves.
pub const FIRST: u64 = 0;

/// The digits of all sources, and those that agents are tested on.
fn training_and_test(settings: &WeightlessSettings, seed: u64) -> Result<(Chosen, Chosen)> {
    let read = |split: Split| read(&settings.data_path, split);
    let (mut training, mut held_out) = (Chosen::default(), None);
    for source in &settings.sources {
        let mut more = match source {
            Source::Mnist => read(Split::Training)?,
            Source::Fonts => font_digits(settings, &faces(settings), seed),
            Source::Drawings => drawings(Path::new(&settings.drawings_path))?,
        };
        if let (Source::Mnist, Some(count)) = (source, settings.held_out) {
            let found = more.labels.len();
            ensure!(
                count < found,
                "weightless.held_out is {count}, but {} has {found} digits to train on",
                settings.data_path
            );
            let (images, labels) =
                (more.images.split_off(found - count), more.labels.split_off(found - count));
            held_out = Some(Chosen { images, labels });
        }
        training.append(more);
    }
    let mut test = match held_out {
        Some(held_out) => held_out,
        None => read(Split::Validation)?,
    };
    let (count, found) = (settings.test_digits.unwrap_or(test.labels.len()), test.labels.len());
    ensure!(
        count <= found,
        "weightless.test_digits is {count}, but {} has {found} to test on",
        settings.data_path
    );
    test.images.truncate(count);
    test.labels.truncate(count);
    Ok((training, test))
}

/// The digits of a part of a data set.
fn read(folder: &str, split: Split) -> Result<Chosen> {
    let digits = Digits::load_set(Path::new(folder), split)?;
    let images = digits.images().as_slice().expect("images are in memory row by row");
    let samples = Samples::new(images, digits.labels())?;
    Ok(Chosen { images: samples.images().to_vec(), labels: samples.labels().to_vec() })
}

/// The samples whose label `takes`.
pub fn only(samples: &Samples, takes: impl Fn(u8) -> bool) -> Chosen {
    let places = samples.labels().iter().enumerate().filter(|(_, label)| takes(**label));
    Chosen::of(samples, &places.map(|(place, _)| place).collect::<Vec<_>>())
}
