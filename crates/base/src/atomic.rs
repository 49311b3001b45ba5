//! Atomic writes: a reader finds the old file or the new one, never a part of either.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// The beginning of the names of files that are being written.
const TEMPORARY: &str = ".writing-";

/// Writes `bytes` to `path` so that a crash at any moment leaves the old file or the new one.
///
/// # Errors
/// The file cannot be written. No temporary file remains then.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    replace_with(path, |file| file.write_all(bytes))
}

/// [`replace`] for a file that `write` writes in pieces: it writes to a temporary file, which takes
/// the place of `path` when all is written.
///
/// # Errors
/// `write` fails, or the file cannot be written. No temporary file remains then.
pub fn replace_with<E: From<std::io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    // The parent of a bare name is the empty path.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    write(file.as_file_mut())?;
    make_readable(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Writes a file of a run with [`replace`], and adds the text of [`failure`] to an error.
///
/// # Errors
/// The file cannot be written. No temporary file remains then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).with_context(|| failure(path))
}

/// The error text for a file of a run that cannot be written. It says how to continue the run.
pub fn failure(path: &Path) -> String {
    format!(
        "could not write {}; make room or choose another output_path, then repeat the command: \
         it goes on from the newest checkpoint",
        path.display()
    )
}

/// Lets everybody read `file`. Temporary files are private to their owner, but run folders lie on
/// disks that a group shares.
#[cfg(unix)]
fn make_readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// True for the name of a file that is being written.
pub fn is_temporary(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with(TEMPORARY)
}

/// Removes the temporary files that killed processes left in `folder`. No other process may be
/// writing there.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name())) {
        let _ = fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"old").unwrap();
        let fail = |file: &mut File| file.write_all(b"half").and(Err(io::Error::other("no more")));
        assert_eq!(replace_with(&path, fail).unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        replace_with(&path, |file| file.write_all(b"n").and_then(|()| file.write_all(b"ew"))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
