//! Rows of memory in a file: all of them, or places with their rows where that is shorter.

use super::read::Reader;
use super::write::{Number, Writer};
use super::{Refused, Result};

/// Writes rows of `width` numbers below `name`. Rows that are all zero are left out where that is
/// shorter; then `name.places` has the indices of the others.
pub fn write_rows<T: Number + PartialEq + Default>(
    name: &str,
    rows: &[T],
    width: usize,
    writer: &mut Writer,
) {
    let (count, zero) = (rows.len() / width, T::default());
    let used = |row: &[T]| row.iter().any(|value| *value != zero);
    let places: Vec<u32> =
        (0..count as u32).filter(|&at| used(&rows[at as usize * width..][..width])).collect();
    let row = width * size_of::<T>();
    if places.len() * (row + size_of::<u32>()) >= count * row {
        writer.add_rows(name, rows, &[count, width]);
        return;
    }
    let kept: Vec<T> =
        places.iter().flat_map(|&at| rows[at as usize * width..][..width].iter().copied()).collect();
    writer.add_rows(name, &kept, &[places.len(), width]);
    writer.add(&format!("{name}.places"), &places);
}

/// Rows of a file with the place of each.
pub struct Rows<T> {
    pub places: Vec<u32>,
    pub values: Vec<T>,
    pub width: usize,
}

impl<T: Number> Rows<T> {
    /// Reads rows of `width` numbers, of `count` in all.
    pub fn read(name: &str, count: usize, width: usize, reader: &mut Reader) -> Result<Self> {
        let places_name = format!("{name}.places");
        if !reader.has(&places_name) {
            let values = reader.take(name, &[count, width])?;
            return Ok(Self { places: (0..count as u32).collect(), values, width });
        }
        let kept = reader.rows(&places_name, 1)?;
        let values = reader.take(name, &[kept, width])?;
        let places = reader.take_below::<u32>(&places_name, &[kept], count)?;
        match places.is_sorted_by(|a, b| a < b) {
            true => Ok(Self { places, values, width }),
            false => Err(Refused::tensor(&places_name, "is not in ascending order")),
        }
    }

    /// Places with their rows.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[T])> {
        self.places.iter().map(|place| *place as usize).zip(self.values.chunks(self.width))
    }
}
