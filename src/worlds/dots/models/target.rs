//! The target encoder: an exponential moving average of the trained encoder.
//!
//! Grill et al., *Bootstrap Your Own Latent* (arXiv 2006.07733), equation 1.

use std::collections::HashMap;

use anyhow::Result;
use tch::{Device, Tensor, no_grad};

use super::architecture::Architecture;
use crate::nn::{Backbone, Mode, Parameters, Precision, Projector};

const NAME: &str = "target.";

/// A backbone and a projector under the scope `target`, which receive no gradients.
pub struct Target {
    backbone: Backbone,
    projector: Projector,
    ema: f64,
    precision: Precision,
    device: Device,
    /// Each tensor of the target with its counterpart in the trained encoder.
    pairs: Vec<(Tensor, Tensor)>,
}

impl Target {
    /// A copy of the backbone and projector in `parameters`; `None` if `shape.ema` is 0.
    ///
    /// # Errors
    /// When `shape` names layers that cannot be built.
    pub fn new(parameters: &Parameters, shape: &Architecture, precision: Precision) -> Result<Option<Self>> {
        if shape.ema == 0.0 {
            return Ok(None);
        }
        let root = parameters.root().sub("target");
        let backbone = Backbone::new(&root.sub("backbone"), &shape.backbone())?;
        let projector = Projector::new(&root.sub("projector"), shape.projector, backbone.embedding())?;
        parameters.freeze(NAME);
        let (device, pairs) = (parameters.device(), pairs(parameters));
        let target = Self { backbone, projector, ema: shape.ema, precision, device, pairs };
        target.approach(1.0);
        Ok(Some(target))
    }

    /// Encodings `[T, B, D]` and projections `[T, B, P]` of states `[T, B, C, 28, 28]`, without
    /// gradients.
    pub fn encode(&self, states: &Tensor) -> (Tensor, Tensor) {
        let size = states.size();
        no_grad(|| {
            let encode = || self.backbone.forward(&states.flatten(0, 1), Mode::Train);
            let encodings = self.computed(encode).view([size[0], size[1], -1]);
            let project = || self.projector.forward(&encodings, Mode::Train);
            (encodings.shallow_clone(), self.computed(project))
        })
    }

    fn computed(&self, network: impl FnOnce() -> Tensor) -> Tensor {
        self.precision.compute(self.device, Mode::Train, network)
    }

    /// One step of the moving average: `target = ema * target + (1 - ema) * trained`.
    pub fn follow(&self) {
        self.approach(1.0 - self.ema);
    }

    fn approach(&self, share: f64) {
        no_grad(|| {
            for (target, trained) in &self.pairs {
                let _ = target.shallow_clone().lerp_(trained, share);
            }
        });
    }
}

fn pairs(parameters: &Parameters) -> Vec<(Tensor, Tensor)> {
    let named: HashMap<String, Tensor> = parameters.named().into_iter().collect();
    let trained = |name: &String| Some(named[name.strip_prefix(NAME)?].shallow_clone());
    named.iter().filter_map(|(name, target)| Some((target.shallow_clone(), trained(name)?))).collect()
}
