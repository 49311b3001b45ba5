//! Dots that move in a 28x28 image under distractor noise (Sobal et al., arXiv 2211.10831).

use anyhow::Result;
use ndarray::{Array3, Array4, Array5};
use rayon::prelude::*;

use super::dataset_type::Role;
use super::normalisation::{ImageStatistics, Normalisation, RENDERED_BATCHES, STATISTICS_BATCHES};
use super::path::{Path, walls};
use super::render::{Dot, IMAGE_SIZE, Image};
use super::sequence_renderer::{Appearance, SequenceRenderer, dot_stream, sum_of_dots};
use super::settings::DotsSettings;

/// A batch in host memory, time first, in the units of its [`Normalisation`].
#[derive(Clone, Debug, PartialEq)]
pub struct HostTrajectories {
    /// The index of the batch in its stream.
    pub index: u64,
    /// Images of the first T' frames, `[T', B, C, 28, 28]`, indexed `[.., y, x]`.
    pub states: Array5<f32>,
    /// Positions as (x, y), `[T, B, dots, 2]`.
    pub locations: Array4<f32>,
    /// Intended steps of the first dot, `[T-1, B, 2]`; walls do not shorten them.
    pub actions: Array3<f32>,
}

/// Moving dots: a source whose batches are pure functions of (settings, stream, index).
#[derive(Clone, Debug)]
pub struct Dots {
    pub(super) settings: DotsSettings,
    pub(super) dot: Dot,
    pub(super) normalisation: Normalisation,
}

impl Dots {
    /// A world with these settings, and with its normalisation measured if `normalize` is set.
    ///
    /// # Errors
    /// Names the setting that is out of range.
    pub fn new(settings: DotsSettings) -> Result<Self> {
        settings.check()?;
        let dot = Dot::new(settings.dot_std);
        let mut dots = Self { settings, dot, normalisation: Normalisation::NONE };
        if dots.settings.normalize {
            dots.normalisation = Normalisation::new(dots.statistics(), dots.settings.margin());
        }
        Ok(dots)
    }

    /// The number of frames of a sequence, T.
    pub fn frames(&self) -> usize {
        self.settings.frames
    }

