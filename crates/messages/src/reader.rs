//! Reading of files, a group of rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::arrow::Stream;
use crate::columns::{Columns, Group, Numbers};
use crate::row::{Dtype, Row};
use crate::schema::DTYPE_KEY;

/// The columns that may hold the key of a row.
const KEYS: [&str; 2] = ["task_id", "id"];

/// The ending of the names of Arrow's files.
pub const ARROW: &str = "arrow";

/// An open file: Parquet, or a stream of Arrow's batches.
pub struct Reader {
    path: PathBuf,
    file: Content,
}

enum Content {
    Parquet(Box<SerializedFileReader<File>>),
    Arrow(Stream),
}

impl Reader {
    /// Opens a file and reads its footer; of a stream of Arrow, the places of its batches.
    ///
    /// # Errors
    /// When it cannot be read or is torn.
    pub fn open(path: &Path) -> Result<Self> {
        let place = path.display();
        let file = File::open(path).with_context(|| format!("could not read {place}"))?;
        let content = match path.extension().is_some_and(|extension| extension == ARROW) {
            true => Content::Arrow(
                Stream::open(file).with_context(|| format!("{place} is no whole stream of Arrow"))?,
            ),
            false => Content::Parquet(Box::new(
                SerializedFileReader::new(file)
                    .with_context(|| format!("{place} is no whole Parquet file"))?,
            )),
        };
        Ok(Self { path: path.into(), file: content })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value of a key of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let Content::Parquet(file) = &self.file else { return None };
        let entries = file.metadata().file_metadata().key_value_metadata()?;
        entries.iter().find(|entry| entry.key == key)?.value.as_deref()
    }

    /// The number of row groups, or of batches.
    pub fn groups(&self) -> usize {
        match &self.file {
            Content::Parquet(file) => file.num_row_groups(),
            Content::Arrow(stream) => stream.batches(),
        }
    }

    /// The value of `read` on the columns of a group.
    fn of_group<T>(&self, group: usize, read: impl FnOnce(&dyn Columns) -> Result<T>) -> Result<T> {
        let columns = || -> Result<Box<dyn Columns + '_>> {
            Ok(match &self.file {
                Content::Parquet(file) => Box::new(Group::new(file.get_row_group(group)?)),
                Content::Arrow(stream) => Box::new(stream.batch(group)?),
            })
        };
        let done = columns().and_then(|columns| read(&*columns));
        done.with_context(|| format!("{}, row group {group}", self.path.display()))
    }

    /// The keys of the rows of a group.
    ///
    /// # Errors
    /// When the group cannot be read or has no keys.
    pub fn keys(&self, group: usize) -> Result<Vec<String>> {
        self.of_group(group, keys)
    }

    /// The rows of a group. Hidden states may be lists of lists, or flat lists beside the number
    /// of their rows or features.
    ///
    /// # Errors
    /// When the group cannot be read, lacks a column, or its numbers are no whole rows; the error
    /// names the file and the row.
    pub fn rows(&self, group: usize) -> Result<Vec<Row>> {
        self.of_group(group, |columns| rows(columns, self.dtype()))
    }

    /// The texts of a column of a group; `None` where the file lacks it.
    ///
    /// # Errors
    /// When the group cannot be read, or the column holds no text.
    pub fn texts(&self, group: usize, name: &str) -> Result<Option<Vec<Option<String>>>> {
        self.of_group(group, |columns| columns.texts(name))
    }

    fn dtype(&self) -> Dtype {
        let name = self.metadata(DTYPE_KEY);
        Dtype::ALL.into_iter().find(|dtype| Some(dtype.name()) == name).unwrap_or_default()
    }
}

fn keys(group: &dyn Columns) -> Result<Vec<String>> {
    for name in KEYS {
        if let Some(texts) = group.texts(name)? {
            let key = |(row, text): (usize, Option<String>)| {
                text.with_context(|| format!("row {row} has no {name}"))
            };
            return texts.into_iter().enumerate().map(key).collect();
        }
    }
    anyhow::bail!("there is no column task_id")
}

fn rows(group: &dyn Columns, dtype: Dtype) -> Result<Vec<Row>> {
    let keys = keys(group)?;
    let empty = || vec![None; group.rows()];
    let texts = |name: &str| Ok::<_, anyhow::Error>(group.texts(name)?.unwrap_or_else(empty));
    let [tasks, plans, types, levels, answers] =
        [texts("task")?, texts("plan")?, texts("task_type")?, texts("task_level")?, texts("answer")?];
    let ids = group.numbers("plan_ids", Dtype::F32)?;
    let states = group.numbers("hidden_state", dtype)?.context("there is no column hidden_state")?;
    let (lengths, widths) = (group.numbers("n_rows", Dtype::F32)?, group.numbers("d", Dtype::F32)?);
    let number = |column: &Option<Vec<Numbers>>, row: usize| {
        column.as_ref().and_then(|column| column[row].values.first()).map(|value| *value as usize)
    };
    let mut rows = vec![];
    for (row, (task_id, states)) in keys.into_iter().zip(states).enumerate() {
        let width =
            width(&states, number(&lengths, row), number(&widths, row)).with_context(|| task_id.clone())?;
        rows.push(Row {
            task: tasks[row].clone().unwrap_or_default(),
            plan: plans[row].clone().unwrap_or_default(),
            plan_ids: ids
                .as_ref()
                .map_or(vec![], |ids| ids[row].values.iter().map(|id| *id as i32).collect()),
            hidden_state: states.values,
            width,
            task_type: types[row].clone(),
            task_level: levels[row].clone(),
            answer: answers[row].clone(),
            task_id,
        });
    }
    Ok(rows)
}

/// The number of features of a row's hidden states.
fn width(states: &Numbers, length: Option<usize>, width: Option<usize>) -> Result<usize> {
    let count = states.values.len();
    let of = |length: Option<usize>| Some(count / length.filter(|length| *length > 0)?);
    let found = of(states.lists).or(width).or_else(|| of(length)).filter(|width| *width > 0);
    let found = found.context("a flat hidden_state needs a column n_rows or d")?;
    ensure!(count.is_multiple_of(found), "{count} numbers of hidden_state are no rows of {found}");
    ensure!(
        length.is_none_or(|length| length * found == count),
        "hidden_state has {} rows where n_rows says {}",
        count / found,
        length.unwrap_or(0)
    );
    Ok(found)
}
