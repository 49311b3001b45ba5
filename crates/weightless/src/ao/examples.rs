//! Stored examples, eight side by side, so that one vector instruction compares eight.

use crate::bits::{BitSet, words_for};
use crate::vectorised::vectorised;

/// Examples of a block.
pub const BLOCK: usize = 8;
/// The bits of one word of eight examples.
type Words = [u64; BLOCK];

/// Bits of one layer in every example.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    words: usize,
    count: usize,
    /// `[blocks, words]`
    blocks: Vec<Words>,
}

impl Columns {
    /// No examples of `bits` bits.
    pub fn new(bits: usize) -> Self {
        Self { words: words_for(bits), count: 0, blocks: vec![] }
    }

    /// Adds an example.
    pub fn push(&mut self, bits: &BitSet) {
        let lane = self.count % BLOCK;
        if lane == 0 {
            self.blocks.resize(self.blocks.len() + self.words, [0; BLOCK]);
        }
        let start = self.blocks.len() - self.words;
        self.blocks[start..].iter_mut().zip(bits.words()).for_each(|(block, word)| block[lane] = *word);
        self.count += 1;
    }

    /// Removes the last example.
    pub fn pop(&mut self) {
        self.count -= 1;
        match self.count.is_multiple_of(BLOCK) {
            true => self.blocks.truncate(self.blocks.len() - self.words),
            false => {
                let (start, lane) = (self.blocks.len() - self.words, self.count % BLOCK);
                self.blocks[start..].iter_mut().for_each(|block| block[lane] = 0);
            }
        }
    }

    /// Writes the bits in which `current` differs from each example, in the same layout.
    pub fn differences(&self, current: &BitSet, differing: &mut Vec<Words>) {
        differing.clear();
        let words = current.words().iter().cycle();
        differing.extend(self.blocks.iter().zip(words).map(|(block, word)| block.map(|past| past ^ word)));
    }
}

vectorised! {
    /// Adds the number of differing bits under `mask` `[words]` to the distance of each example,
    /// `[blocks]` of eight.
    pub fn add_distances(differing: &[[u64; 8]], mask: &[u64], distances: &mut [[u16; 8]]) {
        for (words, distances) in differing.chunks_exact(mask.len()).zip(distances) {
            let mut counts = [0u64; 8];
            for (word, mask) in words.iter().zip(mask) {
                for lane in 0..8 {
                    counts[lane] += u64::from((word[lane] & mask).count_ones());
                }
            }
            for lane in 0..8 {
                distances[lane] += counts[lane] as u16;
            }
        }
    }
}

vectorised! {
    /// The least of `distances`.
    pub fn least(distances: &[u16]) -> u16 {
        distances.iter().fold(u16::MAX, |least, distance| least.min(*distance))
    }
}

vectorised! {
    /// The number of examples at `distance`, and of those whose bit in `ones` is set.
    pub fn count_nearest(distances: &[u16], distance: u16, ones: &[u64]) -> (u32, u32) {
        let mut counts = (0, 0);
        for (distances, ones) in distances.chunks(64).zip(ones) {
            let mut equal = 0u64;
            for (at, other) in distances.iter().enumerate() {
                equal |= u64::from(*other == distance) << at;
            }
            counts = (counts.0 + equal.count_ones(), counts.1 + (equal & ones).count_ones());
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::*;

    #[test]
    fn distances_are_those_of_single_bits() {
        let mut rng = Stream::new(1, "t").at(&[]);
        let mut bits = |count: usize| (0..count).map(|_| rng.uniform() < 0.4).collect::<BitSet>();
        let examples: Vec<BitSet> = (0..21).map(|_| bits(130)).collect();
        let (current, mask) = (bits(130), bits(130));
        let mut columns = Columns::new(130);
        examples.iter().for_each(|example| columns.push(example));
        columns.push(&current);
        columns.pop();
        let (mut differing, mut distances) = (vec![], vec![[0; BLOCK]; 3]);
        columns.differences(&current, &mut differing);
        add_distances(&differing, mask.words(), &mut distances);
        let naive = examples.iter().map(|example| {
            (0..130).filter(|at| mask.get(*at) && example.get(*at) != current.get(*at)).count() as u16
        });
        let naive: Vec<u16> = naive.collect();
        assert_eq!(distances.as_flattened()[..21], naive);
        let nearest = least(&naive);
        let ones: BitSet = (0..21).map(|at| at % 2 == 0).collect();
        let at = |step: usize| (0..21).step_by(step).filter(|at| naive[*at] == nearest).count() as u32;
        assert_eq!(count_nearest(&naive, nearest, ones.words()), (at(1), at(2)));
    }
}
