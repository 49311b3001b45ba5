//! A student that compresses what a sender would write into a few latents (Interlat, arXiv
//! 2511.09149, section 3.3).

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};
use umwelt_torch::nn::{LayerNorm, Linear, Parameters};

use crate::decoder::DecoderLm;
use crate::segments::Segment;

/// A decoder whose last hidden states become its next input embeddings.
pub struct Student {
    decoder: DecoderLm,
    parameters: Parameters,
    norm: LayerNorm,
    linear: Linear,
    /// The first input after the prompt, `[d_s]`.
    first: Tensor,
}

impl Student {
    /// A student that starts as `decoder`, in float32.
    pub fn new(decoder: DecoderLm, seed: u64) -> Self {
        let hidden = decoder.config().hidden;
        let parameters = Parameters::new(decoder.device(), seed);
        let root = parameters.root();
        let step = root.sub("h2e");
        Self {
            norm: LayerNorm::new(&step.sub("norm"), hidden, 1e-5),
            linear: Linear::without_bias(&step.sub("linear"), hidden, hidden),
            first: root.normal("lat_bos", &[hidden], 0.02),
            parameters,
            decoder,
        }
    }

    pub fn decoder(&self) -> &DecoderLm {
        &self.decoder
    }

    /// The parameters besides those of the decoder: `h2e` and `lat_bos`.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// `count` latents for each prompt, `[B, K, d_s]`. Gradients reach the student and the
    /// segments.
    ///
    /// # Errors
    /// When `count` is 0, or a prompt is empty or does not fit the decoder.
    pub fn latents<T: AsRef<[Segment]>>(&self, prompts: &[T], count: usize) -> Result<Tensor> {
        ensure!(count > 0, "a message of 0 latents is no message");
        let (mut context, _) = self.decoder.prefill(prompts)?;
        let mut input = self.first.expand([prompts.len() as i64, 1, -1], false);
        let mut latents = vec![];
        for _ in 0..count {
            let latent = self.decoder.advance(&mut context, &input.to_kind(self.decoder.kind()), None);
            input = self.linear.forward(&self.norm.forward(&latent.to_kind(Kind::Float)));
            latents.push(latent);
        }
        Ok(Tensor::cat(&latents, 1))
    }
}
