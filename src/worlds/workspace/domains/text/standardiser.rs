//! Standardised vectors and their principal components.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor, no_grad};

use crate::nn::Scope;

/// The map from imported vectors to vectors of mean 0 and variance 1, of which principal components
/// may be taken. Its numbers are saved with the model.
pub struct Standardiser {
    whole: Moments,
    pca: Option<Components>,
}

/// Means and standard deviations.
struct Moments {
    mean: Tensor,
    std: Tensor,
}

/// Principal components `[F, K]`, and the moments of the vectors in them.
struct Components {
    directions: Tensor,
    moments: Moments,
}

impl Moments {
    fn new(scope: &Scope, size: i64) -> Self {
        Self { mean: scope.buffer("mean", &[size], 0.0), std: scope.buffer("std", &[size], 1.0) }
    }

    fn apply(&self, vectors: &Tensor) -> Tensor {
        (vectors - &self.mean) / &self.std
    }

    /// Sets the moments of vectors `[N, F]`: the standard deviation is that of a population. A
    /// number that does not vary keeps its scale.
    fn fit(&mut self, vectors: &Tensor) {
        let (variance, mean) = vectors.var_mean_correction([0i64].as_slice(), 0, false);
        let std = variance.sqrt();
        self.mean.copy_(&mean);
        self.std.copy_(&std.where_self(&std.gt(0.0), &std.ones_like()));
    }
}

impl Standardiser {
    /// The identity on vectors of `features` numbers, or on the first `pca` of them.
    pub fn new(scope: &Scope, features: i64, pca: Option<i64>) -> Self {
        let components = |count: i64| Components {
            directions: scope.sub("pca").buffer("directions", &[features, count], 0.0),
            moments: Moments::new(&scope.sub("pca"), count),
        };
        Self { whole: Moments::new(scope, features), pca: pca.map(components) }
    }

    /// Vectors `[N, F]` -> standardised vectors `[N, F]`, or `[N, K]` with `pca`
    pub fn apply(&self, vectors: &Tensor) -> Tensor {
        let whole = self.whole.apply(vectors);
        match &self.pca {
            Some(pca) => pca.moments.apply(&whole.matmul(&pca.directions)),
            None => whole,
        }
    }

    /// Takes means, standard deviations and principal components from vectors `[N, F]`.
    ///
    /// # Errors
    /// When `pca` asks for more components than the vectors have numbers.
    pub fn fit(&mut self, vectors: &Tensor) -> Result<()> {
        let features = vectors.size()[1];
        no_grad(|| {
            self.whole.fit(vectors);
            let Some(pca) = &mut self.pca else { return Ok(()) };
            let count = pca.directions.size()[1];
            ensure!(count <= features, "text.pca: must be at most {features}, but is {count}");
            let whole = self.whole.apply(vectors).to_kind(Kind::Double);
            // Variances ascend.
            let (_, directions) = whole.tr().matmul(&whole).linalg_eigh("L");
            let largest = directions.narrow(1, features - count, count).flip([1]);
            pca.directions.copy_(&largest);
            pca.moments.fit(&whole.matmul(&largest).to_kind(Kind::Float));
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::normals;
    use crate::nn::Parameters;
    use tch::Device;

    fn moments(vectors: &Tensor) -> (f64, f64) {
        let (variance, mean) = vectors.var_mean_correction([0i64].as_slice(), 0, false);
        let worst = |x: Tensor| x.abs().max().double_value(&[]);
        (worst(mean), worst(variance - 1.0))
    }

    #[test]
    fn the_largest_directions_are_kept_and_every_number_is_standardised() {
        // 5 numbers, of which the first two share most of their variation.
        let noise = normals(&[4000, 5], Device::Cpu, 1);
        let shared = normals(&[4000, 1], Device::Cpu, 2) * 5.0;
        let pair = noise.narrow(1, 0, 2) + &shared;
        let vectors = Tensor::cat(&[pair, noise.narrow(1, 2, 3)], 1) * 3.0 + 7.0;
        let parameters = Parameters::new(Device::Cpu, 0);
        let mut plain = Standardiser::new(&parameters.root().sub("plain"), 5, None);
        let mut pca = Standardiser::new(&parameters.root().sub("pca"), 5, Some(2));
        assert_eq!(plain.apply(&vectors), vectors, "the identity before it is fitted");
        plain.fit(&vectors).unwrap();
        pca.fit(&vectors).unwrap();
        for standardised in [plain.apply(&vectors), pca.apply(&vectors)] {
            let (mean, variance) = moments(&standardised);
            assert!(mean < 1e-4 && variance < 1e-3, "{mean} {variance}");
        }
        let first = pca.apply(&vectors).select(1, 0);
        let shared = shared.squeeze_dim(1) / 5.0;
        let correlation = (first * &shared).mean(Kind::Float).double_value(&[]).abs();
        assert!(correlation > 0.97, "{correlation}");
        assert_eq!(pca.apply(&vectors).size(), [4000, 2]);
        assert_eq!(parameters.count(), 0, "nothing is trained");
        let too_many = Standardiser::new(&parameters.root().sub("many"), 5, Some(6)).fit(&vectors);
        assert!(too_many.unwrap_err().to_string().starts_with("text.pca: must be at most 5"));
    }
}
