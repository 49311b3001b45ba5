//! The variational autoencoder of sentences.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use super::attribute_head::{AttributeHead, PredictedAttributes};
use super::grammar_heads::GrammarHeads;
use super::reader::TokenReader;
use super::sentence_decoder::SentenceDecoder;
use super::vectors::VectorNetwork;
use super::{TextBatch, TextEncoder, TextSettings};
use crate::nn::Parameters;
use crate::objectives::LossReport;
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::heads;
use crate::worlds::workspace::domains::Posterior;
use crate::worlds::workspace::domains::attributes::AttributeCode;

/// The weight of a phrase in the loss of a sentence, beside 1 for a class of the grammar.
const PHRASE_WEIGHT: f64 = 2.0;

/// A variational autoencoder of sentences, with heads on the mean of its posterior.
pub struct TextVae {
    pub parameters: Parameters,
    network: Network,
    attributes: AttributeHead,
    settings: TextSettings,
}

enum Network {
    Conv(TokenReader, SentenceDecoder),
    Vectors(VectorNetwork, GrammarHeads),
}

/// What latents say.
pub struct Said {
    /// The classes of the grammar, `[N, 39]`, int64.
    pub grammar: Tensor,
    /// The classes of the phrases, `[N, 7]`, int64; `None` for a network of vectors.
    pub phrases: Option<Tensor>,
    pub attributes: PredictedAttributes,
}

impl Said {
    /// The shapes that the attribute head sees in the latents.
    pub fn shapes(&self) -> Vec<Shape> {
        AttributeCode::default().decode(&self.attributes.class, &self.attributes.rest)
    }
}

impl TextVae {
    /// The network of `settings`, with initial parameters that follow from `seed`. `features` is
    /// the number of numbers in a vector, which `conv` has none of.
    pub fn new(settings: &TextSettings, features: i64, seed: u64, device: Device) -> Self {
        let parameters = Parameters::new(device, seed);
        let (root, z) = (parameters.root(), settings.z_size as i64);
        let network = match settings.encoder {
            TextEncoder::Conv => {
                let reader = TokenReader::new(&root.sub("reader"), z);
                Network::Conv(reader, SentenceDecoder::new(&root.sub("decoder"), z))
            }
            TextEncoder::Features => {
                let network = VectorNetwork::new(&root, features, settings.pca.map(|k| k as i64), z);
                let heads = GrammarHeads::new(&root.sub("grammar_classifiers"), z, heads());
                Network::Vectors(network, heads)
            }
        };
        let attributes = AttributeHead::new(&root.sub("attribute_encoder"), z);
        Self { network, attributes, settings: settings.clone(), parameters }
    }

    /// The posteriors `[N, z]` of tokens `[N, 48]`, or of vectors `[N, F]` as they are imported.
    pub fn encode(&self, sentences: &Tensor) -> Posterior {
        match &self.network {
            Network::Conv(reader, _) => reader.forward(sentences),
            Network::Vectors(network, _) => network.encode(&network.standardiser.apply(sentences)),
        }
    }

    /// Takes the standardisation from training vectors `[N, F]`; a reader of tokens has none.
    ///
    /// # Errors
    /// When `text.pca` is larger than F.
    pub fn fit_standardiser(&mut self, vectors: &Tensor) -> Result<()> {
        match &mut self.network {
            Network::Conv(..) => Ok(()),
            Network::Vectors(network, _) => network.standardiser.fit(vectors),
        }
    }

    /// The grammar, phrases and attributes that latents `[N, z]` tell.
    pub fn say(&self, latents: &Tensor) -> Said {
        let attributes = self.attributes.forward(latents);
        match &self.network {
            Network::Conv(_, decoder) => {
                let logits = decoder.forward(latents);
                let phrases = Some(decoder.phrases.choose(&logits.phrases));
                Said { grammar: decoder.grammar.choose(&logits.grammar), phrases, attributes }
            }
            Network::Vectors(_, heads) => {
                let grammar = heads.classes.choose(&heads.forward(latents));
                Said { grammar, phrases: None, attributes }
            }
        }
    }

    /// The final weight of the divergence.
    pub fn beta(&self) -> f64 {
        self.settings.beta
    }

    /// The loss of a batch, a mean over sentences. The posteriors are sampled with standard normal
    /// `noise` `[N, z]`, and their divergence weighs `beta`.
    pub fn loss(&self, batch: &TextBatch, noise: &Tensor, beta: f64) -> LossReport {
        let posterior = self.encode(&batch.sentences);
        let (vae, heads) = (self.settings.coef_vae_loss, self.settings.coef_attr_loss);
        let rows = batch.grammar.size()[0] as f64;
        let mut terms = vec![("kl", vae * beta, posterior.divergence() / rows)];
        let decoded = self.sentence_terms(batch, &posterior.sample(noise));
        terms.extend(decoded.into_iter().map(|(name, weight, loss)| (name, vae * weight, loss)));
        let on_mean =
            self.attribute_terms(&posterior, batch).into_iter().chain(self.grammar_term(&posterior, batch));
        terms.extend(on_mean.map(|(name, loss)| (name, heads, loss)));
        LossReport::weighted(terms)
    }

    /// The loss of the sentences of a batch decoded from latents `[N, z]`, a mean over sentences,
    /// without the divergence.
    pub fn reconstruction(&self, batch: &TextBatch, latents: &Tensor) -> Tensor {
        let terms = self.sentence_terms(batch, latents).into_iter();
        terms
            .map(|(_, weight, loss)| loss * weight)
            .reduce(|a, b| a + b)
            .expect("a network decodes sentences")
    }

    /// The terms of [`Self::reconstruction`] with their weights.
    fn sentence_terms(&self, batch: &TextBatch, latents: &Tensor) -> Vec<(&'static str, f64, Tensor)> {
        match &self.network {
            Network::Conv(_, decoder) => {
                let logits = decoder.forward(latents);
                let grammar = decoder.grammar.cross_entropy(&logits.grammar, &batch.grammar);
                let phrases = decoder.phrases.cross_entropy(&logits.phrases, &batch.phrases);
                vec![("grammar", 1.0, grammar), ("phrases", PHRASE_WEIGHT, phrases)]
            }
            Network::Vectors(network, _) => {
                let vectors = network.standardiser.apply(&batch.sentences);
                let rows = vectors.size()[0] as f64;
                let error = (network.decode(latents) - vectors).square().sum(Kind::Float);
                vec![("reconstruction", 1.0, error / rows)]
            }
        }
    }

    /// The loss of the grammar's classifiers on the mean, which a reader of tokens has none of: a
    /// mean over sentences and classifiers.
    fn grammar_term(&self, posterior: &Posterior, batch: &TextBatch) -> Option<(&'static str, Tensor)> {
        let Network::Vectors(_, heads) = &self.network else { return None };
        let logits = heads.forward(&posterior.mean.detach());
        let grammar = heads.classes.cross_entropy(&logits, &batch.grammar);
        Some(("grammar", grammar / heads.classes.classifiers() as f64))
    }

    fn attribute_terms(&self, posterior: &Posterior, batch: &TextBatch) -> [(&'static str, Tensor); 2] {
        let attached = self.settings.optimize_vae_with_attr_regression;
        let mean = if attached { posterior.mean.shallow_clone() } else { posterior.mean.detach() };
        let [class, rest] = self.attributes.forward(&mean).losses(&batch.class, &batch.attributes);
        [("class", class), ("attributes", rest)]
    }
}
