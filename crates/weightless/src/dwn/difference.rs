//! The extended finite difference: how a table's output would change with one of its inputs.
//!
//! Bacellar et al., *Differentiable Weightless Neural Networks* (arXiv 2410.11112).

use super::settings::FiniteDifference;
use crate::vectorised::vectorised;

/// The constant K `[2^n, 2^n * n]`: the difference for input j at address a is the sum over k of
/// `luts[k] * K[k, a * n + j]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    columns: usize,
    values: Vec<f32>,
}

impl Kernel {
    /// K of tables of `inputs` inputs: `sign(k, j) * w(h)`, where the sign is 1 if bit j of k is
    /// set and else -1, and h counts the bits other than j in which k and a differ.
    pub fn new(inputs: usize, rule: FiniteDifference) -> Self {
        let places = 1usize << inputs;
        let weight = |distance: u32| match rule {
            FiniteDifference::Exponential => {
                0.5 * 0.75f64.powi(inputs as i32 - 1) / 3f64.powi(distance as i32)
            }
            FiniteDifference::Harmonic => 1.0 / f64::from(distance + 1),
        };
        let value = |k: usize, a: usize, j: usize| {
            let weight = weight(((k ^ a) & !(1 << j)).count_ones());
            (if k >> j & 1 == 1 { weight } else { -weight }) as f32
        };
        let row = |k: usize| (0..places).flat_map(move |a| (0..inputs).map(move |j| (k, a, j)));
        let values = (0..places).flat_map(row).map(|(k, a, j)| value(k, a, j)).collect();
        Self { columns: places * inputs, values }
    }

    /// Writes the differences of one table `[2^n]` to `differences` `[2^n, n]`.
    pub fn apply(&self, table: &[f32], differences: &mut [f32]) {
        multiply(table, &self.values, differences);
    }

    /// The length of the differences of a table, 2^n n.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

vectorised! {
    /// A row vector times a matrix.
    fn multiply(row: &[f32], matrix: &[f32], product: &mut [f32]) {
        product.fill(0.0);
        let columns = product.len();
        // Four rows at once: each number of the product is loaded a quarter as often.
        for (weights, rows) in row.chunks(4).zip(matrix.chunks(4 * columns)) {
            if let &[a, b, c, d] = weights {
                let (first, rest) = rows.split_at(columns);
                let (second, rest) = rest.split_at(columns);
                let (third, fourth) = rest.split_at(columns);
                let rows = first.iter().zip(second).zip(third).zip(fourth);
                for (sum, (((first, second), third), fourth)) in product.iter_mut().zip(rows) {
                    *sum += a * first + b * second + (c * third + d * fourth);
                }
            } else {
                for (weight, values) in weights.iter().zip(rows.chunks(columns)) {
                    product.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
                }
            }
        }
    }
}
