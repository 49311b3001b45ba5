//! Typed reading of JSON keys.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// The largest size that a configuration may state. It bounds what is allocated before a size is
/// compared with the tensors of a file.
const MAX_SIZE: i64 = 1 << 24;

/// A JSON object whose keys are read with errors that name them. A null is an absent key.
#[derive(Clone, Copy)]
pub struct Keys<'a>(pub &'a Map<String, Value>);

impl<'a> Keys<'a> {
    /// The value of a key that is present.
    pub fn value(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A whole number from 1 to 2^24, if the key is present.
    pub fn size(self, key: &str) -> Result<Option<i64>> {
        let read = |value: &Value| {
            let size = value.as_i64().filter(|size| (1..=MAX_SIZE).contains(size));
            size.with_context(|| format!("{key} is {value}; it should be a whole number from 1 to 2^24"))
        };
        self.value(key).map(read).transpose()
    }

    /// A whole number from 1 to 2^24.
    pub fn required_size(self, key: &str) -> Result<i64> {
        self.size(key)?.with_context(|| format!("{key} is missing"))
    }

    /// A positive number, or `default`.
    pub fn positive(self, key: &str, default: f64) -> Result<f64> {
        let Some(value) = self.value(key) else { return Ok(default) };
        let number = value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        number.with_context(|| format!("{key} is {value}; it should be a positive number"))
    }

    /// true or false, or `default`.
    pub fn flag(self, key: &str, default: bool) -> Result<bool> {
        match self.value(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => bail!("{key} is {other}; it should be true or false"),
        }
    }

    /// A text, if the key is present.
    pub fn text(self, key: &str) -> Result<Option<&'a str>> {
        let read = |value: &'a Value| {
            value.as_str().with_context(|| format!("{key} is {value}; it should be a text"))
        };
        self.value(key).map(read).transpose()
    }

    /// An object, if the key is present.
    pub fn object(self, key: &str) -> Result<Option<Keys<'a>>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Keys(map))),
            Some(other) => bail!("{key} is {other}; it should be an object"),
        }
    }
}

/// The whole numbers of a key that holds one or a list of them.
///
/// # Errors
/// When it holds something else.
pub fn ids(keys: Keys, key: &str) -> Result<Vec<i64>> {
    let values = match keys.value(key) {
        None => vec![],
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    };
    let ids: Vec<i64> = values.iter().filter_map(|value| value.as_i64()).collect();
    ensure!(ids.len() == values.len(), "{key} should be a token id or a list of them");
    Ok(ids)
}
