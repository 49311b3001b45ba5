//! Where a value was given.

use std::{fmt, sync::Arc};

/// Where a value was given: nowhere, a place in a file, or an argument of `--values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the schema's default holds.
    Default,
    /// A place in a file, line and column counted from 1.
    File {
        /// The file as it was named.
        file: Arc<str>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An argument of `--values`, whole.
    Values(Arc<str>),
}

impl Origin {
    /// As a comment beside the value, which need not repeat it.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Values(_) => "--values".into(),
            other => other.to_string().replace(char::is_control, " "),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Values(argument) => write!(f, "--values {argument}"),
        }
    }
}
