//! Files of captions.

use std::io::{Result, Write};

use rayon::prelude::*;
use serde::Serialize;

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

#[derive(Serialize)]
struct Line {
    caption: String,
    choices: Record,
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
