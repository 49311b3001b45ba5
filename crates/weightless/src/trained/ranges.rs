//! Checks of the settings that trained kinds share.

use std::ops::RangeInclusive;

/// The settings of a kind, whose name errors begin with.
#[derive(Clone, Copy, Debug)]
pub struct Ranges(pub &'static str);

impl Ranges {
    /// Checks a whole number.
    ///
    /// # Errors
    /// The key with its range.
    pub fn whole(self, key: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), String> {
        match range.contains(&value) {
            true => Ok(()),
            false => Err(format!(
                "{}.{key} must be from {} to {}, but is {value}",
                self.0,
                range.start(),
                range.end()
            )),
        }
    }

    /// Checks the sizes of layers: up to `most_layers`, each of `classes` to `most`, and the last a
    /// multiple of `classes`.
    ///
    /// # Errors
    /// The key with what is allowed.
    pub fn layers(
        self,
        key: &str,
        sizes: &[usize],
        (most_layers, most): (usize, usize),
        classes: usize,
    ) -> Result<(), String> {
        self.whole(key, sizes.len(), 1..=most_layers).map_err(|reason| format!("{reason} layers"))?;
        sizes.iter().try_for_each(|&size| self.whole(key, size, classes..=most))?;
        let last = sizes.last().copied().unwrap_or_default();
        match last.is_multiple_of(classes) {
            true => Ok(()),
            false => Err(format!(
                "{}.{key} must end with a multiple of the {classes} classes, but ends with {last}",
                self.0
            )),
        }
    }

    /// Checks the numbers of a training.
    ///
    /// # Errors
    /// The key with its range.
    pub fn training(self, epochs: usize, learn_steps: usize, replay: usize) -> Result<(), String> {
        self.whole("epochs", epochs, 0..=10_000)?;
        self.whole("learn_steps", learn_steps, 0..=10_000)?;
        self.whole("replay", replay, 0..=60_000)
    }
}
