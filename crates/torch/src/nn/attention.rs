//! Multi-head attention (Vaswani et al., *Attention Is All You Need*, arXiv 1706.03762, equation
//! 1).

use tch::{Device, Tensor};

use super::{Linear, Scope};
use crate::native;

/// The most tokens on either side for which our own kernel is faster than libtorch's on the CPU.
const MAX_SMALL_TOKENS: i64 = 64;

/// Constructor for a linear layer (scope, inputs, outputs).
pub type MakeLinear = fn(&Scope, i64, i64) -> Linear;

/// Self-attention: every token attends to all tokens of its own sequence.
pub struct SelfAttention {
    /// One layer whose outputs are queries, keys and values, in this order.
    qkv: Linear,
    out: Linear,
    heads: i64,
}

impl SelfAttention {
    /// `projection` constructs the query, key and value layer; the output layer always has a bias.
    pub fn new(scope: &Scope, features: i64, heads: i64, projection: MakeLinear) -> Self {
        Self {
            qkv: projection(&scope.sub("qkv"), features, 3 * features),
            out: Linear::new(&scope.sub("proj"), features, features),
            heads,
        }
    }

    /// `[B, N, D]` -> `[B, N, D]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let [query, key, value] = <[Tensor; 3]>::try_from(self.qkv.forward(x).chunk(3, -1)).expect("three");
        // With a single token, attention is the identity on the value.
        let single = x.size()[1] == 1;
        self.out.forward(&if single { value } else { attend(&query, &key, &value, self.heads) })
    }
}

/// Cross-attention: tokens of one sequence attend to the tokens of another.
pub struct CrossAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: i64,
}

impl CrossAttention {
    /// `projection` constructs query, key and value layers; the output layer always has a bias.
    pub fn new(scope: &Scope, features: i64, heads: i64, projection: MakeLinear) -> Self {
        let layer = |name: &str| projection(&scope.sub(name), features, features);
        Self {
            query: layer("projq"),
            key: layer("projk"),
            value: layer("projv"),
            out: Linear::new(&scope.sub("proj"), features, features),
            heads,
        }
    }

    /// x `[B, N, D]` attends to y `[B, M, D]`: `[B, N, D]`. A batch dimension of 1 broadcasts.
    pub fn forward(&self, x: &Tensor, y: &Tensor) -> Tensor {
        if x.size()[1] == 1 {
            return self.out.forward(&self.attend_once(x, y));
        }
        // One product for keys and values: y is long, the weights are small.
        let key_value = self.key.concat_outputs(&self.value).forward(y).chunk(2, -1);
        self.out.forward(&attend(&self.query.forward(x), &key_value[0], &key_value[1], self.heads))
    }

    /// The output for a single token y `[B, 1, D]`: `[B, 1, D]`, the same for every query.
    ///
    /// With a single token, attention is the identity on the value, so no query is needed.
    pub fn forward_single(&self, y: &Tensor) -> Tensor {
        self.out.forward(&self.value.forward(y))
    }

    /// Attention of a single token x `[B, 1, D]` to y `[B, M, D]`: `[B, 1, D]`, before the output
    /// layer.
    ///
    /// It computes no key and no value per token of y, by two identities for the attention weights
    /// `a` of a head: `q . (K y + b) = (K' q) . y + const`, and
    /// `sum a (V y + b) = V (sum a y) + b`.
    fn attend_once(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let features = x.size()[2];
        let of_heads = |layer: &Linear| layer.weight.view([self.heads, features / self.heads, features]);
        let query = self.query.forward(x).view([-1, self.heads, features / self.heads]).transpose(0, 1);
        let scores_of_y = query.bmm(&of_heads(&self.key)).transpose(0, 1).contiguous(); // [B, heads, D]
        let scale = 1.0 / ((features / self.heads) as f64).sqrt();
        // Each head is one query over all D features of y.
        let mean = weighted_mean([&scores_of_y, y, y], 1, scale).transpose(0, 1);
        let values =
            mean.bmm(&of_heads(&self.value).transpose(1, 2)).transpose(0, 1).flatten(1, 2).unsqueeze(1);
        match &self.value.bias {
            Some(bias) => bias.to_kind(values.kind()) + values,
            None => values,
        }
    }
}

