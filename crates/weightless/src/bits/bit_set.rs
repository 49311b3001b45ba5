//! Bits in words of 64: bit i is bit `i % 64` of word `i / 64`.

const WORD: usize = u64::BITS as usize;

/// The number of words that hold `bits` bits.
pub const fn words_for(bits: usize) -> usize {
    bits.div_ceil(WORD)
}

/// The indices of the bits that are set in `words`, in order.
pub fn ones(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, &word)| Ones(word).map(move |bit| at * WORD + bit))
}

struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

/// A fixed number of bits. Bits of the last word beyond them are 0.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BitSet {
    words: Vec<u64>,
    len: usize,
}

impl BitSet {
    /// `len` bits that are 0.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; words_for(len)], len }
    }

    /// The number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bit `index`.
    pub fn get(&self, index: usize) -> bool {
        self.words[index / WORD] >> (index % WORD) & 1 == 1
    }

    /// Sets bit `index` to `value`.
    pub fn set(&mut self, index: usize, value: bool) {
        assert!(index < self.len, "bit {index} of {}", self.len);
        let bit = 1 << (index % WORD);
        match value {
            true => self.words[index / WORD] |= bit,
            false => self.words[index / WORD] &= !bit,
        }
    }

    /// All words. Whoever writes them leaves the bits beyond the last one 0.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// All words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The indices of the bits that are set, in order.
    pub fn ones(&self) -> impl Iterator<Item = usize> {
        ones(&self.words)
    }

    /// The number of bits that are set.
    pub fn count_ones(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bits in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.len).map(|index| self.get(index))
    }
}

impl FromIterator<bool> for BitSet {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let bits: Vec<bool> = bits.into_iter().collect();
        let mut set = Self::new(bits.len());
        bits.iter().enumerate().filter(|(_, bit)| **bit).for_each(|(index, _)| set.set(index, true));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_where_they_were_put() {
        let bits: BitSet = (0..130).map(|i| i % 7 == 0 || i == 64).collect();
        let expected: Vec<usize> = (0..130).filter(|i| i % 7 == 0 || *i == 64).collect();
        assert_eq!(bits.ones().collect::<Vec<_>>(), expected);
        assert_eq!((bits.count_ones(), bits.len(), bits.words().len()), (20, 130, 3));
        assert!(bits.get(64) && !bits.get(65) && bits.iter().filter(|bit| *bit).count() == 20);
        let mut cleared = bits;
        cleared.set(64, false);
        assert!(!cleared.get(64) && cleared.get(63));
    }
}
