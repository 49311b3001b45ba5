//! The symmetric contrastive loss of CLIP.
//!
//! Radford et al., *Learning Transferable Visual Models From Natural Language Supervision* (arXiv
//! 2103.00020), figure 3.

use tch::{Kind, Tensor};

use super::info_nce::unit_length;

/// The largest scale of cosines.
pub const LARGEST_SCALE: f64 = 100.0;
/// The scale of cosines without training, 1 / 0.07.
pub const SCALE: f64 = 1.0 / 0.07;

/// The mean of the cross-entropies of finding the row of `b` that belongs to a row of `a`, both
/// `[N, D]`, and the other way round, from cosines times `scale` (a scalar).
pub fn clip(a: &Tensor, b: &Tensor, scale: &Tensor) -> Tensor {
    let (a, b) = (unit_length(a), unit_length(b));
    let logits = a.matmul(&b.tr()) * scale;
    let matching = (a * b).sum(Kind::Float) * scale / logits.size()[0];
    let normaliser = |dim: i64| logits.logsumexp([dim].as_slice(), false).mean(Kind::Float);
    (normaliser(0) + normaliser(1)) / 2.0 - matching
}

/// The scale exp(`log_scale`), at most [`LARGEST_SCALE`].
pub fn scale(log_scale: &Tensor) -> Tensor {
    log_scale.exp().clamp_max(LARGEST_SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    #[test]
    fn agrees_with_a_loop_over_rows() {
        let draws = Draws::new(1);
        let (a, b) = (draws.floats([4, 3]), draws.floats([4, 3]));
        let unit = |x: &Tensor| {
            let rows: Vec<Vec<f32>> = x.try_into().unwrap();
            let norm = |row: &Vec<f32>| row.iter().map(|v| v * v).sum::<f32>().sqrt();
            rows.iter().map(|row| row.iter().map(|v| v / norm(row)).collect()).collect::<Vec<Vec<f32>>>()
        };
        let (rows, columns) = (unit(&a), unit(&b));
        let logit =
            |i: usize, j: usize| 5.0 * rows[i].iter().zip(&columns[j]).map(|(x, y)| x * y).sum::<f32>();
        let mut expected = 0.0;
        for i in 0..4 {
            let all = |logit: &dyn Fn(usize) -> f32| (0..4).map(|j| logit(j).exp()).sum::<f32>().ln();
            expected += all(&|j| logit(i, j)) + all(&|j| logit(j, i)) - 2.0 * logit(i, i);
        }
        let found = clip(&a, &b, &Tensor::from(5f32)).double_value(&[]);
        assert!((found - f64::from(expected) / 8.0).abs() < 1e-5, "{found}");
    }

    #[test]
    fn a_scale_stops_growing_at_100() {
        let found = |log: f32| scale(&Tensor::from(log)).double_value(&[]);
        assert!((found(2.0) - 2f64.exp()).abs() < 1e-5 && found(5.0) == 100.0);
    }
}
