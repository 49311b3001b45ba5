//! Vectors of captions from their n-grams, in place of those of a language model.

use std::collections::HashMap;

use ndarray::Array2;
use rayon::prelude::*;
use umwelt_base::random::Stream;

use super::tokens::{PADDING, TOKENS};

/// One to three successive tokens; the missing ones are [`PADDING`].
type Gram = [u8; 3];

/// Vectors `[N, width]` of captions `[N, 52]`: the counts of 1-, 2- and 3-grams times a fixed
/// matrix of normal numbers. The row of an n-gram in that matrix is a pure function of its tokens.
///
/// # Panics
/// If `width` is 0.
pub fn ngrams(captions: &[[u8; TOKENS]], width: usize) -> Array2<f32> {
    let rows = Rows::new(captions, width);
    let mut vectors = vec![0.0; captions.len() * width];
    let outer = vectors.par_chunks_mut(width).zip(captions);
    outer.for_each(|(vector, caption)| rows.add(caption, vector));
    Array2::from_shape_vec((captions.len(), width), vectors).expect("the vector has N times width numbers")
}

/// The rows of the matrix for the n-grams of some captions: of 500,000 random ones about 30,000.
struct Rows {
    index: HashMap<Gram, usize>,
    /// `[n-grams, width]`
    rows: Vec<f32>,
    width: usize,
}

impl Rows {
    fn new(captions: &[[u8; TOKENS]], width: usize) -> Self {
        let (mut index, mut found) = (HashMap::new(), vec![]);
        for gram in captions.iter().flat_map(grams) {
            index.entry(gram).or_insert_with(|| {
                found.push(gram);
                found.len() - 1
            });
        }
        let mut rows = vec![0.0; found.len() * width];
        rows.par_chunks_mut(width).zip(found).for_each(|(row, gram)| fill(gram, row));
        Self { index, rows, width }
    }

    fn add(&self, caption: &[u8; TOKENS], vector: &mut [f32]) {
        for gram in grams(caption) {
            let row = &self.rows[self.index[&gram] * self.width..][..self.width];
            vector.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

fn fill(gram: Gram, row: &mut [f32]) {
    let mut rng = Stream::new(0, "n-grams").at(&gram.map(u64::from));
    row.fill_with(|| rng.normal() as f32);
}

fn grams(caption: &[u8; TOKENS]) -> impl Iterator<Item = Gram> {
    let tokens =
        caption.iter().position(|token| *token == PADDING).map_or(&caption[..], |end| &caption[..end]);
    (1..=3).flat_map(move |n| {
        tokens.windows(n).map(|window| {
            let mut gram = [PADDING; 3];
            gram[..window.len()].copy_from_slice(window);
            gram
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    fn row(tokens: &[u8]) -> [u8; TOKENS] {
        let mut row = [PADDING; TOKENS];
        row[..tokens.len()].copy_from_slice(tokens);
        row
    }

    #[test]
    fn a_vector_is_the_sum_of_its_n_grams_whatever_the_other_captions() {
        let vectors = ngrams(&[row(&[5]), row(&[6]), row(&[5, 6]), row(&[5, 6, 5])], 64);
        let bigram = &vectors.row(2) - &vectors.row(0) - vectors.row(1);
        assert!(bigram.iter().any(|value| value.abs() > 0.1));
        // 5 6 5 has the n-grams 5 (twice), 6, 5-6, 6-5 and 5-6-5.
        let rest = &vectors.row(3) - &vectors.row(2) - vectors.row(0);
        let (mut two, mut three) = ([0.0; 64], [0.0; 64]);
        fill([6, 5, 0], &mut two);
        fill([5, 6, 5], &mut three);
        let expected = two.iter().zip(three).map(|(two, three)| two + three);
        assert!(rest.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-5));
        assert_eq!(ngrams(&[row(&[5, 6, 5])], 64).row(0), vectors.row(3));
        assert_eq!(ngrams(&[row(&[5, 6, 5])], 10).row(0), vectors.slice(s![3, ..10]));
    }

    #[test]
    fn the_matrix_is_normal() {
        let captions: Vec<_> = (1..=100).map(|token| row(&[token])).collect();
        let values = ngrams(&captions, 1000);
        let moment = |power| values.mapv(|value| value.powi(power)).mean().unwrap();
        // Five standard errors of 100,000 draws.
        assert!(moment(1).abs() < 0.016 && (moment(2) - 1.0).abs() < 0.023 && (moment(4) - 3.0).abs() < 0.16);
    }
}
