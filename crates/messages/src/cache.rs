//! Rows by key, with the row groups that were read last kept in memory.

use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::{Context, Result};

use crate::folder::Folder;
use crate::row::Row;

/// A folder with row groups in memory up to a number of bytes.
pub struct Cache {
    folder: Folder,
    budget: usize,
    bytes: usize,
    /// Row groups by file and number, the last used one behind.
    groups: VecDeque<(Place, Rc<Vec<Row>>)>,
}

/// A file and one of its row groups.
type Place = (usize, usize);

impl Cache {
    /// At most `budget` bytes are kept, and at least the row group that was read last.
    pub fn new(folder: Folder, budget: usize) -> Self {
        Self { folder, budget, bytes: 0, groups: VecDeque::new() }
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The bytes of the row groups in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The row of `key`.
    ///
    /// # Errors
    /// When there is none, or its row group cannot be read.
    pub fn row(&mut self, key: &str) -> Result<Row> {
        let (file, group, at) =
            self.folder.place(key).with_context(|| format!("no message of {key} was collected"))?;
        let rows = self.group((file, group))?;
        Ok(rows[at].clone())
    }

    fn group(&mut self, place: Place) -> Result<Rc<Vec<Row>>> {
        let known = self.groups.iter().position(|(known, _)| *known == place);
        let found = known.and_then(|at| self.groups.remove(at));
        let (_, rows) = match found {
            Some(found) => found,
            None => {
                let rows = Rc::new(self.folder.rows(place.0, place.1)?);
                self.bytes += bytes(&rows);
                (place, rows)
            }
        };
        self.groups.push_back((place, rows.clone()));
        while self.bytes > self.budget && self.groups.len() > 1 {
            let oldest = self.groups.pop_front();
            self.bytes -= oldest.map_or(0, |(_, rows)| bytes(&rows));
        }
        Ok(rows)
    }
}

fn bytes(rows: &[Row]) -> usize {
    rows.iter().map(Row::bytes).sum()
}
