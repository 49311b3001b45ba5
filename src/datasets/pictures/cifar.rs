//! CIFAR-10 in its binary version: records of a label and 32 x 32 pixels in three planes, red, green and blue.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Grey, SIDE, Split, luma};
use crate::datasets::IMAGE_SIZE;

const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const TRAINING: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const VALIDATION: [&str; 1] = ["test_batch.bin"];

/// The folder with the binaries: this one, or the one that the archive unpacks to in it.
pub fn within(folder: &Path) -> Option<PathBuf> {
    let candidates = [folder.to_owned(), folder.join("cifar-10-batches-bin")];
    let holds = |folder: &PathBuf| TRAINING.iter().chain(&VALIDATION).any(|name| folder.join(name).exists());
    candidates.into_iter().find(holds)
}

/// All pictures of the training batches, or of the test batch.
///
/// # Errors
/// When a batch is missing, or is no whole number of records.
pub fn read(folder: &Path, split: Split) -> Result<Vec<Grey>> {
    let names: &[&str] = if split == Split::Training { &TRAINING } else { &VALIDATION };
    let mut greys = Vec::new();
    for name in names {
        let file = folder.join(name);
        let bytes = fs::read(&file).with_context(|| format!("{}: cannot be read", file.display()))?;
        let (size, batch) = (bytes.len(), file.display());
        ensure!(
            size > 0 && size.is_multiple_of(RECORD),
            "{batch}: {size} bytes are no whole number of CIFAR-10 records of {RECORD}; unpack the archive again"
        );
        for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
            ensure!(record[0] < 10, "{batch}: record {index} has label {}, not 0 to 9", record[0]);
            greys.push(upper_left(&record[1..]));
        }
    }
    Ok(greys)
}

fn upper_left(planes: &[u8]) -> Grey {
    std::array::from_fn(|i| {
        let at = i / IMAGE_SIZE * SIDE + i % IMAGE_SIZE;
        luma([planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
    })
}
