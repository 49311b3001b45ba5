//! LiDAR: the number of directions that separate sequences.

use tch::{Kind, Tensor};

use super::rank::{eigenvalues, smooth_rank};

/// Added to the diagonal of the within-class scatter, as in the paper (arXiv 2312.04000, section
/// 4).
const REGULARISER: f64 = 1e-4;

/// LiDAR (Thilak et al., arXiv 2312.04000, equation 2) of `x` `[T, B, D]` in float64, with
/// sequences as classes: the smooth rank of the between-class covariance whitened by the
/// within-class covariance. T and B must be at least 2.
pub fn lidar(x: &Tensor) -> Tensor {
    let (frames, sequences, features) = x.size3().expect("encodings are [T, B, D]");
    let own = x.mean_dim([0].as_slice(), true, Kind::Double);
    let rest = (x - &own).flatten(0, 1);
    let within = rest.transpose(0, 1).matmul(&rest) / (sequences * (frames - 1)) as f64;
    let within = within + Tensor::eye(features, (Kind::Double, x.device())) * REGULARISER;
    let means = own.squeeze_dim(0);
    let between =
        (&means - means.mean_dim([0].as_slice(), true, Kind::Double)) / ((sequences - 1) as f64).sqrt();
    // W^-1/2 M^T M W^-1/2 has the eigenvalues of M W^-1 M^T, which has only one row for each
    // sequence.
    let (lower, _) = within.linalg_cholesky_ex(false, false);
    let whitened = lower.linalg_solve_triangular(&between.transpose(0, 1), false, true, false); // [D, B]
    smooth_rank(&eigenvalues(&whitened.transpose(0, 1).matmul(&whitened)))
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::draws::Draws;

    #[test]
    fn agrees_with_the_definition_written_out() {
        let draws = Draws::new(5);
        let (frames, sequences, features) = (6, 5, 4);
        let kind = (Kind::Double, Device::Cpu);
        let x = draws.normal([frames, sequences, features], kind.0)
            + draws.normal([1, sequences, features], kind.0) * 3.0;
        let class = |b: i64| x.select(1, b);
        let mean = |b: i64| class(b).mean_dim([0].as_slice(), false, Kind::Double);
        let grand = (0..sequences).map(mean).reduce(|a, b| a + b).unwrap() / sequences as f64;
        let outer = |v: Tensor| v.unsqueeze(1).matmul(&v.unsqueeze(0));
        let (mut between, mut within) =
            (Tensor::zeros([features, features], kind), Tensor::eye(features, kind) * REGULARISER);
        for b in 0..sequences {
            between += outer(mean(b) - &grand) / (sequences - 1) as f64;
            for t in 0..frames {
                within += outer(class(b).get(t) - mean(b)) / (sequences * (frames - 1)) as f64;
            }
        }
        let (values, vectors) = within.linalg_eigh("L");
        let root = vectors.matmul(&values.pow_tensor_scalar(-0.5).diag(0)).matmul(&vectors.transpose(0, 1));
        let (values, _) = root.matmul(&between).matmul(&root).linalg_eigh("L");
        let values: Vec<f64> = Vec::<f64>::try_from(values).unwrap();
        let sum: f64 = values.iter().sum();
        let entropy: f64 = values.iter().map(|v| v / sum).filter(|p| *p > 1e-12).map(|p| -p * p.ln()).sum();
        assert!((lidar(&x).double_value(&[]) - entropy.exp()).abs() < 1e-8);
    }

    #[test]
    fn sequences_that_differ_along_one_line_have_rank_one() {
        let draws = Draws::new(6);
        let kind = (Kind::Double, Device::Cpu);
        let line = Tensor::from_slice(&[1.0, -2.0, 0.5]);
        let x = Tensor::arange(20, kind).view([1, 20, 1]) * line * 100.0
            + draws.normal([8, 20, 3], kind.0) * 0.01;
        assert!((lidar(&x).double_value(&[]) - 1.0).abs() < 0.01);
    }
}
