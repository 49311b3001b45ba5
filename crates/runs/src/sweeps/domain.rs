//! What a dimension can be.

use super::numbers::Numbers;
use umwelt_settings::{Origin, Scalar, Value, inline};

/// The values that a dimension can take.
#[derive(Clone, Debug)]
pub enum Domain {
    /// One of a list.
    Choices(Vec<Choice>),
    /// A number.
    Numbers(Numbers),
}

/// One value of a list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The value as YAML.
    pub text: String,
    /// The value as a person would write it.
    pub shown: String,
    /// How likely it is before anything is known; all add up to 1.
    pub share: f64,
    /// Where it was given.
    pub origin: Origin,
}

impl Domain {
    /// The value, as YAML, below which the prior puts the share `u` (from 0 to 1).
    pub fn at(&self, u: f64) -> String {
        match self {
            Self::Choices(choices) => {
                let mut left = u;
                let chosen = choices.iter().find(|choice| {
                    left -= choice.share;
                    left < 0.0
                });
                chosen.or(choices.last()).expect("a list of values is not empty").text.clone()
            }
            Self::Numbers(numbers) => numbers.text(numbers.at(u)),
        }
    }

    /// All values as YAML in their order, if they can be counted.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Choices(choices) => Some(choices.iter().map(|choice| choice.text.clone()).collect()),
            Self::Numbers(numbers) => Some(numbers.values()?.map(|value| numbers.text(value)).collect()),
        }
    }

    /// How many values there are, if they can be counted.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Choices(choices) => Some(choices.len()),
            Self::Numbers(numbers) => numbers.count(),
        }
    }

    /// A value, given as YAML, as a person would write it.
    pub fn shown<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Choices(choices) => {
                choices.iter().find(|choice| choice.text == text).map_or(text, |choice| &choice.shown)
            }
            Self::Numbers(_) => text,
        }
    }

    /// Where a value was given, if it stands in a list.
    pub fn origin(&self, text: &str) -> Option<&Origin> {
        match self {
            Self::Choices(choices) => {
                choices.iter().find(|choice| choice.text == text).map(|choice| &choice.origin)
            }
            Self::Numbers(_) => None,
        }
    }
}

/// A value as a person would write it: text without quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Scalar(Scalar { text, .. }) if !text.is_empty() => text.clone(),
        other => inline(other),
    }
}
