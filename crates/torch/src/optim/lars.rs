//! LARS: stochastic gradient descent whose step in each layer is a fixed fraction of the layer's
//! norm.
//!
//! You, Gitman and Ginsburg, *Large Batch Training of Convolutional Networks* (arXiv 1708.03888),
//! equation 6, with momentum as Sobal et al. (arXiv 2211.10831) use it.

use tch::Tensor;

use super::{Optimiser, Rates, named, zeros_like};
use crate::native::{LarsStep, lars_step};

/// LARS. Matrices have weight decay and adapted steps; vectors (biases, normalisation) have
/// neither.
pub struct Lars {
    matrices: Group,
    vectors: Group,
    momentum: f64,
    weight_decay: f64,
    eta: f64,
}

struct Group {
    names: Vec<String>,
    parameters: Vec<Tensor>,
    momenta: Vec<Tensor>,
}

impl Group {
    fn new(parameters: impl Iterator<Item = (String, Tensor)>) -> Self {
        let (names, parameters): (Vec<_>, Vec<_>) = parameters.unzip();
        Self { names, momenta: zeros_like(&parameters), parameters }
    }
}

impl Lars {
    /// LARS with the paper's momentum 0.9, weight decay 1e-6 and eta 0.001.
    pub fn new(parameters: Vec<(String, Tensor)>) -> Self {
        Self::with_weight_decay(parameters, 1e-6)
    }

    /// LARS with another weight decay.
    pub fn with_weight_decay(parameters: Vec<(String, Tensor)>, weight_decay: f64) -> Self {
        let (vectors, matrices): (Vec<_>, Vec<_>) = parameters.into_iter().partition(|(_, p)| p.dim() == 1);
        let (matrices, vectors) = (Group::new(matrices.into_iter()), Group::new(vectors.into_iter()));
        Self { matrices, vectors, momentum: 0.9, weight_decay, eta: 0.001 }
    }
}

impl Optimiser for Lars {
    fn step(&mut self, Rates { lr, .. }: Rates) {
        let Self { momentum, weight_decay, eta, .. } = *self;
        for (group, adapted) in [(&self.matrices, true), (&self.vectors, false)] {
            lars_step(
                &group.parameters,
                &group.momenta,
                LarsStep { adapted, lr, momentum, weight_decay, eta },
            );
        }
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let groups = [&self.matrices, &self.vectors];
        groups.into_iter().flat_map(|group| named("momentum", &group.names, &group.momenta)).collect()
    }
}
