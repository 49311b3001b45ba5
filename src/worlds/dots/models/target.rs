//! A target encoder: an exponential moving average of the encoder that is trained.
//!
//! Grill et al., *Bootstrap Your Own Latent* (arXiv 2006.07733), equation 1.

use std::collections::HashMap;

use anyhow::Result;
use tch::{Tensor, no_grad};

use super::jepa::{Architecture, Jepa};
use crate::nn::{Backbone, Mode, Parameters, Projector};

const NAME: &str = "target.";

/// Backbone and projector under `target.`, never trained.
pub struct Target {
    backbone: Backbone,
    projector: Projector,
    kept: f64,
    /// Every tensor of the target with the one that it follows.
    pairs: Vec<(Tensor, Tensor)>,
}

impl Target {
    /// A copy of what `parameters` hold of a backbone and a projector; none where `shape.ema` is 0.
    pub fn new(parameters: &Parameters, shape: &Architecture) -> Result<Option<Self>> {
        if shape.ema == 0.0 {
            return Ok(None);
        }
        let root = parameters.root().sub("target");
        let backbone = Backbone::new(&root.sub("backbone"), &shape.backbone())?;
        let projector = Projector::new(&root.sub("projector"), shape.projector, backbone.embedding())?;
        parameters.freeze(NAME);
        let target = Self { backbone, projector, kept: shape.ema, pairs: pairs(parameters) };
        target.approach(1.0);
        Ok(Some(target))
    }

    /// Encodings `[T, B, D]` and projections `[T, B, P]` of states `[T, B, C, 28, 28]`, without gradients.
    pub fn look(&self, online: &Jepa, states: &Tensor) -> (Tensor, Tensor) {
        let size = states.size();
        no_grad(|| {
            let encode = || self.backbone.forward(&states.flatten(0, 1), Mode::Train);
            let encodings = online.computed(Mode::Train, encode).view([size[0], size[1], -1]);
            let project = || self.projector.forward(&encodings, Mode::Train);
            let projections = online.computed(Mode::Train, project);
            (encodings, projections)
        })
    }

    /// `target = ema * target + (1 - ema) * online`
    pub fn follow(&self) {
        self.approach(1.0 - self.kept);
    }

    fn approach(&self, part: f64) {
        no_grad(|| {
            for (target, followed) in &self.pairs {
                let _ = target.shallow_clone().lerp_(followed, part);
            }
        });
    }
}

fn pairs(parameters: &Parameters) -> Vec<(Tensor, Tensor)> {
    let named: HashMap<String, Tensor> = parameters.named().into_iter().collect();
    let followed = |name: &String| Some(named[name.strip_prefix(NAME)?].shallow_clone());
    named.iter().filter_map(|(name, target)| Some((target.shallow_clone(), followed(name)?))).collect()
}
