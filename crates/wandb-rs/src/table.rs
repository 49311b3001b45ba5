use serde_json::{Value as Json, json};

/// A table with named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Json>>,
}

impl Table {
    /// A table without rows.
    pub fn new<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: vec![] }
    }

    /// Adds a row. Missing cells are empty, cells beyond the last column are cut off, and a number
    /// that is not finite becomes an empty cell.
    pub fn row<V: Into<Json>>(mut self, cells: impl IntoIterator<Item = V>) -> Self {
        let mut row: Vec<Json> = cells.into_iter().map(Into::into).collect();
        row.resize(self.columns.len(), Json::Null);
        self.rows.push(row);
        self
    }

    pub(crate) fn file(&self) -> String {
        json!({"columns": self.columns, "data": self.rows}).to_string()
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.columns.len(), self.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_long_as_there_are_columns() {
        let table = Table::new(["name", "score"]).row([json!("a"), json!(0.5)]).row(["b"]).row([1, 2, 3]);
        assert_eq!(table.file(), r#"{"columns":["name","score"],"data":[["a",0.5],["b",null],[1,2]]}"#);
        assert_eq!(table.size(), (2, 3));
    }
}
