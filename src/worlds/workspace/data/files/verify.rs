//! Comparison of a folder with the items that its settings generate.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result as IoResult, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use umwelt_base::UserError;

use super::chunks::Progress;
use super::part::{Part, SplitFiles};
use super::{pictures, settings};
use crate::worlds::workspace::data::{Sampler, Split};

/// Compares every file of a folder that we wrote with the items of its settings, and calls
/// `verified` with the name of each.
///
/// # Errors
/// The first file that is missing or differs; a [`UserError`] for a folder without settings.
pub fn verify(folder: &Path, progress: Progress, verified: &dyn Fn(&Path) -> Result<()>) -> Result<()> {
    let reason = || format!("{} has no shapes.yaml: `umwelt data shapes` did not write it", folder.display());
    let settings = settings::of_folder(folder)?.ok_or_else(|| UserError(reason()))?;
    let sampler = Sampler::new(&settings.shapes, settings.seed);
    for split in Split::ALL {
        let items = sampler.items(split, settings.shapes.items(split));
        let files = SplitFiles { folder, settings: &settings, split, items: &items, progress };
        for part in Part::ALL {
            verify_part(&files, part).with_context(|| {
                let repeat =
                    format!("remove it, then `umwelt data shapes {}` writes it anew", folder.display());
                format!("{}: is not as it was written; {repeat}", files.path(part).display())
            })?;
            verified(&files.path(part))?;
        }
    }
    Ok(())
}

fn verify_part(files: &SplitFiles, part: Part) -> Result<()> {
    let path = files.path(part);
    let chunks = files.chunks(&path);
    if part.is_folder(files.settings.layout) {
        return pictures::verify(&files.items.shapes, &chunks);
    }
    let mut compared = Compared(BufReader::new(File::open(&path)?));
    files.write_to(part, &chunks, &mut compared)?;
    ensure!(compared.0.read(&mut [0])? == 0, "it is too long");
    Ok(())
}

/// A writer that fails at the first byte that differs from those of a file.
struct Compared(BufReader<File>);

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let mut found = vec![0; bytes.len()];
        self.0.read_exact(&mut found).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Error::other("it is too short"),
            _ => error,
        })?;
        if found != bytes {
            return Err(Error::other("its bytes differ"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}
