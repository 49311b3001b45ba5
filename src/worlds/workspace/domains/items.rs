//! Items of the data set with the choices of their captions.

use std::sync::Arc;

use anyhow::Result;
use ndarray::{Array2, Axis};
use tch::Tensor;

use crate::worlds::workspace::data::captions::{Choices, stream};
use crate::worlds::workspace::data::{self, Sampler, Shape, ShapeSet, ShapesSettings, Split, render_all};

/// All items of a split, some of them, or items drawn out of distribution.
pub struct Items {
    pub shapes: Vec<Shape>,
    /// The unpaired numbers, `[N, unpaired_dim]`.
    pub unpaired: Array2<f32>,
    /// The choices of style of the captions.
    pub choices: Vec<Choices>,
    /// The split whose files hold the items; `None` for items in no file.
    pub split: Option<Split>,
    /// The data set that has the images; without it, they are rendered.
    images: Option<Arc<ShapeSet>>,
}

impl Items {
    /// The items of a split, with the captions of its files, or else captions that follow from
    /// `seed`.
    pub fn new(set: &Arc<ShapeSet>, seed: u64, split: Split) -> Self {
        let items = set.items(split).clone();
        let choices = match set.choices(split) {
            Some(choices) => choices.to_vec(),
            None => drawn(&items.shapes, seed, split.name()),
        };
        Self { choices, split: Some(split), images: Some(set.clone()), ..Self::of(items) }
    }

    /// The items of a split, drawn from `seed`.
    pub fn drawn(settings: &ShapesSettings, seed: u64, split: Split) -> Self {
        let items = Sampler::new(settings, seed).items(split, settings.items(split));
        Self { choices: drawn(&items.shapes, seed, split.name()), split: Some(split), ..Self::of(items) }
    }

    /// The items drawn out of distribution for `split`, with `ood.synthesise`.
    pub fn synthesised(set: &ShapeSet, seed: u64, split: Split) -> Option<Self> {
        let items = set.synthesised(split)?.clone();
        let name = format!("{}/out of distribution", split.name());
        Some(Self { choices: drawn(&items.shapes, seed, &name), ..Self::of(items) })
    }

    /// A single item in no file, with `unpaired_dim` unpaired numbers at the middle of their values.
    #[cfg(feature = "serve")]
    pub fn one(shape: Shape, choices: Choices, unpaired_dim: usize) -> Self {
        // One number is uniform in [0, 1), several are normal.
        let middle = if unpaired_dim == 1 { 0.5 } else { 0.0 };
        let items =
            data::Items { shapes: vec![shape], unpaired: Array2::from_elem((1, unpaired_dim), middle) };
        Self { choices: vec![choices], ..Self::of(items) }
    }

    /// The items of `rows`, in that order. Their images are rendered.
    pub fn select(&self, rows: &[i64]) -> Self {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        Self {
            shapes: rows.iter().map(|row| self.shapes[*row]).collect(),
            unpaired: self.unpaired.select(Axis(0), &rows),
            choices: rows.iter().map(|row| self.choices[*row]).collect(),
            split: None,
            images: None,
        }
    }

    /// Items without captions.
    fn of(items: data::Items) -> Self {
        Self { shapes: items.shapes, unpaired: items.unpaired, choices: vec![], split: None, images: None }
    }

    /// The number of items.
    pub fn count(&self) -> usize {
        self.shapes.len()
    }

    /// The images of some items as bytes `[N, 3, 32, 32]` in channels-last memory, on the CPU.
    ///
    /// # Errors
    /// A file of images cannot be read.
    pub fn images(&self, rows: &[i64]) -> Result<Tensor> {
        match (&self.images, self.split) {
            (Some(set), Some(split)) => set.images(split, rows),
            _ => Ok(render_all(&rows.iter().map(|row| self.shapes[*row as usize]).collect::<Vec<_>>())),
        }
    }
}

/// Choices of the captions of `shapes`, from the stream `name` of `seed`.
fn drawn(shapes: &[Shape], seed: u64, name: &str) -> Vec<Choices> {
    let stream = stream(seed, name);
    (0..).zip(shapes).map(|(i, shape)| Choices::draw(shape, &mut stream.at(&[i]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::workspace::data::{OodRule, OodSettings, SYNTHESISED};

    #[test]
    fn items_are_those_of_a_split_some_of_them_or_drawn_out_of_distribution() {
        let shapes = ShapesSettings { n_train_examples: 9, n_val_examples: 6, ..ShapesSettings::default() };
        let ood = OodSettings { rule: Some(OodRule::Hole), ..OodSettings::default() };
        let set = Arc::new(ShapeSet::new(&shapes, &ood, 3).unwrap());
        let items = Items::new(&set, 3, Split::Validation);
        assert_eq!((items.count(), items.split), (6, Some(Split::Validation)));
        let expected = Choices::draw(&items.shapes[4], &mut stream(3, "val").at(&[4]));
        assert_eq!(items.choices[4], expected);
        assert_eq!(items.images(&[5, 0]).unwrap(), set.images(Split::Validation, &[5, 0]).unwrap());
        let drawn = Items::drawn(&shapes, 3, Split::Validation);
        assert_eq!((&drawn.shapes, &drawn.choices), (&items.shapes, &items.choices));
        assert_eq!(drawn.images(&[5, 0]).unwrap(), items.images(&[5, 0]).unwrap());
        let outside = Items::synthesised(&set, 3, Split::Validation).unwrap();
        assert_eq!((outside.count(), outside.split), (SYNTHESISED, None));
        assert_eq!(outside.shapes, set.synthesised(Split::Validation).unwrap().shapes);
        assert_eq!(outside.images(&[7]).unwrap(), render_all(&outside.shapes[7..8]));
        let some = items.select(&[5, 0]);
        assert_eq!((some.shapes[1], some.choices[0]), (items.shapes[0], items.choices[5]));
        assert_eq!(some.unpaired.row(0), items.unpaired.row(5));
        assert_eq!(some.images(&[1]).unwrap(), items.images(&[0]).unwrap());
        let plain = ShapeSet::new(&shapes, &OodSettings::default(), 3).unwrap();
        assert!(Items::synthesised(&plain, 3, Split::Test).is_none());
    }
}
