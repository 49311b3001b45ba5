//! Smoothing at full resolution. Values that are not finite are passed over and stay gaps.

use std::str::FromStr;

use rayon::prelude::*;

/// The distance, in widths, beyond which a Gaussian's weight is left out.
const REACH: f64 = 3.0;
/// The most pairs of points that a Gaussian may look at.
const MOST_PAIRS: usize = 1 << 30;

/// The smoothing of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smoothing {
    #[default]
    None,
    /// The exponential moving average of TensorBoard, debiased, with this weight of the past.
    Ema(f64),
    /// The mean weighted by a centred Gaussian of this standard deviation in x.
    Gaussian(f64),
}

impl FromStr for Smoothing {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let parsed = match typed.split_once(':') {
            None if typed == "none" => Some(Self::None),
            Some(("ema", weight)) => number(weight).filter(|w| (0.0..=0.999).contains(w)).map(Self::Ema),
            Some(("gaussian", width)) => number(width).filter(|width| *width > 0.0).map(Self::Gaussian),
            _ => None,
        };
        parsed.ok_or_else(|| {
            format!("`{typed}` is no smoothing; write none, ema:W with W from 0 to 0.999, or gaussian:STEPS")
        })
    }
}

impl Smoothing {
    /// The smoothed `ys` at the places `within` of a line with ascending `xs`.
    ///
    /// # Errors
    /// A Gaussian that is too wide for so many points.
    pub fn apply(self, xs: &[f64], ys: &[f64], within: std::ops::Range<usize>) -> Result<Vec<f64>, String> {
        match self {
            Self::None => Ok(ys[within].to_vec()),
            Self::Ema(weight) => Ok(ema(&ys[..within.end], weight).split_off(within.start)),
            Self::Gaussian(width) => gaussian(xs, ys, within, width),
        }
    }
}

fn ema(ys: &[f64], weight: f64) -> Vec<f64> {
    let (mut last, mut remains) = (0.0, 1.0);
    let step = |y: &f64| {
        if !y.is_finite() {
            return f64::NAN;
        }
        last = last * weight + (1.0 - weight) * y;
        remains *= weight;
        last / (1.0 - remains)
    };
    ys.iter().map(step).collect()
}

fn gaussian(xs: &[f64], ys: &[f64], within: std::ops::Range<usize>, width: f64) -> Result<Vec<f64>, String> {
    let near = |x: f64| {
        let start = xs.partition_point(|other| *other < x - REACH * width);
        start..xs.partition_point(|other| *other <= x + REACH * width)
    };
    let pairs: usize = within.clone().into_par_iter().map(|place| near(xs[place]).len()).sum();
    if pairs > MOST_PAIRS {
        return Err(format!(
            "gaussian:{width} is too wide for {} points; choose a narrower one or ema",
            xs.len()
        ));
    }
    let smoothed = |place: usize| {
        if !ys[place].is_finite() {
            return f64::NAN;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for other in near(xs[place]).filter(|other| ys[*other].is_finite()) {
            let weight = (-0.5 * ((xs[other] - xs[place]) / width).powi(2)).exp();
            (sum, weights) = (sum + weight * ys[other], weights + weight);
        }
        sum / weights
    };
    Ok(within.into_par_iter().map(smoothed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moving_average_is_the_weighted_mean_of_the_past() {
        let ys = [3.0, -1.0, f64::NAN, 4.0, 1.5];
        let xs = [0.0, 1.0, 2.0, 3.0, 4.0];
        let smoothed = Smoothing::Ema(0.9).apply(&xs, &ys, 0..5).unwrap();
        // The k-th past finite value has weight 0.9^k; debiasing divides by the sum of weights.
        let finite: Vec<f64> = ys.into_iter().filter(|y| y.is_finite()).collect();
        let naive = |count: usize| {
            let weight = |place: usize| 0.9f64.powi((count - 1 - place) as i32);
            let sum: f64 = (0..count).map(|place| weight(place) * finite[place]).sum();
            sum / (0..count).map(weight).sum::<f64>()
        };
        for (place, count) in [(0, 1), (1, 2), (3, 3), (4, 4)] {
            assert!((smoothed[place] - naive(count)).abs() < 1e-12, "{place}");
        }
        assert!(smoothed[2].is_nan());
        assert_eq!(Smoothing::Ema(0.9).apply(&xs, &ys, 3..5).unwrap(), smoothed[3..]);
        assert_eq!(Smoothing::Ema(0.0).apply(&xs, &ys, 3..5).unwrap(), [4.0, 1.5]);
    }

    #[test]
    fn a_gaussian_is_centred_and_agrees_with_a_naive_loop() {
        let xs: Vec<f64> = (0..200).map(|i| f64::from(i * i) / 40.0).collect();
        let mut ys: Vec<f64> = (0..200).map(|i| f64::from((i * 37) % 101)).collect();
        ys[50] = f64::NAN;
        let smoothed = Smoothing::Gaussian(7.01).apply(&xs, &ys, 20..180).unwrap();
        for place in (20..180).filter(|place| *place != 50) {
            let (mut sum, mut weights) = (0.0, 0.0);
            for other in (0..200).filter(|other| *other != 50 && (xs[*other] - xs[place]).abs() <= 3.0 * 7.01)
            {
                let weight = f64::exp(-(xs[other] - xs[place]).powi(2) / (2.0 * 7.01 * 7.01));
                sum += weight * ys[other];
                weights += weight;
            }
            assert!((smoothed[place - 20] - sum / weights).abs() < 1e-9, "{place}");
        }
        assert!(smoothed[30].is_nan());
        let line: Vec<f64> = xs.iter().map(|_| 2.5).collect();
        let constant = Smoothing::Gaussian(7.0).apply(&xs, &line, 0..200).unwrap();
        assert!(constant.iter().all(|y| (y - 2.5).abs() < 1e-12));
    }

    #[test]
    fn smoothings_are_read_and_others_refused() {
        assert_eq!("ema:0.9".parse(), Ok(Smoothing::Ema(0.9)));
        assert_eq!("gaussian:50".parse(), Ok(Smoothing::Gaussian(50.0)));
        assert_eq!("none".parse(), Ok(Smoothing::None));
        for typed in ["ema:1", "ema:-0.1", "ema:NaN", "gaussian:0", "gaussian:inf", "mean:3", "ema", ""] {
            assert!(typed.parse::<Smoothing>().is_err(), "{typed}");
        }
        let xs: Vec<f64> = (0..60_000).map(f64::from).collect();
        assert!(Smoothing::Gaussian(1e9).apply(&xs, &xs, 0..60_000).unwrap_err().contains("too wide"));
    }
}
