//! The probe that reads positions from encodings.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::nn::{Linear, Mlp, Mode, Parameters, layer_sizes};

/// A map from D features to the position of every dot: linear, or an MLP if it has hidden layers.
pub struct Probe {
    pub parameters: Parameters,
    mlp: Mlp,
    dots: i64,
}

/// The sizes of a probe.
#[derive(Clone, Copy, Debug)]
pub struct ProbeShape<'a> {
    pub embedding: i64,
    pub dots: i64,
    /// Hidden layer sizes, empty for a linear probe.
    pub hidden: &'a str,
    pub bias: bool,
}

impl Probe {
    /// A probe with initial weights that follow from `seed`.
    ///
    /// # Errors
    /// When `hidden` is not a list of layer sizes.
    pub fn new(shape: &ProbeShape, device: Device, seed: u64) -> Result<Self> {
        let hidden = if shape.hidden.is_empty() { Ok(vec![]) } else { layer_sizes(shape.hidden) };
        let hidden = hidden.map_err(|reason| anyhow::anyhow!("probing_cfg.prober_arch: {reason}"))?;
        let sizes = [vec![shape.embedding], hidden, vec![2 * shape.dots]].concat();
        let parameters = Parameters::new(device, seed);
        let last = if shape.bias { Linear::new } else { Linear::without_bias };
        let mlp = Mlp::with_last(&parameters.root().sub("probe"), &sizes, last);
        Ok(Self { parameters, mlp, dots: shape.dots })
    }

    /// Replaces the layer of a linear probe by `weight` `[2 * dots, D]` and `bias` `[2 * dots]`.
    ///
    /// # Errors
    /// When the probe has other tensors or other shapes.
    pub fn assign(&self, weight: Tensor, bias: Option<Tensor>) -> Result<()> {
        let bias = bias.map(|bias| ("probe.0.bias".to_owned(), bias));
        let weight = ("probe.0.weight".to_owned(), weight);
        self.parameters.assign(&std::iter::once(weight).chain(bias).collect())
    }

    /// encodings `[T, B, D]` -> positions `[T, B, dots, 2]` in the data's units
    pub fn forward(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        let (frames, sequences, _) = encodings.size3().expect("encodings are [T, B, D]");
        self.mlp.forward(&encodings.flatten(0, 1), mode).view([frames, sequences, self.dots, 2])
    }
}
