//! A sample with its copies: rows of their places, and the counts that they share.

use super::rams::{Own, Rams};
use crate::Digit;
use crate::bits::{BitSet, Copies, Encoder};
use crate::vectorised::vectorised;

/// The places of a sample and its copies.
#[derive(Clone, Debug, Default)]
pub struct Group {
    copies: usize,
    /// `[copies, R * width]`
    rows: Vec<u32>,
    /// Copies of the sample at the place of each copy, `[copies, R]`.
    shared: Vec<u16>,
    scratch: Vec<u32>,
    bits: BitSet,
}

impl Group {
    /// The places of `image` and its copies; a map adds those that it has not seen.
    pub fn add(&mut self, rams: &mut Rams, encoder: &Encoder, image: &Digit, copies: Copies) {
        self.fill(encoder, image, copies, |words, rows| rams.find_or_add(words, rows));
        self.share(rams.places().width());
    }

    /// The places of `image` and its copies, without new ones.
    pub fn find(&mut self, rams: &Rams, encoder: &Encoder, image: &Digit, copies: Copies) {
        self.fill(encoder, image, copies, |words, rows| rams.find(words, rows));
        self.share(rams.places().width());
    }

    fn fill(
        &mut self,
        encoder: &Encoder,
        image: &Digit,
        copies: Copies,
        mut find: impl FnMut(&[u64], &mut Vec<u32>),
    ) {
        if self.bits.len() != encoder.bits() {
            self.bits = BitSet::new(encoder.bits());
        }
        self.copies = copies.count();
        self.rows.clear();
        for copy in copies.of(image) {
            encoder.encode_into(&copy, &mut self.bits);
            find(self.bits.words(), &mut self.scratch);
            self.rows.extend_from_slice(&self.scratch);
        }
    }

    fn share(&mut self, width: usize) {
        let rams = self.rows.len() / self.copies / width;
        self.shared.clear();
        self.shared.resize(self.copies * rams, 1);
        if width > 1 {
            self.share_filters(width, rams);
            return;
        }
        for first in 0..self.copies {
            for second in first + 1..self.copies {
                let (left, right) = self.shared.split_at_mut(second * rams);
                let rows = |copy: usize| &self.rows[copy * rams..][..rams];
                add_equal(&mut left[first * rams..][..rams], &mut right[..rams], rows(first), rows(second));
            }
        }
    }

    /// As the loop over pairs, where a place has several rows.
    fn share_filters(&mut self, width: usize, rams: usize) {
        let entries = |copy: usize, ram: usize| &self.rows[(copy * rams + ram) * width..][..width];
        for (copy, ram) in (0..self.copies).flat_map(|copy| (0..rams).map(move |ram| (copy, ram))) {
            let equal = |other: &usize| entries(*other, ram) == entries(copy, ram);
            self.shared[copy * rams + ram] = (0..self.copies).filter(equal).count() as u16;
        }
    }

    /// The number of copies, the sample itself included.
    pub fn copies(&self) -> usize {
        self.copies
    }

    /// The rows of a copy, `[R * width]`.
    pub fn rows(&self, copy: usize) -> &[u32] {
        let length = self.rows.len() / self.copies;
        &self.rows[copy * length..][..length]
    }

    /// The sample's own part of the counts at the places of a copy.
    pub fn own(&self, copy: usize, class: usize) -> Own<'_> {
        let rams = self.shared.len() / self.copies;
        Own { class, counted: &self.shared[copy * rams..][..rams], pictures: self.copies as u32 }
    }
}

vectorised! {
    /// Adds 1 to both counts where the rows are equal.
    fn add_equal(first: &mut [u16], second: &mut [u16], a: &[u32], b: &[u32]) {
        for (((first, second), a), b) in first.iter_mut().zip(second).zip(a).zip(b) {
            let equal = u16::from(a == b);
            *first += equal;
            *second += equal;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mapping, Places};
    use super::*;
    use crate::bits::{EncodingSettings, Shifts};

    #[test]
    fn what_a_group_shares_is_what_its_copies_count() {
        let encoder = Encoder::fit(EncodingSettings::threshold(100), &[], 784).unwrap();
        let image: Digit = std::array::from_fn(|at| (at * at % 256) as u8 * u8::from(at / 28 > 17));
        let copies = Copies::new(Shifts::NINE, 0.0).unwrap();
        let constants = (0..16).map(|at: u32| at.wrapping_mul(0x9E37_79B9) >> 29).collect();
        for places in
            [Places::Dense { tuple: 8 }, Places::map(), Places::Bloom { index_bits: 3, tuple: 8, constants }]
        {
            let mut rams = Rams::new(Mapping::random(784, 8, 1, 3), places, 10, false);
            let mut group = Group::default();
            group.add(&mut rams, &encoder, &image, copies);
            (0..9).for_each(|copy| rams.count(group.rows(copy), 4));
            let is_exact = rams.places().width() == 1;
            for copy in 0..9 {
                let (mut ram, counted) = (0, group.own(copy, 4).counted);
                rams.for_each_ram(group.rows(copy), 0, None, |counts| {
                    // Other places may raise a filter's entries, too.
                    assert!(counts[4] == counted[ram] || counts[4] > counted[ram] && !is_exact);
                    ram += 1;
                });
                assert!(ram == 98 && (!is_exact || counted.iter().any(|count| (2..9).contains(count))));
            }
        }
    }
}
