//! Tables as aligned plain text and as Markdown.

use std::fmt;

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A table of text; `to_string` renders it as plain text.
#[derive(Clone, Debug)]
pub struct Table {
    aligns: Vec<Align>,
    /// The header, then the rows, all with the same number of cells.
    lines: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let (headers, aligns) = columns.into_iter().map(|(header, align)| (header.to_owned(), align)).unzip();
        Self { aligns, lines: vec![headers] }
    }

    /// Adds a row; missing cells are blank.
    ///
    /// # Panics
    /// If there are more cells than columns.
    pub fn row(mut self, cells: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert!(cells.len() <= self.aligns.len(), "{} cells in {} columns", cells.len(), self.aligns.len());
        cells.resize(self.aligns.len(), String::new());
        self.lines.push(cells);
        self
    }

    /// The table in Markdown, with aligned columns in the source.
    pub fn to_markdown(&self) -> String {
        let escape = |cell: &String| cell.replace('|', "\\|").replace(['\n', '\r'], " ");
        let lines = self.lines.iter().map(|line| line.iter().map(escape).collect()).collect();
        let table = Self { aligns: self.aligns.clone(), lines };
        let widths: Vec<usize> = table.widths().into_iter().map(|width| width.max(3)).collect();
        let rule = widths.iter().zip(&self.aligns).map(|(&width, align)| match align {
            Align::Left => "-".repeat(width),
            Align::Right => "-".repeat(width - 1) + ":",
        });
        let rule: Vec<String> = rule.collect();
        let line = |cells: &Vec<String>| format!("| {} |\n", table.padded(cells, &widths).join(" | "));
        line(&table.lines[0]) + &line(&rule) + &table.lines[1..].iter().map(line).collect::<String>()
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.lines.iter().map(|line| line[column].chars().count()).max();
        (0..self.aligns.len()).map(|column| width(column).unwrap_or(0)).collect()
    }

    fn padded(&self, cells: &[String], widths: &[usize]) -> Vec<String> {
        let pad = |((cell, &width), align): ((&String, &usize), &Align)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        };
        cells.iter().zip(widths).zip(&self.aligns).map(pad).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let widths = self.widths();
        for (index, cells) in self.lines.iter().enumerate() {
            writeln!(out, "{}", self.padded(cells, &widths).join("  ").trim_end())?;
            if index == 0 {
                let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
                writeln!(out, "{}", rule.join("  "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let table = Table::new([("model", Align::Left), ("RMSE", Align::Right)]);
        table.row(["summed actions", "0.92"]).row(["centre ±", "10.31"]).row(["a|b"])
    }

    #[test]
    fn plain_text_is_aligned_without_trailing_spaces() {
        let expected = "model            RMSE\n\
                        --------------  -----\n\
                        summed actions   0.92\n\
                        centre ±        10.31\n\
                        a|b\n";
        assert_eq!(table().to_string(), expected);
    }

    #[test]
    fn markdown_marks_alignment_and_escapes_bars() {
        let expected = "| model          |  RMSE |\n\
                        | -------------- | ----: |\n\
                        | summed actions |  0.92 |\n\
                        | centre ±       | 10.31 |\n\
                        | a\\|b           |       |\n";
        assert_eq!(table().to_markdown(), expected);
    }

    #[test]
    #[should_panic(expected = "3 cells in 2 columns")]
    fn a_cell_without_a_column_is_refused() {
        let _ = table().row(["a", "b", "c"]);
    }
}
