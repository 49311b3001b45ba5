//! All items of the data set.

use std::path::Path;

use anyhow::Result;
use ndarray::Array2;
use tch::Tensor;

use super::captions::Choices;
use super::files::{ImageFiles, read_captions, read_items};
use super::ood::Region;
use super::raster::image_tensor;
use super::sampling::Sampler;
use super::{ImageSource, OodSettings, Shape, ShapesSettings, Split, render_all};

/// Shapes with their unpaired numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    pub shapes: Vec<Shape>,
    /// `[N, unpaired_dim]`.
    pub unpaired: Array2<f32>,
}

/// The items of all splits, generated or read from files.
pub struct ShapeSet {
    splits: [Items; Split::ALL.len()],
    /// The files of the images of each split; `None` where images are rendered.
    files: Option<[ImageFiles; Split::ALL.len()]>,
    /// The choices of the captions of each split, where files have them.
    choices: [Option<Vec<Choices>>; Split::ALL.len()],
    region: Option<Region>,
    /// Items drawn out of distribution for validation and test, with `ood.synthesise`.
    synthesised: Option<[Items; 2]>,
}

impl ShapeSet {
    /// The data set with these settings: items from the folder `shapes.path`, or from `seed`.
    ///
    /// # Errors
    /// A file is missing or damaged, or has fewer items than the settings say; no item lies in the
    /// hole. The error names the file or the key.
    pub fn new(settings: &ShapesSettings, ood: &OodSettings, seed: u64) -> Result<Self> {
        let sampler = Sampler::new(settings, seed);
        let splits = each(|split| Items::new(settings, seed, split))?;
        let files = match (&settings.path, settings.images) {
            (Some(folder), ImageSource::Files) => {
                Some(each(|split| ImageFiles::open(Path::new(folder), split, settings.items(split)))?)
            }
            _ => None,
        };
        let choices = each(|split| match &settings.path {
            Some(folder) => read_captions(Path::new(folder), split, &splits[split as usize].shapes),
            None => Ok(None),
        })?;
        let region = Region::new(ood, settings);
        let synthesised = match &region {
            Some(region) if ood.synthesises() => Some([
                sampler.items_within(region, Split::Validation)?,
                sampler.items_within(region, Split::Test)?,
            ]),
            _ => None,
        };
        Ok(Self { splits, files, choices, region, synthesised })
    }

    /// The items of a split.
    pub fn items(&self, split: Split) -> &Items {
        &self.splits[split as usize]
    }

    /// The shapes of a split.
    pub fn shapes(&self, split: Split) -> &[Shape] {
        &self.items(split).shapes
    }

    /// The unpaired numbers `[N, unpaired_dim]` of a split.
    pub fn unpaired(&self, split: Split) -> &Array2<f32> {
        &self.items(split).unpaired
    }

    /// The choices of the captions of a split, where its files have them.
    pub fn choices(&self, split: Split) -> Option<&[Choices]> {
        self.choices[split as usize].as_deref()
    }

    /// The rows of a split that are in distribution: all of them without a rule.
    pub fn inside(&self, split: Split) -> Vec<i64> {
        self.rows(split, false)
    }

    /// The rows of a split that are out of distribution.
    pub fn outside(&self, split: Split) -> Vec<i64> {
        self.rows(split, true)
    }

    /// The items drawn inside the hole for validation or test, with `ood.synthesise`. Their images
    /// are rendered.
    pub fn synthesised(&self, split: Split) -> Option<&Items> {
        let [validation, test] = self.synthesised.as_ref()?;
        match split {
            Split::Training => None,
            Split::Validation => Some(validation),
            Split::Test => Some(test),
        }
    }

    /// True if a rule says which items are out of distribution.
    pub fn has_rule(&self) -> bool {
        self.region.is_some()
    }

    /// The images of rows of a split as bytes `[N, 3, 32, 32]` in channels-last memory, on the CPU.
    ///
    /// # Errors
    /// A file of images cannot be read.
    ///
    /// # Panics
    /// If a row does not exist.
    pub fn images(&self, split: Split, rows: &[i64]) -> Result<Tensor> {
        let shapes = self.shapes(split);
        match &self.files {
            Some(files) => image_tensor(rows.len(), |images| files[split as usize].read(rows, images)),
            None => Ok(render_all(&rows.iter().map(|row| shapes[*row as usize]).collect::<Vec<_>>())),
        }
    }

    fn rows(&self, split: Split, outside: bool) -> Vec<i64> {
        let is_outside = |shape: &Shape| self.region.as_ref().is_some_and(|region| region.contains(shape));
        let rows = self.shapes(split).iter().zip(0..).filter(|(shape, _)| is_outside(shape) == outside);
        rows.map(|(_, row)| row).collect()
    }
}

impl Items {
    /// The items of a split: from the folder `shapes.path`, or from `seed`.
    ///
    /// # Errors
    /// A [`UserError`](umwelt_base::UserError) that names the file: it is missing or damaged, or
    /// has fewer items than the settings say.
    pub fn new(settings: &ShapesSettings, seed: u64, split: Split) -> Result<Self> {
        match &settings.path {
            Some(folder) => read_items(Path::new(folder), split, settings),
            None => Ok(Sampler::new(settings, seed).items(split, settings.items(split))),
        }
    }
}

/// The results of `make` for each split.
fn each<T>(make: impl Fn(Split) -> Result<T>) -> Result<[T; Split::ALL.len()]> {
    let [training, validation, test] = Split::ALL.map(make);
    Ok([training?, validation?, test?])
}

#[cfg(test)]
mod tests;
