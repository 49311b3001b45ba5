//! Baselines that see nothing of an item.

use tch::{Device, Kind, Tensor};

use super::captions::agreement;
use super::targets::{intensities, of_shapes, squared_error};
use crate::worlds::workspace::data::captions::{Choices, Phrases};
use crate::worlds::workspace::data::{CLASSES, Shape};

/// Pictures in the mean of the training pictures, and at once.
const PICTURES: usize = 2_000;
const CHUNK: usize = 500;
/// Sentences among which the best constant phrases are looked for.
const SENTENCES: usize = 300;

/// The shape of most frequent class and mean attributes of `shapes`. Its rotation is 0: all are as
/// good.
pub fn mean_shape(shapes: &[Shape]) -> Shape {
    let mean =
        |value: fn(&Shape) -> f64| (shapes.iter().map(value).sum::<f64>() / shapes.len() as f64) as f32;
    let frequency = |class: &u8| shapes.iter().filter(|shape| shape.class == *class).count();
    Shape {
        class: (0..CLASSES.len() as u8).max_by_key(frequency).unwrap_or_default(),
        x: mean(|shape| shape.x.into()),
        y: mean(|shape| shape.y.into()),
        size: mean(|shape| shape.size.into()),
        rgb: [
            mean(|shape| shape.rgb[0].into()).round() as u8,
            mean(|shape| shape.rgb[1].into()).round() as u8,
            mean(|shape| shape.rgb[2].into()).round() as u8,
        ],
        ..Shape::default()
    }
}

/// The scores of [`mean_shape`] of `training` for the attributes of `truth`.
pub fn attribute_scores(training: &[Shape], truth: &[Shape]) -> Vec<f64> {
    of_shapes(truth, &vec![mean_shape(training); truth.len()])
}

/// The pixel errors of the mean training picture and of a black one.
pub fn pixel_errors(training: &[Shape], truth: &[Shape], device: Device) -> [f64; 2] {
    let mean = intensities(&training[..PICTURES.min(training.len())], device);
    let mean = mean.mean_dim([0i64].as_slice(), true, Kind::Float);
    let error = |picture: &Tensor| {
        let of_chunk = |chunk: &[Shape]| squared_error(&intensities(chunk, device), picture);
        truth.chunks(CHUNK).map(of_chunk).sum::<f64>() / truth.len() as f64
    };
    [error(&mean), error(&mean.zeros_like())]
}

/// The agreement of the constant phrases that agree best, for each column for itself.
pub fn caption_scores(training: &[Shape], choices: &[Choices], truth: &[Shape]) -> Vec<f64> {
    let constant = |(shape, choices): (&Shape, &Choices)| {
        agreement(truth, &vec![Phrases::of(shape, choices); truth.len()])
    };
    let all = training.iter().zip(choices).take(SENTENCES).map(constant);
    let better = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect();
    all.reduce(better).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::workspace::data::{Sampler, ShapesSettings, Split};

    #[test]
    fn blind_answers_have_the_errors_of_the_distribution() {
        let sampler = Sampler::new(&ShapesSettings::default(), 3);
        let [training, truth] =
            [Split::Training, Split::Validation].map(|split| sampler.items(split, 6000).shapes);
        let found = attribute_scores(&training, &truth);
        // A class in three; the mean distance from the middle of 18 places and of 8 sizes; 90
        // degrees; and the mean deviation of the colours.
        for (found, (expected, tolerance)) in
            found.iter().zip([(33.3, 2.0), (4.5, 0.1), (4.5, 0.1), (2.0, 0.05), (90.0, 2.0), (63.8, 1.0)])
        {
            assert!((found - expected).abs() < tolerance, "{found} {expected}");
        }
        let [mean, black] = pixel_errors(&training, &truth[..2000], Device::Cpu);
        assert!((black - 0.0207).abs() < 6e-4 && mean < black && mean > 0.015, "{mean} {black}");
        let choices = vec![Choices::default(); training.len()];
        let captions = caption_scores(&training, &choices, &truth);
        assert!((captions[0] - 33.3).abs() < 2.0 && (captions[1] - 25.0).abs() < 2.0, "{captions:?}");
        // Three of eight directions, of which the last one is half as wide again: it takes what is
        // just below a whole turn.
        assert!((captions[3] - 43.75).abs() < 2.0, "{captions:?}");
    }
}
