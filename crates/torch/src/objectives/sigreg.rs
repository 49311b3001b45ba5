//! Sketched isotropic Gaussian regularisation: the loss of projections that are not standard
//! normal.
//!
//! Balestriero and LeCun, *LeJEPA* (arXiv 2511.08544): the test of Epps and Pulley (1983) on random
//! projections.

use tch::{Kind, Tensor};

/// The characteristic functions are compared on [0, 3] at this many points.
const POINTS: i64 = 17;
const LARGEST: f64 = 3.0;

/// `N * mean_u of the integral over s in [0, 3] of w(s) |phi_u(s) - exp(-s^2 / 2)|^2` with
/// `w(s) = exp(-s^2 / 2)`, where `phi_u` is the empirical characteristic function of the N rows
/// along the direction u. Averaged over G groups.
///
/// `x` `[G, N, D]`; `directions` `[D, M]`, columns of length 1. The integral is a trapezoid over 17
/// points.
pub fn sigreg(x: &Tensor, directions: &Tensor) -> Tensor {
    let rows = x.size()[1] as f64;
    let kind = (Kind::Float, x.device());
    let s = Tensor::linspace(0.0, LARGEST, POINTS, kind);
    let normal = (s.square() * -0.5).exp();
    let angles = x.matmul(directions).unsqueeze(-1) * &s; // [G, N, M, 17]
    let mean = |x: Tensor| x.mean_dim([1].as_slice(), false, Kind::Float); // [G, M, 17]
    let gap = (mean(angles.cos()) - &normal).square() + mean(angles.sin()).square();
    (gap * (trapezoid().to_device(x.device()) * &normal))
        .sum_dim_intlist([-1].as_slice(), false, Kind::Float)
        .mean(Kind::Float)
        * rows
}

/// The weights of the trapezoid rule.
fn trapezoid() -> Tensor {
    let step = LARGEST / (POINTS - 1) as f64;
    let weights: Vec<f32> =
        (0..POINTS).map(|i| if i == 0 || i == POINTS - 1 { step / 2.0 } else { step } as f32).collect();
    Tensor::from_slice(&weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;
    use tch::Device;

    #[test]
    fn agrees_with_a_loop_over_groups_directions_and_points() {
        let draws = Draws::new(3);
        let x = draws.floats([2, 5, 3]) * 1.5 + 0.3;
        let u = super::super::info_nce::unit_length(&draws.floats([4, 3]));
        let mut expected = 0.0;
        for (g, m) in (0..2).flat_map(|g| (0..4).map(move |m| (g, m))) {
            let projected =
                Vec::<f64>::try_from(x.get(g).matmul(&u.get(m)).to_kind(Kind::Double)).expect("rows");
            for i in 0..17 {
                let s = 3.0 * f64::from(i) / 16.0;
                let normal = (-s * s / 2.0).exp();
                let cos = projected.iter().map(|z| (s * z).cos()).sum::<f64>() / 5.0;
                let sin = projected.iter().map(|z| (s * z).sin()).sum::<f64>() / 5.0;
                let width = if i == 0 || i == 16 { 0.5 } else { 1.0 } * 3.0 / 16.0;
                expected += 5.0 * width * normal * ((cos - normal).powi(2) + sin * sin) / 8.0;
            }
        }
        let ours = sigreg(&x, &u.transpose(0, 1)).double_value(&[]);
        assert!((ours - expected).abs() < 1e-5 * expected, "{ours} {expected}");
    }

    #[test]
    fn normal_rows_pay_almost_nothing_a_row_and_constant_rows_a_lot() {
        let draws = Draws::new(4);
        let u = Tensor::eye(6, (Kind::Float, Device::Cpu));
        let normal = draws.floats([1, 4000, 6]);
        // The mean over samples: the integral of w(s) (1 - exp(-s^2)), whatever N.
        let expected = 1.2499 - 0.7236;
        let ours = sigreg(&normal, &u).double_value(&[]);
        assert!((0.2 * expected..3.0 * expected).contains(&ours), "{ours}");
        let constant = sigreg(&(normal * 0.0), &u).double_value(&[]);
        assert!(constant > 100.0 * ours, "{constant} {ours}");
    }
}
