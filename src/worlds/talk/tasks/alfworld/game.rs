//! A game that a bridge plays.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::bridge::{Bridge, Observation};
use super::pool::Pool;
use super::settings::AlfWorldSettings;
use crate::worlds::talk::tasks::{Episode, Outcome, Split};

/// A game in the making.
pub struct Game {
    pool: Arc<Pool>,
    /// None after a failure, which ends the bridge.
    bridge: Option<Bridge>,
    split: Split,
    number: u64,
    steps: usize,
    most: usize,
    marker: String,
}

impl Game {
    /// # Errors
    /// When no bridge can be started.
    pub fn new(pool: Arc<Pool>, settings: &AlfWorldSettings, (split, number): (Split, u64)) -> Result<Self> {
        let bridge = Some(pool.take()?);
        let (most, marker) = (settings.max_steps, settings.action_marker.clone());
        Ok(Self { pool, bridge, split, number, steps: 0, most, marker })
    }

    /// Begins the game.
    ///
    /// # Errors
    /// When the bridge fails. The error names the game.
    pub fn reset(&mut self) -> Result<Observation> {
        let (split, number) = (self.split.name(), self.number);
        self.ask(|bridge| bridge.reset(split, number))
    }

    fn ask(&mut self, request: impl FnOnce(&mut Bridge) -> Result<Observation>) -> Result<Observation> {
        let (split, number, steps) = (self.split.name(), self.number, self.steps);
        let place = || format!("game {number} of the split {split}, after {steps} actions");
        let mut bridge =
            self.bridge.take().context("the bridge of the game has failed").with_context(place)?;
        let seen = request(&mut bridge).with_context(place)?;
        self.bridge = Some(bridge);
        Ok(seen)
    }

    /// The action in the first line that has the marker, and the end of that line.
    fn action<'a>(&self, written: &'a str) -> Option<(&'a str, usize)> {
        let start = written.find(&self.marker)? + self.marker.len();
        let end = written[start..].find('\n').map_or(written.len(), |length| start + length);
        Some((written[start..end].trim(), end))
    }
}

impl Episode for Game {
    /// The text ends with the first line that has an action.
    fn used(&self, written: &str) -> usize {
        self.action(written).map_or(written.len(), |(_, end)| end)
    }

    fn take(&mut self, written: &str) -> Result<Outcome> {
        let action = self.action(written).map(|(action, _)| action.to_owned());
        let seen = match action {
            Some(action) => self.ask(|bridge| bridge.step(&action))?,
            None => Observation {
                obs: format!("There was no action. Write `{}` and the action in one line.", self.marker),
                ..Observation::default()
            },
        };
        self.steps += 1;
        let is_over = seen.won || seen.done || self.steps >= self.most;
        Ok(if is_over { Outcome::Over { success: seen.won } } else { Outcome::Goes(seen.obs) })
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        self.bridge.take().into_iter().for_each(|bridge| self.pool.give(bridge));
    }
}
