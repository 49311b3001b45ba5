//! Tables of labels: a row of numbers for each item.

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ndarray::{Array2, ArrayView1, Axis, concatenate, s};
use rayon::prelude::*;
use umwelt_base::UserError;

use crate::datasets::npy;
use crate::worlds::workspace::data::{Items, Shape, ShapesSettings, Split};

/// A column of the table: its name, its largest value (the smallest is 0), and true if it holds
/// whole numbers.
type Column = (&'static str, f32, bool);

/// The columns of a shape. Unpaired numbers follow.
const COLUMNS: [Column; Shape::COLUMNS] = [
    ("class", 2.0, true),
    ("x", 32.0, false),
    ("y", 32.0, false),
    ("size", 32.0, false),
    ("rotation", TAU, false),
    ("R", 255.0, true),
    ("G", 255.0, true),
    ("B", 255.0, true),
    ("H", 180.0, true),
    ("L", 255.0, true),
    ("S", 255.0, true),
];

/// The file of a split in either layout.
pub fn path(folder: &Path, split: Split) -> PathBuf {
    folder.join(format!("{}_labels.npy", split.name()))
}

/// The first items of a split, as many as the settings say, from a folder in either layout.
///
/// # Errors
/// A [`UserError`] that names the file and says what to do: it is missing or damaged, has too few
/// rows or other columns, or a row describes no shape.
pub fn read(folder: &Path, split: Split, settings: &ShapesSettings) -> Result<Items> {
    let path = path(folder, split);
    let refuse = |reason: String| Err(UserError(format!("{}: {reason}", path.display())).into());
    let file = npy::open_table::<f32>(&path)?;
    let (rows, columns) = (file.shape()[0], file.shape()[1]);
    let (count, key) = (settings.items(split), ShapesSettings::items_key(split));
    if columns <= Shape::COLUMNS {
        return refuse(format!("has {columns} columns; a row of labels has 12 or more"));
    }
    let (unpaired, needed) = (columns - Shape::COLUMNS, settings.unpaired_dim);
    if unpaired != needed {
        return refuse(format!(
            "has {unpaired} unpaired columns, not {needed}; set shapes.unpaired_dim={unpaired}"
        ));
    }
    if rows < count {
        return refuse(format!("has {rows} items, fewer than {count}; set shapes.{key}={rows} or less"));
    }
    let table = npy::table(&file, count)?;
    match fault(&table) {
        Some(fault) => refuse(fault),
        None => Ok(items(&table)),
    }
}

/// The table `[N, 11 + unpaired_dim]` of items.
pub fn table(items: &Items) -> Array2<f32> {
    let shapes = Array2::from(items.shapes.iter().map(Shape::row).collect::<Vec<_>>());
    concatenate![Axis(1), shapes, items.unpaired]
}

fn items(table: &Array2<f32>) -> Items {
    let shape = |row: ArrayView1<f32>| Shape::of_row(row.as_slice().expect("a new table is contiguous"));
    let shapes = table.outer_iter().map(shape).collect();
    Items { shapes, unpaired: table.slice(s![.., Shape::COLUMNS..]).to_owned() }
}

/// A description of the first row that describes no item.
fn fault(table: &Array2<f32>) -> Option<String> {
    let rows = table.as_slice().expect("a new table is contiguous").par_chunks(table.ncols());
    rows.enumerate().find_map_first(|(row, values)| {
        let invalid = COLUMNS.iter().zip(values).find(|((_, most, whole), value)| {
            !(0.0..=*most).contains(*value) || (*whole && value.fract() != 0.0)
        });
        if let Some(((name, most, whole), value)) = invalid {
            let kind = if *whole { "a whole number" } else { "a number" };
            return Some(format!("row {row} has the {name} {value}, which must be {kind} from 0 to {most}"));
        }
        let unpaired = values[Shape::COLUMNS..].iter().find(|value| !value.is_finite());
        unpaired.map(|value| format!("row {row} has the unpaired number {value}"))
    })
}
