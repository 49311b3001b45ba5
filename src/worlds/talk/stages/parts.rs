//! Parts of a batch, whose gradients are added up.

use std::ops::Range;

/// The samples of at most `count` parts of a batch, of which all but the last are equally large.
pub fn parts(samples: usize, count: usize) -> Vec<Range<usize>> {
    let size = samples.div_ceil(count.max(1)).max(1);
    (0..samples).step_by(size).map(|from| from..samples.min(from + size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_batch() {
        assert_eq!(parts(8, 2), [0..4, 4..8]);
        assert_eq!((parts(8, 1).len(), parts(8, 1)[0].clone()), (1, 0..8));
        assert_eq!(parts(8, 3), [0..3, 3..6, 6..8]);
        assert_eq!(parts(2, 5), [0..1, 1..2]);
    }
}
