//! Thresholds of pixels: bit (level, pixel) is 1 from a lowest value on.

use super::bit_set::BitSet;
use super::encoding::{Encoding, EncodingSettings};
use super::quantile::normal_quantile;

/// Pixels that are compared at once.
const BLOCK: usize = 16;
/// A lowest value that no pixel reaches.
pub const NEVER: u16 = 256;

/// The lowest value of every bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thermometer {
    /// The value, where one reaches the threshold, level by level: `[t * pixels]`.
    lowest: Vec<u8>,
    /// The bits that some value sets.
    reachable: BitSet,
    pixels: usize,
}

impl Thermometer {
    /// From the lowest values `[t * pixels]`, [`NEVER`] where no value reaches the threshold.
    pub fn new(lowest: &[u16], pixels: usize) -> Self {
        let reachable = lowest.iter().map(|&value| value < NEVER).collect();
        let lowest = lowest.iter().map(|&value| value.min(NEVER - 1) as u8).collect();
        Self { lowest, reachable, pixels }
    }

    /// The lowest values `[t * pixels]`.
    pub fn lowest(&self) -> Vec<u16> {
        let value = |(reached, &lowest)| if reached { u16::from(lowest) } else { NEVER };
        self.reachable.iter().zip(&self.lowest).map(value).collect()
    }

    /// The bits of `image` `[pixels]`.
    pub fn encode(&self, image: &[u8], bits: &mut BitSet) {
        debug_assert!(image.len() == self.pixels && bits.len() == self.lowest.len());
        match self.pixels.is_multiple_of(BLOCK) {
            true => self.encode_blocks(image, bits.words_mut()),
            false => {
                (0..self.lowest.len()).for_each(|at| bits.set(at, image[at % self.pixels] >= self.lowest[at]))
            }
        }
        bits.words_mut().iter_mut().zip(self.reachable.words()).for_each(|(word, mask)| *word &= mask);
    }

    fn encode_blocks(&self, image: &[u8], words: &mut [u64]) {
        words.fill(0);
        let values = image.as_chunks::<BLOCK>().0;
        let lowest = self.lowest.as_chunks::<BLOCK>().0;
        for (at, (value, lowest)) in values.iter().cycle().zip(lowest).enumerate() {
            words[at / 4] |= u64::from(at_least(value, lowest)) << (at % 4 * BLOCK);
        }
    }
}

/// Bit i is 1 where `values[i] >= lowest[i]`.
#[cfg(target_arch = "x86_64")]
fn at_least(values: &[u8; BLOCK], lowest: &[u8; BLOCK]) -> u16 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_movemask_epi8};
    // SAFETY: every x86-64 has these instructions, and both arrays have 16 bytes.
    unsafe {
        let values = _mm_loadu_si128(values.as_ptr().cast());
        let lowest = _mm_loadu_si128(lowest.as_ptr().cast());
        _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(values, lowest), values)) as u16
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn at_least(values: &[u8; BLOCK], lowest: &[u8; BLOCK]) -> u16 {
    values.iter().zip(lowest).rev().fold(0, |bits, (value, lowest)| bits << 1 | u16::from(value >= lowest))
}

/// The lowest values of every bit, `[t * pixels]`, fitted to `images` `[N * pixels]`.
pub fn lowest(settings: &EncodingSettings, images: &[u8], pixels: usize) -> Vec<u16> {
    let levels = settings.levels();
    let share = |level: usize| (level + 1) as f64 / (levels + 1) as f64;
    let bits = (0..levels).flat_map(|level| (0..pixels).map(move |pixel| (level, pixel)));
    let reaching = |threshold: f64| threshold.ceil().clamp(0.0, f64::from(NEVER)) as u16;
    match settings.encoding {
        Encoding::Gaussian => {
            let quantiles: Vec<f64> = (0..levels).map(|level| normal_quantile(share(level))).collect();
            let moments: Vec<_> = (0..pixels).map(|pixel| moments(images, pixels, pixel)).collect();
            let threshold = |(level, pixel): (usize, usize)| {
                let (mean, deviation) = moments[pixel];
                reaching(mean + quantiles[level] * deviation)
            };
            bits.map(threshold).collect()
        }
        Encoding::Distributive => {
            let histograms: Vec<_> = (0..pixels).map(|pixel| histogram(images, pixels, pixel)).collect();
            let count = images.len() / pixels;
            let place = |level: usize| count * (level + 1) / (levels + 1);
            bits.map(|(level, pixel)| value_at(&histograms[pixel], place(level)) + 1).collect()
        }
        Encoding::Threshold => bits.map(|_| u16::from(settings.threshold)).collect(),
        Encoding::Fixed | Encoding::Grey => bits.map(|(level, _)| reaching(256.0 * share(level))).collect(),
    }
}

/// Mean and population deviation of a pixel.
fn moments(images: &[u8], pixels: usize, pixel: usize) -> (f64, f64) {
    let values = || images[pixel..].iter().step_by(pixels).map(|&value| f64::from(value));
    let count = (images.len() / pixels) as f64;
    let mean = values().sum::<f64>() / count;
    let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

fn histogram(images: &[u8], pixels: usize, pixel: usize) -> [u32; 256] {
    let mut counts = [0; 256];
    images[pixel..].iter().step_by(pixels).for_each(|&value| counts[usize::from(value)] += 1);
    counts
}

/// The value at `place` of the sorted values.
fn value_at(histogram: &[u32; 256], place: usize) -> u16 {
    let mut seen = 0;
    let reaches = |&count: &u32| {
        seen += count as usize;
        seen > place
    };
    histogram.iter().position(reaches).expect("the place is one of the values") as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_equal_single_comparisons() {
        let pixels = 48;
        let image: Vec<u8> = (0..pixels).map(|at| (at * 89 % 256) as u8).collect();
        let lowest: Vec<u16> = (0..3 * pixels).map(|at| (at * 37 % 257) as u16).collect();
        let thermometer = Thermometer::new(&lowest, pixels);
        let mut bits = BitSet::new(3 * pixels);
        thermometer.encode(&image, &mut bits);
        let expected = (0..3 * pixels).map(|at| u16::from(image[at % pixels]) >= lowest[at]);
        assert_eq!(bits, expected.collect());
        assert_eq!(thermometer.lowest(), lowest);
        assert!(lowest.contains(&0) && lowest.contains(&NEVER));
    }
}