    /// The role of each dot, in the order of channels and locations.
    pub fn roles(&self) -> &'static [Role] {
        self.settings.roles()
    }

    /// The smallest and the largest coordinate of a dot, in pixels.
    pub fn walls(&self) -> (f64, f64) {
        walls(self.settings.margin())
    }

    /// The normalisation of images, locations and actions.
    pub fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// Batch `index` of the stream called `stream`, with images of its first `rendered` frames.
    ///
    /// An image does not depend on the number of rendered frames. Panics if `rendered` exceeds T.
    pub fn batch(&self, stream: &str, index: u64, rendered: usize) -> HostTrajectories {
        let (frames, batch) = (self.settings.frames, self.settings.batch_size);
        assert!(rendered <= frames, "{rendered} frames to render, but a sequence has {frames}");
        let paths: Vec<_> = (0..self.roles().len()).map(|dot| self.paths(stream, index, dot)).collect();
        let (extra, units) = (self.settings.extra_frames(), self.normalisation);
        let location = |(t, b, dot, axis): (usize, usize, usize, usize)| {
            units.location(paths[dot][b].locations[extra + t][axis])
        };
        let action = |(t, b, axis): (usize, usize, usize)| units.action(paths[0][b].actions[extra + t][axis]);
        HostTrajectories {
            index,
            states: self.states(stream, index, &paths, rendered),
            locations: Array4::from_shape_fn((frames, batch, paths.len(), 2), location),
            actions: Array3::from_shape_fn((frames - 1, batch, 2), action),
        }
    }

    /// The positions of the first dot before each of `steps` from `start`, and after the last; in
    /// pixels.
    pub fn follow(&self, start: [f32; 2], steps: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
        Path::follow(start, steps, self.settings.margin()).locations
    }

    /// Images `[T', B, C, 28, 28]` of the first `rendered` frames.
    fn states(&self, stream: &str, index: u64, paths: &[Vec<Path>], rendered: usize) -> Array5<f32> {
        let (batch, channels) = (self.settings.batch_size, self.settings.channels);
        let images = match self.settings.frame_difference && rendered > 0 {
            true => differences(&self.images(stream, index, paths, 1 + rendered), batch * channels),
            false => self.images(stream, index, paths, rendered),
        };
        Array5::from_shape_vec((rendered, batch, channels, IMAGE_SIZE, IMAGE_SIZE), images.into_flattened())
            .expect("there is one image for each frame, sequence and channel")
    }

    /// Images of the first `frames` frames, extra ones included: channel by channel of each
    /// sequence of each frame.
    fn images(&self, stream: &str, index: u64, paths: &[Vec<Path>], frames: usize) -> Vec<Image> {
        let (batch, channels) = (self.settings.batch_size, self.settings.channels);
        let dots_in_channel = paths.len() / channels;
        let renderer = |(dot, paths)| {
            let first_of_channel = dot % dots_in_channel == 0;
            SequenceRenderer::new(self.appearance(), stream, index, (dot, paths), first_of_channel)
        };
        let renderers: Vec<_> = paths.iter().map(Vec::as_slice).enumerate().map(renderer).collect();
        let image = |i: usize| {
            let (image, channel) = (i / channels, i % channels);
            let dots = &renderers[channel * dots_in_channel..][..dots_in_channel];
            sum_of_dots(dots, image / batch, image % batch)
        };
        (0..frames * batch * channels).into_par_iter().map(image).collect()
    }

    pub(super) fn appearance(&self) -> Appearance<'_> {
        Appearance { settings: &self.settings, dot: self.dot, normalisation: self.normalisation }
    }

    pub(super) fn paths(&self, stream: &str, index: u64, dot: usize) -> Vec<Path> {
        let settings = &self.settings;
        let stream = dot_stream(settings.seed, stream, "walks", dot);
        let (frames, extra, margin) = (settings.frames, settings.extra_frames(), settings.margin());
        let path = |b| match (self.roles()[dot], &mut stream.at(&[index, b])) {
            (Role::Action | Role::Other, rng) => Path::draw(rng, frames, extra, margin),
            (Role::Standing, rng) => Path::standing(rng, frames + extra, margin),
        };
        (0..settings.batch_size as u64).into_par_iter().map(path).collect()
    }

    fn statistics(&self) -> ImageStatistics {
        let frames = self.settings.frames;
        let rendered = |index| {
            let states = self.batch("normalisation", index, frames).states;
            ImageStatistics::of_differences(states.iter())
        };
        let batches: Vec<_> = match self.settings.frame_difference {
            true => (0..RENDERED_BATCHES).map(rendered).collect(),
            false => (0..STATISTICS_BATCHES).into_par_iter().map(|index| self.expected(index)).collect(),
        };
        ImageStatistics::average(&batches)
    }

    /// The expected image statistics of batch `index`.
    fn expected(&self, index: u64) -> ImageStatistics {
        let (dot, settings) = (&self.dot, &self.settings);
        let strengths = [settings.noise, settings.static_noise];
        let paths: Vec<_> =
            (0..self.roles().len()).map(|dot| self.paths("normalisation", index, dot)).collect();
        let of = |paths: &Vec<Path>| ImageStatistics::expected(dot, paths, &settings.distractor, strengths);
        let dots: Vec<_> = paths.iter().map(of).collect();
        match settings.channels == dots.len() {
            true => ImageStatistics::of_channels(&dots),
            false => ImageStatistics::summed(&dots, dot, &paths),
        }
    }
}

/// Each image minus the image one frame before, for frames of `frame` images; the first frame has
/// none.
fn differences(images: &[Image], frame: usize) -> Vec<Image> {
    let difference = |now: &Image, before: &Image| std::array::from_fn(|i| now[i] - before[i]);
    images[frame..].par_iter().zip(images).map(|(now, before)| difference(now, before)).collect()
}

#[cfg(test)]
mod tests;
