//! Training of narrow matrices that add to the weights of attention (Hu et al., *LoRA*, arXiv
//! 2106.09685).

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tch::Tensor;
use umwelt_torch::nn::Parameters;

use super::DecoderLm;
use super::weights::Weights;

/// The settings of weights of low rank.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRankShape {
    pub rank: i64,
    /// The weights are scaled by `alpha / rank`.
    pub alpha: f64,
    /// The layers of attention that get one, of `q`, `k`, `v` and `o`.
    pub layers: Vec<String>,
}

impl LowRankShape {
    /// Checks the ranges.
    ///
    /// # Errors
    /// When a number is out of its range or a layer is unknown; the error names it.
    pub fn check(&self) -> Result<()> {
        ensure!(self.rank > 0, "rank is {}; it should be positive", self.rank);
        ensure!(
            self.alpha.is_finite() && self.alpha > 0.0,
            "alpha is {}; it should be a positive number",
            self.alpha
        );
        ensure!(!self.layers.is_empty(), "layers should name one of q, k, v and o");
        match self.layers.iter().find(|layer| !["q", "k", "v", "o"].contains(&layer.as_str())) {
            Some(layer) => bail!("layers has `{layer}`; known: q, k, v, o"),
            None => Ok(()),
        }
    }
}

impl DecoderLm {
    /// Adds weights of low rank, which are 0 at the start, and freezes all others. The new
    /// parameters are float32, a function of `seed`, and named as in the library PEFT.
    ///
    /// # Errors
    /// When a setting is out of range, or a pass of the model is not over.
    pub fn add_low_rank(&mut self, shape: &LowRankShape, seed: u64) -> Result<Parameters> {
        shape.check()?;
        let parameters = Parameters::new(self.device(), seed);
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let block = Arc::get_mut(block).context("a backward pass still needs the model")?;
            for (name, layer) in block.attention.layers_mut() {
                if shape.layers.iter().any(|wanted| wanted == name) {
                    let scope = parameters.root().sub(format!("model.layers.{number}.self_attn.{name}_proj"));
                    layer.add_low_rank(&scope, shape.rank, shape.alpha);
                }
            }
        }
        self.parameters.freeze("");
        Ok(parameters)
    }

    /// A copy whose weights of low rank are added to the others.
    ///
    /// # Errors
    /// When a tensor cannot be copied.
    pub fn merged(&self) -> Result<Self> {
        let mut named: HashMap<String, Tensor> = self.parameters.named().into_iter().collect();
        for (number, block) in self.blocks.iter().enumerate() {
            for (name, layer) in block.attention.layers() {
                let name = format!("model.layers.{number}.self_attn.{name}_proj.weight");
                named.insert(name, layer.merged());
            }
        }
        let kind = self.embedding.kind();
        Ok(Self::new(self.config.clone(), &mut Named(named), kind, self.device())?.computing_in(self.compute))
    }
}

/// Tensors by name.
struct Named(HashMap<String, Tensor>);

impl Weights for Named {
    fn take(&mut self, name: &str, _: &[i64]) -> Result<Tensor> {
        Ok(self.0.get(name).with_context(|| format!("tensor {name} is missing"))?.detach())
    }
}
