//! CIFAR-10 in its binary version: records of a label and three planes (red, green, blue) of 32 x
//! 32 pixels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ndarray::{Array2, ArrayView3};

use super::{Grey, SIDE, Split, crop, luma};

const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const TRAINING: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const VALIDATION: [&str; 1] = ["test_batch.bin"];

/// The folder of the batches: `folder` itself, or the folder in it that the archive unpacks to.
pub fn within(folder: &Path) -> Option<PathBuf> {
    let candidates = [folder.to_owned(), folder.join("cifar-10-batches-bin")];
    let holds = |folder: &PathBuf| TRAINING.iter().chain(&VALIDATION).any(|name| folder.join(name).exists());
    candidates.into_iter().find(holds)
}

/// All pictures of the training batches, or of the test batch.
///
/// # Errors
/// When a batch is missing, or its size is not a multiple of a record's.
pub fn read(folder: &Path, split: Split) -> Result<Vec<Grey>> {
    let names: &[&str] = if split == Split::Training { &TRAINING } else { &VALIDATION };
    let mut greys = Vec::new();
    for name in names {
        let file = folder.join(name);
        let bytes = fs::read(&file).with_context(|| format!("{}: cannot be read", file.display()))?;
        let (size, batch) = (bytes.len(), file.display());
        ensure!(
            size > 0 && size.is_multiple_of(RECORD),
            "{batch}: {size} bytes are not a multiple of {RECORD}, the size of a CIFAR-10 record; unpack the archive again"
        );
        for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
            ensure!(record[0] < 10, "{batch}: record {index} has label {}, not 0 to 9", record[0]);
            greys.push(upper_left(&record[1..])?);
        }
    }
    Ok(greys)
}

/// The upper left 28 x 28 pixels of a picture of three planes, in grey.
fn upper_left(planes: &[u8]) -> Result<Grey> {
    let planes = ArrayView3::from_shape((3, SIDE, SIDE), planes)?;
    let grey = |(y, x)| luma([0, 1, 2].map(|plane| planes[[plane, y, x]]));
    Ok(crop(Array2::from_shape_fn((SIDE, SIDE), grey).view(), 0, 0))
}
