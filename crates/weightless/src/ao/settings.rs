//! Settings of a neural state machine.

use serde::{Deserialize, Serialize};

/// The neurons that a neuron reads. The parameters are those of [`AoSettings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connector {
    /// Q: all I, all Q. Z: all Q, all Z.
    FullConn,
    /// Q: all I, its own channel of Q. Z: all Q, its own channel of Z.
    ForwardFullConn,
    /// Q: its own channel of I and of Q. Z: all Q, its own channel of Z.
    ForwardForwardConn,
    /// `[a, b, c, d]`: a random I and b random Q; c random Q and d random Z.
    RandConn,
    /// `[ax, dg, nx, ny, z_to_i, c]`: channels of a grid up to ax steps along the axes and dg along
    /// the diagonals; c random Q for Z.
    NearestNeighbourConn,
    /// `[x, y, nx, ny, z_to_i, c]`: channels of a grid in a rectangle of 2x + 1 by 2y + 1.
    RectangularConn,
}

/// The state before a learnt example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Past {
    /// The state that the example itself forces: repeated steps fall into a stored picture.
    Icon,
    /// Fresh random bits, as after a reset between examples.
    Random,
    /// The true state before: sequences are learnt.
    Sequence,
}

/// The answer of a neuron at a place that it has never seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firing {
    /// That of the nearest example.
    Nearest,
    /// A random bit (Aleksander's plain node).
    Exact,
}

/// Settings of `kind: ao`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AoSettings {
    pub connector: Connector,
    pub connector_parameters: Vec<usize>,
    pub past: Past,
    /// The most steps of an answer, 1 to 1000.
    pub steps: usize,
    pub firing: Firing,
}

impl Default for AoSettings {
    fn default() -> Self {
        Self {
            connector: Connector::RandConn,
            connector_parameters: vec![392, 261, 784, 4],
            past: Past::Icon,
            steps: 10,
            firing: Firing::Nearest,
        }
    }
}

impl AoSettings {
    /// Checks the ranges; [`Connections::new`](super::Connections::new) checks the parameters.
    ///
    /// # Errors
    /// The key with its range.
    pub fn check(&self) -> Result<(), String> {
        match (1..=1000).contains(&self.steps) {
            true => Ok(()),
            false => Err(format!("ao.steps must be from 1 to 1000, but is {}", self.steps)),
        }
    }
}
