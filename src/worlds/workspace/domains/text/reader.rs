//! The reader of tokens.

use tch::{Kind, Tensor};

use crate::nn::{Linear, Scope};
use crate::worlds::workspace::data::captions::PADDING;
use crate::worlds::workspace::domains::{Activation, Posterior};

/// Rows of the table of embeddings: the values of a token, which is a byte.
const VOCABULARY: i64 = 256;
/// Features of an embedded token.
const EMBEDDING: i64 = 64;
/// Features of a token with its neighbours.
const FEATURES: i64 = 128;
const HIDDEN: i64 = 256;
/// Tokens that the convolution sees at once, and the middle one among them.
const KERNEL: i64 = 5;
const MIDDLE: i64 = KERNEL / 2;

/// A network from tokens to the posterior of a latent: embeddings, a convolution over them, the
/// maximum and the mean over all tokens, and two linear layers.
pub struct TokenReader {
    embedding: Tensor,
    weight: Tensor,
    bias: Tensor,
    hidden: Linear,
    last: Linear,
}

impl TokenReader {
    pub fn new(scope: &Scope, z: i64) -> Self {
        let conv = scope.sub("conv");
        let bound = 1.0 / ((EMBEDDING * KERNEL) as f64).sqrt();
        Self {
            embedding: scope.sub("embedding").normal("weight", &[VOCABULARY, EMBEDDING], 1.0),
            weight: conv.uniform("weight", &[FEATURES, EMBEDDING, KERNEL], bound),
            bias: conv.uniform("bias", &[FEATURES], bound),
            hidden: Linear::new(&scope.sub("hidden"), 2 * FEATURES, HIDDEN),
            last: Linear::new(&scope.sub("last"), HIDDEN, 2 * z),
        }
    }

    /// The posteriors `[N, z]` of sentences of L tokens `[N, L]`, int64, which end before the first
    /// [`PADDING`].
    pub fn forward(&self, tokens: &Tensor) -> Posterior {
        let real = tokens.ne(i64::from(PADDING)).unsqueeze(-1).to_kind(Kind::Float);
        let features = self.convolve(tokens).relu() * &real;
        // After the ReLU, no number is below the 0 of the padding.
        let (largest, _) = features.max_dim(1, false);
        let count = real.sum_dim_intlist([1i64].as_slice(), false, Kind::Float).clamp_min(1.0);
        let mean = features.sum_dim_intlist([1i64].as_slice(), false, Kind::Float) / count;
        let hidden = self.hidden.forward(&Tensor::cat(&[largest, mean], 1)).relu();
        Posterior::of_columns(&Activation::Symlog.forward(&self.last.forward(&hidden).to_kind(Kind::Float)))
    }

    /// The convolution of the embedded tokens, padded by zeros, `[N, L, 128]`.
    ///
    /// A token adds the same numbers to its neighbours wherever it stands. So the products are made
    /// once for each word and place in the kernel, not for each token of a batch.
    fn convolve(&self, tokens: &Tensor) -> Tensor {
        let (count, length) = tokens.size2().expect("tokens are [N, L]");
        let table = self.table();
        let places = Tensor::arange(KERNEL, (Kind::Int64, tokens.device())) * VOCABULARY;
        let windows = tokens.constant_pad_nd([MIDDLE, MIDDLE]).unfold(1, KERNEL, 1) + places;
        let starts = Tensor::arange(count * length, (Kind::Int64, tokens.device())) * KERNEL;
        let none = None::<Tensor>;
        let (sums, ..) =
            Tensor::embedding_bag(&table, &windows.flatten(0, -1), &starts, false, 0, false, none, false);
        sums.view([count, length, FEATURES]) + &self.bias
    }

    /// The products of each embedding with the weights of each place in the kernel,
    /// `[5 * 256, 128]`. The embedding of [`PADDING`] is 0.
    fn table(&self) -> Tensor {
        let real = Tensor::arange(VOCABULARY, (Kind::Int64, self.embedding.device())).ne(i64::from(PADDING));
        let embedding = &self.embedding * real.unsqueeze(-1).to_kind(Kind::Float);
        embedding.unsqueeze(0).matmul(&self.weight.permute([2, 1, 0])).flatten(0, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Parameters;
    use tch::Device;

    fn tokens(rows: &[&[i64]]) -> Tensor {
        let mut all = vec![0i64; rows.len() * 9];
        for (row, words) in rows.iter().enumerate() {
            all[9 * row..][..words.len()].copy_from_slice(words);
        }
        Tensor::from_slice(&all).view([-1, 9])
    }

    #[test]
    fn sums_of_table_rows_are_a_convolution_of_embeddings_with_its_gradients() {
        let parameters = Parameters::new(Device::Cpu, 1);
        let reader = TokenReader::new(&parameters.root(), 4);
        let tokens = tokens(&[&[7, 255, 7, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9]]);
        let plain = || {
            let embedded = Tensor::embedding(&reader.embedding, &tokens, -1, false, false);
            let embedded = embedded * tokens.ne(0).unsqueeze(-1);
            let maps = embedded.transpose(1, 2).conv1d(&reader.weight, Some(&reader.bias), 1, MIDDLE, 1, 1);
            maps.transpose(1, 2)
        };
        let pull = crate::native::normals(&[2, 9, FEATURES], Device::Cpu, 3);
        let passes = [reader.convolve(&tokens), plain()].map(|y| {
            crate::native::clear_gradients(&[
                reader.embedding.shallow_clone(),
                reader.weight.shallow_clone(),
            ]);
            (&y * &pull).sum(Kind::Float).backward();
            [y.detach(), reader.embedding.grad(), reader.weight.grad()]
        });
        for (ours, expected) in passes[0].iter().zip(&passes[1]) {
            assert!((ours - expected).abs().max().double_value(&[]) < 1e-4);
        }
    }

    #[test]
    fn a_sentence_is_read_alike_whatever_the_length_of_its_row() {
        let parameters = Parameters::new(Device::Cpu, 1);
        let reader = TokenReader::new(&parameters.root(), 4);
        let all = tokens(&[&[7, 255, 7, 3], &[9, 9, 9]]);
        let short = reader.forward(&all.narrow(1, 0, 4));
        let long = reader.forward(&all);
        assert!((short.mean - &long.mean).abs().max().double_value(&[]) < 1e-6);
        assert!(((long.mean.get(0) - long.mean.get(1)).abs().max()).double_value(&[]) > 1e-3);
    }
}
