//! The header of a GGUF file: its metadata, and the places of its tensors.
//!
//! The format: github.com/ggml-org/ggml, docs/gguf.md.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::quantised::Encoding;
use super::reader::Reader;

const MAGIC: &[u8] = b"GGUF";
const TEXT: u32 = 8;
const ARRAY: u32 = 9;
/// The fewest bytes of a metadata entry: the length of its key, its type, a number of one byte.
const LEAST_ENTRY: u64 = 13;
/// The fewest bytes of the description of a tensor.
const LEAST_TENSOR: u64 = 24;
const MAX_DIMENSIONS: u32 = 4;
/// The most elements of an array: each takes more memory than bytes of the file.
const MAX_ELEMENTS: u64 = 1 << 24;

/// The place of a tensor.
#[derive(Debug)]
pub struct TensorPlace {
    /// The shape as libtorch orders it: the last dimension is contiguous.
    pub shape: Vec<i64>,
    pub encoding: Encoding,
    /// The first byte in the file.
    pub start: u64,
    /// The number of bytes.
    pub length: u64,
}

/// The header of a file.
pub struct Header {
    pub metadata: Map<String, Value>,
    pub tensors: HashMap<String, TensorPlace>,
    pub reader: Reader,
}

impl Header {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short or holds a type that is not supported.
    pub fn read(path: &Path) -> Result<Self> {
        let mut reader = Reader::open(path)?;
        ensure!(reader.bytes(4)? == MAGIC, "it is no GGUF file");
        let version = reader.u32()?;
        ensure!((2..=3).contains(&version), "it is of version {version}; known: 2, 3");
        let tensors = reader.count(LEAST_TENSOR)?;
        let entries = reader.count(LEAST_ENTRY)?;
        let metadata = read_metadata(&mut reader, entries)?;
        let mut places = HashMap::new();
        for _ in 0..tensors {
            let (name, place) = read_place(&mut reader)?;
            ensure!(places.insert(name.clone(), place).is_none(), "two tensors are called {name}");
        }
        let alignment = metadata.get("general.alignment").map_or(Some(32), Value::as_u64);
        let alignment = alignment.filter(|a| a.is_power_of_two() && *a <= 1 << 20);
        let start = reader.position().next_multiple_of(alignment.context("general.alignment is damaged")?);
        for (name, place) in &mut places {
            let end = start.checked_add(place.start).and_then(|from| from.checked_add(place.length));
            place.start = start.saturating_add(place.start);
            let fits = end.is_some_and(|end| end <= reader.position() + reader.rest());
            ensure!(fits, "it is cut short: tensor {name} ends behind the end of the file");
        }
        Ok(Self { metadata, tensors: places, reader })
    }
}

fn read_metadata(reader: &mut Reader, entries: u64) -> Result<Map<String, Value>> {
    let mut metadata = Map::new();
    for _ in 0..entries {
        let key = reader.text()?;
        let kind = reader.u32()?;
        let value = read_value(reader, kind).with_context(|| format!("its key {key}"))?;
        metadata.insert(key, value);
    }
    Ok(metadata)
}

fn read_value(reader: &mut Reader, kind: u32) -> Result<Value> {
    match kind {
        TEXT => Ok(reader.text()?.into()),
        ARRAY => {
            let kind = reader.u32()?;
            ensure!(kind != ARRAY, "it holds an array of arrays");
            let count = reader.count(if kind == TEXT { 8 } else { 1 })?;
            ensure!(count <= MAX_ELEMENTS, "it has {count} elements; at most {MAX_ELEMENTS} are supported");
            (0..count)
                .map(|_| if kind == TEXT { Ok(reader.text()?.into()) } else { reader.scalar(kind) })
                .collect()
        }
        kind => reader.scalar(kind),
    }
}

fn read_place(reader: &mut Reader) -> Result<(String, TensorPlace)> {
    let name = reader.text()?;
    let dimensions = reader.u32()?;
    ensure!((1..=MAX_DIMENSIONS).contains(&dimensions), "tensor {name} has {dimensions} dimensions");
    let mut shape: Vec<i64> = vec![];
    for _ in 0..dimensions {
        let size = i64::try_from(reader.u64()?).ok().filter(|size| *size > 0);
        shape.push(size.with_context(|| format!("tensor {name} has a damaged shape"))?);
    }
    let encoding = Encoding::from_type(reader.u32()?).with_context(|| format!("tensor {name}"))?;
    let start = reader.u64()?;
    let count = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size as u64));
    let Some(length) = count.and_then(|count| encoding.bytes(count)) else {
        bail!("tensor {name} of shape {shape:?} is damaged")
    };
    ensure!(
        (shape[0] as u64).is_multiple_of(encoding.block()),
        "tensor {name} has rows of {}, no multiple of {}",
        shape[0],
        encoding.block()
    );
    shape.reverse();
    Ok((name, TensorPlace { shape, encoding, start, length }))
}
