//! The read-out of positions from encodings.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::nn::{Linear, Mlp, Mode, Parameters, layer_sizes};

/// A linear map from D features to the position of every dot, with hidden layers where the settings ask for them.
pub struct Probe {
    pub parameters: Parameters,
    mlp: Mlp,
    dots: i64,
}

/// What a probe is built from.
#[derive(Clone, Copy, Debug)]
pub struct ProbeShape<'a> {
    pub embedding: i64,
    pub dots: i64,
    /// Hidden layer sizes, empty for a linear probe.
    pub hidden: &'a str,
    pub bias: bool,
}

impl Probe {
    /// # Errors
    /// When the hidden sizes cannot be read.
    pub fn new(shape: &ProbeShape, device: Device, seed: u64) -> Result<Self> {
        let hidden = if shape.hidden.is_empty() { Ok(vec![]) } else { layer_sizes(shape.hidden) };
        let hidden = hidden.map_err(|reason| anyhow::anyhow!("probing_cfg.prober_arch: {reason}"))?;
        let sizes = [vec![shape.embedding], hidden, vec![2 * shape.dots]].concat();
        let parameters = Parameters::new(device, seed);
        let last = if shape.bias { Linear::new } else { Linear::without_bias };
        let mlp = Mlp::with_last(&parameters.root().sub("probe"), &sizes, last);
        Ok(Self { parameters, mlp, dots: shape.dots })
    }

    /// encodings `[T, B, D]` -> positions `[T, B, dots, 2]` in the data's units
    pub fn forward(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        let (frames, sequences, _) = encodings.size3().expect("encodings are [T, B, D]");
        self.mlp.forward(&encodings.flatten(0, 1), mode).view([frames, sequences, self.dots, 2])
    }
}
