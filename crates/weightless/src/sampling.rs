//! Draws of samples for learning curves.

use umwelt_base::random::Stream;

use crate::bits::Copies;
use crate::draws::permutation;
use crate::{Digit, Samples};

/// Labelled pictures in memory of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    pub images: Vec<Digit>,
    pub labels: Vec<u8>,
}

impl Chosen {
    /// The samples at these places, in this order.
    pub fn of(samples: &Samples, places: &[usize]) -> Self {
        let (images, labels) = places.iter().map(|&place| samples.get(place)).unzip();
        Self { images, labels }
    }

    /// Every sample with its copies.
    pub fn with_copies(samples: &Samples, copies: Copies) -> Self {
        let copies = |(image, label)| copies.of(image).map(move |copy| (copy, label));
        let (images, labels) = samples.iter().flat_map(copies).unzip();
        Self { images, labels }
    }

    /// Adds `more` at the end.
    pub fn append(&mut self, mut more: Self) {
        self.images.append(&mut more.images);
        self.labels.append(&mut more.labels);
    }

    /// A view of all.
    pub fn samples(&self) -> Samples<'_> {
        Samples::of(&self.images, &self.labels)
    }
}

/// The places of `per_class` samples of each of `classes` classes in random order, fewer of a class
/// that has fewer. A function of the seed and the number of the draw.
pub fn balanced(labels: &[u8], per_class: usize, classes: usize, seed: u64, draw: u64) -> Vec<usize> {
    let mut left = vec![per_class; classes];
    let takes = |place: &usize| {
        let left = &mut left[usize::from(labels[*place])];
        let takes = *left > 0;
        *left -= usize::from(takes);
        takes
    };
    shuffled(labels.len(), seed, draw).filter(takes).collect()
}

/// The places of `count` of `all` samples in random order, whatever their labels. A function of the
/// seed and the number of the draw.
pub fn random(all: usize, count: usize, seed: u64, draw: u64) -> Vec<usize> {
    shuffled(all, seed, draw).take(count).collect()
}

fn shuffled(count: usize, seed: u64, draw: u64) -> impl Iterator<Item = usize> {
    let order = permutation(count, &mut Stream::new(seed, "samples/draws").at(&[draw]));
    order.into_iter().map(|place| place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PIXELS;
    use crate::bits::Shifts;

    #[test]
    fn balanced_draws_have_as_many_of_each_class() {
        let labels: Vec<u8> = (0..1000).map(|i| if i % 100 == 0 { 2 } else { (i % 2) as u8 }).collect();
        let places = balanced(&labels, 12, 3, 1, 0);
        let of = |class| places.iter().filter(|place| labels[**place] == class).count();
        assert_eq!([of(0), of(1), of(2)], [12, 12, 10]);
        assert_eq!(balanced(&labels, 12, 3, 1, 0), places);
        assert_ne!(balanced(&labels, 12, 3, 1, 1), places);
        let mut random = random(1000, 1000, 1, 0);
        random.sort_unstable();
        assert!(random.into_iter().eq(0..1000));
    }

    #[test]
    fn copies_follow_their_sample() {
        let images: Vec<Digit> = (0..3).map(|i| [i; PIXELS]).collect();
        let samples = Samples::of(&images, &[5, 6, 7]);
        let chosen = Chosen::of(&samples, &[2, 0]);
        assert_eq!((chosen.images[0][0], &chosen.labels[..]), (2, &[7, 5][..]));
        let copies = Chosen::with_copies(&chosen.samples(), Copies::new(Shifts::FIVE, 0.0).unwrap());
        assert_eq!(copies.labels, [[7; 5], [5; 5]].concat());
        assert!(copies.images[0] == images[2] && copies.images[1] != images[2]);
    }
}
