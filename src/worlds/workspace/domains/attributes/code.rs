//! The attributes of shapes as numbers in [-1, 1].

use std::f32::consts::TAU;

use ndarray::{Array2, ArrayView2, Ix2};
use tch::{Device, Kind, Tensor};

use super::{AttrSettings, Normalise};
use crate::worlds::workspace::data::{CLASSES, Shape};

/// The middle of the values of a colour, and half of their range.
const HALF_COLOUR: f32 = 127.5;
/// Standard deviations of an unpaired number that are mapped to 1, where they are normal.
const NORMAL_RANGE: f32 = 4.0;

/// The map between shapes and two tensors: the classes as probabilities `[N, 3]`, and x, y, size,
/// cos and sin of the rotation, red, green, blue and the unpaired numbers in [-1, 1], `[N, width]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttributeCode {
    normalise: Normalise,
    rotation: bool,
    /// The number of unpaired numbers.
    unpaired: usize,
}

impl Default for AttributeCode {
    fn default() -> Self {
        Self { normalise: Normalise::Image, rotation: true, unpaired: 0 }
    }
}

impl AttributeCode {
    /// The code of these settings, for items with `unpaired_dim` unpaired numbers.
    pub fn new(settings: &AttrSettings, unpaired_dim: usize) -> Self {
        Self {
            normalise: settings.normalise,
            rotation: !settings.no_rotation,
            unpaired: if settings.use_unpaired { unpaired_dim } else { 0 },
        }
    }

    /// The numbers of a shape besides its class.
    pub fn width(&self) -> usize {
        (if self.rotation { 8 } else { 6 }) + self.unpaired
    }

    /// The classes `[N, 3]` and the other numbers `[N, width]` of shapes, on the CPU. `unpaired`
    /// `[N, unpaired_dim]` is read where the code has unpaired numbers.
    pub fn encode(&self, shapes: &[Shape], unpaired: ArrayView2<f32>) -> [Tensor; 2] {
        let classes: Vec<i64> = shapes.iter().map(|shape| i64::from(shape.class)).collect();
        let classes = Tensor::from_slice(&classes).one_hot(CLASSES.len() as i64).to_kind(Kind::Float);
        let mut rest = Vec::with_capacity(shapes.len() * self.width());
        for (row, shape) in shapes.iter().enumerate() {
            self.push(shape, &mut rest);
            if self.unpaired > 0 {
                rest.extend(unpaired.row(row).iter().map(|value| self.of_unpaired(*value)));
            }
        }
        [classes, Tensor::from_slice(&rest).view([shapes.len() as i64, self.width() as i64])]
    }

    fn push(&self, shape: &Shape, row: &mut Vec<f32>) {
        let (centre, size) = (self.centres(), self.sizes());
        row.extend([centre.of(shape.x), centre.of(shape.y), size.of(shape.size)]);
        if self.rotation {
            row.extend([shape.rotation.cos(), shape.rotation.sin()]);
        }
        row.extend(shape.rgb.map(|value| f32::from(value) / HALF_COLOUR - 1.0));
    }

    /// The shapes of classes `[N, 3]`, of which the largest counts, and of the other numbers
    /// `[N, width]`. A code without rotations gives 0. Hue, lightness and saturation are 0.
    pub fn decode(&self, classes: &Tensor, rest: &Tensor) -> Vec<Shape> {
        let classes: Vec<i64> =
            classes.argmax(-1, false).to_device(Device::Cpu).try_into().expect("classes are [N]");
        let rest = rest.detach().to_device(Device::Cpu).to_kind(Kind::Float);
        let rest: ndarray::ArrayD<f32> = (&rest).try_into().expect("numbers are float32");
        let rest: Array2<f32> = rest.into_dimensionality::<Ix2>().expect("numbers are [N, width]");
        let shape = |(class, row): (&i64, ndarray::ArrayView1<f32>)| {
            let colours = if self.rotation { 5 } else { 3 };
            let rotation = if self.rotation { row[4].atan2(row[3]).rem_euclid(TAU) } else { 0.0 };
            let byte = |value: f32| (HALF_COLOUR * (value + 1.0)).round().clamp(0.0, 255.0) as u8;
            Shape {
                class: *class as u8,
                x: self.centres().back(row[0]),
                y: self.centres().back(row[1]),
                size: self.sizes().back(row[2]),
                rotation,
                rgb: [0, 1, 2].map(|i| byte(row[colours + i])),
                hls: [0; 3],
            }
        };
        classes.iter().zip(rest.outer_iter()).map(shape).collect()
    }

    fn of_unpaired(&self, value: f32) -> f32 {
        // One number is uniform in [0, 1), several are normal.
        if self.unpaired == 1 { 2.0 * value - 1.0 } else { value / NORMAL_RANGE }
    }

    fn centres(&self) -> Range {
        match self.normalise {
            Normalise::Image => Range { low: 0.0, high: 32.0 },
            Normalise::Full => Range { low: 7.0, high: 25.0 },
        }
    }

