//! Writing of files.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;
use umwelt_base::atomic;

use crate::row::{Dtype, Row};
use crate::schema::{DTYPE_KEY, VERSION, VERSION_KEY, schema};

/// Rows in a row group.
const GROUP: usize = 64;

/// What a file says of all its rows, besides their version and number format.
pub type Metadata = Vec<(String, String)>;

/// Writes rows as a Parquet file, atomically.
///
/// # Errors
/// When a row's hidden states are no whole rows, or the file cannot be written.
pub fn write(path: &Path, rows: &[Row], dtype: Dtype, metadata: &Metadata) -> Result<()> {
    for row in rows {
        let whole = row.width > 0 && row.hidden_state.len().is_multiple_of(row.width);
        ensure!(whole, "{}: {} numbers are no rows of {}", row.task_id, row.hidden_state.len(), row.width);
    }
    let write = |file: &mut File| -> Result<()> {
        let mut writer =
            SerializedFileWriter::new(file, schema(dtype)?, Arc::new(properties(dtype, metadata)?))?;
        for group in rows.chunks(GROUP) {
            let mut columns = writer.next_row_group()?;
            write_group(&mut columns, group, dtype)?;
            columns.close()?;
        }
        writer.close()?;
        Ok(())
    };
    atomic::replace_with(path, write).with_context(|| format!("could not write {}", path.display()))
}

fn properties(dtype: Dtype, metadata: &Metadata) -> Result<WriterProperties> {
    let own = [(VERSION_KEY, VERSION), (DTYPE_KEY, dtype.name())];
    let own = own.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned()));
    let given = metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let numbers = ["hidden_state", "list", "element", "list", "element"].map(str::to_owned);
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_column_dictionary_enabled(ColumnPath::new(numbers.to_vec()), false)
        .set_key_value_metadata(Some(own.chain(given).collect()))
        .build())
}

/// Writes the columns in the order of the schema.
fn write_group<W: std::io::Write + Send>(
    columns: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[Row],
    dtype: Dtype,
) -> Result<()> {
    let mut next = |write: &dyn Fn(&mut SerializedColumnWriter) -> Result<()>| -> Result<()> {
        let mut column = columns.next_column()?.context("the schema has another column")?;
        write(&mut column)?;
        Ok(column.close()?)
    };
    let named: [fn(&Row) -> &str; 3] = [|row| &row.task_id, |row| &row.task, |row| &row.plan];
    for text in named {
        next(&|column| texts(column, rows, |row| Some(text(row)), false))?;
    }
    next(&|column| ids(column, rows))?;
    next(&|column| states(column, rows, dtype))?;
    let numbers: [fn(&Row) -> usize; 2] = [Row::length, |row| row.width];
    for number in numbers {
        let values: Vec<i32> = rows.iter().map(|row| number(row) as i32).collect();
        next(&|column| Ok(column.typed::<Int32Type>().write_batch(&values, None, None).map(drop)?))?;
    }
    let optional: [fn(&Row) -> Option<&str>; 3] =
        [|row| row.task_type.as_deref(), |row| row.task_level.as_deref(), |row| row.answer.as_deref()];
    for text in optional {
        next(&|column| texts(column, rows, text, true))?;
    }
    Ok(())
}

fn texts<'a>(
    column: &mut SerializedColumnWriter,
    rows: &'a [Row],
    text: impl Fn(&'a Row) -> Option<&'a str>,
    optional: bool,
) -> Result<()> {
    let texts: Vec<Option<&str>> = rows.iter().map(text).collect();
    let values: Vec<ByteArray> = texts.iter().flatten().map(|text| ByteArray::from(*text)).collect();
    let defined: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
    let levels = optional.then_some(defined.as_slice());
    column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
    Ok(())
}

fn ids(column: &mut SerializedColumnWriter, rows: &[Row]) -> Result<()> {
    let (mut values, mut defined, mut repeated) = (vec![], vec![], vec![]);
    for row in rows {
        values.extend(&row.plan_ids);
        // An empty list has one entry that is not defined.
        defined.extend(row.plan_ids.iter().map(|_| 1i16).chain(row.plan_ids.is_empty().then_some(0)));
        repeated.extend((0..row.plan_ids.len().max(1)).map(|at| i16::from(at > 0)));
    }
    column.typed::<Int32Type>().write_batch(&values, Some(&defined), Some(&repeated))?;
    Ok(())
}

fn states(column: &mut SerializedColumnWriter, rows: &[Row], dtype: Dtype) -> Result<()> {
    let (mut values, mut defined, mut repeated) = (vec![], vec![], vec![]);
    for row in rows {
        values.extend(&row.hidden_state);
        defined.extend(row.hidden_state.iter().map(|_| 2i16).chain(row.hidden_state.is_empty().then_some(0)));
        // 0 begins a row of the file, 1 a hidden state, 2 goes on with it.
        let level = |at: usize| if at == 0 { 0 } else { 1 + i16::from(!at.is_multiple_of(row.width)) };
        repeated.extend((0..row.hidden_state.len().max(1)).map(level));
    }
    let (defined, repeated) = (Some(defined.as_slice()), Some(repeated.as_slice()));
    if dtype == Dtype::F32 {
        column.typed::<FloatType>().write_batch(&values, defined, repeated)?;
    } else {
        let values: Vec<i32> = values.iter().map(|value| dtype.narrow(*value)).collect();
        column.typed::<Int32Type>().write_batch(&values, defined, repeated)?;
    }
    Ok(())
}
