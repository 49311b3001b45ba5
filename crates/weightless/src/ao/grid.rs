//! Channels on a grid, and those near each other.

use super::connections::Shape;
use super::settings::Connector;

/// A grid of `columns` by `rows` channels; channel c lies in row `c / columns`.
pub struct Grid {
    shape: Shape,
    is_rectangle: bool,
    /// Steps along x and y of a rectangle; along axes and diagonals otherwise.
    reach: [usize; 2],
    columns: usize,
    rows: usize,
    z_to_i: bool,
    random_q: Option<usize>,
}

impl Grid {
    /// From parameters `[reach, reach, columns, rows, z_to_i]` and, where given, the random Q of Z.
    ///
    /// # Errors
    /// When they are too few or too many, or the grid has not as many places as there are channels.
    pub fn new(connector: Connector, given: &[usize], shape: Shape) -> Result<Self, String> {
        let (&[a, b, columns, rows, z_to_i], random_q) = (match given {
            [five @ .., last] if given.len() == 6 => (five, Some(*last)),
            _ => (given, None),
        }) else {
            return Err(format!("ao.connector_parameters must be five or six numbers, but are {given:?}"));
        };
        let places = columns.saturating_mul(rows);
        // Pictures of one bit a pixel are one channel, whose neurons are the places.
        let fits = [shape.channels, shape.inputs].contains(&places) && places > 0;
        if !fits {
            return Err(format!(
                "ao.connector_parameters names a grid of {columns} x {rows}, but there are {} channels",
                shape.channels
            ));
        }
        if random_q.is_some_and(|count| count > shape.inputs) {
            let count = random_q.unwrap_or(0);
            return Err(format!(
                "ao.connector_parameters asks for {count} neurons of Q, which has {}",
                shape.inputs
            ));
        }
        let is_rectangle = connector == Connector::RectangularConn;
        Ok(Self { shape, is_rectangle, reach: [a, b], columns, rows, z_to_i: z_to_i > 0, random_q })
    }

    /// Whether Z reads I, too.
    pub fn z_to_i(&self) -> bool {
        self.z_to_i
    }

    /// The number of random Q that Z reads.
    pub fn random_q(&self) -> Option<usize> {
        self.random_q
    }

    /// The neurons of all channels near the channel of `neuron`, its own included, sorted.
    pub fn neighbours(&self, neuron: usize) -> Vec<u32> {
        let places = self.columns * self.rows;
        let place = |at: usize| (at / self.columns, at % self.columns);
        let (row, column) = place(neuron % places);
        let is_near = |other: &usize| {
            let (y, x) = place(other % places);
            self.reaches(y.abs_diff(row), x.abs_diff(column))
        };
        (0..self.shape.inputs).filter(is_near).map(|other| other as u32).collect()
    }

    fn reaches(&self, down: usize, across: usize) -> bool {
        let [first, second] = self.reach;
        if self.is_rectangle {
            return across <= first && down <= second;
        }
        let along_axis = (down == 0 || across == 0) && down + across <= first;
        along_axis || down == across && down <= second
    }
}
