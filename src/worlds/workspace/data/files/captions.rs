//! Files of captions.

use std::io::{Result, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use umwelt_base::UserError;

use super::chunks::Chunks;
use crate::datasets::npy;
use crate::worlds::workspace::data::captions::{Choices, Record, caption, stream};
use crate::worlds::workspace::data::{Shape, Split};

/// The shapes of a split with the seed of their captions.
pub struct Captions<'a> {
    pub shapes: &'a [Shape],
    pub split: Split,
    pub seed: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    caption: String,
    choices: Record,
}

/// The file of a split in our layout.
pub fn lines_path(folder: &Path, split: Split) -> PathBuf {
    folder.join(format!("{}_captions.jsonl", split.name()))
}

/// The choices of the captions of the first items of a split, from a folder in our layout; `None`
/// without the file. A file in the published layout has sentences without choices, and is not read.
///
/// # Errors
/// A [`UserError`] that names the file and the line: there are fewer captions than `shapes`, or a
/// line is damaged, or its caption is not the one of its choices and its shape.
pub fn read(folder: &Path, split: Split, shapes: &[Shape]) -> anyhow::Result<Option<Vec<Choices>>> {
    let path = lines_path(folder, split);
    if !path.try_exists().unwrap_or(false) {
        return Ok(None);
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines: Vec<&str> = text.lines().take(shapes.len()).collect();
    let refuse = |reason: String| UserError(format!("{}: {reason}", path.display()));
    if lines.len() < shapes.len() {
        return Err(refuse(format!("has {} captions of {} items", lines.len(), shapes.len())).into());
    }
    let read = |(row, (line, shape)): (usize, (&&str, &Shape))| {
        choices(line, shape).map_err(|error| refuse(format!("line {}: {error:#}", row + 1)).into())
    };
    lines.par_iter().zip(shapes).enumerate().map(read).collect::<anyhow::Result<_>>().map(Some)
}

fn choices(line: &str, shape: &Shape) -> anyhow::Result<Choices> {
    let line: Line = serde_json::from_str(line)?;
    // A complete record leaves nothing to be drawn.
    let choices = line.choices.complete(shape, &mut stream(0, "none").at(&[]))?;
    let expected = caption(shape, &choices);
    ensure!(line.caption == expected, "the choices and the label make another caption: {expected}");
    Ok(choices)
}

impl Captions<'_> {
    /// Writes a JSON object for each shape: its caption and the choices of it.
    pub fn write_lines(&self, chunks: &Chunks, out: &mut dyn Write) -> Result<()> {
        let line = |shape: &Shape, choices: &Choices| {
            let line = Line { caption: caption(shape, choices), choices: Record::of(shape, choices) };
            serde_json::to_string(&line).expect("text and numbers become JSON") + "\n"
        };
        chunks.write(out, |rows| self.each(rows, line).concat().into_bytes())
    }

    /// Writes a NumPy array of strings, each padded to the longest.
    pub fn write_strings(&self, chunks: &Chunks, out: &mut dyn Write) -> Result<()> {
        let lengths =
            self.each(0..self.shapes.len(), |shape, choices| caption(shape, choices).chars().count());
        let longest = lengths.into_iter().max().unwrap_or(1);
        out.write_all(&npy::header(&format!("<U{longest}"), &[self.shapes.len()]))?;
        let padded = |shape: &Shape, choices: &Choices| {
            let text = caption(shape, choices);
            let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
            codes.flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
        };
        chunks.write(out, |rows| self.each(rows, padded).concat())
    }

    fn each<T: Send>(
        &self,
        rows: std::ops::Range<usize>,
        make: impl Fn(&Shape, &Choices) -> T + Sync,
    ) -> Vec<T> {
        let stream = stream(self.seed, self.split.name());
        let one = |row: usize| {
            let shape = &self.shapes[row];
            make(shape, &Choices::draw(shape, &mut stream.at(&[row as u64])))
        };
        rows.into_par_iter().map(one).collect()
    }
}
