//! The touched numbers of a sample, kept to put them back exactly.

use super::rams::Rams;
use super::rows::LANES;
use crate::Digit;
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
    /// Rows and their learnt numbers before each step, in order.
    steps: Vec<(Vec<u32>, Vec<f32>)>,
}

impl Lesson {
    /// A sample that has changed nothing so far.
    pub fn new(image: &Digit, label: u8, bleaching: u16) -> Self {
        Self { image: *image, label, bleaching, change: Change::None, steps: vec![] }
    }

    /// Keeps the learnt numbers of these rows.
    pub fn keep(&mut self, rams: &Rams, rows: &[u32]) {
        let (classes, stride) = (rams.classes(), rams.blocks());
        let mut numbers = Vec::with_capacity(rows.len() * classes);
        for &row in rows {
            let blocks = &rams.tables()[row as usize * stride..][..stride];
            blocks.iter().zip(lanes(classes)).for_each(|(block, count)| {
                numbers.extend_from_slice(&block.0[..count]);
            });
        }
        self.steps.push((rows.to_vec(), numbers));
    }

    /// Puts all numbers back, and returns the change of the reservoir.
    pub fn put_back(self, rams: &mut Rams) -> Change {
        let (classes, stride) = (rams.classes(), rams.blocks());
        for (rows, numbers) in self.steps.into_iter().rev() {
            for (row, numbers) in rows.into_iter().zip(numbers.chunks(classes)) {
                let blocks = &mut rams.tables_mut()[row as usize * stride..][..stride];
                for (block, numbers) in blocks.iter_mut().zip(numbers.chunks(LANES)) {
                    block.0[..numbers.len()].copy_from_slice(numbers);
                }
            }
        }
        self.change
    }
}

/// The classes of each block.
fn lanes(classes: usize) -> impl Iterator<Item = usize> {
    (0..classes).step_by(LANES).map(move |from| (classes - from).min(LANES))
}
