//! Writing of the data set.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use umwelt_base::{UserError, atomic};

use super::chunks::Progress;
use super::part::{Part, SplitFiles};
use super::settings::{self, FilesSettings};
use super::{labels, pictures};
use crate::settings::{differences, to_yaml};
use crate::worlds::workspace::data::{Sampler, Split};

/// Writes the items of all splits into a folder, and leaves the files that are there already as
/// they are. Returns false if all were there.
///
/// A file appears when it is complete. The same call continues after a crash at any moment.
///
/// # Errors
/// A [`UserError`] if the folder holds other items or another process writes it; a file cannot be
/// written.
pub fn write(folder: &Path, settings: &FilesSettings, progress: Progress) -> Result<bool> {
    let context = || format!("could not write into {}", folder.display());
    fs::create_dir_all(folder).with_context(context)?;
    let _lock = lock(folder)?;
    prepare(folder, settings)?;
    atomic::sweep(folder);
    let sampler = Sampler::new(&settings.shapes, settings.seed);
    let mut has_written = false;
    for split in Split::ALL {
        let items = sampler.items(split, settings.shapes.items(split));
        let files = SplitFiles { folder, settings, split, items: &items, progress };
        for part in Part::ALL.into_iter().filter(|part| !files.path(*part).exists()) {
            let context = || {
                format!("could not write {}; make room, then repeat the command", files.path(part).display())
            };
            write_part(&files, part).with_context(context)?;
            has_written = true;
        }
    }
    Ok(has_written)
}

fn write_part(files: &SplitFiles, part: Part) -> Result<()> {
    let path = files.path(part);
    let chunks = files.chunks(&path);
    if part.is_folder(files.settings.layout) {
        return pictures::write(&files.items.shapes, &chunks);
    }
    Ok(atomic::replace_with(&path, |file| files.write_to(part, &chunks, file))?)
}

/// Writes the settings into a new folder, and refuses a folder with other items.
fn prepare(folder: &Path, settings: &FilesSettings) -> Result<()> {
    let refuse = |reason: String| {
        Err(UserError(format!("{} holds {reason}; choose another folder", folder.display())).into())
    };
    if let Some(found) = settings::of_folder(folder)? {
        return match differences(&found, settings).first() {
            Some(other) => {
                let (key, there, here) = (&other.key, &other.left, &other.right);
                refuse(format!("items of other settings: {key} is {there} there and {here} here"))
            }
            None => Ok(()),
        };
    }
    if Split::ALL.iter().any(|split| labels::path(folder, *split).exists()) {
        return refuse("items that this command did not write".to_owned());
    }
    atomic::replace(&settings::path(folder), to_yaml(settings).as_bytes())
        .with_context(|| format!("could not write into {}", folder.display()))
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(".writing.lock");
    let file = File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            let reason = "another process writes into it; wait until it has ended";
            Err(UserError(format!("{}: {reason}", folder.display())).into())
        }
        // Some network file systems have no locks.
        _ => Ok(file),
    }
}
