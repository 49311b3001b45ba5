//! The images of one dot in one batch; each can be rendered alone.

use rayon::prelude::*;
use umwelt_base::random::Stream;

use super::distractor::rolled;
use super::normalisation::Normalisation;
use super::path::Path;
use super::render::{Dot, Image, PIXELS};
use super::settings::DotsSettings;

/// The appearance of all images of a world.
#[derive(Clone, Copy)]
pub struct Appearance<'a> {
    pub settings: &'a DotsSettings,
    pub dot: Dot,
    pub normalisation: Normalisation,
}

/// The renderer of one dot in all sequences of a batch. Normalisation is folded into `background`
/// and the gains.
pub struct SequenceRenderer<'a> {
    appearance: Appearance<'a>,
    paths: &'a [Path],
    /// The grey value of a pixel without dot or distractor.
    background: f32,
    dot_gain: f32,
    /// The fixed distractor of each sequence on the background, as in frame 0.
    pub fixed: Option<Vec<Image>>,
    changing: Option<Changing>,
}

/// The distractor that is drawn anew for every image.
struct Changing {
    stream: Stream,
    batch: u64,
    gain: f32,
}

impl<'a> SequenceRenderer<'a> {
    /// The renderer of dot number `dot` along `paths`, with its fixed distractors drawn.
    /// Distractors are scaled by the largest clean pixel of this dot in the batch.
    ///
    /// Only the `first` dot of a channel contributes the background; the others are zero outside
    /// the dot.
    pub fn new(
        appearance: Appearance<'a>,
        stream: &str,
        batch: u64,
        (dot, paths): (usize, &'a [Path]),
        first: bool,
    ) -> Self {
        let (settings, units) = (appearance.settings, appearance.normalisation);
        let dot_gain = (1.0 / units.image_std) as f32;
        let background = if first { (-units.image_mean / units.image_std) as f32 } else { 0.0 };
        let locations = paths.iter().flat_map(|path| &path.locations);
        let largest = locations.map(|&at| appearance.dot.peak(at)).fold(0.0, f32::max);
        let gain = |strength: f64| (strength > 0.0).then_some(strength as f32 * largest * dot_gain);
        let fixed = gain(settings.shown_static_noise()).map(|gain| {
            let stream = dot_stream(settings.seed, stream, "fixed", dot);
            let draw = |b| settings.distractor.draw(&mut stream.at(&[batch, b]), background, gain);
            (0..paths.len() as u64).into_par_iter().map(draw).collect()
        });
        let stream = dot_stream(settings.seed, stream, "changing", dot);
        let changing = gain(settings.noise).map(|gain| Changing { stream, batch, gain });
        Self { appearance, paths, background, dot_gain, fixed, changing }
    }

    /// The image of one frame of one sequence.
    pub fn image(&self, frame: usize, sequence: usize) -> Image {
        let mut image = match &self.fixed {
            Some(fixed) => rolled(&fixed[sequence], self.moved(frame)),
            None => [self.background; PIXELS],
        };
        if let Some(Changing { stream, batch, gain }) = &self.changing {
            let rng = &mut stream.at(&[*batch, sequence as u64, frame as u64]);
            self.appearance.settings.distractor.add_to(&mut image, rng, *gain);
        }
        self.appearance.dot.add_to(&mut image, self.paths[sequence].locations[frame], self.dot_gain);
        image
    }

    /// The number of pixels that the fixed distractor has moved since frame 0.
    fn moved(&self, frame: usize) -> usize {
        (frame as f64 * self.appearance.settings.static_noise_speed) as usize
    }
}

/// The sum of the images of several dots.
pub fn sum_of_dots(renderers: &[SequenceRenderer], frame: usize, sequence: usize) -> Image {
    let (first, others) = renderers.split_first().expect("a world has a dot");
    let mut image = first.image(frame, sequence);
    for other in others {
        image.iter_mut().zip(other.image(frame, sequence)).for_each(|(pixel, more)| *pixel += more);
    }
    image
}

/// The random stream of one part of one dot. The first dot has the same stream in worlds of any
/// number of dots.
pub fn dot_stream(seed: u64, name: &str, part: &str, dot: usize) -> Stream {
    let dot = if dot == 0 { String::new() } else { format!("/{dot}") };
    Stream::new(seed, &format!("dots/{name}/{part}{dot}"))
}
