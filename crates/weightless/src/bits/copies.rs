//! The copies of a picture that are learnt with it.

use super::shifts::Shifts;
use super::warp::Warp;
use crate::Digit;

/// Moves by one pixel, and warps of one strength, each with every move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Copies {
    shifts: Shifts,
    /// The strength of the warps, 0 for none.
    warp: f32,
}

/// The largest strength of a warp.
pub const STRONGEST: f32 = 2.0;

impl Copies {
    /// The picture alone.
    pub const NONE: Self = Self { shifts: Shifts::NONE, warp: 0.0 };

    /// All moves of `shifts`, of the picture and of its warps of the strength `warp`, if that is from 0
    /// to 2.
    pub fn new(shifts: Shifts, warp: f32) -> Option<Self> {
        (0.0..=STRONGEST).contains(&warp).then_some(Self { shifts, warp })
    }

    /// The moves.
    pub fn shifts(self) -> Shifts {
        self.shifts
    }

    /// The strength of the warps.
    pub fn warp(self) -> f32 {
        self.warp
    }

    fn warps(self) -> impl Iterator<Item = Warp> {
        let warps = (self.warp > 0.0).then(|| Warp::of_strength(self.warp));
        warps.into_iter().flatten()
    }

    /// The number of copies, the picture itself included.
    pub fn count(self) -> usize {
        self.shifts.count() * (1 + self.warps().count())
    }

    /// The picture and its copies.
    pub fn of(self, image: &Digit) -> impl Iterator<Item = Digit> {
        let warped = self.warps().map(|warp| warp.apply(image));
        std::iter::once(*image).chain(warped).flat_map(move |image| self.shifts.copies(&image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PIXELS;

    #[test]
    fn every_warp_has_every_move() {
        let image: Digit = std::array::from_fn(|at| (at * 7 % 256) as u8);
        let copies = Copies::new(Shifts::FIVE, 0.5).unwrap();
        let all: Vec<Digit> = copies.of(&image).collect();
        assert_eq!((all.len(), copies.count()), (35, 35));
        assert!(all[0] == image && all[5] == Warp::of_strength(0.5)[0].apply(&image));
        assert_eq!(Copies::NONE.of(&image).collect::<Vec<_>>(), [image]);
        assert_eq!(Copies::new(Shifts::NINE, 0.0).unwrap().count(), 9);
        assert!([-0.1, 2.1, f32::NAN].iter().all(|warp| Copies::new(Shifts::NONE, *warp).is_none()));
        assert_eq!(all[7].len(), PIXELS);
    }
}
