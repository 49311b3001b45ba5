use serde_json::json;

use crate::Error;

/// Counts of values between bin edges.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    counts: Vec<u64>,
    edges: Vec<f64>,
}

impl Histogram {
    /// Counts `values` in `bins` bins of equal width from the least to the greatest value. Values
    /// that are not finite are left out. If all values are equal, they are in the middle of a range
    /// of width 1.
    pub fn of(values: &[f64], bins: usize) -> Self {
        let bins = bins.max(1);
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = range(finite());
        // Each bound is divided before the subtraction: the range of two huge numbers may overflow.
        let width = high / bins as f64 - low / bins as f64;
        let mut counts = vec![0; bins];
        finite().for_each(|value| counts[(((value - low) / width) as usize).min(bins - 1)] += 1);
        let edges = (0..bins).map(|bin| low + width * bin as f64).chain([high]).collect();
        Self { counts, edges }
    }

    /// A histogram from existing counts and their bin edges.
    ///
    /// # Errors
    /// [`Error::BinEdges`] unless there is exactly one more edge than counts.
    pub fn counted(counts: Vec<u64>, edges: Vec<f64>) -> Result<Self, Error> {
        if edges.len() != counts.len() + 1 {
            return Err(Error::BinEdges { counts: counts.len(), edges: edges.len() });
        }
        Ok(Self { counts, edges })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        json!({"_type": "histogram", "values": self.counts, "bins": self.edges})
    }
}

fn range(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let greatest = values.fold(f64::NEG_INFINITY, f64::max);
    if least > greatest {
        return (0.0, 1.0);
    }
    if least < greatest { (least, greatest) } else { (least - 0.5, least + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_bins_and_the_greatest_into_the_last() {
        let histogram = Histogram::of(&[0.0, 0.9, 1.0, 2.5, 4.0, f64::NAN, f64::INFINITY], 4);
        assert_eq!(histogram.counts, [2, 1, 1, 1]);
        assert_eq!(histogram.edges, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn equal_values_lie_in_a_range_of_width_1() {
        assert_eq!(Histogram::of(&[3.0, 3.0], 2).edges, [2.5, 3.0, 3.5]);
        assert_eq!(Histogram::of(&[3.0, 3.0], 2).counts, [0, 2]);
        assert_eq!(Histogram::of(&[], 1), Histogram { counts: vec![0], edges: vec![0.0, 1.0] });
    }

    #[test]
    fn edges_must_be_one_more_than_counts() {
        let told = Histogram::counted(vec![1, 2], vec![0.0, 1.0]).unwrap_err().to_string();
        assert_eq!(told, "a histogram of 2 counts needs 3 bin edges, not 2");
    }
}
