//! The values of a dimension: a list of choices, or numbers.

use std::collections::HashMap;

use super::{
    numbers::Numbers,
    reading::{items, number, wrong},
    scalar::canonical,
    weights::weighted_index,
};
use umwelt_settings::{Node, Origin, Scalar, SettingsError, Value, inline};

type Result<T> = std::result::Result<T, SettingsError>;

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
    /// The value as a person writes it, without quotes.
    pub shown: String,
    /// The prior probability; those of a list sum to 1.
    pub share: f64,
    /// The place in the sweep file.
    pub origin: Origin,
}

impl Domain {
    /// The quantile of the prior at `u` in [0, 1], as YAML.
    pub fn at(&self, u: f64) -> String {
        match self {
            Self::Choices(choices) => {
                let shares = choices.iter().map(|choice| choice.share);
                choices[weighted_index(shares, u).unwrap_or(choices.len() - 1)].text.clone()
            }
            Self::Numbers(numbers) => numbers.text(numbers.at(u)),
        }
    }

    /// All values as YAML in their order, or `None` if they are uncountable.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Choices(choices) => Some(choices.iter().map(|choice| choice.text.clone()).collect()),
            Self::Numbers(numbers) => Some(numbers.values()?.map(|value| numbers.text(value)).collect()),
        }
    }

    /// The number of values, or `None` if they are uncountable.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Choices(choices) => Some(choices.len()),
            Self::Numbers(numbers) => numbers.count(),
        }
    }

    /// The value with the YAML `text` as a person writes it.
    pub fn shown<'a>(&'a self, text: &'a str) -> &'a str {
        self.choice(text).map_or(text, |choice| &choice.shown)
    }

    /// The place in the sweep file of a choice with the YAML `text`.
    pub fn origin(&self, text: &str) -> Option<&Origin> {
        self.choice(text).map(|choice| &choice.origin)
    }

    fn choice(&self, text: &str) -> Option<&Choice> {
        match self {
            Self::Choices(choices) => choices.iter().find(|choice| choice.text == text),
            Self::Numbers(_) => None,
        }
    }
}

/// The choices of a list of values, equally likely.
///
/// # Errors
/// An empty list, or a value that is in it twice.
pub(super) fn choices(node: &Node, path: &str) -> Result<Vec<Choice>> {
    let nodes = items(node, path)?;
    let share = 1.0 / nodes.len() as f64;
    let (mut choices, mut known): (Vec<Choice>, HashMap<String, usize>) = Default::default();
    for node in nodes {
        let choice = choice(node, share);
        if let Some(first) = known.insert(canonical(&choice.shown), choices.len()) {
            let message = format!("{} is given twice, first at {}", choice.shown, choices[first].origin);
            return Err(wrong(&node.origin, path, message));
        }
        choices.push(choice);
    }
    Ok(choices)
}

/// The choice of one value, with the prior probability `share`.
pub(super) fn choice(node: &Node, share: f64) -> Choice {
    Choice { text: inline(&node.value), shown: shown(&node.value), share, origin: node.origin.clone() }
}

/// Sets the prior probabilities of `choices` to the numbers of the list `node`, scaled to sum to 1.
pub(super) fn weigh(choices: &mut [Choice], node: &Node, path: &str) -> Result<()> {
    let nodes = items(node, path)?;
    if nodes.len() != choices.len() {
        let message =
            format!("expected {} numbers, one for each value, found {}", choices.len(), nodes.len());
        return Err(wrong(&node.origin, path, message));
    }
    for (choice, node) in choices.iter_mut().zip(nodes) {
        choice.share = number(node, path)?;
        if choice.share <= 0.0 {
            return Err(wrong(&node.origin, path, format!("must be above 0, but is {}", choice.share)));
        }
    }
    let sum: f64 = choices.iter().map(|choice| choice.share).sum();
    choices.iter_mut().for_each(|choice| choice.share /= sum);
    Ok(())
}

/// A value as a person writes it: text without quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Scalar(Scalar { text, .. }) if !text.is_empty() => text.clone(),
        other => inline(other),
    }
}
