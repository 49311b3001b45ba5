//! RAMs with a count for each place and class, and a learnt number beside it.

use super::mapping::Mapping;
use super::places::Places;
use super::rows::{CountRow, LANES, TableRow, blocks};
use crate::vectorised::prefetch;

/// Rows that are fetched ahead of their use.
const AHEAD: usize = 16;

/// Why a picture cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    #[error("this picture was never learnt with that label")]
    Never,
    #[error("a count reached 65,535 and stopped there, so that nothing can be taken off it")]
    Saturated,
    #[error("counting Bloom filters forget which picture raised an entry: choose another wisard.store")]
    Bloom,
}

/// The part of the counts that a sample itself has added.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub class: usize,
    /// How often the sample counted at each RAM's place, `[R]`.
    pub counted: &'a [u16],
    /// Pictures of the sample: itself and its copies.
    pub pictures: u32,
}

impl Own<'_> {
    /// Takes the sample off the counts of its class, if it lies in `block`.
    #[inline(always)]
    fn take_off(&self, ram: usize, block: usize, counts: &[u16; LANES]) -> [u16; LANES] {
        let mut counts = *counts;
        if self.class / LANES == block {
            let count = &mut counts[self.class % LANES];
            *count = count.saturating_sub(self.counted[ram]);
        }
        counts
    }
}

/// All RAMs, which share their mapping among the classes.
#[derive(Clone, Debug)]
pub struct Rams {
    classes: usize,
    mapping: Mapping,
    places: Places,
    /// `[rows * blocks]`
    counts: Vec<CountRow>,
    /// `[rows * blocks]`; empty without learnt tables.
    tables: Vec<TableRow>,
    /// The number of pictures counted of each class.
    seen: Vec<u32>,
}

impl Rams {
    /// RAMs that have seen nothing; `learnt` gives them tables of zeros beside the counts.
    pub fn new(mapping: Mapping, places: Places, classes: usize, learnt: bool) -> Self {
        let rows = places.rows(mapping.rams()) * blocks(classes);
        let tables = vec![TableRow::default(); if learnt { rows } else { 0 }];
        let seen = vec![0; classes];
        Self { classes, mapping, places, counts: vec![CountRow::default(); rows], tables, seen }
    }

    /// RAMs without memory for counts, which only find rows.
    pub fn without_counts(mapping: Mapping, places: Places, classes: usize) -> Self {
        Self { classes, mapping, places, counts: vec![], tables: vec![], seen: vec![0; classes] }
    }

    /// The rows of a picture's places, `[R * width]`, without new ones.
    pub fn find(&self, words: &[u64], rows: &mut Vec<u32>) {
        self.address(words, rows);
        self.places.find(rows);
    }

    /// The rows of a picture's places, `[R * width]`; a map adds those that it has not seen.
    pub fn find_or_add(&mut self, words: &[u64], rows: &mut Vec<u32>) {
        self.address(words, rows);
        self.places.find_or_add(rows);
        let all = self.places.rows(self.rams()) * self.blocks();
        if self.counts.len() < all {
            self.counts.resize(all, CountRow::default());
            let tables = if self.is_learnt() { all } else { 0 };
            self.tables.resize(tables, TableRow::default());
        }
    }

    /// The address of every RAM, `[R]`.
    pub fn address(&self, words: &[u64], addresses: &mut Vec<u32>) {
        addresses.clear();
        addresses.resize(self.rams(), 0);
        self.mapping.add_addresses(words, addresses);
    }

    /// Counts a picture with these rows once more as one of `class`.
    pub fn count(&mut self, rows: &[u32], class: usize) {
        self.seen[class] = self.seen[class].saturating_add(1);
        let (stride, block, lane) = (self.blocks(), class / LANES, class % LANES);
        let place = |row: u32| row as usize * stride + block;
        if let Places::Bloom { .. } = self.places {
            for entries in rows.chunks(self.places.width()) {
                let values = entries.iter().map(|&row| self.counts[place(row)].0[lane]);
                let raised = values.min().unwrap_or(0).saturating_add(1);
                for &row in entries {
                    let entry = &mut self.counts[place(row)].0[lane];
                    *entry = raised.max(*entry);
                }
            }
            return;
        }
        for (at, &row) in rows.iter().enumerate() {
            if let Some(&next) = rows.get(at + AHEAD) {
                prefetch(&self.counts, place(next));
            }
            let count = &mut self.counts[place(row)].0[lane];
            *count = count.saturating_add(1);
        }
    }