    fn sizes(&self) -> Range {
        match self.normalise {
            Normalise::Image => Range { low: 0.0, high: 32.0 },
            Normalise::Full => Range { low: 7.0, high: 14.0 },
        }
    }
}

/// A range of lengths in pixels that is mapped to [-1, 1].
struct Range {
    low: f32,
    high: f32,
}

impl Range {
    fn of(&self, value: f32) -> f32 {
        2.0 * (value - self.low) / (self.high - self.low) - 1.0
    }

    fn back(&self, value: f32) -> f32 {
        self.low + (value + 1.0) * (self.high - self.low) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Array2<f32> {
        Array2::zeros((0, 0))
    }

    fn shapes() -> [Shape; 2] {
        let first = Shape { class: 2, x: 16.0, y: 24.0, size: 8.0, rotation: 4.0, ..Shape::default() };
        [Shape { rgb: [0, 255, 51], ..first }, Shape { class: 1, x: 7.0, y: 7.0, size: 14.0, ..first }]
    }

    #[test]
    fn numbers_are_those_of_the_specification() {
        let [classes, rest] = AttributeCode::default().encode(&shapes(), none().view());
        assert_eq!(classes, Tensor::from_slice2(&[[0f32, 0.0, 1.0], [0.0, 1.0, 0.0]]));
        let expected = [0.0, 0.5, -0.5, 4f32.cos(), 4f32.sin(), -1.0, 1.0, -0.6];
        let difference = rest.get(0) - Tensor::from_slice(&expected);
        assert!(difference.abs().max().double_value(&[]) < 1e-6);
        let full = AttrSettings { normalise: Normalise::Full, ..AttrSettings::default() };
        let [_, rest] = AttributeCode::new(&full, 1).encode(&shapes(), none().view());
        let found = |row, column| rest.double_value(&[row, column]);
        assert!((found(0, 1) - (2.0 * 17.0 / 18.0 - 1.0)).abs() < 1e-6);
        assert!((found(1, 0) + 1.0).abs() < 1e-6 && (found(1, 2) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn shapes_come_back_from_their_numbers() {
        for normalise in [Normalise::Image, Normalise::Full] {
            let code = AttributeCode::new(&AttrSettings { normalise, ..AttrSettings::default() }, 1);
            let [classes, rest] = code.encode(&shapes(), none().view());
            for (found, shape) in code.decode(&classes, &rest).iter().zip(shapes()) {
                assert_eq!((found.class, found.rgb), (shape.class, shape.rgb));
                for (a, b) in
                    [(found.x, shape.x), (found.y, shape.y), (found.size, shape.size), (found.rotation, 4.0)]
                {
                    assert!((a - b).abs() < 1e-5, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn rotations_are_left_out_and_unpaired_numbers_added_on_demand() {
        let settings = AttrSettings { no_rotation: true, use_unpaired: true, ..AttrSettings::default() };
        let unpaired = Array2::from_shape_vec((2, 1), vec![0.0, 0.75]).unwrap();
        let code = AttributeCode::new(&settings, 1);
        let [classes, rest] = code.encode(&shapes(), unpaired.view());
        assert_eq!((code.width(), rest.size()), (7, vec![2, 7]));
        assert_eq!([rest.double_value(&[0, 6]), rest.double_value(&[1, 6])], [-1.0, 0.5]);
        let found = code.decode(&classes, &rest)[0];
        assert_eq!((found.rotation, found.rgb), (0.0, [0, 255, 51]));
        assert_eq!(AttributeCode::new(&settings, 3).width(), 9);
    }

    /// Section 3.2 of the specification: the losses of predicting the mean of all items.
    #[test]
    fn predicting_the_mean_costs_what_the_specification_says() {
        use crate::worlds::workspace::data::{Sampler, ShapesSettings, Split};
        let shapes = Sampler::new(&ShapesSettings::default(), 1).items(Split::Training, 20_000).shapes;
        let variances = |normalise| {
            let code = AttributeCode::new(&AttrSettings { normalise, ..AttrSettings::default() }, 1);
            let [classes, rest] = code.encode(&shapes, none().view());
            let share = classes.mean_dim([0i64].as_slice(), false, Kind::Float).log();
            let class = -(classes * share).sum(Kind::Float).double_value(&[]) / shapes.len() as f64;
            (class, Vec::<f32>::try_from(rest.var_dim([0i64].as_slice(), false, false)).unwrap())
        };
        let close =
            |found: f32, expected: f32| assert!((found / expected - 1.0).abs() < 0.03, "{found} {expected}");
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let (class, image) = variances(Normalise::Image);
        assert!((class - 3f64.ln()).abs() < 1e-3);
        for (found, expected) in image.iter().zip([0.105, 0.105, 0.0205, 0.5, 0.5, 0.33, 0.33, 0.33]) {
            close(*found, expected);
        }
        assert!((class + f64::from(mean(&image)) - 1.376).abs() < 0.005);
        let (_, full) = variances(Normalise::Full);
        close(full[0], 0.332);
        close(full[2], 0.428);
        close(mean(&full), 0.385);
    }
}
