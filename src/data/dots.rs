//! One dot that moves in a 28x28 image under distracting overlays (Sobal et al., arXiv 2211.10831).

use super::film::Film;
use super::noise::Overlay;
use super::normalisation::{ImageStatistics, Normalisation, STATISTICS_BATCHES};
use super::render::{Dot, IMAGE_SIZE, Image};
use super::trajectory::{Walk, walls};
use crate::random::Stream;
use anyhow::{Result, ensure};
use rayon::prelude::*;

/// Dots in a sequence.
const DOTS: usize = 1;

/// What a world of dots is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct DotsSettings {
    pub frames: usize,
    pub batch_size: usize,
    /// Pixels.
    pub dot_std: f64,
    /// Strength of the overlay drawn anew for every frame, as a fraction of the batch's largest clean pixel.
    pub noise: f64,
    /// Strength of the overlay drawn once for every sequence.
    pub static_noise: f64,
    /// How far the overlay of a sequence moves to the right, in pixels a frame.
    pub static_noise_speed: f64,
    pub overlay: Overlay,
    pub normalize: bool,
    pub seed: u64,
}

impl Default for DotsSettings {
    fn default() -> Self {
        Self {
            frames: 17,
            batch_size: 128,
            dot_std: 1.3,
            noise: 0.0,
            static_noise: 0.0,
            static_noise_speed: 0.0,
            overlay: Overlay::Uniform,
            normalize: false,
            seed: 42,
        }
    }
}

impl DotsSettings {
    /// How far a dot's centre keeps from the image's edge, in pixels.
    fn margin(&self) -> f64 {
        2.0 * self.dot_std
    }

    fn check(&self) -> Result<()> {
        let room = (IMAGE_SIZE - 1) as f64 - 2.0 * self.margin();
        ensure!(self.frames > 0, "a sequence needs at least one frame");
        ensure!(self.batch_size > 0, "a batch needs at least one sequence");
        ensure!(self.dot_std > 0.0 && room > 0.0, "a dot of dot_std {} does not fit the image", self.dot_std);
        for (name, value) in [
            ("noise", self.noise),
            ("static_noise", self.static_noise),
            ("static_noise_speed", self.static_noise_speed),
        ] {
            ensure!(value.is_finite() && value >= 0.0, "{name} must be 0 or more, and is {value}");
        }
        Ok(())
    }
}

/// A batch in host memory, time first, in the units of its [`Normalisation`].
#[derive(Clone, Debug, PartialEq)]
pub struct HostTrajectories {
    /// Which batch of its stream it is.
    pub index: u64,
    /// `[rendered, batch, 1, 28, 28]`, indexed `[.., y, x]`.
    pub states: Vec<f32>,
    /// `[frames, batch, dots, 2]` as (x, y).
    pub locations: Vec<f32>,
    /// `[frames - 1, batch, 2]`: the steps of the first dot, as intended (walls do not shorten them).
    pub actions: Vec<f32>,
    pub rendered: usize,
    pub frames: usize,
    pub batch: usize,
    pub dots: usize,
}

/// Moving dots: a source whose batches are pure functions of (settings, stream, index).
#[derive(Clone, Debug)]
pub struct Dots {
    pub(super) settings: DotsSettings,
    pub(super) dot: Dot,
    pub(super) normalisation: Normalisation,
}

impl Dots {
    /// A world with these settings; measures its normalisation where they ask for one.
    ///
    /// Errors when a setting is out of range.
    pub fn new(settings: DotsSettings) -> Result<Self> {
        settings.check()?;
        let dot = Dot::new(settings.dot_std);
        let mut dots = Self { settings, dot, normalisation: Normalisation::NONE };
        if dots.settings.normalize {
            dots.normalisation = Normalisation::new(dots.statistics(), dots.settings.margin());
        }
        Ok(dots)
    }

    /// T, the frames of a sequence.
    pub fn frames(&self) -> usize {
        self.settings.frames
    }

    /// The least and the greatest coordinate that a dot can have, in pixels.
    pub fn walls(&self) -> (f64, f64) {
        walls(self.settings.margin())
    }

    /// How images, locations and actions are normalised; turns squared location errors into pixels^2.
    pub fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// Batch `index` of the stream called `stream`, with images of its first `rendered` frames only.
    ///
    /// Images are the same however many frames are rendered. Panics when `rendered` exceeds the frames.
    pub fn batch(&self, stream: &str, index: u64, rendered: usize) -> HostTrajectories {
        let (frames, batch) = (self.settings.frames, self.settings.batch_size);
        assert!(rendered <= frames, "{rendered} frames to render, but a sequence has {frames}");
        let walks = self.walks(stream, index);
        let film = Film::new(self, stream, index, &walks);
        let image = |i: usize| film.image(i / batch, i % batch);
        let states: Vec<Image> = (0..rendered * batch).into_par_iter().map(image).collect();
        let units = self.normalisation;
        HostTrajectories {
            index,
            states: states.into_flattened(),
            locations: time_first(&walks, frames, |walk, t| walk.locations[t].map(|at| units.location(at))),
            actions: time_first(&walks, frames - 1, |walk, t| walk.actions[t].map(|step| units.action(step))),
            rendered,
            frames,
            batch,
            dots: DOTS,
        }
    }

    /// Where the first dot is before each of these steps from `start` and after the last one, all in pixels.
    pub fn follow(&self, start: [f32; 2], steps: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
        Walk::follow(start, steps, self.settings.margin()).locations
    }

    pub(super) fn walks(&self, stream: &str, index: u64) -> Vec<Walk> {
        let stream = self.stream(stream, "walks");
        let walk = |b| Walk::draw(&mut stream.at(&[index, b]), self.settings.frames, self.settings.margin());
        (0..self.settings.batch_size as u64).into_par_iter().map(walk).collect()
    }

    fn statistics(&self) -> ImageStatistics {
        let strengths = [self.settings.noise, self.settings.static_noise];
        let batch = |index| {
            let walks = self.walks("normalisation", index);
            ImageStatistics::expected(&self.dot, &walks, &self.settings.overlay, strengths)
        };
        let batches: Vec<_> = (0..STATISTICS_BATCHES).into_par_iter().map(batch).collect();
        ImageStatistics::average(&batches)
    }

    pub(super) fn stream(&self, name: &str, part: &str) -> Stream {
        Stream::new(self.settings.seed, &format!("dots/{name}/{part}"))
    }
}

/// A pair of numbers for every step of every walk: `[steps, walks, 2]`.
fn time_first(walks: &[Walk], steps: usize, pair: impl Fn(&Walk, usize) -> [f32; 2]) -> Vec<f32> {
    let mut values = Vec::with_capacity(steps * walks.len() * 2);
    for t in 0..steps {
        walks.iter().for_each(|walk| values.extend(pair(walk, t)));
    }
    values
}

#[cfg(test)]
mod tests;
