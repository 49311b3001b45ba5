//! The images of one dot in one batch, each of which can be drawn alone.

use super::dots::Dots;
use super::noise::rolled;
use super::render::{Image, PIXELS};
use super::trajectory::Walk;
use rayon::prelude::*;
use umwelt_base::random::Stream;

/// What all images of a dot in a batch share. Normalisation is folded into `blank` and the gains.
pub struct Film<'a> {
    dots: &'a Dots,
    walks: &'a [Walk],
    /// The grey of an image that shows nothing.
    blank: f32,
    dot_gain: f32,
    /// The overlays that stay, by sequence, as frame 0 shows them.
    pub fixed: Option<Vec<Image>>,
    changing: Option<Changing>,
}

/// The overlay that is drawn anew for every image.
struct Changing {
    stream: Stream,
    batch: u64,
    gain: f32,
}

impl<'a> Film<'a> {
    /// Draws the overlays that stay the same over a sequence's frames, scaled by the dot's own largest clean pixel.
    ///
    /// A film that is to be laid over others (not `first`) is black where it shows nothing.
    pub fn new(
        dots: &'a Dots,
        stream: &str,
        batch: u64,
        (dot, walks): (usize, &'a [Walk]),
        first: bool,
    ) -> Self {
        let (settings, units) = (&dots.settings, dots.normalisation);
        let dot_gain = (1.0 / units.image_std) as f32;
        let blank = if first { (-units.image_mean / units.image_std) as f32 } else { 0.0 };
        let locations = walks.iter().flat_map(|walk| &walk.locations);
        let largest = locations.map(|&at| dots.dot.peak(at)).fold(0.0, f32::max);
        let gain = |strength: f64| (strength > 0.0).then_some(strength as f32 * largest * dot_gain);
        let fixed = gain(settings.shown_static_noise()).map(|gain| {
            let stream = dots.stream(stream, "fixed", dot);
            let draw = |b| settings.overlay.draw(&mut stream.at(&[batch, b]), blank, gain);
            (0..walks.len() as u64).into_par_iter().map(draw).collect()
        });
        let stream = dots.stream(stream, "changing", dot);
        let changing = gain(settings.noise).map(|gain| Changing { stream, batch, gain });
        Self { dots, walks, blank, dot_gain, fixed, changing }
    }

    /// The image of one frame of one sequence.
    pub fn image(&self, frame: usize, sequence: usize) -> Image {
        let mut image = match &self.fixed {
            Some(fixed) => rolled(&fixed[sequence], self.moved(frame)),
            None => [self.blank; PIXELS],
        };
        if let Some(Changing { stream, batch, gain }) = &self.changing {
            let rng = &mut stream.at(&[*batch, sequence as u64, frame as u64]);
            self.dots.settings.overlay.add_to(&mut image, rng, *gain);
        }
        self.dots.dot.add_to(&mut image, self.walks[sequence].locations[frame], self.dot_gain);
        image
    }

    /// Pixels by which the fixed overlay has moved since frame 0.
    fn moved(&self, frame: usize) -> usize {
        (frame as f64 * self.dots.settings.static_noise_speed) as usize
    }
}

/// What several films show in one image.
pub fn overlaid(films: &[Film], frame: usize, sequence: usize) -> Image {
    let (first, others) = films.split_first().expect("a world has a dot");
    let mut image = first.image(frame, sequence);
    for film in others {
        image.iter_mut().zip(film.image(frame, sequence)).for_each(|(pixel, more)| *pixel += more);
    }
    image
}
