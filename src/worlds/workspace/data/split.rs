//! The splits of the data set.

/// A part of the data set. Splits share no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    Training,
    Validation,
    Test,
}

impl Split {
    /// All splits in order.
    pub const ALL: [Self; 3] = [Self::Training, Self::Validation, Self::Test];

    /// The name in files and random streams: `train`, `val` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "train",
            Self::Validation => "val",
            Self::Test => "test",
        }
    }
}
