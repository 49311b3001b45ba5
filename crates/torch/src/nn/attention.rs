//! Attention: every token reads from others what it asks for.
//!
//! Vaswani et al., *Attention Is All You Need* (arXiv 1706.03762), equation 1, in several heads.

use tch::{Device, Tensor};

use super::{Linear, Scope};
use crate::native;

/// Tokens on either side up to which our own kernel is the faster one on the CPU.
const FEW: i64 = 64;

/// Makes a linear layer of so many inputs and outputs, with a bias or without.
pub type MakeLinear = fn(&Scope, i64, i64) -> Linear;

/// Tokens read each other.
pub struct SelfAttention {
    /// Queries, keys and values beside each other.
    qkv: Linear,
    out: Linear,
    heads: i64,
}

impl SelfAttention {
    /// `projection` makes the layer in front; the one behind has a bias.
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
        // One token can but read itself.
        let alone = x.size()[1] == 1;
        self.out.forward(&if alone { value } else { attend(&query, &key, &value, self.heads) })
    }
}

/// Tokens read others.
pub struct CrossAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: i64,
}

impl CrossAttention {
    /// `projection` makes the three layers in front; the one behind has a bias.
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

    /// x `[B, N, D]`, read y `[B, M, D]` -> `[B, N, D]`, or `[B, 1, D]` where all tokens read the same.
    ///
    /// A batch of 1 on either side stands for B equal ones. Of a single token y, x is not asked for.
    pub fn forward(&self, x: impl FnOnce() -> Tensor, y: &Tensor) -> Tensor {
        if y.size()[1] == 1 {
            return self.out.forward(&self.value.forward(y));
        }
        let x = x();
        if x.size()[1] == 1 {
            return self.out.forward(&self.read_once(&x, y));
        }
        // One product for both: y is long, the weights are not.
        let read = self.key.beside(&self.value).forward(y).chunk(2, -1);
        self.out.forward(&attend(&self.query.forward(&x), &read[0], &read[1], self.heads))
    }

    /// The values that a single token x `[B, 1, D]` reads, without a key or a value for every token of y: what is asked of keys
    /// is asked of y itself, and the mean of values is the value of a mean.
    ///
    /// With `a` the attention of a head, `q . (K y + b) = (K' q) . y + const` and `sum a (V y + b) = V (sum a y) + b`.
    fn read_once(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let features = x.size()[2];
        let of_heads = |layer: &Linear| layer.weight.view([self.heads, features / self.heads, features]);
        let query = self.query.forward(x).view([-1, self.heads, features / self.heads]).transpose(0, 1);
        let asked = query.bmm(&of_heads(&self.key)).transpose(0, 1).contiguous(); // [B, heads, D]
        let scale = 1.0 / ((features / self.heads) as f64).sqrt();
        // What a head asks for is a query that reads all features.
        let mean = weighted_mean([&asked, y, y], 1, scale).transpose(0, 1);
        let read =
            mean.bmm(&of_heads(&self.value).transpose(1, 2)).transpose(0, 1).flatten(1, 2).unsqueeze(1);
        match &self.value.bias {
            Some(bias) => bias.to_kind(read.kind()) + read,
            None => read,
        }
    }
}

/// What each query `[B, N, D]` reads in each head from keys and values `[B, M, D]`: `[B, N, D]`.
fn attend(query: &Tensor, key: &Tensor, value: &Tensor, heads: i64) -> Tensor {
    weighted_mean([query, key, value], heads, 1.0 / ((query.size()[2] / heads) as f64).sqrt())
}

/// `softmax(scale * query key') value` in each head: query `[B, N, D]`, key and value `[B, M, D]`, where 1 stands for any B.
fn weighted_mean([query, key, value]: [&Tensor; 3], heads: i64, scale: f64) -> Tensor {
    let (batch, features) = (query.size()[0].max(key.size()[0]), query.size()[2]);
    let [query, key, value] = [query, key, value].map(|x| x.expand([batch, -1, -1], false));
    let few = query.size()[1].max(key.size()[1]) <= FEW;
    if few && query.device() == Device::Cpu && query.kind() == key.kind() && key.kind() == value.kind() {
        return native::few_tokens(&query, &key, &value, heads, scale);
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

    /// One row of attention in one head, by hand.
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
    fn a_single_token_is_read_without_asking() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let alone = SelfAttention::new(&parameters.root().sub("self"), 8, 2, Linear::new);
        let across = CrossAttention::new(&parameters.root().sub("cross"), 8, 2, Linear::new);
        let (x, y) = (draws.floats([3, 1, 8]), draws.floats([3, 1, 8]));
        let twice = |x: &Tensor| Tensor::cat(&[x, x], 1);
        let gap = |a: Tensor, b: Tensor| (a - b).abs().max().double_value(&[]);
        assert!(gap(alone.forward(&x), alone.forward(&twice(&x)).narrow(1, 0, 1)) < 1e-5);
        assert!(
            gap(
                across.forward(|| panic!("nothing to choose"), &y),
                across.forward(|| x.shallow_clone(), &twice(&y))
            ) < 1e-5
        );
    }

    #[test]
    fn few_tokens_read_and_learn_as_in_libtorch() {
        let draws = Draws::new(3);
        for (n, m, features, heads) in [(16, 16, 128, 4), (5, 3, 12, 2), (1, 64, 21, 3), (33, 17, 80, 1)] {
            for (kind, tolerance) in [(Kind::Float, 1e-5), (Kind::BFloat16, 0.02)] {
                // Values beside keys, as one product makes them.
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
    fn a_single_token_reads_what_it_would_read_among_others() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        for (name, make) in [("with", Linear::new as MakeLinear), ("without", Linear::without_bias)] {
            let across = CrossAttention::new(&parameters.root().sub(name), 8, 2, make);
            let (x, y) = (draws.floats([3, 4, 8]), draws.floats([3, 5, 8]));
            let together = across.forward(|| x.shallow_clone(), &y);
            for token in 0..4 {
                let alone = across.forward(|| x.narrow(1, token, 1), &y);
                assert!((alone - together.narrow(1, token, 1)).abs().max().double_value(&[]) < 1e-5);
            }
        }
    }

    #[test]
    fn a_batch_of_one_stands_for_equal_ones() {
        let draws = Draws::new(0);
        let parameters = Parameters::new(Device::Cpu, 0);
        let across = CrossAttention::new(&parameters.root(), 8, 2, Linear::without_bias);
        let (one, many) = (draws.floats([1, 4, 8]), draws.floats([3, 5, 8]));
        let repeated = one.repeat([3, 1, 1]);
        let read = |x: &Tensor, y: &Tensor| across.forward(|| x.shallow_clone(), y);
        for (a, b) in
            [(read(&one, &many), read(&repeated, &many)), (read(&many, &one), read(&many, &repeated))]
        {
            assert!((a - b).abs().max().double_value(&[]) < 1e-5);
        }
    }
}
