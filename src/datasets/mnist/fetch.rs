//! Fetching MNIST. Files are checked before they are put in place.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{FILES, Fault, Published, Source, faults};
use umwelt_base::atomic;

/// The folder of downloads that are not checked yet.
const WORKPLACE: &str = ".fetching";
const LOCK: &str = ".fetching.lock";

/// Fetches the files of MNIST that are missing or damaged in `folder` from the first source that
/// has them, and reports progress to `say`. Returns false if no file was needed. A damaged file is
/// replaced after the new one was checked.
///
/// # Errors
/// When all sources fail (each is listed with its reason), or the folder cannot be written.
pub fn fetch(folder: &Path, sources: &[Source], say: &dyn Fn(&str)) -> Result<bool> {
    if faults(folder).is_empty() {
        return Ok(false);
    }
    fs::create_dir_all(folder).with_context(|| format!("could not make the folder {}", folder.display()))?;
    let _lock = lock(folder, say)?;
    atomic::sweep(folder);
    let workplace = folder.join(WORKPLACE);
    clear(&workplace)?;
    fs::create_dir(&workplace)
        .with_context(|| format!("could not make the folder {}", workplace.display()))?;
    let fetched = bring(folder, &workplace, sources, say);
    clear(&workplace)?;
    fetched.map(|()| true)
}

/// Fetches all missing or damaged files, trying the sources in order.
fn bring(folder: &Path, workplace: &Path, sources: &[Source], say: &dyn Fn(&str)) -> Result<()> {
    let mut wanted = faults(folder);
    for (_, fault) in wanted.iter().filter(|(_, fault)| matches!(fault, Fault::Damaged { .. })) {
        say(&format!("{fault}; it is fetched again"));
    }
    let mut failures = vec![];
    for source in sources {
        let Some(failure) = bring_from(source, folder, workplace, &mut wanted, say)? else { return Ok(()) };
        let failure = format!("{}: {failure}", source.name());
        say(&failure);
        failures.push(failure);
    }
    bail!("could not get MNIST. Tried:\n  {}\n{}", failures.join("\n  "), by_hand(folder))
}

/// Fetches the wanted files from one source until it fails. Returns the reason, or `None` if all
/// were fetched.
fn bring_from(
    source: &Source,
    folder: &Path,
    workplace: &Path,
    wanted: &mut Vec<(Published, Fault)>,
    say: &dyn Fn(&str),
) -> Result<Option<String>> {
    let megabytes = wanted.iter().map(|(file, _)| file.size).sum::<usize>() as f64 / 1e6;
    let (count, all) = (wanted.len(), FILES.len());
    say(&format!(
        "fetching MNIST ({count} of {all} files, {megabytes:.2} MB unpacked) from {}",
        source.name()
    ));
    while let Some((file, fault)) = wanted.first() {
        let obtained = source.obtain(file, workplace).and_then(|place| Ok(file.read(&place)?));
        match obtained {
            Ok(bytes) => install(&bytes, file, fault, folder)?,
            Err(failure) => return Ok(Some(format!("{failure:#}"))),
        }
        say(&format!("{}: {} bytes, checked", file.name, file.size));
        wanted.remove(0);
    }
    Ok(None)
}

/// Puts a checked file in place and removes the damaged one.
fn install(bytes: &[u8], file: &Published, fault: &Fault, folder: &Path) -> Result<()> {
    let place = place(folder, file.name);
    atomic::replace(&place, bytes).with_context(|| {
        format!("could not write {}; free some disk space, then repeat the command", place.display())
    })?;
    match fault {
        Fault::Damaged { path, .. } if *path != place => {
            fs::remove_file(path).with_context(|| format!("could not remove the damaged {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The path of a file: in the folder of the same name, if there is one.
fn place(folder: &Path, name: &str) -> PathBuf {
    let place = folder.join(name);
    if place.is_dir() { place.join(name) } else { place }
}

/// The lock of the folder. Waits for another process that holds it.
fn lock(folder: &Path, say: &dyn Fn(&str)) -> Result<File> {
    let path = folder.join(LOCK);
    let file = File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        say(&format!("another process is fetching into {}; waiting for it", folder.display()));
        file.lock().with_context(|| format!("could not lock {}", path.display()))?;
    }
    // Some network file systems have no locks. Two processes may then fetch at once.
    Ok(file)
}

fn clear(workplace: &Path) -> Result<()> {
    if !workplace.exists() {
        return Ok(());
    }
    fs::remove_dir_all(workplace).with_context(|| format!("could not remove {}", workplace.display()))
}

fn by_hand(folder: &Path) -> String {
    let names: Vec<&str> = FILES.iter().map(|file| file.name).collect();
    format!(
        "Copy {} into {}, plain or gzipped, or name a folder that holds them with --from FOLDER",
        names.join(", "),
        folder.display()
    )
}
