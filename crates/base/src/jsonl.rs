//! JSON lines: append-only files of one JSON value per line, which several processes may share.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

/// Appends `value` as a line, in a single write, and creates the file if it is missing.
///
/// A full disk or a power failure can leave a torn last line. That line is ended first, so that the
/// new line stays whole.
pub fn append(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut line = serde_json::to_string(value)? + "\n";
    if has_torn_end(&mut file)? {
        line.insert(0, '\n');
    }
    file.write_all(line.as_bytes())
}

fn has_torn_end(file: &mut File) -> Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The values of all whole lines that read as `T`; empty if the file is missing.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let bytes = match fs::read(path) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(vec![]),
        read => read?,
    };
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_costs_itself_alone_wherever_it_was_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        let whole = "{\"name\":\"größe\"}\n".as_bytes();
        for length in 0..whole.len() {
            fs::write(&path, [b"{\"name\":\"a\"}\n", &whole[..length]].concat()).unwrap();
            let before = read::<serde_json::Value>(&path).unwrap().len();
            append(&path, &serde_json::json!({"name": "b"})).unwrap();
            let names: Vec<String> = read::<serde_json::Value>(&path)
                .unwrap()
                .iter()
                .map(|line| line["name"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(
                (names.len(), &*names[0], &*names[before]),
                (before + 1, "a", "b"),
                "torn at {length}"
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_a_missing_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read::<u8>(folder.path()).is_err());
        assert!(read::<u8>(&folder.path().join("missing")).unwrap().is_empty());
    }
}
