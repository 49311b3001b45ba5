//! The grammar of a sentence from the mean of the text posterior.

use tch::Tensor;

use super::Classes;
use crate::nn::{Linear, Scope};

/// Classifiers of the grammar, each with a hidden layer of its own.
pub struct GrammarHeads {
    hidden: Vec<Linear>,
    last: Vec<Linear>,
    pub classes: Classes,
}

impl GrammarHeads {
    /// Classifiers of these names and numbers of classes.
    pub fn new(scope: &Scope, z: i64, heads: &[(String, u8)]) -> Self {
        let layers = |place: i64, outputs: &dyn Fn(u8) -> i64| {
            let layer =
                |(name, count): &(String, u8)| Linear::new(&scope.sub(name).sub(place), z, outputs(*count));
            heads.iter().map(layer).collect()
        };
        let counts: Vec<i64> = heads.iter().map(|(_, count)| i64::from(*count)).collect();
        Self {
            hidden: layers(0, &|_| z),
            last: layers(2, &i64::from),
            classes: Classes::new(&counts, scope.device()),
        }
    }

    /// Latents `[N, z]` -> the logits of all classifiers side by side, `[N, C]`
    pub fn forward(&self, latents: &Tensor) -> Tensor {
        let hidden = Linear::stacked(&self.hidden.iter().collect::<Vec<_>>()).forward(latents).relu();
        Linear::block_diagonal(&self.last.iter().collect::<Vec<_>>()).forward(&hidden)
    }
}
