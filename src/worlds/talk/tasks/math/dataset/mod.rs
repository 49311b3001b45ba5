//! The problems of MATH (Hendrycks et al., arXiv 2103.03874) in the layouts that it is shared in.

mod files;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::files::{Found, Kind, found};

/// A problem with its reference solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number inside its subject.
    pub index: usize,
    /// `number_theory`
    pub subject: String,
    /// `Level 3`
    pub level: String,
    pub problem: String,
    pub solution: String,
}

/// The problems of the splits `train` and `test`, each in the order of subjects and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    pub train: Vec<Entry>,
    pub test: Vec<Entry>,
}

impl Dataset {
    /// Reads a file of JSON lines or Parquet, or a folder of `train` and `test`: files of either
    /// kind whose names begin so, folders of them, and folders of a JSON file for each problem.
    ///
    /// The number of a problem is the name of its own file, or its place among those of its subject.
    ///
    /// # Errors
    /// When there is no problem, or a file cannot be read or lacks a field; the error names the
    /// file and the row.
    pub fn read(path: &Path) -> Result<Self> {
        let (mut dataset, mut counts) = (Self::default(), HashMap::new());
        for file in found(path)? {
            let is_test = file.is_test;
            let entries = entries(&file, &mut counts)?;
            if is_test { &mut dataset.test } else { &mut dataset.train }.extend(entries);
        }
        ensure!(
            !dataset.train.is_empty() || !dataset.test.is_empty(),
            "{} holds no problem; it needs `train` and `test` of JSON, JSON lines or Parquet files",
            path.display()
        );
        for split in [&mut dataset.train, &mut dataset.test] {
            split.sort_by(|a, b| (&a.subject, a.index).cmp(&(&b.subject, b.index)));
        }
        Ok(dataset)
    }
}

/// The numbers of problems by split and subject, of files that hold several.
type Counts = HashMap<(bool, String), usize>;

fn entries(file: &Found, counts: &mut Counts) -> Result<Vec<Entry>> {
    let place = file.path.display();
    if let Kind::Single { index } = file.kind {
        let text = std::fs::read_to_string(&file.path).with_context(|| format!("could not read {place}"))?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{place} is no JSON"))?;
        return Ok(vec![entry(&value, file, |_| index).with_context(|| place.to_string())?]);
    }
    let mut next = |subject: &str| {
        let count = counts.entry((file.is_test, subject.to_owned())).or_default();
        *count += 1;
        *count - 1
    };
    let of_row = |(row, value): (usize, Value)| {
        entry(&value, file, &mut next).with_context(|| format!("{place}, row {row}"))
    };
    file.rows()?.into_iter().enumerate().map(of_row).collect()
}

/// A problem of an object with the fields of the data set. Its subject is its `type`, or else the
/// name of its folder.
fn entry(value: &Value, file: &Found, index: impl FnOnce(&str) -> usize) -> Result<Entry> {
    let text = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.map(str::to_owned).with_context(|| format!("there is no text `{key}`"))
    };
    let subject = match (value.get("type").and_then(Value::as_str), &file.subject) {
        (_, Some(folder)) => folder.clone(),
        (Some(name), None) => subject(name),
        (None, None) => bail!("there is no text `type`, and no folder names the subject"),
    };
    let level = text("level").unwrap_or_else(|_| "Level ?".to_owned());
    Ok(Entry {
        index: index(&subject),
        level,
        problem: text("problem")?,
        solution: text("solution")?,
        subject,
    })
}

/// `counting_and_probability` for `Counting & Probability`.
fn subject(name: &str) -> String {
    name.to_lowercase().replace('&', "and").split_whitespace().collect::<Vec<_>>().join("_")
}
