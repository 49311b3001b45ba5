//! Samples that are kept from a stream, balanced by class.
//!
//! Vitter, *Random Sampling with a Reservoir* (1985); balanced as in Chrysakis and Moens, *Online
//! Continual Learning from Imbalanced Data* (2020).

use umwelt_base::random::Rng;

use crate::Digit;

/// Labelled pictures of a stream: all classes alike, and each picture of a class as likely.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservoir {
    capacity: usize,
    samples: Vec<(Digit, u8)>,
    /// Pictures of each class that were offered.
    offered: Vec<u64>,
}

/// What an offer changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    None,
    Added,
    Replaced(usize, Box<(Digit, u8)>),
}

impl Reservoir {
    /// An empty one.
    pub fn new(capacity: usize, classes: usize) -> Self {
        Self { capacity, samples: vec![], offered: vec![0; classes] }
    }

    /// One that holds these samples; `offered` counts the pictures of each class so far.
    pub fn restore(capacity: usize, samples: Vec<(Digit, u8)>, offered: Vec<u64>) -> Self {
        Self { capacity, samples, offered }
    }

    /// Offers the next sample of the stream. A full reservoir gives it a place of the largest
    /// class; a sample of the largest class itself is kept with the probability that keeps all of
    /// its class as likely.
    pub fn offer(&mut self, image: &Digit, label: u8, rng: &mut Rng) -> Change {
        self.offered[usize::from(label)] += 1;
        if self.samples.len() < self.capacity {
            self.samples.push((*image, label));
            return Change::Added;
        }
        let Some(place) = self.place_for(label, rng) else { return Change::None };
        let old = std::mem::replace(&mut self.samples[place], (*image, label));
        Change::Replaced(place, Box::new(old))
    }

    fn place_for(&self, label: u8, rng: &mut Rng) -> Option<usize> {
        let mut kept = vec![0usize; self.offered.len()];
        self.samples.iter().for_each(|(_, label)| kept[usize::from(*label)] += 1);
        let most = kept.iter().copied().max().filter(|most| *most > 0)?;
        let own = kept[usize::from(label)];
        let class = match own == most {
            true => (rng.below(self.offered[usize::from(label)] as usize) < own).then_some(label)?,
            false => kept.iter().position(|count| *count == most)? as u8,
        };
        let chosen = rng.below(most);
        let places = self.samples.iter().enumerate().filter(|(_, sample)| sample.1 == class);
        places.map(|(place, _)| place).nth(chosen)
    }

    /// Takes back the last offer.
    pub fn take_back(&mut self, label: u8, change: Change) {
        self.offered[usize::from(label)] -= 1;
        match change {
            Change::None => {}
            Change::Added => drop(self.samples.pop()),
            Change::Replaced(place, old) => self.samples[place] = *old,
        }
    }

    /// Removes a sample, if it is kept.
    pub fn remove(&mut self, image: &Digit, label: u8) {
        let is_it = |sample: &(Digit, u8)| sample.1 == label && sample.0 == *image;
        if let Some(place) = self.samples.iter().position(is_it) {
            self.samples.remove(place);
            self.offered[usize::from(label)] = self.offered[usize::from(label)].saturating_sub(1);
        }
    }

    /// A random one of the first `count` samples that are kept.
    pub fn draw(&self, count: usize, rng: &mut Rng) -> Option<&(Digit, u8)> {
        let count = count.min(self.samples.len());
        (count > 0).then(|| &self.samples[rng.below(count)])
    }

    /// The samples that are kept.
    pub fn samples(&self) -> &[(Digit, u8)] {
        &self.samples
    }

    /// The number of samples to keep.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Pictures of each class that were offered.
    pub fn offered(&self) -> &[u64] {
        &self.offered
    }
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::*;
    use crate::PIXELS;

    fn picture(number: usize) -> Digit {
        let mut picture = [0; PIXELS];
        picture[..8].copy_from_slice(&(number as u64).to_le_bytes());
        picture
    }

    fn number(picture: &Digit) -> usize {
        u64::from_le_bytes(picture[..8].try_into().unwrap()) as usize
    }

    #[test]
    fn classes_share_the_places_and_each_picture_is_as_likely() {
        let mut kept = [0usize; 60];
        for round in 0..1500 {
            let mut reservoir = Reservoir::new(12, 3);
            for i in 0..60 {
                // Two of three pictures are of class 0.
                let label = [0, 0, 0, 0, 1, 2][i % 6];
                reservoir.offer(&picture(i), label, &mut Stream::new(round, "t").at(&[i as u64]));
            }
            let of = |class| reservoir.samples().iter().filter(|sample| sample.1 == class).count();
            assert_eq!([of(0), of(1), of(2)], [4, 4, 4]);
            reservoir.samples().iter().for_each(|sample| kept[number(&sample.0)] += 1);
        }
        // Four of 40 pictures of class 0, four of ten of class 1: deviations 12 and 19.
        let early: usize = (0..30).filter(|i| i % 6 < 4).map(|i| kept[i]).sum();
        assert!((2700..3300).contains(&early), "{early}");
        assert!((4..60).step_by(6).all(|i| (500..700).contains(&kept[i])), "{kept:?}");
    }

    #[test]
    fn an_offer_is_taken_back_exactly() {
        let mut reservoir = Reservoir::new(2, 2);
        for i in 0..30 {
            let before = reservoir.clone();
            let label = (i % 3 == 0) as u8;
            let mut rng = Stream::new(1, "t").at(&[i]);
            let change = reservoir.offer(&picture(i as usize), label, &mut rng);
            let after = reservoir.clone();
            reservoir.take_back(label, change);
            assert_eq!(reservoir, before);
            reservoir = after;
        }
        assert_eq!(reservoir.offered(), [20, 10]);
    }
}
