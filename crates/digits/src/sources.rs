//! Digits to train and test on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use umwelt_serve::ApiError;
use umwelt_weightless::fonts::{self, Face};
use umwelt_weightless::sampling::{Chosen, random};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Training,
    Test,
}

/// Reads one part of a data set.
pub type Load = Box<dyn Fn(Part) -> Result<Chosen> + Send + Sync>;

/// The draw of test digits, apart from those of training digits.
const TEST_DRAW: u64 = 1 << 32;

/// The most digits of fonts at a time.
const MOST_OF_FONTS: usize = 20_000;

/// The names of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Digits that people wrote.
    Written,
    /// Digits of fonts, in random variants.
    Fonts,
}

/// Digits to draw.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    pub source: Source,
    pub count: usize,
    #[serde(default)]
    pub seed: u64,
}

/// The sources, each read when it is first asked for.
pub struct Sources {
    load: Load,
    written: Mutex<[Option<Arc<Chosen>>; 2]>,
    faces: OnceLock<Vec<Face>>,
}

impl Sources {
    pub fn new(load: Load) -> Self {
        Self { load, written: Mutex::default(), faces: OnceLock::new() }
    }

    /// Refuses a draw that cannot be made.
    ///
    /// # Errors
    /// The data set cannot be read, or has fewer digits than `drawn` asks for.
    pub fn check(&self, drawn: &Drawn, part: Part) -> Result<(), ApiError> {
        let most = match drawn.source {
            Source::Written => self.written(part)?.labels.len(),
            Source::Fonts => MOST_OF_FONTS,
        };
        if (1..=most).contains(&drawn.count) {
            return Ok(());
        }
        let error = format!("{} digits cannot be drawn", drawn.count);
        Err(ApiError::bad(error, format!("draw 1 to {most}")))
    }

    /// Random digits of a part, a function of the seed. Those of fonts take a while.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn draw(&self, drawn: &Drawn, part: Part) -> Result<Chosen, ApiError> {
        self.check(drawn, part)?;
        let &Drawn { source, count, seed } = drawn;
        let draw = if part == Part::Test { TEST_DRAW } else { 0 };
        match source {
            Source::Written => {
                let all = self.written(part)?;
                Ok(Chosen::of(&all.samples(), &random(all.labels.len(), count, seed, draw)))
            }
            Source::Fonts => {
                let faces = self.faces.get_or_init(|| fonts::find(&fonts::default_folders()));
                let variants = count.div_ceil(10 * faces.len()).max(1) as u64;
                // Training and test digits are other variants of the same faces.
                let all = fonts::digits(faces, variants, seed.wrapping_add(draw));
                let places = random(all.labels.len(), count, seed, draw);
                Ok(Chosen::of(&all.samples(), &places))
            }
        }
    }

    fn written(&self, part: Part) -> Result<Arc<Chosen>, ApiError> {
        let mut known = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut known[usize::from(part == Part::Test)];
        if let Some(known) = place {
            return Ok(known.clone());
        }
        let read = Arc::new((self.load)(part)?);
        *place = Some(read.clone());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use umwelt_weightless::PIXELS;

    use super::*;

    fn sources() -> Sources {
        let load = |part: Part| {
            let of = |index: u8| [index + if part == Part::Test { 100 } else { 0 }; PIXELS];
            Ok(Chosen { images: (0..20).map(of).collect(), labels: (0..20).map(|i| i % 10).collect() })
        };
        Sources::new(Box::new(load))
    }

    #[test]
    fn draws_are_functions_of_the_seed_without_repetition() {
        let sources = sources();
        let written = |count, seed| Drawn { source: Source::Written, count, seed };
        let draw = |part, seed| sources.draw(&written(20, seed), part).unwrap();
        let (first, other) = (draw(Part::Training, 1), draw(Part::Training, 2));
        assert!(first == draw(Part::Training, 1) && first != other);
        let mut seen: Vec<u8> = first.images.iter().map(|image| image[0]).collect();
        assert!(first.images.iter().zip(&first.labels).all(|(image, label)| image[0] % 10 == *label));
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..20));
        assert!(draw(Part::Test, 1).images.iter().all(|image| image[0] >= 100));
        let refused = sources.check(&written(21, 1), Part::Test).unwrap_err();
        assert_eq!((refused.status.as_u16(), &*refused.hint), (400, "draw 1 to 20"));
    }

    #[test]
    fn fonts_give_as_many_digits_as_asked_and_others_for_tests() {
        let sources = sources();
        let draw = |part| sources.draw(&Drawn { source: Source::Fonts, count: 45, seed: 3 }, part).unwrap();
        let (training, test) = (draw(Part::Training), draw(Part::Test));
        assert_eq!((training.labels.len(), test.labels.len()), (45, 45));
        assert!(training.images.iter().any(|image| !test.images.contains(image)));
    }
}
