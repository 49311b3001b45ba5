//! The choice of b by leave-one-out accuracy: exact, and without learning again.

use std::sync::OnceLock;

use super::rams::{Own, Rams};
use super::responses::best;
use super::rows::LANES;

/// Values of b that are tried: all up to 16, then in steps of about a seventh.
fn candidates() -> &'static [u16] {
    static ALL: OnceLock<Vec<u16>> = OnceLock::new();
    ALL.get_or_init(|| {
        let next = |b: &u32| Some(b + (b / 7).max(1)).filter(|b| *b <= u32::from(u16::MAX));
        let all = std::iter::successors(Some(16u32), next).skip(1).map(|b| b as u16);
        (1..=16).chain(all).collect()
    })
}

/// The number of candidates that are at most each count.
fn reached() -> &'static [u8] {
    static ALL: OnceLock<Vec<u8>> = OnceLock::new();
    ALL.get_or_init(|| {
        let count = |value: u16| candidates().partition_point(|b| *b <= value) as u8;
        (0..=u16::MAX).map(count).collect()
    })
}

/// Samples answered rightly by counts that leave them out, for every candidate b. An answer to which
/// no RAM agrees is not right, although the first class wins it: a b above all counts would be
/// chosen for it where there are few samples.
#[derive(Clone, Debug)]
pub struct LeaveOneOut {
    right: Vec<u32>,
    samples: u32,
}

impl Default for LeaveOneOut {
    fn default() -> Self {
        Self { right: vec![0; candidates().len()], samples: 0 }
    }
}

impl LeaveOneOut {
    /// Adds a sample that `rams` have learnt.
    pub fn add(&mut self, rams: &Rams, rows: &[u32], own: Own) {
        let by_class = counts_by_candidate(rams, rows, own);
        let mut responses = vec![0u32; rams.classes()];
        let is_candidate = |class| rams.is_candidate(class, Some(own));
        for at in (0..self.right.len()).rev() {
            let reaching = &by_class[(at + 1) * rams.blocks() * LANES..];
            responses.iter_mut().zip(reaching).for_each(|(response, more)| *response += u32::from(*more));
            let is_right = best(&responses, is_candidate) == Some(own.class) && responses[own.class] > 0;
            self.right[at] += u32::from(is_right);
        }
        self.samples += 1;
    }

    /// The b with the most samples right, the smallest of equal ones, and the share of them.
    pub fn best(&self) -> Option<(u16, f64)> {
        let at = best(&self.right, |_| self.samples > 0)?;
        Some((candidates()[at], f64::from(self.right[at]) / f64::from(self.samples)))
    }

    /// The share of samples that are right at each b that was tried.
    pub fn shares(&self) -> impl Iterator<Item = (u16, f64)> {
        let samples = f64::from(self.samples.max(1));
        candidates().iter().zip(&self.right).map(move |(b, right)| (*b, f64::from(*right) / samples))
    }
}

/// The RAMs whose count reaches exactly so many candidates: `[candidates + 1, blocks * LANES]`.
fn counts_by_candidate(rams: &Rams, rows: &[u32], own: Own) -> Vec<u16> {
    let (width, reached) = (rams.blocks() * LANES, reached());
    let mut by_candidate = vec![0u16; (candidates().len() + 1) * width];
    for block in 0..rams.blocks() {
        rams.for_each_ram(rows, block, Some(own), |counts| {
            for (k, count) in counts.iter().enumerate() {
                by_candidate[usize::from(reached[usize::from(*count)]) * width + block * LANES + k] += 1;
            }
        });
    }
    by_candidate
}
