//! Rows of memory for the places of RAMs.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The row of all places that a map has not seen; it stays zero.
pub const UNSEEN: u32 = 0;

/// The rows in which the place of an address lies.
#[derive(Clone, Debug)]
pub enum Places {
    /// Row `ram << tuple | address`.
    Dense { tuple: usize },
    /// Rows in the order in which places were first seen, from 1 on; row 0 is [`UNSEEN`].
    Map { rows: HashMap<u64, u32, BuildHasherDefault<Mixer>> },
    /// `constants.len() / tuple` rows for each RAM: row `ram << index_bits | hash`.
    Bloom { index_bits: usize, tuple: usize, constants: Vec<u32> },
}

impl Places {
    /// A map without places.
    pub fn map() -> Self {
        Self::Map { rows: HashMap::default() }
    }

    /// The number of rows of each RAM's address.
    pub fn width(&self) -> usize {
        match self {
            Self::Bloom { tuple, constants, .. } => constants.len() / tuple,
            _ => 1,
        }
    }

    /// The number of rows of `rams` RAMs; those seen so far of a map.
    pub fn rows(&self, rams: usize) -> usize {
        match self {
            Self::Dense { tuple } => rams << tuple,
            Self::Map { rows } => rows.len() + 1,
            Self::Bloom { index_bits, .. } => rams << index_bits,
        }
    }

    /// Turns addresses `[R]` into the rows of their places, `[R * width]`.
    pub fn find(&self, addresses: &mut Vec<u32>) {
        match self {
            Self::Dense { tuple } => {
                addresses.iter_mut().enumerate().for_each(|(ram, row)| *row |= (ram as u32) << tuple);
            }
            Self::Map { rows } => {
                let row = |(ram, row): (usize, &mut u32)| {
                    *row = rows.get(&key(ram, *row)).copied().unwrap_or(UNSEEN);
                };
                addresses.iter_mut().enumerate().for_each(row);
            }
            Self::Bloom { index_bits, tuple, constants } => {
                let all = std::mem::take(addresses).into_iter().enumerate();
                addresses.extend(all.flat_map(|(ram, address)| {
                    let of = move |constants: &[u32]| (ram as u32) << index_bits | hash(constants, address);
                    constants.chunks(*tuple).map(of)
                }));
            }
        }
    }

    /// As [`Self::find`], and gives unseen places of a map new rows.
    pub fn find_or_add(&mut self, addresses: &mut Vec<u32>) {
        let Self::Map { rows } = self else { return self.find(addresses) };
        for (ram, row) in addresses.iter_mut().enumerate() {
            let next = rows.len() as u32 + 1;
            *row = *rows.entry(key(ram, *row)).or_insert(next);
        }
    }

    /// Gives a place of a map the next row; false if it has one already.
    pub fn add(&mut self, ram: usize, address: u32) -> bool {
        let Self::Map { rows } = self else { return false };
        let next = rows.len() as u32 + 1;
        *rows.entry(key(ram, address)).or_insert(next) == next
    }

    /// RAM and address of every place of a map by row, from row 1 on.
    pub fn seen(&self) -> Vec<(u32, u32)> {
        let Self::Map { rows } = self else { return vec![] };
        let mut places = vec![(0, 0); rows.len()];
        for (&key, &row) in rows {
            places[row as usize - 1] = ((key >> 32) as u32, key as u32);
        }
        places
    }
}

fn key(ram: usize, address: u32) -> u64 {
    (ram as u64) << 32 | u64::from(address)
}

/// A hash of the H3 family: the exclusive or of a constant for each bit that is set (Carter and
/// Wegman 1979).
fn hash(constants: &[u32], address: u32) -> u32 {
    let set = constants.iter().enumerate().filter(|(bit, _)| address >> bit & 1 == 1);
    set.fold(0, |hash, (_, constant)| hash ^ constant)
}

/// A hash function for keys that are whole numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_gives_every_place_a_row_of_its_own() {
        let mut places = Places::map();
        let mut first = vec![5, 5, 9];
        places.find_or_add(&mut first);
        assert_eq!(first, [1, 2, 3]);
        let mut second = vec![5, 6, 9];
        places.find(&mut second);
        assert_eq!(second, [1, UNSEEN, 3]);
        assert_eq!((places.rows(3), places.seen()), (4, vec![(0, 5), (1, 5), (2, 9)]));
    }

    #[test]
    fn hashes_are_exclusive_ors_of_constants() {
        let places = Places::Bloom { index_bits: 4, tuple: 3, constants: vec![1, 2, 4, 15, 9, 3] };
        let mut rows = vec![0b101, 0b010];
        places.find(&mut rows);
        assert_eq!(rows, [1 ^ 4, 15 ^ 3, 16 | 2, 16 | 9]);
        assert_eq!((places.width(), places.rows(2)), (2, 32));
    }
}
