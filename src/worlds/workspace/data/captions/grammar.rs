//! The classes of the grammar: the style of a sentence as 39 small numbers.

use std::sync::LazyLock;

use super::Variants;
use super::choices::Choices;
use super::templates::{self, GRAMMAR};
use super::writers::{location, rotation};

/// The number of classes of the grammar.
pub const GRAMMAR_HEADS: usize = 39;

const VARIANTS: usize = 1;
const ROTATION_WRITER: usize = 11;
const ROTATION_VARIANTS: [usize; 4] = [12, 16, 18, 22];
const LOCATION_WRITER: usize = 24;
const LOCATION_VARIANTS: [usize; 2] = [25, 32];

/// The variants whose targets the published code leaves at 0.
const WITHOUT_PUBLISHED_TARGET: [&str; 3] = ["_of_image", "_in_the", "_on_the"];

static HEADS: LazyLock<[(String, u8); GRAMMAR_HEADS]> = LazyLock::new(|| {
    let structures: usize = GRAMMAR.templates.iter().map(|template| template.orders.len()).sum();
    let mut heads = vec![("structure".to_owned(), structures as u8)];
    heads.extend(heads_of("variant_", templates::VARIANTS));
    heads.push(("writer_rotation".to_owned(), rotation::DIRECTIONS.len() as u8));
    for writer in 0..4 {
        heads.extend(heads_of(&format!("writer_rotation_{writer}_"), rotation::variants(writer)));
    }
    heads.push(("writer_location".to_owned(), location::WRITERS.len() as u8));
    for writer in 0..2 {
        heads.extend(heads_of(&format!("writer_location_{writer}_"), location::VARIANTS));
    }
    heads.try_into().expect("the variants and writers have as many options as the arrays of classes")
});

/// The published names of the classes and the number of values of each.
pub fn heads() -> &'static [(String, u8); GRAMMAR_HEADS] {
    &HEADS
}

/// The variants with several options.
fn heads_of(prefix: &str, variants: Variants) -> impl Iterator<Item = (String, u8)> {
    let several = variants.iter().filter(|(_, options)| options.len() > 1);
    several.map(move |(name, options)| (format!("{prefix}{name}"), options.len() as u8))
}

impl Choices {
    /// The classes of the grammar, in the order of [`heads`]. Those of variants and writers that
    /// the sentence does not use are 0.
    pub fn grammar(&self) -> [u8; GRAMMAR_HEADS] {
        let mut classes = [0; GRAMMAR_HEADS];
        let mut copy = |at: usize, options: &[u8]| classes[at..][..options.len()].copy_from_slice(options);
        let Self { rotation, location, .. } = self;
        copy(0, &[self.template().first_class + self.order]);
        copy(VARIANTS, &self.variants[..ROTATION_WRITER - VARIANTS]);
        copy(ROTATION_WRITER, &[rotation.writer]);
        let variants = rotation::variants(rotation.writer).len();
        copy(ROTATION_VARIANTS[usize::from(rotation.writer)], &rotation.variants[..variants]);
        copy(LOCATION_WRITER, &[location.writer]);
        copy(LOCATION_VARIANTS[usize::from(location.writer)], &location.variants[..7]);
        classes
    }

    /// The choices that classes of the grammar tell, with the first synonyms.
    ///
    /// # Panics
    /// If a class is not below the number of values of its head.
    pub fn of_grammar(classes: &[u8; GRAMMAR_HEADS]) -> Self {
        let template = GRAMMAR.templates.iter().rposition(|template| template.first_class <= classes[0]);
        let mut choices = Self { template: template.unwrap_or_default() as u8, ..Self::default() };
        choices.order = classes[0] - choices.template().first_class;
        let paste = |options: &mut [u8], at: usize| options.copy_from_slice(&classes[at..][..options.len()]);
        paste(&mut choices.variants[..ROTATION_WRITER - VARIANTS], VARIANTS);
        choices.rotation.writer = classes[ROTATION_WRITER];
        let variants = rotation::variants(choices.rotation.writer).len();
        let at = ROTATION_VARIANTS[usize::from(choices.rotation.writer)];
        paste(&mut choices.rotation.variants[..variants], at);
        choices.location.writer = classes[LOCATION_WRITER];
        let at = LOCATION_VARIANTS[usize::from(choices.location.writer)];
        paste(&mut choices.location.variants[..7], at);
        choices
    }
}

/// The classes with 0 for the variants that the published code overlooks: it cuts their names at
/// underscores.
pub fn published_targets(mut classes: [u8; GRAMMAR_HEADS]) -> [u8; GRAMMAR_HEADS] {
    for (class, (name, _)) in classes.iter_mut().zip(heads()) {
        if WITHOUT_PUBLISHED_TARGET.iter().any(|end| name.ends_with(end)) {
            *class = 0;
        }
    }
    classes
}
