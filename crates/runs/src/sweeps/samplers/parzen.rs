//! A kernel density estimate with normal kernels (Parzen 1962).

use super::super::{
    gauss::{normal_cdf, normal_density},
    numbers::{Numbers, Prior},
    weights::weighted_index,
};
use umwelt_base::random::Rng;

/// A mixture of normal densities, truncated to an interval.
pub struct Parzen {
    kernels: Vec<Kernel>,
    low: f64,
    high: f64,
}

struct Kernel {
    weight: f64,
    mean: f64,
    sigma: f64,
    /// The mass of the untruncated kernel within the interval.
    inside: f64,
}

impl Parzen {
    /// The density with a kernel at each of `seen`, coordinates of `numbers`, and one for the
    /// prior.
    ///
    /// A kernel's standard deviation is the distance to the farther of its two neighbours (Bergstra
    /// et al., *Algorithms for Hyper-Parameter Optimization*, 2011, section 4.2). For n kernels it
    /// is at least 1/min(n + 1, 100) of the interval, as in Optuna's documentation.
    pub fn new(numbers: &Numbers, seen: &[f64]) -> Self {
        let (low, high) = numbers.ends();
        let (mean, widest) = match numbers.prior {
            Prior::Uniform { .. } => (0.5 * (low + high), high - low),
            Prior::Normal { mu, sigma } => (mu, sigma),
        };
        let mut means: Vec<f64> = seen.iter().map(|coordinate| coordinate.clamp(low, high)).collect();
        means.push(mean);
        let narrowest = (high - low) / (means.len() as f64 + 1.0).min(100.0);
        let mut order: Vec<usize> = (0..means.len()).collect();
        order.sort_by(|a, b| means[*a].total_cmp(&means[*b]));
        let mut kernels = Vec::new();
        for (rank, &which) in order.iter().enumerate() {
            let gap = |other: Option<&usize>| other.map_or(0.0, |&other| (means[other] - means[which]).abs());
            let before = gap(rank.checked_sub(1).and_then(|rank| order.get(rank)));
            let farther = before.max(gap(order.get(rank + 1)));
            let sigma = if which == seen.len() { widest } else { farther.clamp(narrowest, high - low) };
            kernels.push(Kernel::new(means[which], sigma, (low, high)));
        }
        let weight = 1.0 / kernels.len() as f64;
        kernels.iter_mut().for_each(|kernel| kernel.weight = weight);
        Self { kernels, low, high }
    }

    /// A draw from the density.
    pub fn sample(&self, rng: &mut Rng) -> f64 {
        let weights = self.kernels.iter().map(|kernel| kernel.weight);
        let kernel = &self.kernels[weighted_index(weights, rng.uniform()).unwrap_or(0)];
        loop {
            let drawn = kernel.mean + kernel.sigma * rng.normal();
            if (self.low..=self.high).contains(&drawn) {
                return drawn;
            }
        }
    }

    /// The density at a coordinate.
    pub fn density(&self, coordinate: f64) -> f64 {
        self.sum(|kernel| normal_density((coordinate - kernel.mean) / kernel.sigma) / kernel.sigma)
    }

    /// The probability of the interval between two coordinates.
    pub fn mass(&self, from: f64, to: f64) -> f64 {
        self.sum(|kernel| kernel.between(from, to))
    }

    fn sum(&self, part: impl Fn(&Kernel) -> f64) -> f64 {
        self.kernels.iter().map(|kernel| kernel.weight * part(kernel) / kernel.inside).sum()
    }
}

impl Kernel {
    fn new(mean: f64, sigma: f64, (low, high): (f64, f64)) -> Self {
        let kernel = Self { weight: 1.0, mean, sigma, inside: 1.0 };
        Self { inside: kernel.between(low, high), ..kernel }
    }

    fn between(&self, from: f64, to: f64) -> f64 {
        normal_cdf((to - self.mean) / self.sigma) - normal_cdf((from - self.mean) / self.sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Numbers {
        Numbers { prior: Prior::Uniform { low: 0.0, high: 1.0 }, log: false, lattice: None, whole: false }
    }

    #[test]
    fn the_density_adds_up_to_one_and_is_the_derivative_of_the_mass() {
        let parzen = Parzen::new(&unit(), &[0.1, 0.15, 0.9]);
        assert!((parzen.mass(0.0, 1.0) - 1.0).abs() < 1e-12);
        let slope = (parzen.mass(0.0, 0.3 + 1e-5) - parzen.mass(0.0, 0.3 - 1e-5)) / 2e-5;
        assert!((slope - parzen.density(0.3)).abs() < 1e-6);
    }

    #[test]
    fn kernels_are_as_wide_as_the_farther_neighbour_is_away() {
        let parzen = Parzen::new(&unit(), &[0.1, 0.4, 0.95]);
        let sigmas: Vec<f64> = parzen.kernels.iter().map(|kernel| kernel.sigma).collect();
        let expected = [0.3, 0.3, 1.0, 0.45];
        assert!(sigmas.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{sigmas:?}");
    }

    #[test]
    fn samples_follow_the_density() {
        let parzen = Parzen::new(&unit(), &[0.2, 0.25, 0.3]);
        let mut rng = umwelt_base::random::Stream::new(1, "test").at(&[]);
        let below = (0..4000).filter(|_| parzen.sample(&mut rng) < 0.3).count() as f64 / 4000.0;
        assert!((below - parzen.mass(0.0, 0.3)).abs() < 0.025, "{below}");
    }
}
