//! Linear layers of the decoder.

use tch::{Kind, Tensor};
use umwelt_torch::native::{row_products, takes_row_products};
use umwelt_torch::nn::Scope;

/// A linear layer, to whose weight two narrow matrices may add (Hu et al., *LoRA*, arXiv
/// 2106.09685).
pub struct Projection {
    /// `[outputs, inputs]`
    weight: Tensor,
    bias: Option<Tensor>,
    low_rank: Option<LowRank>,
}

/// A weight of low rank, `scale * up down`.
struct LowRank {
    /// `[rank, inputs]`
    down: Tensor,
    /// `[outputs, rank]`
    up: Tensor,
    scale: f64,
}

impl Projection {
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias, low_rank: None }
    }

    /// Adds a weight of `rank` in float32, which is 0 at the start.
    pub fn add_low_rank(&mut self, scope: &Scope, rank: i64, alpha: f64) {
        let (outputs, inputs) = self.weight.size2().expect("a weight is [outputs, inputs]");
        self.low_rank = Some(LowRank {
            down: scope.sub("lora_A").uniform("weight", &[rank, inputs], (inputs as f64).powf(-0.5)),
            up: scope.sub("lora_B").constant("weight", &[outputs, rank], 0.0),
            scale: alpha / rank as f64,
        });
    }

    /// `[.., inputs]` -> `[.., outputs]`, in the number format of `x`.
    pub fn forward(&self, x: &Tensor, gradient: bool) -> Tensor {
        let kind = x.kind();
        let y = product(x, &self.weight, self.bias.as_ref(), gradient);
        match &self.low_rank {
            None => y,
            Some(LowRank { down, up, scale }) => {
                let narrow = x.linear(&cast(down, kind), None::<&Tensor>);
                y + narrow.linear(&cast(up, kind), None::<&Tensor>) * *scale
            }
        }
    }

    /// True if the weight is the whole layer, in this number format.
    pub fn is_plain(&self, kind: Kind) -> bool {
        self.low_rank.is_none() && self.weight.kind() == kind
    }

    /// The weight with that of low rank, in float32 if there is one.
    pub fn merged(&self) -> Tensor {
        match &self.low_rank {
            None => self.weight.detach(),
            Some(LowRank { down, up, scale }) => {
                self.weight.detach().to_kind(Kind::Float) + up.detach().matmul(&down.detach()) * *scale
            }
        }
    }

    /// All tensors.
    pub fn tensors(&self) -> Vec<&Tensor> {
        let low_rank = self.low_rank.iter().flat_map(|low_rank| [&low_rank.down, &low_rank.up]);
        [&self.weight].into_iter().chain(&self.bias).chain(low_rank).collect()
    }
}

/// `x` `[.., inputs]` times `weight` `[outputs, inputs]` in the number format of `x`.
///
/// Without a gradient, a bfloat16 weight is read in its own format where few rows are multiplied.
pub fn product(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, gradient: bool) -> Tensor {
    let kind = x.kind();
    if !gradient && kind == Kind::BFloat16 && takes_row_products(x, weight) {
        return row_products(x, weight, bias);
    }
    let bias = bias.map(|bias| cast(bias, kind));
    x.linear(&cast(weight, kind), bias.as_ref())
}

/// True if operations are recorded for a backward pass.
pub fn records_gradients() -> bool {
    let probe = Tensor::zeros([0i64; 0], (Kind::Float, tch::Device::Cpu)).set_requires_grad(true);
    probe.alias().requires_grad()
}

/// The tensor in this number format; gradients reach the tensor in its own.
pub fn cast(tensor: &Tensor, kind: Kind) -> Tensor {
    if tensor.kind() == kind { tensor.shallow_clone() } else { tensor.to_kind(kind) }
}