/// Attention of queries `[B, N, D]` to keys and values `[B, M, D]` in each head: `[B, N, D]`.
fn attend(query: &Tensor, key: &Tensor, value: &Tensor, heads: i64) -> Tensor {
    weighted_mean([query, key, value], heads, 1.0 / ((query.size()[2] / heads) as f64).sqrt())
}

/// `softmax(scale * query key') value` in each head: query `[B, N, D]`, key and value `[B, M, D]`.
///
/// A batch dimension of 1 broadcasts.
fn weighted_mean([query, key, value]: [&Tensor; 3], heads: i64, scale: f64) -> Tensor {
    let (batch, features) = (query.size()[0].max(key.size()[0]), query.size()[2]);
    let [query, key, value] = [query, key, value].map(|x| x.expand([batch, -1, -1], false));
    let small = query.size()[1].max(key.size()[1]) <= MAX_SMALL_TOKENS;
    if small && query.device() == Device::Cpu && query.kind() == key.kind() && key.kind() == value.kind() {
        return native::small_attention(&query, &key, &value, heads, scale);
    }
    let [query, key, value] =
        [query, key, value].map(|x| x.reshape([batch, x.size()[1], heads, features / heads]).transpose(1, 2));
    Tensor::scaled_dot_product_attention(&query, &key, &value, None::<&Tensor>, 0.0, false, scale, false)
        .transpose(1, 2)
        .flatten(2, 3)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::draws::Draws;
    use crate::nn::Parameters;

    /// One row of attention in one head, with plain loops.
    fn read(query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
        let dot = |key: &Vec<f64>| query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>();
        let weights: Vec<f64> = keys.iter().map(|k| (dot(k) / (query.len() as f64).sqrt()).exp()).collect();
        let total: f64 = weights.iter().sum();
        let column = |d: usize| values.iter().zip(&weights).map(|(v, w)| v[d] * w / total).sum();
        (0..query.len()).map(column).collect()
    }

    #[test]
    fn agrees_with_a_loop_over_images_heads_and_tokens() {
        let draws = Draws::new(1);
        let (query, key, value) = (draws.floats([2, 3, 4]), draws.floats([2, 5, 4]), draws.floats([2, 5, 4]));
        let ours = attend(&query, &key, &value, 2);
        let rows = |x: &Tensor, image: i64, head: i64| -> Vec<Vec<f64>> {
            Vec::<Vec<f64>>::try_from(x.get(image).narrow(1, 2 * head, 2).to_kind(Kind::Double)).unwrap()
        };
        for (image, head) in (0..2).flat_map(|image| (0..2).map(move |head| (image, head))) {
            let (keys, values) = (rows(&key, image, head), rows(&value, image, head));
            for (n, query) in rows(&query, image, head).iter().enumerate() {
                let expected = read(query, &keys, &values);
                let got = &rows(&ours, image, head)[n];
                assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
            }
        }
    }

    #[test]
    fn attention_to_a_single_token_needs_no_query() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let alone = SelfAttention::new(&parameters.root().sub("self"), 8, 2, Linear::new);
        let across = CrossAttention::new(&parameters.root().sub("cross"), 8, 2, Linear::new);
        let (x, y) = (draws.floats([3, 1, 8]), draws.floats([3, 1, 8]));
        let twice = |x: &Tensor| Tensor::cat(&[x, x], 1);
        let gap = |a: Tensor, b: Tensor| (a - b).abs().max().double_value(&[]);
        assert!(gap(alone.forward(&x), alone.forward(&twice(&x)).narrow(1, 0, 1)) < 1e-5);
        assert!(gap(across.forward_single(&y), across.forward(&x, &twice(&y))) < 1e-5);
    }

    #[test]
    fn small_attention_agrees_with_libtorch_forward_and_backward() {
        let draws = Draws::new(3);
        for (n, m, features, heads) in [(16, 16, 128, 4), (5, 3, 12, 2), (1, 64, 21, 3), (33, 17, 80, 1)] {
            for (kind, tolerance) in [(Kind::Float, 1e-5), (Kind::BFloat16, 0.02)] {
                // Keys and values are two halves of one tensor, as one product makes them.
                let query = draws.floats([3, n, features]).to_kind(kind).set_requires_grad(true);
                let read = draws.floats([3, m, 2 * features]).to_kind(kind).set_requires_grad(true);
                let weight = draws.floats([3, n, features]);
                let results = |attention: &dyn Fn([&Tensor; 3]) -> Tensor, exact: Kind| {
                    let of_read = read.to_kind(exact).chunk(2, -1);
                    let out =
                        attention([&query.to_kind(exact), &of_read[0], &of_read[1]]).to_kind(Kind::Float);
                    let loss = (&out * &weight).sum(Kind::Float);
                    let gradients = Tensor::run_backward(&[loss], &[&query, &read], false, false);
                    [out, gradients[0].to_kind(Kind::Float), gradients[1].to_kind(Kind::Float)]
                };
                let ours = results(&|all| weighted_mean(all, heads, 0.3), kind);
                let in_heads = |x: &Tensor| x.view([3, -1, heads, features / heads]).transpose(1, 2);
                let libtorchs = |[query, key, value]: [&Tensor; 3]| {
                    let scores = in_heads(query).matmul(&in_heads(key).transpose(2, 3)) * 0.3;
                    let read = scores.softmax(-1, Kind::Float).matmul(&in_heads(&value.contiguous()));
                    read.transpose(1, 2).flatten(2, 3)
                };
                let expected = results(&libtorchs, Kind::Float);
                for (ours, expected) in ours.iter().zip(&expected) {
                    let gap = (ours - expected).abs().max().double_value(&[]);
                    let size = expected.abs().max().double_value(&[]);
                    assert!(gap < tolerance * size, "{n} {m} {features} {heads} {kind:?}: {gap} of {size}");
                }
            }
        }
    }

    #[test]
    fn a_query_far_from_all_keys_but_one_reads_that_one() {
        let key = Tensor::from_slice(&[1f32, 0., 0., 1., -1., 0.]).view([1, 3, 2]);
        let value = Tensor::from_slice(&[1f32, 2., 3., 4., 5., 6.]).view([1, 3, 2]);
        let query = Tensor::from_slice(&[0f32, 1e4]).view([1, 1, 2]);
        assert_eq!(Vec::<f32>::try_from(attend(&query, &key, &value, 1).flatten(0, -1)).unwrap(), [3.0, 4.0]);
    }

    #[test]
    fn a_single_query_gets_the_same_output_as_among_others() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        for (name, make) in [("with", Linear::new as MakeLinear), ("without", Linear::without_bias)] {
            let across = CrossAttention::new(&parameters.root().sub(name), 8, 2, make);
            let (x, y) = (draws.floats([3, 4, 8]), draws.floats([3, 5, 8]));
            let together = across.forward(&x, &y);
            for token in 0..4 {
                let alone = across.forward(&x.narrow(1, token, 1), &y);
                assert!((alone - together.narrow(1, token, 1)).abs().max().double_value(&[]) < 1e-5);
            }
        }
    }

    #[test]
    fn a_batch_of_one_broadcasts() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let across = CrossAttention::new(&parameters.root(), 8, 2, Linear::without_bias);
        let (one, many) = (draws.floats([1, 4, 8]), draws.floats([3, 5, 8]));
        let repeated = one.repeat([3, 1, 1]);
        let pairs = [
            (across.forward(&one, &many), across.forward(&repeated, &many)),
            (across.forward(&many, &one), across.forward(&many, &repeated)),
        ];
        for (a, b) in pairs {
            assert!((a - b).abs().max().double_value(&[]) < 1e-5);
        }
    }
}
