//! The finished form: tables of bits, of which one word answers for 64 pictures at once.

#![allow(clippy::needless_range_loop, reason = "loops over lanes become vector instructions")]

use super::planes::bit;
use crate::vectorised::vectorised;

/// The most inputs of a table.
const MOST_INPUTS: usize = 8;
/// Values of the first level of a tree: half of the most entries.
const PAIRS: usize = 1 << (MOST_INPUTS - 1);
/// Binary digits of a class's number of ones.
const DIGITS: usize = 16;

/// Tables of bits of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitTables {
    pub inputs: usize,
    /// The bit that each input reads, `[L, n]`.
    pub mapping: Vec<u16>,
    /// Entries of each table, `[L, words]`: bit a is that of address a.
    pub tables: Vec<u64>,
}

impl BitTables {
    /// From real entries `[L, 2^n]`: a bit is 1 where its entry is above 0.
    pub fn new(inputs: usize, mapping: Vec<u16>, entries: &[f32]) -> Self {
        let pack = |entries: &[f32]| {
            entries.iter().enumerate().fold(0, |word, (at, entry)| word | u64::from(*entry > 0.0) << at)
        };
        let words = entries.chunks(1 << inputs).flat_map(|table| table.chunks(64));
        Self { inputs, mapping, tables: words.map(pack).collect() }
    }

    /// Words of a table.
    pub fn words(inputs: usize) -> usize {
        (1usize << inputs).div_ceil(64)
    }

    /// The outputs for one picture whose bits `get` reads.
    fn answer(&self, get: impl Fn(usize) -> bool) -> Vec<bool> {
        let words = Self::words(self.inputs);
        let tables = self.mapping.chunks(self.inputs).zip(self.tables.chunks(words));
        let output = |(mapping, table): (&[u16], &[u64])| {
            let inputs = mapping.iter().enumerate();
            let address = inputs.fold(0, |all, (j, input)| all | usize::from(get(usize::from(*input))) << j);
            table[address / 64] >> (address % 64) & 1 == 1
        };
        tables.map(output).collect()
    }
}

/// Layers of tables of bits. The first reads the bits of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub layers: Vec<BitTables>,
    pub classes: usize,
}

impl Finished {
    /// The bytes of tables and mapping.
    pub fn bytes(&self) -> usize {
        let tables = |layer: &BitTables| ((layer.mapping.len() / layer.inputs) << layer.inputs).div_ceil(8);
        self.layers.iter().map(|layer| layer.mapping.len() * 2 + tables(layer)).sum()
    }

    /// The outputs of every layer for one picture, whose bits `get` reads.
    pub fn outputs(&self, get: impl Fn(usize) -> bool) -> Vec<Vec<bool>> {
        let mut all: Vec<Vec<bool>> = vec![];
        for layer in &self.layers {
            let outputs = match all.last() {
                Some(last) => layer.answer(|at| last[at]),
                None => layer.answer(&get),
            };
            all.push(outputs);
        }
        all
    }

    /// The number of ones among the outputs of each class.
    pub fn sums(&self, outputs: &[bool]) -> Vec<u32> {
        let group = outputs.len() / self.classes;
        outputs.chunks(group).map(|class| class.iter().map(|bit| u32::from(*bit)).sum()).collect()
    }

    /// [`Self::sums`] of `64 W` pictures at once, whose bits are `planes`: `[classes][64 W]`.
    pub fn sums_at_once<const W: usize>(&self, planes: &[[u64; W]]) -> Vec<Vec<u32>> {
        let mut outputs: Option<Vec<[u64; W]>> = None;
        for layer in &self.layers {
            let inputs = outputs.as_deref().unwrap_or(planes);
            let mut next = vec![[0; W]; layer.mapping.len() / layer.inputs];
            evaluate(layer, inputs, &mut next);
            outputs = Some(next);
        }
        let outputs = outputs.unwrap_or_default();
        outputs.chunks(outputs.len() / self.classes).map(count_ones).collect()
    }
}

vectorised! {
    /// Every table as a tree of choices: input j chooses between the halves of what is left.
    fn evaluate<const W: usize>(layer: &BitTables, planes: &[[u64; W]], outputs: &mut [[u64; W]]) {
        let words = BitTables::words(layer.inputs);
        let tables = layer.mapping.chunks(layer.inputs).zip(layer.tables.chunks(words));
        let mut values = [[0; W]; PAIRS];
        for ((mapping, table), output) in tables.zip(outputs) {
            let input = |j: usize| &planes[usize::from(mapping[j])];
            let mut count = 1 << (layer.inputs - 1);
            for (at, value) in values[..count].iter_mut().enumerate() {
                let entry = |at: usize| (table[at / 64] >> (at % 64) & 1).wrapping_neg();
                let (low, high) = (entry(2 * at), entry(2 * at + 1));
                for word in 0..W {
                    value[word] = low ^ (low ^ high) & input(0)[word];
                }
            }
            for j in 1..layer.inputs {
                count /= 2;
                for at in 0..count {
                    for word in 0..W {
                        let (low, high) = (values[2 * at][word], values[2 * at + 1][word]);
                        values[at][word] = low ^ (low ^ high) & input(j)[word];
                    }
                }
            }
            *output = values[0];
        }
    }
}

/// The number of ones for each picture, by counters that lie across pictures.
fn count_ones<const W: usize>(outputs: &[[u64; W]]) -> Vec<u32> {
    let mut counters = [[0; W]; DIGITS];
    for output in outputs {
        let mut carry = *output;
        for digit in &mut counters {
            let next = std::array::from_fn(|word| digit[word] & carry[word]);
            (0..W).for_each(|word| digit[word] ^= carry[word]);
            carry = next;
            if carry == [0; W] {
                break;
            }
        }
    }
    let count = |at: usize| (0..DIGITS).map(|digit| (bit(&counters[digit], at) as u32) << digit).sum();
    (0..64 * W).map(count).collect()
}
