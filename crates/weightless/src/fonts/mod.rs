//! Digits drawn from fonts: two that are built in, and those found on the machine.

mod face;
mod outline;
mod search;
mod variant;

pub use face::Face;
pub use search::{default_folders, find};
pub use variant::Variant;

use crate::sampling::Chosen;

/// Every digit of every face in `variants` variants, of which the first is plain, as MNIST would
/// have made pictures of them. A face that lacks an outline for a digit is left out for this digit.
pub fn digits(faces: &[Face], variants: u64, seed: u64) -> Chosen {
    digits_while(faces, variants, seed, &mut || true).expect("nothing stops the drawing")
}

/// The pictures of [`digits`]; `None` once `goes_on`, which is asked before each, is false.
pub fn digits_while(
    faces: &[Face],
    variants: u64,
    seed: u64,
    goes_on: &mut dyn FnMut() -> bool,
) -> Option<Chosen> {
    let mut chosen = Chosen::default();
    for (at, face) in faces.iter().enumerate() {
        for (digit, index) in (0..10).flat_map(|digit| (0..variants).map(move |index| (digit, index))) {
            if !goes_on() {
                return None;
            }
            let variant = Variant::draw(seed, &[at as u64, u64::from(digit), index]);
            if let Some(image) = face.digit(digit, &variant) {
                chosen.images.push(image);
                chosen.labels.push(digit);
            }
        }
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SIDE;

    fn ink(image: &[u8]) -> u32 {
        image.iter().map(|value| u32::from(*value)).sum()
    }

    #[test]
    fn built_in_faces_draw_ten_digits_like_mnists() {
        let faces = Face::built_in();
        let chosen = digits(&faces, 1, 0);
        assert_eq!((faces.len(), chosen.images.len()), (2, 20));
        for (image, label) in chosen.samples().iter() {
            let inked = |at: usize| image[at] > 0;
            let places: Vec<usize> = (0..784).filter(|at| inked(*at)).collect();
            let rows = places[places.len() - 1] / SIDE - places[0] / SIDE + 1;
            // Digits are taller than wide.
            assert_eq!(rows, 20, "{label}");
            let moment: f64 = (0..784).map(|at| (at / SIDE) as f64 * f64::from(image[at])).sum();
            assert!((moment / f64::from(ink(image)) - 14.0).abs() <= 0.51, "{label}");
        }
        // An 8 has two holes and a 1 none: background that is shut in.
        let holes = |image: &[u8; 784]| {
            let mut outside = vec![false; 784];
            let mut next = vec![0];
            while let Some(at) = next.pop() {
                if image[at] >= 100 || std::mem::replace(&mut outside[at], true) {
                    continue;
                }
                let (y, x) = (at / SIDE, at % SIDE);
                next.extend([(y > 0).then(|| at - SIDE), (y < 27).then(|| at + SIDE)].into_iter().flatten());
                next.extend([(x > 0).then(|| at - 1), (x < 27).then(|| at + 1)].into_iter().flatten());
            }
            (0..784).filter(|at| image[*at] < 100 && !outside[*at]).count()
        };
        assert!(holes(&chosen.images[8]) > 20 && holes(&chosen.images[0]) > 20);
        assert_eq!((holes(&chosen.images[1]), holes(&chosen.images[7])), (0, 0));
    }

    #[test]
    fn variants_differ_and_the_first_is_plain() {
        let faces = Face::built_in();
        let first = digits(&faces[..1], 3, 5);
        assert_eq!(first.images.len(), 30);
        assert!((0..30).step_by(3).all(|at| first.images[at] != first.images[at + 1]));
        assert_eq!(digits(&faces[..1], 1, 9).images[4], first.images[12]);
        assert_eq!(digits(&faces[..1], 3, 5), first);
        let mut left = 7u32;
        let mut seven = || {
            left = left.saturating_sub(1);
            left > 0
        };
        assert!(digits_while(&faces[..1], 3, 5, &mut seven).is_none());
        assert_eq!(left, 0, "the drawing ends where it was stopped");
    }

    #[test]
    fn strokes_become_thicker_and_thinner() {
        let face = &Face::built_in()[0];
        let at = |stroke: f64| ink(&face.digit(3, &Variant { stroke, ..Variant::PLAIN }).unwrap());
        let plain = f64::from(at(1.0));
        // The box has the same longer side, so that the ink follows the stroke.
        assert!((1.1..1.5).contains(&(f64::from(at(1.3)) / plain)), "{} {plain}", at(1.3));
        assert!((0.7..0.95).contains(&(f64::from(at(0.85)) / plain)), "{} {plain}", at(0.85));
    }
}
