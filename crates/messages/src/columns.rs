//! Columns of a row group as values of each row.

use anyhow::{Context, Result, bail, ensure};
use half::f16;
use parquet::basic::LogicalType;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes as _, DataType, FixedLenByteArray};
use parquet::file::reader::RowGroupReader;

use crate::row::Dtype;

/// The values of a column with the levels at which they repeat.
struct Levels<T> {
    values: Vec<T>,
    repeated: Vec<i16>,
    /// True where there is a value.
    defined: Vec<bool>,
    /// The number of lists that a value is in.
    depth: i16,
}

/// The numbers of a row.
#[derive(Default)]
pub struct Numbers {
    pub values: Vec<f32>,
    /// The number of inner lists, where the column has lists of lists.
    pub lists: Option<usize>,
}

/// The columns of some rows, by name.
pub trait Columns {
    /// The number of rows.
    fn rows(&self) -> usize;

    /// The texts of a column; `None` where the file lacks it.
    fn texts(&self, name: &str) -> Result<Option<Vec<Option<String>>>>;

    /// The numbers of a column in each row; `None` where the file lacks it. Integers of 16 bits are
    /// the bits of numbers in this format.
    fn numbers(&self, name: &str, dtype: Dtype) -> Result<Option<Vec<Numbers>>>;
}

/// A row group and the place of each column, by name.
pub struct Group<'a> {
    reader: Box<dyn RowGroupReader + 'a>,
    rows: usize,
}

impl<'a> Group<'a> {
    pub fn new(reader: Box<dyn RowGroupReader + 'a>) -> Self {
        let rows = usize::try_from(reader.metadata().num_rows()).unwrap_or(0);
        Self { reader, rows }
    }

    /// The place of the column, by the first part of its path.
    fn place(&self, name: &str) -> Option<usize> {
        let columns = self.reader.metadata().columns();
        columns
            .iter()
            .position(|column| column.column_path().parts().first().is_some_and(|first| first == name))
    }

    fn is_half(&self, place: usize) -> bool {
        let column = self.reader.metadata().column(place).column_descr();
        column.logical_type_ref() == Some(&LogicalType::Float16)
    }

    fn read<T: DataType>(&self, place: usize, mut column: ColumnReaderImpl<T>) -> Result<Levels<T::T>> {
        let description = self.reader.metadata().column(place).column_descr();
        let (most, deepest) = (description.max_def_level(), description.max_rep_level());
        let (mut defined, mut repeated, mut values) = (vec![], vec![], vec![]);
        while column.read_records(self.rows.max(1), Some(&mut defined), Some(&mut repeated), &mut values)?.0
            > 0
        {}
        let count = values.len();
        let defined = match most {
            0 => vec![true; count],
            most => defined.iter().map(|level| *level == most).collect::<Vec<bool>>(),
        };
        let repeated = if deepest == 0 { vec![0; defined.len()] } else { repeated };
        Ok(Levels { values, repeated, defined, depth: deepest })
    }
}

impl Columns for Group<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<Option<String>>>> {
        let Some(place) = self.place(name) else { return Ok(None) };
        let ColumnReader::ByteArrayColumnReader(column) = self.reader.get_column_reader(place)? else {
            bail!("column {name} holds no text");
        };
        let found = self.read(place, column)?;
        let mut values = found.values.into_iter();
        let texts = found.defined.iter().map(|defined| {
            let bytes = if *defined { values.next() } else { None };
            bytes
                .map(|bytes| Ok(bytes.as_utf8().with_context(|| format!("column {name}"))?.to_owned()))
                .transpose()
        });
        let texts: Vec<Option<String>> = texts.collect::<Result<_>>()?;
        ensure!(texts.len() == self.rows, "column {name} has {} of {} rows", texts.len(), self.rows);
        Ok(Some(texts))
    }

    fn numbers(&self, name: &str, dtype: Dtype) -> Result<Option<Vec<Numbers>>> {
        let Some(place) = self.place(name) else { return Ok(None) };
        let found = match self.reader.get_column_reader(place)? {
            ColumnReader::FloatColumnReader(column) => self.read(place, column)?,
            ColumnReader::DoubleColumnReader(column) => self.read(place, column)?.map(|value| value as f32),
            ColumnReader::Int32ColumnReader(column) => {
                self.read(place, column)?.map(|bits| dtype.widen(bits))
            }
            ColumnReader::Int64ColumnReader(column) => self.read(place, column)?.map(|value| value as f32),
            ColumnReader::FixedLenByteArrayColumnReader(column) if self.is_half(place) => {
                let number =
                    |bytes: FixedLenByteArray| f16::from_le_bytes([bytes.as_bytes()[0], bytes.as_bytes()[1]]);
                self.read(place, column)?.map(|bytes| number(bytes).to_f32())
            }
            _ => bail!("column {name} holds no numbers of a known format"),
        };
        found.of_rows(name, self.rows).map(Some)
    }
}

impl<T> Levels<T> {
    fn map<U>(self, change: impl Fn(T) -> U) -> Levels<U> {
        Levels {
            values: self.values.into_iter().map(change).collect(),
            repeated: self.repeated,
            defined: self.defined,
            depth: self.depth,
        }
    }
}

impl Levels<f32> {
    fn of_rows(self, name: &str, rows: usize) -> Result<Vec<Numbers>> {
        let mut found: Vec<Numbers> = vec![];
        let (mut values, mut absent) = (self.values.into_iter(), 0);
        for (repeated, defined) in self.repeated.iter().zip(&self.defined) {
            if *repeated == 0 {
                found.push(Numbers { values: vec![], lists: (self.depth == 2).then_some(0) });
            }
            let row = found.last_mut().with_context(|| format!("column {name} begins inside a row"))?;
            match (defined, row.values.is_empty() && *repeated == 0) {
                (true, _) => row.values.extend(values.next()),
                (false, true) => {}
                (false, false) => absent += 1,
            }
            row.lists = row.lists.map(|lists| lists + usize::from(*repeated <= 1 && *defined));
        }
        ensure!(absent == 0, "column {name} has {absent} nulls among its numbers");
        ensure!(found.len() == rows, "column {name} has {} of {rows} rows", found.len());
        Ok(found)
    }
}
