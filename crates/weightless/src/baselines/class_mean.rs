//! The class with the nearest mean picture.

use crate::{Digit, PIXELS, Samples};

/// Mean pictures of the classes.
#[derive(Clone, Debug)]
pub struct ClassMean {
    /// `None` of a class without samples.
    means: Vec<Option<Vec<f64>>>,
}

impl ClassMean {
    /// The means of the samples of each of `classes` classes.
    pub fn fit(samples: &Samples, classes: usize) -> Self {
        let (mut sums, mut counts) = (vec![vec![0u64; PIXELS]; classes], vec![0u64; classes]);
        for (image, label) in samples.iter() {
            counts[usize::from(label)] += 1;
            let sums = sums[usize::from(label)].iter_mut();
            sums.zip(image).for_each(|(sum, &value)| *sum += u64::from(value));
        }
        let mean = |(sums, count): (Vec<u64>, u64)| {
            (count > 0).then(|| sums.into_iter().map(|sum| sum as f64 / count as f64).collect())
        };
        Self { means: sums.into_iter().zip(counts).map(mean).collect() }
    }

    /// The class whose mean has the smallest squared distance to each picture, the lowest of equal
    /// ones.
    pub fn answers(&self, images: &[Digit]) -> Vec<u8> {
        images.iter().map(|image| self.answer(image)).collect()
    }

    fn answer(&self, image: &Digit) -> u8 {
        let distance = |mean: &Vec<f64>| -> f64 {
            mean.iter().zip(image).map(|(mean, &value)| (mean - f64::from(value)).powi(2)).sum()
        };
        let known = self.means.iter().enumerate().filter_map(|(class, mean)| Some((class, mean.as_ref()?)));
        let nearest = known.map(|(class, mean)| (class, distance(mean))).min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.map_or(0, |(class, _)| class as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_of_the_class_with_the_nearest_mean() {
        let images: Vec<Digit> = [10, 30, 200, 220].map(|value| [value; PIXELS]).to_vec();
        let means = ClassMean::fit(&Samples::of(&images, &[3, 3, 1, 1]), 10);
        // The means are 20 and 210.
        assert_eq!(means.answers(&[[114; PIXELS], [116; PIXELS], [0; PIXELS]]), [3, 1, 3]);
    }
}
