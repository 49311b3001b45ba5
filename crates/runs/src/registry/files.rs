//! The files of a run folder: their list, and opening one without leaving the folder.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::FileStamp;
use super::name::name_of;

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFile {
    /// The name of its path in the run folder: `figures/loss.svg`.
    pub name: String,
    pub stamp: FileStamp,
}

/// The files in `folder` at any depth, sorted by name. Links are listed and not followed.
pub fn run_files(folder: &Path) -> Vec<RunFile> {
    let mut files = Vec::new();
    collect(folder, "", &mut files);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn collect(folder: &Path, below: &str, files: &mut Vec<RunFile>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{below}{}", name_of(Path::new(&entry.file_name())));
        match entry.metadata() {
            Ok(found) if found.is_dir() => collect(&entry.path(), &format!("{name}/"), files),
            Ok(found) => files.push(RunFile { name, stamp: FileStamp::of(&found) }),
            Err(_) => {}
        }
    }
}

/// Opens the regular file `path` beneath `folder` for reading. `folder` may be a link.
///
/// # Errors
/// A path that is absolute, has `..` or passes through a link, and anything but a regular file.
pub fn open_beneath(folder: &Path, path: &Path) -> io::Result<File> {
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain || path.as_os_str().is_empty() {
        return Err(refused("a path within the folder is needed"));
    }
    let directory = openat(CWD, folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let file = File::from(open_in(directory, path)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("not a regular file")) }
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// With `NONBLOCK`, opening a FIFO does not wait for its writer.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

#[cfg(target_os = "linux")]
fn open_in(directory: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{ResolveFlags, openat2};
    use rustix::io::Errno;

    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(&directory, path, FILE, Mode::empty(), resolve) {
        // Kernels before 5.6 and some sandboxes lack this call.
        Err(Errno::NOSYS | Errno::PERM) => open_parts(directory, path),
        opened => Ok(opened?),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_in(directory: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    open_parts(directory, path)
}

/// Opens `path` one component at a time, none of which may be a link.
fn open_parts(mut at: OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let mut parts = path.iter().peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_some() { FILE | OFlags::DIRECTORY } else { FILE };
        at = openat(&at, part, flags, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A run folder with a file, links in and out, and a FIFO, beside a secret.
    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        fs::create_dir_all(run.join("figures")).unwrap();
        fs::write(root.path().join("secret"), "secret").unwrap();
        fs::write(run.join("figures/loss.svg"), "loss").unwrap();
        symlink("../secret", run.join("out")).unwrap();
        symlink("figures/loss.svg", run.join("in")).unwrap();
        symlink("figures", run.join("pictures")).unwrap();
        symlink("run", root.path().join("linked")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(run.join("fifo")).status().unwrap();
        assert!(fifo.success());
        root
    }

    fn text(file: io::Result<File>) -> Option<String> {
        let mut text = String::new();
        file.ok()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn only_regular_files_beneath_the_folder_are_opened() {
        let root = folder();
        let run = root.path().join("run");
        let by_parts = |path: &str| {
            let directory = openat(CWD, &run, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
            open_parts(directory, Path::new(path)).map(File::from)
        };
        assert_eq!(text(open_beneath(&run, Path::new("figures/loss.svg"))).as_deref(), Some("loss"));
        assert_eq!(text(by_parts("figures/loss.svg")).as_deref(), Some("loss"));
        assert!(text(open_beneath(&root.path().join("linked"), Path::new("figures/loss.svg"))).is_some());
        let secret = root.path().join("secret");
        for path in ["out", "in", "pictures/loss.svg", "fifo", "figures", "../secret", "", "missing", "."] {
            assert!(open_beneath(&run, Path::new(path)).is_err(), "{path}");
        }
        assert!(open_beneath(&run, &secret).is_err());
        assert!(["out", "in", "pictures/loss.svg"].iter().all(|link| by_parts(link).is_err()));
    }

    #[test]
    fn files_are_listed_at_every_depth_and_links_are_not_followed() {
        let root = folder();
        let names: Vec<String> =
            run_files(&root.path().join("run")).into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["fifo", "figures/loss.svg", "in", "out", "pictures"]);
    }
}
