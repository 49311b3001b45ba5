//! A number of items, as a count or as a share of all.

use serde::{Deserialize, Serialize};

use crate::settings::check::{InvalidSetting, refuse};

/// A number of training items: a whole number counts them, a fraction is a share of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a count of items or a share of them such as 0.1")]
pub enum Amount {
    Count(u64),
    Share(f64),
}

impl Amount {
    /// The number of items out of `items`, rounded down.
    pub fn of(self, items: usize) -> usize {
        match self {
            Self::Count(count) => count as usize,
            Self::Share(share) => (items as f64 * share).floor() as usize,
        }
    }

    /// Refuses shares outside of 0 to 1.
    pub(super) fn check(self, key: &str) -> Result<(), InvalidSetting> {
        match self {
            Self::Share(share) if !(0.0..=1.0).contains(&share) => {
                refuse(key, format!("must be a count of items or a share from 0 to 1, but is {share}"))
            }
            _ => Ok(()),
        }
    }
}
