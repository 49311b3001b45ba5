//! Streams of Arrow's batches, as the library `datasets` of Hugging Face saves data sets.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};

use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::DataType;

use crate::columns::{Columns, Numbers};
use crate::row::Dtype;

/// A file with the places of its batches. One batch at a time is in memory.
pub struct Stream {
    file: File,
    /// The bytes of the schema, which stand before the first batch.
    schema: Vec<u8>,
    /// The byte at which each batch begins.
    places: Vec<u64>,
}

impl Stream {
    /// # Errors
    /// When the file is no whole stream.
    pub fn open(mut file: File) -> Result<Self> {
        let mut reader = StreamReader::try_new(file.try_clone()?, None)?;
        let mut places = vec![reader.get_mut().stream_position()?];
        while let Some(batch) = reader.next() {
            batch?;
            places.push(reader.get_mut().stream_position()?);
        }
        // Behind the last batch nothing begins.
        places.pop();
        let mut schema = vec![0; places.first().copied().unwrap_or(0) as usize];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut schema)?;
        Ok(Self { file, schema, places })
    }

    pub fn batches(&self) -> usize {
        self.places.len()
    }

    /// # Errors
    /// When the batch cannot be read.
    pub fn batch(&self, number: usize) -> Result<Batch> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(self.places[number]))?;
        let mut reader = StreamReader::try_new(Cursor::new(&self.schema).chain(file), None)?;
        Ok(Batch(reader.next().context("there is no such batch")??))
    }
}

/// The rows of a batch.
pub struct Batch(RecordBatch);

impl Columns for Batch {
    fn rows(&self) -> usize {
        self.0.num_rows()
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<Option<String>>>> {
        let Some(column) = self.0.column_by_name(name) else { return Ok(None) };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Some(match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().iter().map(owned).collect(),
            DataType::LargeUtf8 => column.as_string::<i64>().iter().map(owned).collect(),
            DataType::Utf8View => column.as_string_view().iter().map(owned).collect(),
            other => bail!("column {name} holds no text, but {other}"),
        }))
    }

    fn numbers(&self, name: &str, _dtype: Dtype) -> Result<Option<Vec<Numbers>>> {
        let Some(column) = self.0.column_by_name(name) else { return Ok(None) };
        let of_row = |row: usize| {
            let mut numbers = Numbers::default();
            match inner(column, row) {
                Some(list) => of_list(&list, &mut numbers)?,
                None => numbers.values = values(&column.slice(row, 1))?,
            }
            Ok(numbers)
        };
        let all: Result<Vec<Numbers>> = (0..column.len()).map(of_row).collect();
        all.map(Some).with_context(|| format!("column {name}"))
    }
}

/// The numbers of a list, which may hold lists.
fn of_list(list: &ArrayRef, numbers: &mut Numbers) -> Result<()> {
    let is_nested = matches!(
        list.data_type(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _)
    );
    if !is_nested {
        numbers.values = values(list)?;
        return Ok(());
    }
    numbers.lists = Some(list.len());
    for row in 0..list.len() {
        let row = inner(list, row).context("a row of it is no list")?;
        numbers.values.extend(values(&row)?);
    }
    Ok(())
}

/// The list in a row of a column of lists.
fn inner(column: &ArrayRef, row: usize) -> Option<ArrayRef> {
    match column.data_type() {
        DataType::List(_) => Some(column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(column.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => Some(column.as_fixed_size_list().value(row)),
        _ => None,
    }
}

fn values(list: &ArrayRef) -> Result<Vec<f32>> {
    if list.null_count() > 0 {
        bail!("it has {} nulls among its numbers", list.null_count());
    }
    Ok(match list.data_type() {
        DataType::Float16 => list.as_primitive::<Float16Type>().values().iter().map(|v| v.to_f32()).collect(),
        DataType::Float32 => list.as_primitive::<Float32Type>().values().to_vec(),
        DataType::Float64 => list.as_primitive::<Float64Type>().values().iter().map(|v| *v as f32).collect(),
        DataType::Int32 => list.as_primitive::<Int32Type>().values().iter().map(|v| *v as f32).collect(),
        DataType::Int64 => list.as_primitive::<Int64Type>().values().iter().map(|v| *v as f32).collect(),
        other => bail!("it holds no numbers of a known format, but {other}"),
    })
}
