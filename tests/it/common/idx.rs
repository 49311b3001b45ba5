//! Generated IDX files of any size.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::path::Path;

/// A file of `[count, side, side]` grey values: pixel i of image n has 7 n + i, modulo 256.
pub fn images(count: usize, side: usize) -> Vec<u8> {
    let pixels = (0..count).flat_map(|n| (0..side * side).map(move |i| (7 * n + i) as u8));
    file(2051, &[count, side, side], pixels)
}

/// A file of `count` labels: 0, 1, ... 9, 0, ...
pub fn labels(count: usize) -> Vec<u8> {
    file(2049, &[count], (0..count).map(|n| (n % 10) as u8))
}

/// A file with this header and these values. They need not agree.
pub fn file(magic: u32, lengths: &[usize], values: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let header = std::iter::once(magic).chain(lengths.iter().map(|length| *length as u32));
    header.flat_map(u32::to_be_bytes).chain(values).collect()
}

/// Writes all four files of a set into `folder`.
pub fn write(folder: &Path, training: usize, validation: usize) {
    fs::create_dir_all(folder).expect("the folder can be made");
    for (split, count) in [("train", training), ("t10k", validation)] {
        for (name, bytes) in [("images-idx3-ubyte", images(count, 28)), ("labels-idx1-ubyte", labels(count))]
        {
            fs::write(folder.join(format!("{split}-{name}")), bytes).expect("it is written");
        }
    }
}
