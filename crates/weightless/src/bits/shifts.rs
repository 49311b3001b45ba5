//! Pictures together with copies that are moved by one pixel.

use crate::{Digit, PIXELS, SIDE};

/// A set of moves by at most one pixel. The first is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shifts(usize);

/// Down and right of each move: none, the four neighbours, the four diagonals.
const MOVES: [(i8, i8); 9] = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)];

impl Shifts {
    /// No copies.
    pub const NONE: Self = Self(1);
    /// The copies for the four neighbours.
    pub const FIVE: Self = Self(5);
    /// The copies for all eight neighbours.
    pub const NINE: Self = Self(9);

    /// The set of `count` moves, if it is 1, 5 or 9.
    pub fn of(count: usize) -> Option<Self> {
        matches!(count, 1 | 5 | 9).then_some(Self(count))
    }

    /// The number of copies, the picture itself included.
    pub fn count(self) -> usize {
        self.0
    }

    /// The moves (down, right).
    pub fn moves(self) -> &'static [(i8, i8)] {
        &MOVES[..self.0]
    }

    /// The picture and its copies.
    pub fn copies(self, image: &Digit) -> impl Iterator<Item = Digit> + use<> {
        let image = *image;
        self.moves().iter().map(move |&by| shifted(&image, by))
    }
}

/// The picture moved `down` and `right` by at most one pixel; what moves in is paper.
pub fn shifted(image: &Digit, (down, right): (i8, i8)) -> Digit {
    let mut moved = [0; PIXELS];
    let from = |by: i8| usize::from(by < 0);
    let to = |by: i8| usize::from(by > 0);
    let width = SIDE - right.unsigned_abs() as usize;
    for row in 0..SIDE - down.unsigned_abs() as usize {
        let source = (row + from(down)) * SIDE + from(right);
        let target = (row + to(down)) * SIDE + to(right);
        moved[target..target + width].copy_from_slice(&image[source..source + width]);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_moves_by_the_shift() {
        let image: Digit = std::array::from_fn(|at| (at % 251 + 1) as u8);
        for &(down, right) in Shifts::NINE.moves() {
            let moved = shifted(&image, (down, right));
            for (row, column) in (0..28i32).flat_map(|row| (0..28i32).map(move |column| (row, column))) {
                let (y, x) = (row - i32::from(down), column - i32::from(right));
                let inside = (0..28).contains(&y) && (0..28).contains(&x);
                let expected = if inside { image[(y * 28 + x) as usize] } else { 0 };
                assert_eq!(moved[(row * 28 + column) as usize], expected);
            }
        }
        assert_eq!(Shifts::FIVE.copies(&image).next().unwrap(), image);
        assert!(Shifts::of(4).is_none() && Shifts::of(9) == Some(Shifts::NINE));
    }
}
