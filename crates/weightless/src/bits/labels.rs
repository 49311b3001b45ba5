//! Labels as bits, most significant first.

/// The number of bits that `classes` labels take: 4 for ten digits.
pub fn label_outputs(classes: usize) -> usize {
    (usize::BITS - classes.saturating_sub(1).leading_zeros()).max(1) as usize
}

/// The bits of `label`, most significant first: 7 is 0111 in four.
pub fn label_bits(label: u8, outputs: usize) -> Vec<bool> {
    (0..outputs).rev().map(|bit| label >> bit & 1 == 1).collect()
}

/// The number with these bits, most significant first.
pub fn label_value(bits: &[bool]) -> usize {
    bits.iter().fold(0, |value, &bit| value << 1 | usize::from(bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_bits_hold_all_labels() {
        assert_eq!([2, 3, 4, 5, 10, 16, 17, 62, 256].map(label_outputs), [1, 2, 2, 3, 4, 4, 5, 6, 8]);
        assert_eq!(label_bits(7, 4), [false, true, true, true]);
        assert!((0..=255).all(|label| label_value(&label_bits(label, 8)) == usize::from(label)));
    }
}
