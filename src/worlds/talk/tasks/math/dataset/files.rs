//! Files of problems, and what their places say of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use umwelt_messages::Reader;

/// The columns of Parquet files that are read.
const COLUMNS: [&str; 4] = ["problem", "solution", "level", "type"];

/// A file, and what its name says of its problems.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    pub is_test: bool,
    /// The name of a folder of one subject.
    pub subject: Option<String>,
    pub kind: Kind,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One problem, whose number is the file's name.
    Single {
        index: usize,
    },
    Lines,
    Parquet,
}

impl Found {
    /// The rows of a file of several problems as objects.
    pub fn rows(&self) -> Result<Vec<Value>> {
        if self.kind == Kind::Parquet { self.columns() } else { self.lines() }
    }

    fn lines(&self) -> Result<Vec<Value>> {
        let place = self.path.display();
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("could not read {place}"))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = |(at, line): (usize, &str)| {
            serde_json::from_str(line).with_context(|| format!("{place}, line {} is no JSON", at + 1))
        };
        lines.map(read).collect()
    }

    fn columns(&self) -> Result<Vec<Value>> {
        let (file, mut rows) = (Reader::open(&self.path)?, vec![]);
        for group in 0..file.groups() {
            let first = rows.len();
            for name in COLUMNS {
                for (at, text) in file.texts(group, name)?.into_iter().flatten().enumerate() {
                    if rows.len() == first + at {
                        rows.push(Map::new());
                    }
                    rows[first + at].extend(text.map(|text| (name.to_owned(), Value::String(text))));
                }
            }
        }
        Ok(rows.into_iter().map(Value::Object).collect())
    }
}

/// The files of problems at a path, in the order of their paths.
///
/// # Errors
/// When the path cannot be read.
pub fn found(path: &Path) -> Result<Vec<Found>> {
    if path.is_file() {
        let is_test = split_of(path).unwrap_or(false);
        return Ok(of_file(path, is_test, None).into_iter().collect());
    }
    let mut all = vec![];
    for (entry, is_folder) in entries(path)? {
        match (split_of(&entry), is_folder) {
            (Some(is_test), true) => all.extend(of_split(&entry, is_test)?),
            (Some(is_test), false) => all.extend(of_file(&entry, is_test, None)),
            // Folders of subjects with a file for each split, as the hub of Hugging Face has them.
            (None, true) => all.extend(of_subject(&entry)?),
            (None, false) => {}
        }
    }
    Ok(all)
}

/// Folders of subjects, or files of all.
fn of_split(folder: &Path, is_test: bool) -> Result<Vec<Found>> {
    let mut all = vec![];
    for (entry, is_folder) in entries(folder)? {
        if !is_folder {
            all.extend(of_file(&entry, is_test, None));
            continue;
        }
        let subject = name(&entry);
        let files = entries(&entry)?.into_iter();
        all.extend(files.filter_map(|(file, _)| of_file(&file, is_test, Some(subject.clone()))));
    }
    Ok(all)
}

fn of_subject(folder: &Path) -> Result<Vec<Found>> {
    let files = entries(folder)?.into_iter().filter(|(_, is_folder)| !is_folder);
    let of = |(file, _): (PathBuf, bool)| of_file(&file, split_of(&file)?, Some(name(folder)));
    Ok(files.filter_map(of).collect())
}

fn of_file(path: &Path, is_test: bool, subject: Option<String>) -> Option<Found> {
    let kind = match path.extension()?.to_str()? {
        "json" => Kind::Single { index: path.file_stem()?.to_str()?.parse().ok()? },
        "jsonl" => Kind::Lines,
        "parquet" => Kind::Parquet,
        _ => return None,
    };
    Some(Found { path: path.to_owned(), is_test, subject, kind })
}

/// True for the split `test`, false for `train`, by the beginning of a name.
fn split_of(path: &Path) -> Option<bool> {
    let name = name(path);
    (name.starts_with("test") || name.starts_with("train")).then(|| name.starts_with("test"))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries of a folder with whether each is a folder, in the order of their names.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, bool)>> {
    let read = std::fs::read_dir(folder);
    let Ok(read) = read else { bail!("talk.data: could not read {}", folder.display()) };
    let mut all: Vec<(PathBuf, bool)> =
        read.flatten().map(|entry| (entry.path(), entry.path().is_dir())).collect();
    all.sort();
    Ok(all)
}
