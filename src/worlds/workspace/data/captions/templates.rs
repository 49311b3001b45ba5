//! The templates of sentences and the variants of their parts (Section 2.1 of the specification).

use std::sync::LazyLock;

use super::Variants;
use super::pattern::Pattern;

/// A part of a template that choices or phrases fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An index of [`VARIANTS`].
    Variant(usize),
    /// The end of an article: "n" before a vowel.
    Article,
    Shape,
    Size,
    Colour,
    Rotation,
    Location,
    /// The phrase at this position of the order of phrases.
    Position(usize),
}

/// Variants with one option come last, since they are no class of the grammar.
pub const VARIANTS: Variants = &[
    (
        "start",
        &[
            "A{n}",
            "It is a{n}",
            "This is a{n}",
            "There is a{n}",
            "The image is a{n}",
            "The image represents a{n}",
            "The image contains a{n}",
            "A kind of",
        ],
    ),
    ("object", &["shape", "object"]),
    ("colored?", &["", " colored"]),
    ("colorBefore", &["{color}", "{color} colored"]),
    ("colorAfter", &["{color}", "{color} color"]),
    ("colorBoth", &["{color}", "in {color}", "{color} colored", "in {color} color"]),
    (",?", &[", ", " "]),
    ("link", &[". It is", ", it is", "{,?}and is", "{,?}and it is", ","]),
    ("link2", &[". It looks like", ", it looks like", "{,?}and looks like", "{,?}and it looks like"]),
    ("link3", &[". It is", ", it is", "{,?}and is", "{,?}and it is", ",", " and"]),
    ("a", &["a{n}"]),
];

const TEMPLATES: [&str; 7] = [
    "{start} {size} {colorBefore} {shape}{link} {0}{link} {1}.",
    "{start} {size} {colorBefore} {object} {0}{link} {1}{link2} {a} {shape}.",
    "{start} {size} {object} {0}{link} {1}{link} {colorBoth}{link2} {a} {shape}.",
    "{start} {size} {object} in {colorAfter} {0}{link} {1}{link2} {a} {shape}.",
    "{start} {shape}{link} {size}{link3} {colorBoth}{link} {0}{link} {1}.",
    "{start} {color}{colored?} {size} {shape}{link} {0}{link} {1}.",
    "{start} {color}{colored?} {shape}{link} {0}{link} {1}{link} {2}.",
];

const TWO: [&[u8]; 2] = [&[0, 1], &[1, 0]];
const THREE: [&[u8]; 6] = [&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]];

/// A template and its parts in parsed form.
pub struct Template {
    pub pattern: Pattern<Slot>,
    /// The phrases that may stand in any order.
    pub groups: &'static [Slot],
    /// The permutations of `groups` in lexicographic order: position k receives group `order[k]`.
    pub orders: &'static [&'static [u8]],
    /// The class of the grammar of the first order.
    pub first_class: u8,
}

pub struct Templates {
    pub templates: Vec<Template>,
    /// The options of each of [`VARIANTS`].
    pub variants: Vec<Vec<Pattern<Slot>>>,
}

pub static GRAMMAR: LazyLock<Templates> = LazyLock::new(|| {
    let options = |(_, options): &(_, &[&str])| options.iter().map(|text| parse(text)).collect();
    let mut templates: Vec<Template> = vec![];
    for text in TEMPLATES {
        let first_class = templates.iter().map(|template| template.orders.len() as u8).sum();
        templates.push(Template::new(text, first_class));
    }
    Templates { templates, variants: VARIANTS.iter().map(options).collect() }
});

impl Template {
    fn new(text: &str, first_class: u8) -> Self {
        let pattern = parse(text);
        let three = pattern.slots().any(|slot| *slot == Slot::Position(2));
        let (groups, orders): (&[Slot], &[&[u8]]) = match three {
            false => (&[Slot::Location, Slot::Rotation], &TWO),
            true => (&[Slot::Size, Slot::Location, Slot::Rotation], &THREE),
        };
        Self { pattern, groups, orders, first_class }
    }
}

impl Templates {
    /// True for each of [`VARIANTS`] that occurs in a sentence with these options.
    pub fn used(&self, template: usize, options: &[u8]) -> [bool; VARIANTS.len()] {
        let mut used = [false; VARIANTS.len()];
        self.mark(&self.templates[template].pattern, options, &mut used);
        used
    }

    fn mark(&self, pattern: &Pattern<Slot>, options: &[u8], used: &mut [bool]) {
        for slot in pattern.slots() {
            if let Slot::Variant(i) = *slot {
                used[i] = true;
                self.mark(&self.variants[i][usize::from(options[i])], options, used);
            }
        }
    }
}

fn parse(text: &str) -> Pattern<Slot> {
    Pattern::parse(text, |name| match name {
        "n" => Slot::Article,
        "shape" => Slot::Shape,
        "size" => Slot::Size,
        "color" => Slot::Colour,
        _ => match name.parse() {
            Ok(position) => Slot::Position(position),
            Err(_) => Slot::Variant(super::index_of(VARIANTS, name)),
        },
    })
}
