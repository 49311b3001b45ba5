//! Rows of numbers, one number for each class, in whole cache lines.

/// Classes of one block of a row.
pub const LANES: usize = 16;

/// Counts of one place: half a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(32))]
pub struct CountRow(pub [u16; LANES]);

/// Learnt numbers of one place: a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub struct TableRow(pub [f32; LANES]);

/// The number of blocks that hold `classes` classes.
pub const fn blocks(classes: usize) -> usize {
    classes.div_ceil(LANES)
}
