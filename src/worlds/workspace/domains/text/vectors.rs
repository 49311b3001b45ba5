//! The published network for vectors of sentences.

use tch::{Kind, Tensor};

use super::Standardiser;
use crate::nn::{Linear, Scope};
use crate::worlds::workspace::domains::{Activation, Posterior};

/// An encoder of vectors and a decoder back to them, each of three linear layers.
pub struct VectorNetwork {
    encoder: [Linear; 3],
    decoder: [Linear; 3],
    pub standardiser: Standardiser,
}

impl VectorNetwork {
    /// The network of vectors of `features` numbers, of which `pca` components are kept if it is
    /// not `None`.
    pub fn new(scope: &Scope, features: i64, pca: Option<i64>, z: i64) -> Self {
        let standardiser = Standardiser::new(&scope.sub("standardise"), features, pca);
        let f = pca.unwrap_or(features);
        let layers = |name: &str, sizes: [i64; 4]| {
            [0, 1, 2].map(|l| Linear::new(&scope.sub(name).sub(2 * l), sizes[l], sizes[l + 1]))
        };
        Self {
            encoder: layers("encoder", [f, f, f / 2, 2 * z]),
            decoder: layers("decoder", [z, f / 2, f, f]),
            standardiser,
        }
    }

    /// The posteriors `[N, z]` of standardised vectors `[N, F]`.
    pub fn encode(&self, vectors: &Tensor) -> Posterior {
        Posterior::of_columns(&Activation::Symlog.forward(&mlp(&self.encoder, vectors)))
    }

    /// Latents `[N, z]` -> standardised vectors `[N, F]`
    pub fn decode(&self, latents: &Tensor) -> Tensor {
        mlp(&self.decoder, latents)
    }
}

/// Linear layers with ReLU between them.
fn mlp([first, second, last]: &[Linear; 3], x: &Tensor) -> Tensor {
    last.forward(&second.forward(&first.forward(x).relu()).relu()).to_kind(Kind::Float)
}
