//! Several curves as one mean with a band.

use super::buckets::Bucket;
use super::{Curve, Grid};

/// The mean of a group of curves over buckets of x.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// The mean over members of the mean x of their points in the bucket.
    pub xs: Vec<f64>,
    /// The mean over members of their means in the bucket.
    pub means: Vec<f64>,
    /// The sample standard deviation (n - 1) of the members' means; NaN for one member.
    pub deviations: Vec<f64>,
    /// The least value of any member.
    pub low: Vec<f64>,
    /// The greatest value of any member.
    pub high: Vec<f64>,
    /// The members with a finite value in the bucket.
    pub counts: Vec<usize>,
}

/// The mean and band of `members` over the buckets of `grid`.
pub fn band(members: &[&Curve], grid: Grid) -> Band {
    let mut buckets: Vec<(f64, Bucket)> = members.iter().flat_map(|curve| curve.buckets(grid)).collect();
    // The sort is stable, so members are added up in their order and every answer has the same bits.
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut band = Band::default();
    for same in buckets.chunk_by(|a, b| a.0 == b.0) {
        band.push(same);
    }
    band
}

impl Band {
    fn push(&mut self, members: &[(f64, Bucket)]) {
        let count = members.len() as f64;
        let sum = |of: fn(&Bucket) -> f64| members.iter().map(|(_, bucket)| of(bucket)).sum::<f64>();
        let mean = sum(|bucket| bucket.mean) / count;
        let squares: f64 = members.iter().map(|(_, bucket)| (bucket.mean - mean).powi(2)).sum();
        self.xs.push(sum(|bucket| bucket.x) / count);
        self.means.push(mean);
        self.deviations.push(if members.len() > 1 { (squares / (count - 1.0)).sqrt() } else { f64::NAN });
        self.low.push(members.iter().map(|(_, bucket)| bucket.low).fold(f64::INFINITY, f64::min));
        self.high.push(members.iter().map(|(_, bucket)| bucket.high).fold(f64::NEG_INFINITY, f64::max));
        self.counts.push(members.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Member number `member`: `count` points at every `stride`-th step.
    fn member(member: usize, count: usize, stride: usize) -> (Vec<f64>, Vec<f64>) {
        let xs = (0..count).map(|i| (i * stride) as f64).collect();
        (xs, (0..count).map(|i| ((i * 31 + member * 17) % 97) as f64).collect())
    }

    #[test]
    fn mean_and_deviation_agree_with_a_naive_loop() {
        let mut members = vec![member(1, 3000, 1), member(2, 2000, 1), member(3, 700, 4)];
        members[0].1[5] = f64::NAN;
        let curves: Vec<Curve> = members.iter().map(|(xs, ys)| Curve::Made(xs.clone(), ys.clone())).collect();
        let width = 8.0;
        let band = band(&curves.iter().collect::<Vec<_>>(), Grid::Buckets(width));
        assert_eq!(band.xs.len(), 375);
        for bucket in 0..375 {
            let edge = bucket as f64 * width;
            let mut means = Vec::new();
            let mut all = Vec::new();
            for (xs, ys) in &members {
                let inside: Vec<f64> = (0..xs.len())
                    .filter(|i| xs[*i] >= edge && xs[*i] < edge + width && ys[*i].is_finite())
                    .map(|i| ys[i])
                    .collect();
                if !inside.is_empty() {
                    means.push(inside.iter().sum::<f64>() / inside.len() as f64);
                    all.extend(inside);
                }
            }
            let n = means.len() as f64;
            let mean = means.iter().sum::<f64>() / n;
            assert_eq!(band.counts[bucket], means.len());
            assert!((band.means[bucket] - mean).abs() < 1e-9);
            let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (n - 1.0);
            if means.len() > 1 {
                assert!((band.deviations[bucket] - variance.sqrt()).abs() < 1e-9, "{bucket}");
            } else {
                assert!(band.deviations[bucket].is_nan());
            }
            assert_eq!(band.low[bucket], all.iter().copied().fold(f64::INFINITY, f64::min));
            assert_eq!(band.high[bucket], all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
        // 2,000 steps of the second member and 700 x 4 of the third end before the first.
        assert_eq!((band.counts[0], band.counts[260], band.counts[374]), (3, 2, 1));
    }

    #[test]
    fn points_of_few_steps_are_grouped_by_their_step() {
        let xs = [0.0, 100.0, 250.0];
        let first = Curve::Made(xs.to_vec(), vec![1.0, 2.0, 3.0]);
        let other = Curve::Made(vec![0.0, 250.0], vec![5.0, 7.0]);
        let band = band(&[&first, &other], Grid::Points);
        assert_eq!((&band.xs[..], &band.means[..]), (&xs[..], &[3.0, 2.0, 5.0][..]));
        assert_eq!(band.counts, [2, 1, 2]);
        assert_eq!(band.deviations[2], 8f64.sqrt());
    }
}
