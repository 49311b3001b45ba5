//! Digits to train and test on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use serde::{Deserialize, Serialize};
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

/// Each how manieth face is held out.
const HELD_OUT: usize = 4;

/// The names of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Digits that people wrote.
    Written,
    /// Digits of fonts, in random variants.
    Fonts,
}

/// Digits to draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    pub source: Source,
    pub count: usize,
    #[serde(default)]
    pub seed: u64,
    /// The digits that are drawn; all ten without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<u8>,
    /// Draws test digits of fonts from faces that no training digits are drawn from, instead of
    /// other variants of the same faces. A training leaves these faces out.
    #[serde(default)]
    pub held_out: bool,
}

/// The sources, each read when it is first asked for.
pub struct Sources {
    load: Load,
    written: Mutex<[Option<Arc<Chosen>>; 2]>,
    faces: OnceLock<Faces>,
}

/// The faces of this machine, at least two. Those that are held out come last.
struct Faces {
    all: Vec<Face>,
    kept: usize,
}

impl Faces {
    fn find() -> Self {
        let faces = fonts::find(&fonts::default_folders()).into_iter().enumerate();
        let (held_out, mut all): (Vec<_>, Vec<_>) = faces.partition(|(at, _)| at % HELD_OUT == 1);
        let kept = all.len();
        all.extend(held_out);
        Self { all: all.into_iter().map(|(_, face)| face).collect(), kept }
    }

    /// The faces from which a part is drawn.
    fn of(&self, part: Part, held_out: bool) -> &[Face] {
        match (held_out, part) {
            (false, _) => &self.all,
            (true, Part::Training) => &self.all[..self.kept],
            (true, Part::Test) => &self.all[self.kept..],
        }
    }
}

impl Sources {
    pub fn new(load: Load) -> Self {
        Self { load, written: Mutex::default(), faces: OnceLock::new() }
    }

    /// Refuses a draw that cannot be made.
    ///
    /// # Errors
    /// A class is no digit, the data set cannot be read, or has fewer digits than `drawn` asks for.
    pub fn check(&self, drawn: &Drawn, part: Part) -> Result<(), ApiError> {
        if let Some(class) = drawn.classes.iter().find(|class| **class > 9) {
            return Err(ApiError::bad(format!("{class} is no digit"), "choose classes from 0 to 9"));
        }
        let most = match drawn.source {
            Source::Written => drawn.places(&self.written(part)?.labels).len(),
            Source::Fonts => MOST_OF_FONTS,
        };
        if (1..=most).contains(&drawn.count) {
            return Ok(());
        }
        let error = format!("{} digits cannot be drawn", drawn.count);
        Err(ApiError::bad(error, format!("draw 1 to {most}")))
    }

    /// Random digits of a part, a function of `drawn`. Those of fonts take a while; `None` if
    /// `goes_on` became false meanwhile.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn draw(
        &self,
        drawn: &Drawn,
        part: Part,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Chosen>, ApiError> {
        self.check(drawn, part)?;
        let draw = if part == Part::Test { TEST_DRAW } else { 0 };
        let chosen = |all: &Chosen| {
            let places = drawn.places(&all.labels);
            let picked = random(places.len(), drawn.count, drawn.seed, draw);
            Chosen::of(&all.samples(), &picked.into_iter().map(|at| places[at]).collect::<Vec<_>>())
        };
        if drawn.source == Source::Written {
            return Ok(Some(chosen(&*self.written(part)?)));
        }
        let faces = self.faces.get_or_init(Faces::find).of(part, drawn.held_out);
        let classes = if drawn.classes.is_empty() { 10 } else { drawn.classes.len() };
        let variants = drawn.count.div_ceil(classes * faces.len()) as u64;
        // Training and test digits are other variants.
        let all = fonts::digits_while(faces, variants, drawn.seed.wrapping_add(draw), goes_on);
        Ok(all.as_ref().map(chosen))
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

impl Drawn {
    /// The places of labels that are drawn.
    fn places(&self, labels: &[u8]) -> Vec<usize> {
        let is_drawn = |at: &usize| self.classes.is_empty() || self.classes.contains(&labels[*at]);
        (0..labels.len()).filter(is_drawn).collect()
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

    fn drawn(source: Source) -> Drawn {
        Drawn { source, count: 20, seed: 3, classes: vec![], held_out: false }
    }

    fn draw(sources: &Sources, drawn: &Drawn, part: Part) -> Chosen {
        sources.draw(drawn, part, &mut || true).unwrap().unwrap()
    }

    #[test]
    fn draws_are_functions_of_the_seed_without_repetition() {
        let sources = sources();
        let written = |count, seed| Drawn { count, seed, ..drawn(Source::Written) };
        let draw = |part, seed| draw(&sources, &written(20, seed), part);
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
        let drawn = Drawn { count: 45, ..drawn(Source::Fonts) };
        let [training, test] = [Part::Training, Part::Test].map(|part| draw(&sources, &drawn, part));
        assert_eq!((training.labels.len(), test.labels.len()), (45, 45));
        assert!(training.images.iter().any(|image| !test.images.contains(image)));
        assert!(sources.draw(&drawn, Part::Test, &mut || false).unwrap().is_none(), "it was stopped");
    }

    #[test]
    fn only_the_chosen_classes_are_drawn() {
        let sources = sources();
        let few = |source, count| Drawn { count, classes: vec![3, 7], ..drawn(source) };
        for source in [Source::Written, Source::Fonts] {
            let mut labels = draw(&sources, &few(source, 4), Part::Training).labels;
            labels.sort_unstable();
            assert!(labels.iter().all(|label| [3, 7].contains(label)) && labels.len() == 4, "{labels:?}");
        }
        let refused = sources.check(&few(Source::Written, 5), Part::Training).unwrap_err();
        assert_eq!(refused.hint, "draw 1 to 4");
        let wrong = Drawn { classes: vec![10], ..drawn(Source::Fonts) };
        assert_eq!(sources.check(&wrong, Part::Test).unwrap_err().error, "10 is no digit");
    }

    #[test]
    fn held_out_faces_are_in_no_training() {
        let faces = Faces::find();
        let names = |part, held_out| {
            let faces = faces.of(part, held_out).iter();
            faces.map(|face| (face.sha256.clone(), face.index)).collect::<std::collections::HashSet<_>>()
        };
        let [training, test] = [Part::Training, Part::Test].map(|part| names(part, true));
        assert!(!training.is_empty() && !test.is_empty() && training.is_disjoint(&test));
        assert_eq!(training.union(&test).count(), names(Part::Test, false).len());
    }
}
