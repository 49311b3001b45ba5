//! Items of the data set as the domains see them.

use ndarray::Array2;

use crate::worlds::workspace::data::captions::{Choices, stream};
use crate::worlds::workspace::data::{Sampler, Shape, ShapesSettings, Split};

/// All items of a split.
pub struct Items {
    pub split: Split,
    pub shapes: Vec<Shape>,
    /// The unpaired numbers, `[N, unpaired_dim]`.
    pub unpaired: Array2<f32>,
    /// The choices of style of the captions.
    pub choices: Vec<Choices>,
}

impl Items {
    /// The items of a split, drawn from `seed`.
    pub fn drawn(settings: &ShapesSettings, seed: u64, split: Split) -> Self {
        let drawn = Sampler::new(settings, seed).items(split, settings.items(split));
        let (shapes, unpaired) = (drawn.shapes, drawn.unpaired);
        let stream = stream(seed, split.name());
        let choices =
            (0..).zip(&shapes).map(|(i, shape)| Choices::draw(shape, &mut stream.at(&[i]))).collect();
        Self { split, shapes, unpaired, choices }
    }

    /// The number of items.
    pub fn count(&self) -> usize {
        self.shapes.len()
    }
}
