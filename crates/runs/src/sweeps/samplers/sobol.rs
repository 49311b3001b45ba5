//! Sobol's sequence, which fills space more evenly than random draws.

use super::{
    super::point::{Point, PointHistory},
    super::space::Space,
    Drawn, Sampler,
};
use umwelt_base::random::Stream;

/// The degree, inner coefficients and first direction numbers of each dimension's polynomial, from
/// the second dimension on (Joe and Kuo, *Constructing Sobol Sequences with Better Two-Dimensional
/// Projections*, SIAM J. Sci. Comput. 30, 2008, the set `new-joe-kuo-6`).
const POLYNOMIALS: [(u32, u32, [u32; 7]); 23] = [
    (1, 0, [1, 0, 0, 0, 0, 0, 0]),
    (2, 1, [1, 3, 0, 0, 0, 0, 0]),
    (3, 1, [1, 3, 1, 0, 0, 0, 0]),
    (3, 2, [1, 1, 1, 0, 0, 0, 0]),
    (4, 1, [1, 1, 3, 3, 0, 0, 0]),
    (4, 4, [1, 3, 5, 13, 0, 0, 0]),
    (5, 2, [1, 1, 5, 5, 17, 0, 0]),
    (5, 4, [1, 1, 5, 5, 5, 0, 0]),
    (5, 7, [1, 1, 7, 11, 19, 0, 0]),
    (5, 11, [1, 1, 5, 1, 1, 0, 0]),
    (5, 13, [1, 1, 1, 3, 11, 0, 0]),
    (5, 14, [1, 3, 5, 5, 31, 0, 0]),
    (6, 1, [1, 3, 3, 9, 7, 49, 0]),
    (6, 13, [1, 1, 1, 15, 21, 21, 0]),
    (6, 16, [1, 3, 1, 13, 27, 49, 0]),
    (6, 19, [1, 1, 1, 15, 7, 5, 0]),
    (6, 22, [1, 3, 1, 15, 13, 25, 0]),
    (6, 25, [1, 1, 5, 5, 19, 61, 0]),
    (7, 1, [1, 3, 7, 11, 23, 15, 103]),
    (7, 4, [1, 3, 7, 13, 13, 15, 69]),
    (7, 7, [1, 1, 3, 13, 7, 35, 63]),
    (7, 8, [1, 3, 5, 9, 1, 25, 53]),
    (7, 14, [1, 3, 1, 13, 9, 35, 107]),
];

/// The most dimensions of a sequence.
pub const MOST_DIMENSIONS: usize = POLYNOMIALS.len() + 1;

/// Sobol's sequence, each dimension with a random digital shift.
pub struct Sobol<'a> {
    /// The search space, of at most [`MOST_DIMENSIONS`].
    pub space: &'a Space,
    /// All points of the space, or `None` if they are too many or uncountable.
    pub points: Option<&'a [Point]>,
    /// The seed of the shifts.
    pub seed: u64,
    /// The draws so far.
    pub drawn: &'a Drawn,
}

impl Sampler for Sobol<'_> {
    fn ask(&self, index: usize, _: &[PointHistory<'_>]) -> Point {
        self.drawn.point(self.space, self.points, index, |draw| self.draw(draw))
    }
}

impl Sobol<'_> {
    fn draw(&self, draw: u64) -> Point {
        self.space.draw(|position, dimension| {
            let stream = Stream::new(self.seed, &format!("sweeps/sobol/{}", dimension.name));
            let shift = (stream.at(&[]).bits() >> 32) as u32;
            // The middle of the last digit's cell, which keeps both ends out.
            let coordinate = (f64::from(coordinate(position, draw as u32) ^ shift) + 0.5) / 2f64.powi(32);
            dimension.domain.at(coordinate)
        })
    }
}

/// The coordinate `position` of the point `index` in Gray-code order, in units of 2^-32.
fn coordinate(position: usize, index: u32) -> u32 {
    let (gray, directions) = (index ^ (index >> 1), directions(position));
    directions.iter().enumerate().filter(|(bit, _)| gray >> bit & 1 == 1).fold(0, |sum, (_, v)| sum ^ v)
}

fn directions(position: usize) -> [u32; 32] {
    let mut directions = [0; 32];
    let Some(polynomial) = position.checked_sub(1) else {
        return std::array::from_fn(|bit| 1 << (31 - bit));
    };
    let (degree, inner, first) = POLYNOMIALS[polynomial];
    let degree = degree as usize;
    for bit in 0..32 {
        directions[bit] = if bit < degree {
            first[bit] << (31 - bit)
        } else {
            let earliest = directions[bit - degree];
            let terms =
                (1..degree).filter(|k| inner >> (degree - 1 - k) & 1 == 1).map(|k| directions[bit - k]);
            terms.fold(earliest ^ (earliest >> degree), |sum, term| sum ^ term)
        };
    }
    directions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: u32) -> Vec<u32> {
        (0..MOST_DIMENSIONS).map(|position| coordinate(position, index) >> 22).collect()
    }

    /// Points of `torch.quasirandom.SobolEngine(24)`, torch 2.13.0, in units of 1/1024. The Gray
    /// code of 682 has all ten bits.
    #[test]
    fn pytorch_has_the_same_sequence() {
        let expected = [
            1023, 261, 749, 451, 921, 263, 753, 303, 735, 669, 333, 275, 239, 987, 677, 753, 459, 411, 237,
            429, 557, 29, 583, 499,
        ];
        assert_eq!(row(682), expected);
        let expected = [
            225, 99, 531, 693, 287, 929, 47, 921, 513, 71, 87, 261, 165, 393, 147, 379, 737, 353, 1015, 743,
            535, 563, 973, 553,
        ];
        assert_eq!(row(1000), expected);
    }

    #[test]
    fn each_dimension_visits_each_cell_once() {
        for position in 0..MOST_DIMENSIONS {
            let mut cells: Vec<u32> = (0..256).map(|index| coordinate(position, index) >> 24).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..256).collect::<Vec<_>>());
        }
    }
}