    /// Takes back what [`Self::count`] did, exactly.
    ///
    /// # Errors
    /// When it never counted this picture, a count is saturated, or the store is a Bloom filter.
    /// Nothing has changed then.
    pub fn uncount(&mut self, rows: &[u32], class: usize) -> Result<(), NotCounted> {
        if let Places::Bloom { .. } = self.places {
            return Err(NotCounted::Bloom);
        }
        let (stride, block, lane) = (self.blocks(), class / LANES, class % LANES);
        let place = |row: u32| row as usize * stride + block;
        let counts = || rows.iter().map(|&row| self.counts[place(row)].0[lane]);
        if self.seen[class] == 0 || counts().any(|count| count == 0) {
            return Err(NotCounted::Never);
        }
        if counts().any(|count| count == u16::MAX) {
            return Err(NotCounted::Saturated);
        }
        self.seen[class] -= 1;
        rows.iter().for_each(|&row| self.counts[place(row)].0[lane] -= 1);
        Ok(())
    }

    /// Calls `each` with the counts of the classes of one block in every RAM; `own` is taken off.
    #[inline(always)]
    pub fn for_each_ram(
        &self,
        rows: &[u32],
        block: usize,
        own: Option<Own>,
        mut each: impl FnMut(&[u16; LANES]),
    ) {
        let (stride, width) = (self.blocks(), self.places.width());
        let least = |a: [u16; LANES], b: [u16; LANES]| std::array::from_fn(|k| a[k].min(b[k]));
        for (ram, entries) in rows.chunks(width).enumerate() {
            if let Some(&next) = rows.get((ram + AHEAD) * width) {
                prefetch(&self.counts, next as usize * stride + block);
            }
            let entry = |&row: &u32| self.counts[row as usize * stride + block].0;
            let counts = entries[1..].iter().map(entry).fold(entry(&entries[0]), least);
            match own {
                Some(own) => each(&own.take_off(ram, block, &counts)),
                None => each(&counts),
            }
        }
    }

    /// Whether a class is a possible answer: one that was shown, or the one of `own`.
    pub fn is_candidate(&self, class: usize, own: Option<Own>) -> bool {
        self.seen[class] > 0 || own.is_some_and(|own| own.class == class)
    }

    /// The number of RAMs, R.
    pub fn rams(&self) -> usize {
        self.mapping.rams()
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The blocks of a row.
    pub fn blocks(&self) -> usize {
        blocks(self.classes)
    }

    /// The bits that each RAM reads.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The rows of places.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The counts, `[rows * blocks]`.
    pub fn counts(&self) -> &[CountRow] {
        &self.counts
    }

    /// The learnt numbers, `[rows * blocks]`; empty without learnt tables.
    pub fn tables(&self) -> &[TableRow] {
        &self.tables
    }

    pub(super) fn tables_mut(&mut self) -> &mut [TableRow] {
        &mut self.tables
    }

    /// Sets the counts of a row, one for each class.
    pub fn set_counts(&mut self, row: usize, counts: &[u16]) {
        let stride = self.blocks();
        let blocks = &mut self.counts[row * stride..][..stride];
        blocks
            .iter_mut()
            .zip(counts.chunks(LANES))
            .for_each(|(b, part)| b.0[..part.len()].copy_from_slice(part));
    }

    /// Sets the learnt numbers of a row, one for each class.
    pub fn set_tables(&mut self, row: usize, numbers: &[f32]) {
        let stride = self.blocks();
        let blocks = &mut self.tables[row * stride..][..stride];
        blocks
            .iter_mut()
            .zip(numbers.chunks(LANES))
            .for_each(|(b, part)| b.0[..part.len()].copy_from_slice(part));
    }

    /// Whether there are learnt tables.
    pub fn is_learnt(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The number of pictures counted of each class.
    pub fn seen(&self) -> &[u32] {
        &self.seen
    }

    /// Sets the number of pictures counted of each class.
    pub fn set_seen(&mut self, seen: Vec<u32>) {
        self.seen = seen;
    }

    /// Drops counts and learnt tables; rows can still be found.
    pub(super) fn drop_counts(&mut self) {
        (self.counts, self.tables) = (vec![], vec![]);
    }

    /// The bytes of counts, learnt tables and the places of a map.
    pub fn bytes(&self) -> usize {
        let places = match &self.places {
            Places::Map { rows } => rows.len() * size_of::<(u64, u32)>(),
            _ => 0,
        };
        size_of_val(&*self.counts) + size_of_val(&*self.tables) + places
    }
}
