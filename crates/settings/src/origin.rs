//! The origins of values.

use std::{fmt, sync::Arc};

/// The origin of a value: the defaults, a place in a file, or an argument of `--values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The defaults of the schema.
    Default,
    /// A place in a file.
    File {
        /// The file as the user named it.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// A whole argument of `--values`.
    Values(Arc<str>),
}

impl Origin {
    /// The text of a comment next to the value, without the value itself.
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
