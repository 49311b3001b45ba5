//! Mathematical problems: their data set, the last box of an answer, and the equality of answers.

mod boxed;
mod dataset;
mod normaliser;
mod rational;
mod task;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::normaliser::normalised;
use self::rational::rational;

pub use self::boxed::boxed;
pub use self::task::{Answer, MathTask, TEXTS, majority};

/// The largest relative difference of equal numbers.
const TOLERANCE: f64 = 1e-6;

/// When two answers are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Equality {
    /// But for white space.
    Strict,
    /// In the normal form of Hendrycks et al. (arXiv 2103.03874).
    Hendrycks,
    /// In that form, or as rational numbers.
    #[default]
    Numeric,
}

impl Equality {
    pub fn holds(self, answer: &str, expected: &str) -> bool {
        if self == Self::Strict {
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            return bare(answer) == bare(expected);
        }
        let [answer, expected] = [answer, expected].map(normalised);
        answer == expected || (self == Self::Numeric && are_close(&answer, &expected))
    }
}

fn are_close(first: &str, second: &str) -> bool {
    let (Some(first), Some(second)) = (rational(first), rational(second)) else { return false };
    (first - second).abs() <= TOLERANCE * first.abs().max(second.abs())
}
