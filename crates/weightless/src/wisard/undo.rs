//! The touched numbers of a sample, kept to put them back exactly.

use super::rams::Rams;
use super::rows::LANES;
use crate::Digit;
use crate::bits::BitSet;
use crate::reservoir::Change;

/// Samples that can be taken back.
pub const UNDOS: usize = 50;

/// One learnt sample with everything that it changed. Adding back in float32 would not be exact.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub image: Digit,
    pub label: u8,
    /// The b of `bleached` before.
    pub bleaching: u16,
    pub change: Change,
    /// Rows and their learnt numbers before the first step that changed them.
    rows: Vec<u32>,
    numbers: Vec<f32>,
    /// The rows that are kept.
    kept: BitSet,
}

impl Lesson {
    /// A sample that has changed nothing so far.
    pub fn new(image: &Digit, label: u8, bleaching: u16) -> Self {
        Self {
            image: *image,
            label,
            bleaching,
            change: Change::None,
            rows: vec![],
            numbers: vec![],
            kept: BitSet::new(0),
        }
    }

    /// Keeps the learnt numbers of those of `rows` that are not kept yet.
    pub fn keep(&mut self, rams: &Rams, rows: &[u32]) {
        let (classes, stride) = (rams.classes(), rams.blocks());
        if self.kept.is_empty() {
            self.kept = BitSet::new(rams.tables().len() / stride);
        }
        for &row in rows {
            if self.kept.get(row as usize) {
                continue;
            }
            self.kept.set(row as usize, true);
            self.rows.push(row);
            let blocks = &rams.tables()[row as usize * stride..][..stride];
            blocks.iter().zip(lanes(classes)).for_each(|(block, count)| {
                self.numbers.extend_from_slice(&block.0[..count]);
            });
        }
    }

    /// Ends the lesson: no row changes any more.
    pub fn close(&mut self) {
        self.kept = BitSet::new(0);
    }

    /// Puts all numbers back, and returns the change of the reservoir.
    pub fn put_back(self, rams: &mut Rams) -> Change {
        let (classes, stride) = (rams.classes(), rams.blocks());
        for (row, numbers) in self.rows.into_iter().zip(self.numbers.chunks(classes)) {
            let blocks = &mut rams.tables_mut()[row as usize * stride..][..stride];
            for (block, numbers) in blocks.iter_mut().zip(numbers.chunks(LANES)) {
                block.0[..numbers.len()].copy_from_slice(numbers);
            }
        }
        self.change
    }
}

/// The classes of each block.
fn lanes(classes: usize) -> impl Iterator<Item = usize> {
    (0..classes).step_by(LANES).map(move |from| (classes - from).min(LANES))
}
