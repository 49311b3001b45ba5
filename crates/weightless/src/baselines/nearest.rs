//! The nearest neighbour.

use crate::agent::answer_in_parallel;
use crate::bits::{BitSet, Encoder};
use crate::vectorised::vectorised;
use crate::{Digit, PIXELS, Samples};

/// Pixels in the middle of a picture, in which most of the ink of a digit lies. In most cases they
/// alone are farther away than the nearest sample so far.
const MIDDLE: usize = 384;
/// Samples that stay in the processor's cache while pictures are compared with them.
const BLOCK: usize = 128;

/// The label of the sample with the smallest squared distance of grey values to each picture, the
/// first of equal ones.
///
/// # Panics
/// When there are no samples.
pub fn nearest_by_grey(samples: &Samples, images: &[Digit], threads: usize) -> Vec<u8> {
    assert!(!samples.is_empty(), "the nearest of no samples");
    answer_in_parallel(images, threads, |_, images| search(samples, images, samples.images(), distance_below))
}

/// The label of the sample with the fewest differing bits to each picture, the first of equal ones.
///
/// # Panics
/// When there are no samples.
pub fn nearest_by_bits(encoder: &Encoder, samples: &Samples, images: &[Digit], threads: usize) -> Vec<u8> {
    assert!(!samples.is_empty(), "the nearest of no samples");
    let known: Vec<BitSet> = samples.images().iter().map(|image| encoder.encode(image)).collect();
    answer_in_parallel(images, threads, |_, images| {
        let images: Vec<BitSet> = images.iter().map(|image| encoder.encode(image)).collect();
        search(samples, &images, &known, |sample, image, _| differing(sample.words(), image.words()))
    })
}

/// The label of the nearest of the `known` to each of `images`. `distance` gets the least distance so
/// far; for one that is not below it, it may return any number that is not below it either.
fn search<T>(samples: &Samples, images: &[T], known: &[T], distance: impl Fn(&T, &T, u32) -> u32) -> Vec<u8> {
    let mut nearest = vec![(u32::MAX, 0u8); images.len()];
    for (block, labels) in known.chunks(BLOCK).zip(samples.labels().chunks(BLOCK)) {
        for (image, nearest) in images.iter().zip(&mut nearest) {
            for (sample, &label) in block.iter().zip(labels) {
                let distance = distance(sample, image, nearest.0);
                if distance < nearest.0 {
                    *nearest = (distance, label);
                }
            }
        }
    }
    nearest.into_iter().map(|(_, label)| label).collect()
}

/// The squared distance, or a part of it that is not below `least`.
fn distance_below(a: &Digit, b: &Digit, least: u32) -> u32 {
    match middle_distance(a, b) {
        middle if middle >= least => middle,
        _ => whole_distance(a, b),
    }
}

vectorised! {
    fn middle_distance(a: &[u8; PIXELS], b: &[u8; PIXELS]) -> u32 {
        let middle = (PIXELS - MIDDLE) / 2..(PIXELS + MIDDLE) / 2;
        squared_distance(&a[middle.clone()], &b[middle])
    }
}

vectorised! {
    fn whole_distance(a: &[u8; PIXELS], b: &[u8; PIXELS]) -> u32 {
        squared_distance(a, b)
    }
}

/// Inlined, so that it is compiled for each number of pixels and each set of instructions.
#[inline(always)]
fn squared_distance(a: &[u8], b: &[u8]) -> u32 {
    let square = |(a, b): (&u8, &u8)| {
        let difference = i32::from(i16::from(*a) - i16::from(*b));
        (difference * difference) as u32
    };
    a.iter().zip(b).map(square).sum()
}

vectorised! {
    fn differing(a: &[u64], b: &[u64]) -> u32 {
        a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::EncodingSettings;

    fn pictures(count: usize, factor: usize) -> Vec<Digit> {
        (0..count).map(|i| std::array::from_fn(|at| ((at * factor + i * i * 31) * 7 % 256) as u8)).collect()
    }

    #[test]
    fn the_nearest_are_those_of_naive_loops() {
        let (known, images) = (pictures(300, 3), pictures(20, 5));
        let labels: Vec<u8> = (0..300).map(|i| (i % 251) as u8).collect();
        let samples = Samples::of(&known, &labels);
        let naive = |distance: &dyn Fn(&Digit, &Digit) -> i64| {
            let of = |image: &Digit| (0..300).min_by_key(|i| distance(&known[*i], image)).unwrap();
            images.iter().map(|image| labels[of(image)]).collect::<Vec<u8>>()
        };
        let grey =
            |a: &Digit, b: &Digit| a.iter().zip(b).map(|(a, b)| (i64::from(*a) - i64::from(*b)).pow(2)).sum();
        let encoder = Encoder::fit(EncodingSettings::threshold(128), &[], PIXELS).unwrap();
        let bits = |a: &Digit, b: &Digit| {
            a.iter().zip(b).filter(|(a, b)| (**a >= 128) != (**b >= 128)).count() as i64
        };
        for threads in [1, 3] {
            assert_eq!(nearest_by_grey(&samples, &images, threads), naive(&grey));
            assert_eq!(nearest_by_bits(&encoder, &samples, &images, threads), naive(&bits));
        }
    }
}
