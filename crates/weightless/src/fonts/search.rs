//! Font files of the machine.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use super::face::Face;

/// The most faces that are taken.
const MOST_FACES: usize = 500;
/// The most bytes of a font file.
const MOST_BYTES: u64 = 20 << 20;
/// Folders within folders that are searched.
const DEPTH: usize = 8;
const EXTENSIONS: [&str; 4] = ["ttf", "otf", "ttc", "otc"];

/// The folders in which systems keep fonts.
pub fn default_folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share/fonts"));
    std::iter::once(PathBuf::from("/usr/share/fonts")).chain(home).collect()
}

/// The built-in faces, and those of all font files below `folders` that have ten digits: each once,
/// sorted by name, SHA-256 and number; at most 500, of files of at most 20 MB. A folder or file
/// that cannot be read is passed over.
pub fn find(folders: &[PathBuf]) -> Vec<Face> {
    let mut files = vec![];
    folders.iter().for_each(|folder| collect(folder, DEPTH, &mut files));
    files.sort_unstable();
    let read = |file: &PathBuf| fs::read(file).ok().map(|bytes| Face::of(Cow::Owned(bytes)));
    let mut faces = Face::built_in();
    for own in files.iter().filter_map(read) {
        faces.extend(own);
        if faces.len() >= MOST_FACES {
            break;
        }
    }
    faces.sort_by(|a, b| (&a.name, &a.sha256, a.index).cmp(&(&b.name, &b.sha256, b.index)));
    faces.dedup_by(|a, b| (&a.sha256, a.index) == (&b.sha256, b.index));
    faces.truncate(MOST_FACES);
    faces
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = fs::metadata(&path) else { continue };
        let ends_well = path
            .extension()
            .is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)));
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if kind.is_file() && ends_well && kind.len() <= MOST_BYTES {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_face_of_readable_files_is_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("copy.TTF"), epaint_default_fonts::UBUNTU_LIGHT).unwrap();
        fs::write(folder.path().join("icons.otf"), b"OTTO, but no font").unwrap();
        fs::write(folder.path().join("broken.ttf"), &epaint_default_fonts::HACK_REGULAR[..999]).unwrap();
        fs::write(folder.path().join("notes.txt"), epaint_default_fonts::HACK_REGULAR).unwrap();
        let faces = find(&[folder.path().to_owned(), folder.path().join("missing")]);
        let names: Vec<&str> = faces.iter().map(|face| face.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].starts_with("Hack") && names[1].starts_with("Ubuntu"), "{names:?}");
        assert!(faces.iter().all(|face| face.sha256.len() == 64));
    }
}
