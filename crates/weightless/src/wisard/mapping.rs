//! The bits that each RAM reads.

use umwelt_base::random::Stream;

use crate::bits::ones;
use crate::draws::permutation;

/// Inputs of RAMs: address of RAM r = sum over j of `bit[inputs[r][j]] << j`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    bits: usize,
    tuple: usize,
    /// `[R, tuple]`
    inputs: Vec<u32>,
    /// The places of a bit in `readers`, from `starts[bit]` to `starts[bit + 1]`.
    starts: Vec<u32>,
    /// RAM and value in its address of each reader of a bit.
    readers: Vec<(u32, u32)>,
}

impl Mapping {
    /// `coverage` random permutations of all `bits`, cut into tuples; the last one is filled with
    /// random bits. A function of the seed.
    pub fn random(bits: usize, tuple: usize, coverage: usize, seed: u64) -> Self {
        let stream = Stream::new(seed, "mapping");
        let permuted = (0..coverage).flat_map(|c| permutation(bits, &mut stream.at(&[c as u64])));
        let mut inputs: Vec<u32> = permuted.collect();
        let mut rng = stream.at(&[coverage as u64]);
        while !inputs.len().is_multiple_of(tuple) {
            inputs.push(rng.below(bits) as u32);
        }
        Self::new(bits, tuple, inputs)
    }

    /// From the inputs `[R, tuple]`, each below `bits`.
    pub fn new(bits: usize, tuple: usize, inputs: Vec<u32>) -> Self {
        assert!(inputs.iter().all(|input| (*input as usize) < bits), "inputs are below {bits}");
        let mut starts = vec![0u32; bits + 1];
        inputs.iter().for_each(|&input| starts[input as usize + 1] += 1);
        (0..bits).for_each(|bit| starts[bit + 1] += starts[bit]);
        let (mut next, mut readers) = (starts.clone(), vec![(0, 0); inputs.len()]);
        for (at, &input) in inputs.iter().enumerate() {
            readers[next[input as usize] as usize] = ((at / tuple) as u32, 1 << (at % tuple));
            next[input as usize] += 1;
        }
        Self { bits, tuple, inputs, starts, readers }
    }

    /// The number of bits of a picture.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The bits of an address, n.
    pub fn tuple(&self) -> usize {
        self.tuple
    }

    /// The number of RAMs, R.
    pub fn rams(&self) -> usize {
        self.inputs.len() / self.tuple
    }

    /// The bit at each place of an address, `[R, tuple]`.
    pub fn inputs(&self) -> &[u32] {
        &self.inputs
    }

    /// Adds each RAM's address to `addresses` `[R]`, whose lowest n bits are 0. `words` hold the
    /// bits of a picture.
    ///
    /// Most bits of a picture are 0, so the bits that are 1 look up their readers.
    pub fn add_addresses(&self, words: &[u64], addresses: &mut [u32]) {
        for bit in ones(words) {
            for &(ram, value) in &self.readers[self.starts[bit] as usize..self.starts[bit + 1] as usize] {
                addresses[ram as usize] |= value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitSet;

    #[test]
    fn each_bit_is_read_as_often_as_covered_and_the_last_tuple_is_filled() {
        let mapping = Mapping::random(100, 7, 3, 5);
        assert_eq!((mapping.rams(), mapping.inputs().len()), (43, 301));
        let mut counts = [0; 100];
        mapping.inputs()[..300].iter().for_each(|input| counts[*input as usize] += 1);
        assert_eq!(counts, [3; 100]);
        assert_eq!(Mapping::random(100, 7, 3, 5), mapping);
        assert_ne!(Mapping::random(100, 7, 3, 6), mapping);
        assert_ne!(mapping.inputs()[..100], mapping.inputs()[100..200]);
    }

    #[test]
    fn addresses_equal_the_sum_over_inputs() {
        let mapping = Mapping::random(90, 4, 2, 1);
        let bits: BitSet = (0..90).map(|bit| bit * bit % 7 < 3).collect();
        let mut addresses = vec![0; mapping.rams()];
        mapping.add_addresses(bits.words(), &mut addresses);
        for (tuple, address) in mapping.inputs().chunks(4).zip(addresses) {
            let sum: u32 =
                tuple.iter().enumerate().map(|(j, bit)| u32::from(bits.get(*bit as usize)) << j).sum();
            assert_eq!(address, sum);
        }
    }
}
