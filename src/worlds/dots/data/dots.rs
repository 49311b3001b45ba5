//! Dots that move in a 28x28 image under distracting overlays (Sobal et al., arXiv 2211.10831).

mod settings;

pub use settings::DotsSettings;

use super::dataset_type::Role;
use super::film::{Film, overlaid};
use super::normalisation::{ImageStatistics, Normalisation, RENDERED_BATCHES, STATISTICS_BATCHES};
use super::render::{Dot, Image};
use super::trajectory::{Walk, walls};
use anyhow::Result;
use rayon::prelude::*;
use umwelt_base::random::Stream;

/// A batch in host memory, time first, in the units of its [`Normalisation`].
#[derive(Clone, Debug, PartialEq)]
pub struct HostTrajectories {
    /// Which batch of its stream it is.
    pub index: u64,
    /// `[rendered, batch, channels, 28, 28]`, indexed `[.., y, x]`.
    pub states: Vec<f32>,
    /// `[frames, batch, dots, 2]` as (x, y).
    pub locations: Vec<f32>,
    /// `[frames - 1, batch, 2]`: the steps of the first dot, as intended (walls do not shorten them).
    pub actions: Vec<f32>,
    pub rendered: usize,
    pub frames: usize,
    pub batch: usize,
    pub channels: usize,
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

    /// What each dot does.
    pub fn roles(&self) -> &'static [Role] {
        self.settings.roles()
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
        let walks: Vec<_> = (0..self.roles().len()).map(|dot| self.walks(stream, index, dot)).collect();
        let states = self.states(stream, index, &walks, rendered);
        let (lead, units) = (self.settings.lead(), self.normalisation);
        let at = |walk: &Walk, t: usize| walk.locations[lead + t].map(|at| units.location(at));
        let step = |walk: &Walk, t: usize| walk.actions[lead + t].map(|step| units.action(step));
        HostTrajectories {
            index,
            states: states.into_flattened(),
            locations: time_first(&walks, frames, at),
            actions: time_first(&walks[..1], frames - 1, step),
            rendered,
            frames,
            batch,
            channels: self.settings.channels,
            dots: walks.len(),
        }
    }

    /// Where the first dot is before each of these steps from `start` and after the last one, all in pixels.
    pub fn follow(&self, start: [f32; 2], steps: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
        Walk::follow(start, steps, self.settings.margin()).locations
    }

    /// Images `[rendered * batch * channels]`.
    fn states(&self, stream: &str, index: u64, walks: &[Vec<Walk>], rendered: usize) -> Vec<Image> {
        let (batch, channels) = (self.settings.batch_size, self.settings.channels);
        let shared = walks.len() / channels;
        let film = |(dot, walks)| Film::new(self, stream, index, (dot, walks), dot % shared == 0);
        let films: Vec<Film> = walks.iter().map(Vec::as_slice).enumerate().map(film).collect();
        let image = |i: usize| {
            let (image, channel) = (i / channels, i % channels);
            overlaid(&films[channel * shared..][..shared], image / batch, image % batch)
        };
        let frame = batch * channels;
        if !self.settings.frame_difference || rendered == 0 {
            return (0..rendered * frame).into_par_iter().map(image).collect();
        }
        let images: Vec<Image> = (0..(1 + rendered) * frame).into_par_iter().map(image).collect();
        images[frame..].par_iter().zip(&images).map(|(now, before)| difference(now, before)).collect()
    }

    pub(super) fn walks(&self, stream: &str, index: u64, dot: usize) -> Vec<Walk> {
        let (stream, settings) = (self.stream(stream, "walks", dot), &self.settings);
        let (frames, lead, margin) = (settings.frames, settings.lead(), settings.margin());
        let walk = |b| match (self.roles()[dot], &mut stream.at(&[index, b])) {
            (Role::Action | Role::Other, rng) => Walk::draw(rng, frames, lead, margin),
            (Role::Standing, rng) => Walk::stand(rng, frames + lead, margin),
        };
        (0..settings.batch_size as u64).into_par_iter().map(walk).collect()
    }

    fn statistics(&self) -> ImageStatistics {
        let frames = self.settings.frames;
        let rendered =
            |index| ImageStatistics::of_differences(&self.batch("normalisation", index, frames).states);
        let batches: Vec<_> = match self.settings.frame_difference {
            true => (0..RENDERED_BATCHES).map(rendered).collect(),
            false => (0..STATISTICS_BATCHES).into_par_iter().map(|index| self.expected(index)).collect(),
        };
        ImageStatistics::average(&batches)
    }

    /// What the images of a batch are expected to show.
    fn expected(&self, index: u64) -> ImageStatistics {
        let (dot, settings) = (&self.dot, &self.settings);
        let strengths = [settings.noise, settings.static_noise];
        let walks: Vec<_> =
            (0..self.roles().len()).map(|dot| self.walks("normalisation", index, dot)).collect();
        let of = |walks: &Vec<Walk>| ImageStatistics::expected(dot, walks, &settings.overlay, strengths);
        let dots: Vec<_> = walks.iter().map(of).collect();
        match settings.channels == dots.len() {
            true => ImageStatistics::side_by_side(&dots),
            false => ImageStatistics::summed(&dots, dot, &walks),
        }
    }

    /// The numbers of one dot: those of the first are the same however many there are.
    pub(super) fn stream(&self, name: &str, part: &str, dot: usize) -> Stream {
        let dot = if dot == 0 { String::new() } else { format!("/{dot}") };
        Stream::new(self.settings.seed, &format!("dots/{name}/{part}{dot}"))
    }
}

/// A pair of numbers for every step of every walk: `[steps, batch, dots, 2]`.
fn time_first(walks: &[Vec<Walk>], steps: usize, pair: impl Fn(&Walk, usize) -> [f32; 2]) -> Vec<f32> {
    let batch = walks[0].len();
    let mut values = Vec::with_capacity(steps * batch * walks.len() * 2);
    for t in 0..steps {
        for b in 0..batch {
            walks.iter().for_each(|dot| values.extend(pair(&dot[b], t)));
        }
    }
    values
}

fn difference(now: &Image, before: &Image) -> Image {
    std::array::from_fn(|i| now[i] - before[i])
}

#[cfg(test)]
mod tests;
