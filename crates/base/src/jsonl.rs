//! Files of JSON values, one a line, that are only appended to and may be shared by processes.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

/// Appends `value` as a line with one write, making the file if there is none. A torn last line, which a full disk or a
/// power failure leaves, is ended first, so that it spoils no other.
pub fn append(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut line = serde_json::to_string(value)? + "\n";
    if ends_torn(&mut file)? {
        line.insert(0, '\n');
    }
    file.write_all(line.as_bytes())
}

fn ends_torn(file: &mut File) -> Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// All lines that are whole; none where there is no file.
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
