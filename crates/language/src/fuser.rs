//! The cache of one model fused into another's (Fu et al., *Cache-to-Cache*, arXiv 2510.03215).

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};
use umwelt_torch::nn::{Linear, Parameters, Scope};

use crate::config::LmConfig;
use crate::context::Context;
use crate::decoder::{DecoderLm, Rotation};

/// The fusers of two models' blocks, always in float32.
///
/// The last block of the sender is fused into the last one of the receiver, and so on backwards. At
/// each position a receiver's key becomes k + g w(k_s, k) p(k_s, k), of the sender's key k_s, with a
/// projection p and a weight w for each head that share a hidden layer, and a gate g for each block.
/// Values likewise. Keys are compared before their rotation, so that the positions of the two texts
/// may differ.
pub struct Fuser {
    parameters: Parameters,
    blocks: Vec<BlockFuser>,
}

struct BlockFuser {
    keys: Projector,
    values: Projector,
    gate: Tensor,
}

/// The change of one model's heads by another's.
struct Projector {
    first: Linear,
    second: Linear,
    projection: Linear,
    weight: Linear,
    heads: i64,
}

/// How far the gates of blocks are open.
pub enum Gates {
    /// Open or closed, by the sign of their logits.
    Hard,
    /// sigmoid((logit + noise) / temperature), of one logistic noise for each block.
    Drawn { temperature: f64, noise: Vec<f64> },
}

impl Projector {
    fn new(scope: &Scope, sender: &LmConfig, receiver: &LmConfig, width: i64) -> Self {
        let features = |config: &LmConfig| config.kv_heads * config.head;
        let linear = |name: &str, inputs, outputs| Linear::new(&scope.sub(name), inputs, outputs);
        Self {
            first: linear("first", features(sender) + features(receiver), width),
            second: linear("second", width, width),
            projection: linear("projection", width, features(receiver)),
            weight: linear("weight", width, receiver.kv_heads),
            heads: receiver.kv_heads,
        }
    }

    /// The weighted change `[B, kv, T, hd]`, of heads `[B, kv_s, T, hd_s]` and `[B, kv, T, hd]`.
    fn forward(&self, sender: &Tensor, receiver: &Tensor) -> Tensor {
        let flat = |heads: &Tensor| heads.to_kind(Kind::Float).transpose(1, 2).flatten(2, 3);
        let x = Tensor::cat(&[flat(sender), flat(receiver)], 2);
        let hidden = self.second.forward(&self.first.forward(&x).gelu("none")).gelu("none");
        let (batch, time, _) = hidden.size3().expect("hidden units are [B, T, W]");
        let projected = self.projection.forward(&hidden).view([batch, time, self.heads, -1]);
        (projected * self.weight.forward(&hidden).sigmoid().unsqueeze(3)).transpose(1, 2)
    }
}

impl Fuser {
    /// A fuser at the start of training, whose hidden layers have `width` units.
    pub fn new(sender: &LmConfig, receiver: &LmConfig, width: i64, device: Device, seed: u64) -> Self {
        let parameters = Parameters::new(device, seed);
        let block = |number: i64| {
            let scope = parameters.root().sub("blocks").sub(number);
            let projector = |name: &str| Projector::new(&scope.sub(name), sender, receiver, width);
            BlockFuser {
                keys: projector("keys"),
                values: projector("values"),
                gate: scope.constant("gate", &[], 0.0),
            }
        };
        let blocks = (0..sender.layers.min(receiver.layers)).map(block).collect();
        Self { parameters, blocks }
    }

    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The number of blocks of the receiver that are fused.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The number of blocks whose hard gate is open.
    pub fn open(&self) -> i64 {
        let open = |block: &BlockFuser| i64::from(block.gate.double_value(&[]) > 0.0);
        self.blocks.iter().map(open).sum()
    }

    /// Fuses the last positions of the sender's texts into those of the receiver's, as many of each
    /// text as `lengths` says. Gradients reach the fuser.
    ///
    /// # Errors
    /// When there is not one length for each text, a text is shorter, or the caches are of other
    /// sizes than the fuser.
    pub fn fuse(
        &self,
        (sender, theirs): (&DecoderLm, &Context),
        (receiver, own): (&DecoderLm, &mut Context),
        lengths: &[i64],
        gates: &Gates,
    ) -> Result<()> {
        for batch in [theirs.batch(), own.batch()] {
            ensure!(lengths.len() as i64 == batch, "{} lengths for {batch} texts", lengths.len());
        }
        let window = lengths.iter().copied().max().unwrap_or(0);
        if window == 0 {
            return Ok(());
        }
        let [their_rotation, rotation] = [(sender, theirs), (receiver, &*own)]
            .map(|(model, context)| context.last_rotation(model, window));
        let back = [&their_rotation, &rotation].map(Rotation::inverse);
        let places = Tensor::arange(window, (Kind::Int64, receiver.device()));
        let first = Tensor::from_slice(lengths).to_device(receiver.device()).neg() + window;
        let valid = places.unsqueeze(0).ge_tensor(&first.unsqueeze(1)).to_kind(Kind::Float);
        let valid = valid.unsqueeze(1).unsqueeze(3);
        for (number, block) in self.blocks.iter().enumerate() {
            let behind = self.blocks.len() - number;
            let [their_key, their_value] = theirs.last(behind, window)?;
            let [key, value] = own.last(behind, window)?;
            let amount = block.amount(gates, number) * &valid;
            let change = block.keys.forward(&back[0].apply(&their_key), &back[1].apply(&key));
            let change = rotation.apply(&(change * &amount).to_kind(key.kind()));
            let values = block.values.forward(&their_value, &value) * &amount;
            own.replace_last(behind, [key + change, &value + values.to_kind(value.kind())]);
        }
        Ok(())
    }
}

impl BlockFuser {
    fn amount(&self, gates: &Gates, number: usize) -> Tensor {
        match gates {
            Gates::Hard => self.gate.gt(0.0).to_kind(Kind::Float),
            Gates::Drawn { temperature, noise } => ((&self.gate + noise[number]) / *temperature).sigmoid(),
        }
    }
}
