//! Digits on a device, rotated and flipped in batches.

use anyhow::Result;
use ndarray::ArrayView3;
use tch::{Device, Kind, Tensor};

use crate::datasets::IMAGE_SIZE;
use umwelt_base::random::Stream;

const PIXELS: usize = IMAGE_SIZE * IMAGE_SIZE;
/// Four rotations by quarter turns, each with and without a flip.
const VIEWS: usize = 8;

/// The random variation of training batches.
#[derive(Clone, Copy, Debug)]
pub struct Augmentation {
    /// Flips left to right with probability 1/2. Rotations by 0, 90, 180 or 270 degrees are always
    /// drawn.
    pub flip: bool,
    /// The probability that the strips are shown in reverse order.
    pub swap_probability: f64,
    /// The probability that a message is dropped.
    pub drop_message: f64,
    pub agents: usize,
}

/// The random choices of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct DigitDraw {
    /// Indices of the digits, `[B]`.
    pub picked: Vec<i64>,
    /// The view of each digit, from 0 to 7, `[B]`.
    pub views: Vec<i64>,
    /// True where the strips are shown in reverse order, `[B]`.
    pub swapped: Vec<bool>,
    /// 1 for each message that is delivered, 0 for each that is dropped, `[B, A]`; `None` if none
    /// is dropped.
    pub kept: Option<Vec<f32>>,
}

impl Augmentation {
    /// The draw of batch `step`, a function of (seed, step) alone.
    pub fn draw(&self, seed: u64, step: u64, picked: Vec<i64>) -> DigitDraw {
        let batch = picked.len();
        let mut rng = Stream::new(seed, "views of digits").at(&[step]);
        let views = if self.flip { VIEWS } else { VIEWS / 2 };
        let views = (0..batch).map(|_| rng.below(views) as i64).collect();
        let swapped = (0..batch).map(|_| rng.uniform() < self.swap_probability).collect();
        let mut rng = Stream::new(seed, "lost messages").at(&[step]);
        let mut keep = || if rng.uniform() < self.drop_message { 0.0 } else { 1.0 };
        let kept = (self.drop_message > 0.0).then(|| (0..batch * self.agents).map(|_| keep()).collect());
        DigitDraw { picked, views, swapped, kept }
    }
}

/// All digits of a split on a device, one byte for each pixel.
pub struct DigitViews {
    /// `[N, 784]`, uint8
    images: Tensor,
    /// The index of the source pixel of each pixel of a view, `[8, 784]`.
    sources: Tensor,
}

impl DigitViews {
    /// Copies grey values `[N, 28, 28]` from 0 to 255 to `device`.
    ///
    /// # Errors
    /// When libtorch cannot copy them.
    pub fn new(images: ArrayView3<u8>, device: Device) -> Result<Self> {
        let sources: Vec<i64> =
            (0..VIEWS).flat_map(|view| (0..PIXELS).map(move |at| source(view, at))).collect();
        Ok(Self {
            images: Tensor::try_from(images)?.flatten(1, 2).f_to_device(device)?,
            sources: Tensor::from_slice(&sources).view([-1, PIXELS as i64]).f_to_device(device)?,
        })
    }

    /// The number of digits, N.
    pub fn count(&self) -> i64 {
        self.images.size()[0]
    }

    /// The digits of a draw, rotated and flipped: `[B, 28, 28]`, intensities in [0, 1].
    pub fn views(&self, draw: &DigitDraw) -> Tensor {
        let device = self.images.device();
        let index = |indices: &[i64]| Tensor::from_slice(indices).to_device(device);
        let sources = self.sources.index_select(0, &index(&draw.views));
        intensities(&self.images.index_select(0, &index(&draw.picked)).gather(1, &sources, false))
    }

    /// Digits `from` to `from + count`, unrotated: `[count, 28, 28]`, intensities in [0, 1].
    pub fn upright(&self, from: i64, count: i64) -> Tensor {
        intensities(&self.images.narrow(0, from, count))
    }

