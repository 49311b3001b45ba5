//! Labelled pictures and bits in a file.

use super::super::Taught;
use super::read::Reader;
use super::write::Writer;
use super::{Refused, Result};
use crate::bits::{BitSet, words_for};
use crate::reservoir::Reservoir;
use crate::{Digit, PIXELS};

/// The most pictures of a journal.
const MOST_TAUGHT: usize = 100_000;

/// Writes pictures and labels below `prefix`.
fn write_pictures<'a>(
    prefix: &str,
    pictures: impl ExactSizeIterator<Item = (&'a Digit, u8)> + Clone,
    writer: &mut Writer,
) {
    let images: Vec<u8> = pictures.clone().flat_map(|(image, _)| image.iter().copied()).collect();
    writer.add_rows(&format!("{prefix}.images"), &images, &[pictures.len(), PIXELS]);
    writer.add(&format!("{prefix}.labels"), &pictures.map(|(_, label)| label).collect::<Vec<u8>>());
}

/// Reads at most `most` pictures with labels below `classes`.
fn read_pictures(prefix: &str, most: usize, classes: usize, reader: &mut Reader) -> Result<Vec<(Digit, u8)>> {
    let (images, labels) = (format!("{prefix}.images"), format!("{prefix}.labels"));
    let count = reader.rows(&images, 2)?;
    if count > most {
        return Err(Refused::tensor(&images, format!("has {count} pictures, more than {most}")));
    }
    let bytes = reader.take::<u8>(&images, &[count, PIXELS])?;
    let labels = reader.take_below::<u8>(&labels, &[count], classes)?;
    Ok(bytes.as_chunks::<PIXELS>().0.iter().copied().zip(labels).collect())
}

/// Writes a journal, unless it is empty.
pub fn write_journal(journal: &[Taught], writer: &mut Writer) {
    if !journal.is_empty() {
        write_pictures("journal", journal.iter().map(|taught| (&taught.image, taught.label)), writer);
        writer.add("journal.times", &journal.iter().map(|taught| taught.time).collect::<Vec<u64>>());
    }
}

/// Reads a journal, if there is one.
pub fn read_journal(reader: &mut Reader, classes: usize) -> Result<Vec<Taught>> {
    if !reader.has("journal.images") {
        return Ok(vec![]);
    }
    let pictures = read_pictures("journal", MOST_TAUGHT, classes, reader)?;
    let times = reader.take::<u64>("journal.times", &[pictures.len()])?;
    let taught = pictures.into_iter().zip(times);
    Ok(taught.map(|((image, label), time)| Taught { image, label, time }).collect())
}

/// Writes the samples of a reservoir.
pub fn write_reservoir(reservoir: &Reservoir, writer: &mut Writer) {
    let samples = reservoir.samples().iter();
    write_pictures("reservoir", samples.map(|(image, label)| (image, *label)), writer);
}

/// Reads a reservoir of at most `capacity` samples; `offered` counts the samples of each class that
/// it was offered.
pub fn read_reservoir(
    capacity: usize,
    classes: usize,
    offered: &[u64],
    reader: &mut Reader,
) -> Result<Reservoir> {
    super::header::check_length("offered", offered.len(), classes)?;
    let samples = read_pictures("reservoir", capacity, classes, reader)?;
    let kept = |class: usize| samples.iter().filter(|sample| usize::from(sample.1) == class).count();
    // More offers than samples are counted in an agent's life, but not more than fit into 32 bits.
    let is_possible = |class: usize| (kept(class) as u64..=u64::from(u32::MAX)).contains(&offered[class]);
    match (0..classes).all(is_possible) {
        true => Ok(Reservoir::restore(capacity, samples, offered.to_vec())),
        false => Err(Refused::tensor("reservoir.labels", "has more samples of a class than it was offered")),
    }
}

/// Writes bits, packed in bytes.
pub fn write_bits<'a>(
    name: &str,
    all: impl ExactSizeIterator<Item = &'a BitSet>,
    bits: usize,
    writer: &mut Writer,
) {
    let (count, bytes) = (all.len(), bits.div_ceil(8));
    let packed = |set: &BitSet| set.words().iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let all: Vec<u8> = all.flat_map(|set| packed(set)[..bytes].to_vec()).collect();
    writer.add_rows(name, &all, &[count, bytes]);
}

/// Reads `count` sets of `bits` bits.
pub fn read_bits(name: &str, count: usize, bits: usize, reader: &mut Reader) -> Result<Vec<BitSet>> {
    let bytes = bits.div_ceil(8);
    let all = reader.take::<u8>(name, &[count, bytes])?;
    let set = |packed: &[u8]| {
        let mut set = BitSet::new(bits);
        let mut padded = vec![0; 8 * words_for(bits)];
        padded[..bytes].copy_from_slice(packed);
        set.words_mut().iter_mut().zip(padded.as_chunks().0).for_each(|(word, bytes)| {
            *word = u64::from_le_bytes(*bytes);
        });
        set
    };
    let all: Vec<BitSet> = all.chunks(bytes).map(set).collect();
    let is_clean = |set: &BitSet| bits.is_multiple_of(64) || set.words()[bits / 64] >> (bits % 64) == 0;
    match all.iter().all(is_clean) {
        true => Ok(all),
        false => Err(Refused::tensor(name, format!("has bits beyond the {bits} of a row"))),
    }
}
