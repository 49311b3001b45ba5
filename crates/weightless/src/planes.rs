//! Bits of a batch, bit by bit: the bits of one input in all samples lie side by side.

/// Samples of a batch.
pub const BATCH: usize = 128;
/// Words of one bit in all samples.
pub const WORDS: usize = BATCH / 64;

/// One bit in every sample of a batch.
pub type Plane = [u64; WORDS];

/// The bit of sample `index`.
#[inline(always)]
pub fn bit(plane: &Plane, index: usize) -> u64 {
    plane[index / 64] >> (index % 64) & 1
}
