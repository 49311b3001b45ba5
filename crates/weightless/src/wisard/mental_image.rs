//! Mental images: what the counts of a class say about each bit.

use super::places::Places;
use super::rams::Rams;
use super::rows::LANES;

/// The counts of `class` summed over the places whose address sets each bit, `[bits]`.
///
/// Bloom filters keep no addresses: their image is empty.
pub fn mental_image(rams: &Rams, class: usize) -> Vec<u64> {
    let tuple = rams.mapping().tuple();
    let mut image = vec![0; rams.mapping().bits()];
    let mut add = |ram: usize, address: u32, row: usize| {
        let count = rams.counts()[row * rams.blocks() + class / LANES].0[class % LANES];
        let inputs = &rams.mapping().inputs()[ram * tuple..(ram + 1) * tuple];
        for (_, bit) in inputs.iter().enumerate().filter(|(j, _)| count > 0 && address >> j & 1 == 1) {
            image[*bit as usize] += u64::from(count);
        }
    };
    match rams.places() {
        Places::Dense { tuple } => {
            (0..rams.rams() << tuple).for_each(|row| add(row >> tuple, row as u32 & ((1 << tuple) - 1), row));
        }
        places => {
            let seen = places.seen().into_iter().enumerate();
            seen.for_each(|(at, (ram, address))| add(ram as usize, address, at + 1));
        }
    }
    image
}
