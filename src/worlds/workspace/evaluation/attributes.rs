//! Errors of predicted attributes.

use serde::Serialize;

use crate::worlds::workspace::data::Shape;

/// The errors of predicted shapes, averaged over items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AttributeErrors {
    /// Items whose class is right, in percent.
    pub class: f64,
    /// Mean absolute errors of the centre and the size, in pixels.
    pub x_px: f64,
    pub y_px: f64,
    pub size_px: f64,
    /// The mean and the median of the wrapped difference of the rotations, in degrees.
    pub angle_mean_deg: f64,
    pub angle_deg: f64,
    /// The mean absolute error of red, green and blue, of 255.
    pub rgb: f64,
}

impl AttributeErrors {
    /// The errors of `found`, item by item, against `truth`.
    ///
    /// # Panics
    /// If there are no items, or not as many in both.
    pub fn new(truth: &[Shape], found: &[Shape]) -> Self {
        assert!(truth.len() == found.len() && !truth.is_empty(), "one prediction for each item");
        let mean = |error: fn(&Shape, &Shape) -> f64| {
            truth.iter().zip(found).map(|(a, b)| error(a, b)).sum::<f64>() / truth.len() as f64
        };
        let angles = truth.iter().zip(found).map(|(a, b)| angle(a, b)).collect();
        Self {
            class: mean(|a, b| if a.class == b.class { 100.0 } else { 0.0 }),
            x_px: mean(|a, b| f64::from((a.x - b.x).abs())),
            y_px: mean(|a, b| f64::from((a.y - b.y).abs())),
            size_px: mean(|a, b| f64::from((a.size - b.size).abs())),
            angle_mean_deg: mean(angle),
            angle_deg: median(angles),
            rgb: mean(rgb),
        }
    }

    /// The errors with the column headings of a table.
    pub fn columns(&self) -> [(&'static str, f64); 6] {
        [
            ("class %", self.class),
            ("x px", self.x_px),
            ("y px", self.y_px),
            ("size px", self.size_px),
            ("angle deg", self.angle_deg),
            ("RGB", self.rgb),
        ]
    }
}

/// The difference of two rotations in degrees, 0 to 180.
fn angle(a: &Shape, b: &Shape) -> f64 {
    let difference = f64::from(a.rotation - b.rotation).to_degrees().rem_euclid(360.0);
    difference.min(360.0 - difference)
}

fn rgb(a: &Shape, b: &Shape) -> f64 {
    a.rgb.iter().zip(b.rgb).map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / 3.0
}

/// The median, for an even count the mean of the two middle values; NaN of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_two_items_by_hand() {
        let shape = |class, x, rotation: f32, rgb| Shape { class, x, rotation, rgb, ..Shape::default() };
        let truth = [shape(0, 10.0, 0.1, [0, 0, 0]), shape(1, 12.0, 3.0, [255, 0, 9])];
        let found = [shape(0, 11.0, std::f32::consts::TAU - 0.1, [3, 0, 0]), shape(2, 9.0, 3.0, [255, 3, 9])];
        let errors = AttributeErrors::new(&truth, &found);
        let degrees = 0.2f64.to_degrees();
        assert_eq!((errors.class, errors.x_px, errors.y_px, errors.rgb), (50.0, 2.0, 0.0, 1.0));
        assert!((errors.angle_mean_deg - degrees / 2.0).abs() < 1e-4, "it wraps around");
        assert!((errors.angle_deg - degrees / 2.0).abs() < 1e-4);
    }

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!((median(vec![3.0, 1.0, 9.0]), median(vec![4.0, 1.0, 2.0, 9.0])), (3.0, 3.0));
    }
}
