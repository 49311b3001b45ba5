//! The contrastive loss of SimCLR.
//!
//! Chen, Kornblith, Norouzi and Hinton, *SimCLR* (arXiv 2002.05709), equation 1.

use tch::{Kind, Tensor};

/// The mean over G groups of the normalised-temperature cross-entropy between two views
/// `[G, N, D]`.
///
/// In each group all 2N rows are compared with each other. The positive of a row is the same row of
/// the other view; all other rows are negatives. `normalize` divides rows by their norms.
pub fn info_nce(first: &Tensor, second: &Tensor, normalize: bool, temperature: f64) -> Tensor {
    let (groups, rows, _) = first.size3().expect("a view is [groups, rows, features]");
    let features = Tensor::cat(&[first, second], 1);
    let features = if normalize { unit_length(&features) } else { features };
    let own_row = Tensor::eye(2 * rows, (Kind::Bool, features.device()));
    let similarity = features.matmul(&features.transpose(1, 2)) / temperature; // [G, 2N, 2N]
    let others = similarity.masked_fill(&own_row, f64::NEG_INFINITY);
    let positives = (Tensor::arange(2 * rows, (Kind::Int64, features.device())) + rows).remainder(2 * rows);
    others.flatten(0, 1).cross_entropy_for_logits(&positives.repeat([groups]))
}

/// `[.., D]` -> `[.., D]`, divided by the norm over D
pub fn unit_length(x: &Tensor) -> Tensor {
    x / x.norm_scalaropt_dim(2.0, [-1].as_slice(), true).clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    #[test]
    fn agrees_with_a_loop_over_rows() {
        let draws = Draws::new(1);
        let kind = (Kind::Float, tch::Device::Cpu);
        let (a, b) = (draws.normal([2, 3, 4], kind.0), draws.normal([2, 3, 4], kind.0));
        let (mut expected, mut count) = (0.0, 0.0);
        for group in 0..2 {
            let rows: Vec<Vec<f32>> = Tensor::cat(&[a.get(group), b.get(group)], 0).try_into().expect("rows");
            let similar =
                |i: usize, j: usize| rows[i].iter().zip(&rows[j]).map(|(x, y)| x * y).sum::<f32>() / 2.0;
            for i in 0..6 {
                let all: f32 = (0..6).filter(|j| *j != i).map(|j| similar(i, j).exp()).sum();
                expected += f64::from(all.ln() - similar(i, (i + 3) % 6));
                count += 1.0;
            }
        }
        assert!((info_nce(&a, &b, false, 2.0).double_value(&[]) - expected / count).abs() < 1e-5);
    }

    #[test]
    fn identical_unit_views_that_are_orthogonal_to_all_others_have_a_closed_form() {
        let view = Tensor::eye(4, (Kind::Float, tch::Device::Cpu)).unsqueeze(0) * 3.0;
        let expected = (1f64.exp() + 6.0).ln() - 1.0; // one positive at 1, six negatives at 0
        assert!((info_nce(&view, &view, true, 1.0).double_value(&[]) - expected).abs() < 1e-6);
    }
}
