//! Another x axis than the steps: the values of one column over those of another.

use crate::columns::Column;

/// The values of `x` and of `y` at the steps that both have, ascending in x. Values of `x` that are
/// not finite are left out.
pub fn joined(x: &Column, y: &Column) -> (Vec<f64>, Vec<f64>) {
    let mut pairs: Vec<(f64, f64)> = Vec::with_capacity(y.steps.len());
    let mut at = 0;
    for (step, value) in y.steps.iter().zip(&y.values) {
        at += x.steps[at..].partition_point(|other| other < step);
        if x.steps.get(at) == Some(step) && x.values[at].is_finite() {
            pairs.push((x.values[at], *value));
        }
    }
    if !pairs.is_sorted_by(|a, b| a.0 <= b.0) {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    pairs.into_iter().unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_joined_by_their_steps() {
        let column = |steps: &[f64], values: &[f64]| Column::of(steps.to_vec(), values.to_vec());
        let epochs = column(&[0.0, 10.0, 10.0, 20.0, 30.0], &[0.0, 0.5, 0.5, 1.0, f64::NAN]);
        let loss = column(&[0.0, 10.0, 10.0, 15.0, 20.0, 30.0], &[5.0, 4.0, 3.0, 9.0, 2.0, 1.0]);
        let expected = (vec![0.0, 0.5, 0.5, 1.0], vec![5.0, 4.0, 3.0, 2.0]);
        assert_eq!(joined(&epochs, &loss), expected);
        let back = column(&[0.0, 1.0, 2.0], &[3.0, 1.0, 2.0]);
        let ys = column(&[0.0, 1.0, 2.0], &[30.0, 10.0, 20.0]);
        assert_eq!(joined(&back, &ys), (vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0]));
    }
}
