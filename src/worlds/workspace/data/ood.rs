//! Items that are out of distribution: those in a region of the attributes.

use umwelt_base::random::{Rng, Stream};

use super::shapes_settings::MOST_HUE;
use super::{OodRule, OodSettings, Shape, ShapesSettings};

/// A region of the attributes: a union of boxes, each bounded by one bin of each of some
/// attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    boxes: Vec<Vec<Bin>>,
}

/// One third of the range of an attribute, or one class.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bin {
    attribute: Attribute,
    low: f32,
    high: f32,
    /// The upper edge belongs to the last bin.
    is_last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Attribute {
    Class,
    Hue,
    Size,
    Rotation,
    X,
    Y,
}

const ATTRIBUTES: [Attribute; super::ood_settings::HOLE_ATTRIBUTES] =
    [Attribute::Class, Attribute::Hue, Attribute::Size, Attribute::Rotation, Attribute::X, Attribute::Y];

impl Region {
    /// The region that `ood.seed` chooses, or `None` without a rule.
    pub fn new(ood: &OodSettings, shapes: &ShapesSettings) -> Option<Self> {
        let mut rng = Stream::new(ood.seed, "shapes/ood").at(&[]);
        let bins = ATTRIBUTES.map(|attribute| attribute.draw_bin(shapes, &mut rng));
        let boxes = match ood.rule? {
            OodRule::Hole => vec![chosen(bins.to_vec(), ood.attributes, &mut rng)],
            OodRule::Bands => {
                let [class, hue, size, rotation, x, y] = bins;
                chosen(vec![vec![class], vec![hue], vec![size], vec![rotation], vec![x, y]], 2, &mut rng)
            }
        };
        Some(Self { boxes })
    }

    /// True if the shape is out of distribution.
    pub fn contains(&self, shape: &Shape) -> bool {
        self.boxes.iter().any(|bins| bins.iter().all(|bin| bin.contains(shape)))
    }
}

impl Bin {
    fn contains(&self, shape: &Shape) -> bool {
        let value = self.attribute.of(shape);
        value >= self.low && (value < self.high || self.is_last && value == self.high)
    }
}

impl Attribute {
    fn of(self, shape: &Shape) -> f32 {
        match self {
            Self::Class => shape.class.into(),
            Self::Hue => shape.hls[0].into(),
            Self::Size => shape.size,
            Self::Rotation => shape.rotation,
            Self::X => shape.x,
            Self::Y => shape.y,
        }
    }

    fn draw_bin(self, settings: &ShapesSettings, rng: &mut Rng) -> Bin {
        if self == Self::Class {
            let classes = settings.classes();
            let low = classes[rng.below(classes.len())] as f32;
            return Bin { attribute: self, low, high: low + 1.0, is_last: false };
        }
        let ([low, high], third) = (self.range(settings), rng.below(3));
        let edge = |thirds: usize| (low + (high - low) * thirds as f64 / 3.0) as f32;
        Bin { attribute: self, low: edge(third), high: edge(third + 1), is_last: third == 2 }
    }

    /// The bounds of the attribute's values.
    fn range(self, settings: &ShapesSettings) -> [f64; 2] {
        let bounds = |low: usize, high: usize| [low as f64, high as f64];
        match self {
            Self::Class => unreachable!("a class has no range"),
            Self::Hue if settings.shapes_color_range.is_some() => bounds(0, MOST_HUE),
            Self::Hue => bounds(settings.min_hue, settings.max_hue),
            Self::Size => bounds(settings.min_scale, settings.max_scale),
            Self::Rotation => [settings.min_rotation, settings.max_rotation].map(f64::to_radians),
            Self::X | Self::Y => bounds(settings.centres().start, settings.centres().end),
        }
    }
}

/// `count` of `items` in random order.
fn chosen<T>(items: Vec<T>, count: usize, rng: &mut Rng) -> Vec<T> {
    let mut keyed: Vec<(u64, T)> = items.into_iter().map(|item| (rng.bits(), item)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().take(count).map(|(_, item)| item).collect()
}
