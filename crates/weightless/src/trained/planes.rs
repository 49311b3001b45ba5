//! Bits of a batch, bit by bit: the bits of one input in all samples lie side by side.

use crate::Digit;
use crate::bits::{BitSet, Encoder};

/// Samples of a batch.
pub const BATCH: usize = 128;
/// Words of one bit in all samples.
const WORDS: usize = BATCH / 64;

/// One bit in every sample of a batch.
pub type Plane = [u64; WORDS];

/// The bit of sample `index`.
#[inline(always)]
pub fn bit<const W: usize>(plane: &[u64; W], index: usize) -> u64 {
    plane[index / 64] >> (index % 64) & 1
}

/// The bits that vary among training pictures, and their places among all bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Varying {
    /// Indices of the bits, in order.
    kept: Vec<u32>,
    /// The place of every bit in `kept`; `u32::MAX` for those that are dropped.
    places: Vec<u32>,
}

/// A bit that fewer or more of the training pictures set is dropped.
const SHARES: [f64; 2] = [0.003, 0.997];

impl Varying {
    /// The bits that 0.3 to 99.7 % of `images` set; all bits where there are no pictures.
    ///
    /// # Errors
    /// When no bit varies.
    pub fn of(encoder: &Encoder, images: &[Digit]) -> Result<Self, String> {
        let mut counts = vec![0u32; encoder.bits()];
        let mut bits = BitSet::new(encoder.bits());
        for image in images {
            encoder.encode_into(image, &mut bits);
            bits.ones().for_each(|bit| counts[bit] += 1);
        }
        let [least, most] = SHARES.map(|share| share * images.len() as f64);
        let varies = |count: u32| (least..=most).contains(&f64::from(count)) && count > 0;
        let varies = |bit: &u32| images.is_empty() || varies(counts[*bit as usize]);
        let kept: Vec<u32> = (0..encoder.bits() as u32).filter(varies).collect();
        match kept.is_empty() {
            true => Err("no bit varies among the training pictures: choose another encoding".into()),
            false => Ok(Self::new(kept, encoder.bits())),
        }
    }

    /// From the indices of the bits that are kept, each below `bits`.
    pub fn new(kept: Vec<u32>, bits: usize) -> Self {
        let mut places = vec![u32::MAX; bits];
        kept.iter().enumerate().for_each(|(place, &bit)| places[bit as usize] = place as u32);
        Self { kept, places }
    }

    /// Indices of the bits that are kept, in order.
    pub fn kept(&self) -> &[u32] {
        &self.kept
    }

    /// The kept bits of up to [`BATCH`] pictures.
    pub fn planes<'a>(&self, encoder: &Encoder, images: impl Iterator<Item = &'a Digit>) -> Vec<Plane> {
        let mut planes = vec![Plane::default(); self.kept.len()];
        let mut bits = BitSet::new(encoder.bits());
        // A word of each picture, `[words][picture]`.
        let mut words = vec![[0; BATCH]; bits.words().len()];
        for (at, image) in images.enumerate() {
            encoder.encode_into(image, &mut bits);
            words.iter_mut().zip(bits.words()).for_each(|(all, word)| all[at] = *word);
        }
        for (places, all) in self.places.chunks(64).zip(&mut words) {
            for (part, block) in all.as_chunks_mut().0.iter_mut().enumerate() {
                transpose(block);
                for (&place, bits) in places.iter().zip(&*block).filter(|(place, _)| **place != u32::MAX) {
                    planes[place as usize][part] = *bits;
                }
            }
        }
        planes
    }
}

/// Makes bit j of word i of bit i of word j: halves of ever smaller blocks change places (Warren 2012,
/// *Hacker's Delight*, section 7-3).
fn transpose(words: &mut [u64; 64]) {
    let (mut width, mut low) = (32, u64::MAX >> 32);
    while width > 0 {
        for first in (0..64).filter(|first| first & width == 0) {
            let changed = (words[first] >> width ^ words[first + width]) & low;
            words[first] ^= changed << width;
            words[first + width] ^= changed;
        }
        width /= 2;
        low ^= low << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PIXELS;
    use crate::bits::EncodingSettings;

    #[test]
    fn a_transposed_block_has_each_bit_at_its_mirrored_place() {
        let words: [u64; 64] = std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut transposed = words;
        transpose(&mut transposed);
        let is_mirrored = |i: usize, j: usize| transposed[i] >> j & 1 == words[j] >> i & 1;
        assert!((0..64).all(|i| (0..64).all(|j| is_mirrored(i, j))));
    }

    #[test]
    fn bits_that_hardly_vary_are_dropped() {
        let encoder = Encoder::fit(EncodingSettings::threshold(64), &[], PIXELS).unwrap();
        let images: Vec<Digit> = (0..1000)
            .map(|i| {
                let mut image = [0; PIXELS];
                // Set by all, by 998, 997, 500, 3, 2 and none.
                for (at, least) in [0, 2, 3, 500, 997, 998, 1000].into_iter().enumerate() {
                    image[at] = if i >= least { 200 } else { 0 };
                }
                image
            })
            .collect();
        let varying = Varying::of(&encoder, &images).unwrap();
        assert_eq!(varying.kept(), [2, 3, 4]);
        let planes = varying.planes(&encoder, images[440..].iter().take(BATCH));
        let ones = |plane: &Plane| plane.iter().map(|word| word.count_ones()).sum::<u32>();
        assert_eq!(planes.iter().map(ones).collect::<Vec<_>>(), [128, 68, 0]);
        assert!(bit(&planes[1], 59) == 0 && bit(&planes[1], 60) == 1);
        assert!(Varying::of(&encoder, &images[..1]).unwrap_err().contains("no bit varies"));
        assert_eq!(Varying::of(&encoder, &[]).unwrap().kept().len(), PIXELS);
    }
}