    /// The mean of all digits, unrotated: `[28, 28]`, intensities in [0, 1].
    pub fn mean(&self) -> Tensor {
        intensities(&self.images.sum_dim_intlist([0].as_slice(), false, Kind::Double)).squeeze_dim(0)
            / self.count() as f64
    }
}

/// bytes `[.., 784]` -> intensities in [0, 1] `[.., 28, 28]`
fn intensities(bytes: &Tensor) -> Tensor {
    bytes.view([-1, IMAGE_SIZE as i64, IMAGE_SIZE as i64]).to_kind(Kind::Float) / 255.0
}

/// The index of the pixel that moves to `at` when a digit is rotated by `view % 4` quarter turns
/// counter-clockwise, and then flipped left to right if `view` is 4 or more.
fn source(view: usize, at: usize) -> i64 {
    let last = IMAGE_SIZE - 1;
    let (mut row, mut column) = (at / IMAGE_SIZE, at % IMAGE_SIZE);
    if view >= VIEWS / 2 {
        column = last - column;
    }
    for _ in 0..view % (VIEWS / 2) {
        (row, column) = (column, last - row);
    }
    (row * IMAGE_SIZE + column) as i64
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    fn drawn(views: Vec<i64>) -> DigitDraw {
        let count = views.len();
        DigitDraw { picked: vec![1; count], views, swapped: vec![false; count], kept: None }
    }

    #[test]
    fn views_are_libtorchs_turns_and_flips_of_the_picked_digit() {
        let pixel = |(n, y, x)| ((n * PIXELS + y * IMAGE_SIZE + x) * 31 % 251) as u8;
        let images = Array3::from_shape_fn((2, IMAGE_SIZE, IMAGE_SIZE), pixel);
        let digits = DigitViews::new(images.view(), Device::Cpu).unwrap();
        let digit = digits.upright(1, 1).squeeze_dim(0);
        assert!((digit.double_value(&[0, 1]) - f64::from(images[[1, 0, 1]]) / 255.0).abs() < 1e-6);
        let views = digits.views(&drawn((0..8).collect()));
        for view in 0..8i64 {
            let turned = digit.rot90(view % 4, [0, 1]);
            let expected = if view < 4 { turned } else { turned.flip([1]) };
            assert_eq!(views.get(view), expected, "{view}");
        }
    }

    #[test]
    fn the_mean_is_that_of_the_intensities() {
        let images = Array3::from_shape_fn((3, IMAGE_SIZE, IMAGE_SIZE), |(n, ..)| (n * 51) as u8);
        let mean = DigitViews::new(images.view(), Device::Cpu).unwrap().mean();
        assert_eq!(mean.size(), [28, 28]);
        assert!((mean - 0.2).abs().max().double_value(&[]) < 1e-6);
    }

    #[test]
    fn draws_follow_from_seed_and_step_and_are_as_frequent_as_asked() {
        let augmentation = Augmentation { flip: true, swap_probability: 0.25, drop_message: 0.1, agents: 2 };
        let draw = |seed, step| augmentation.draw(seed, step, vec![0; 4000]);
        assert_eq!(draw(1, 5), draw(1, 5));
        assert_ne!(draw(1, 5), draw(1, 6));
        assert_ne!(draw(1, 5), draw(2, 5));
        let one = draw(1, 5);
        let share = |count: usize, of: usize| count as f64 / of as f64;
        for view in 0..8 {
            let share = share(one.views.iter().filter(|v| **v == view).count(), 4000);
            assert!((share - 0.125).abs() < 0.02, "{share}");
        }
        assert!((share(one.swapped.iter().filter(|s| **s).count(), 4000) - 0.25).abs() < 0.03);
        let lost = one.kept.unwrap().iter().filter(|kept| **kept == 0.0).count();
        assert!((share(lost, 8000) - 0.1).abs() < 0.02);
        let plain = Augmentation { flip: false, drop_message: 0.0, ..augmentation }.draw(1, 5, vec![0; 100]);
        assert!(plain.kept.is_none() && plain.views.iter().all(|view| *view < 4));
    }
}
