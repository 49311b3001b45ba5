//! A vectorised generator for large arrays of random numbers.

use super::Rng;
use std::array::from_fn;

pub const LANES: usize = 8;

/// Eight parallel XSadd generators (Saito and Matsumoto, *XORSHIFT-ADD*, 2014).
///
/// XSadd needs only shifts, exclusive ors and one addition of 32-bit words, and every x86-64 has
/// vector instructions for these. Most other generators need rotations, for which it has none.
pub struct Lanes {
    pub(super) state: [[u32; LANES]; 4],
}

impl Lanes {
    pub fn seeded(rng: &mut Rng) -> Self {
        Self { state: from_fn(|_| from_fn(|_| (rng.bits() >> 32) as u32)) }
    }

    /// One draw per lane: a whole number from 0 to 2^24 - 1.
    #[inline(always)]
    pub fn floats(&mut self) -> [f32; LANES] {
        self.bits().map(|bits| (bits >> 8).cast_signed() as f32)
    }

    #[inline(always)]
    pub(super) fn bits(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = self.state;
        let next = from_fn(|i| {
            let word = a[i] ^ a[i] << 15;
            word ^ word >> 18 ^ d[i] << 11
        });
        self.state = [b, c, d, next];
        from_fn(|i| next[i].wrapping_add(d[i]))
    }
}
