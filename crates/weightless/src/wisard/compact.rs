//! A bleached WiSARD as one bit for each place and class: the same answers, no more learning.

use super::learner::Wisard;
use super::rams::Rams;
use super::responses::by_responses;
use super::rows::LANES;
use super::settings::Decision;
use crate::Digit;
use crate::answer::Answer;
use crate::bits::{BitSet, Encoder};

/// Bits of places: 1 where the count was at least b.
#[derive(Clone, Debug)]
pub struct CompactWisard {
    /// RAMs whose counts are gone: they find rows.
    rams: Rams,
    /// Bit k of a block is that of its class k: `[rows * blocks]`.
    masks: Vec<u16>,
}

impl Wisard {
    /// The finished form.
    ///
    /// # Errors
    /// When the decision needs more than one bit a place.
    pub fn compact(&self) -> Result<CompactWisard, String> {
        let b = match self.settings.decision {
            Decision::Seen => 1,
            Decision::Bleached => self.bleaching,
            other => {
                let name = format!("{other:?}").to_lowercase();
                return Err(format!(
                    "wisard.decision={name} needs more than a bit a place: only seen and bleached agents can be compacted"
                ));
            }
        };
        let mask =
            |counts: &[u16; LANES]| (0..LANES).fold(0, |mask, k| mask | u16::from(counts[k] >= b) << k);
        let masks = self.rams.counts().iter().map(|row| mask(&row.0)).collect();
        Ok(CompactWisard::new(self.rams.clone(), masks))
    }
}

impl CompactWisard {
    /// From RAMs, whose counts are dropped, and the masks of their rows.
    pub fn new(mut rams: Rams, masks: Vec<u16>) -> Self {
        rams.drop_counts();
        Self { rams, masks }
    }

    /// The RAMs, without counts.
    pub fn rams(&self) -> &Rams {
        &self.rams
    }

    /// The bits of places, `[rows * blocks]`.
    pub fn masks(&self) -> &[u16] {
        &self.masks
    }

    /// The bytes of the bits and of a map's places.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.masks) + self.rams.bytes()
    }

    /// The answer to a picture: the one of the agent that was compacted.
    pub fn answer(&self, encoder: &Encoder, image: &Digit) -> Answer {
        let mut rows = Vec::new();
        self.rams.find(encoder.encode(image).words(), &mut rows);
        by_responses(&self.responses(&rows), |class| self.rams.is_candidate(class, None))
    }

    /// The RAMs that answer for `class`, as bits `[R]`.
    pub fn responding(&self, encoder: &Encoder, image: &Digit, class: usize) -> BitSet {
        let mut rows = Vec::new();
        self.rams.find(encoder.encode(image).words(), &mut rows);
        let (stride, block, lane) = (self.rams.blocks(), class / LANES, class % LANES);
        let reaches = |&row: &u32| self.masks[row as usize * stride + block] >> lane & 1 == 1;
        rows.chunks(self.rams.places().width()).map(|entries| entries.iter().all(reaches)).collect()
    }

    fn responses(&self, rows: &[u32]) -> Vec<u32> {
        let stride = self.rams.blocks();
        let mut responses = vec![0; stride * LANES];
        for (block, responses) in responses.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            // A filter's value reaches b where all its entries do.
            for entries in rows.chunks(self.rams.places().width()) {
                let masks = entries.iter().map(|&row| self.masks[row as usize * stride + block]);
                let mask = masks.fold(u16::MAX, |all, mask| all & mask);
                for (k, response) in responses.iter_mut().enumerate() {
                    *response += u32::from(mask >> k & 1);
                }
            }
        }
        responses.truncate(self.rams.classes());
        responses
    }
}
