//! What joint embedding predictive architectures share: an encoder, a predictor in its space, and their heads.

use anyhow::{Context, Result};
use tch::{Reduction, Tensor};

use super::target::Target;
use crate::datasets::IMAGE_SIZE;
use crate::diagnostics::Activations;
use crate::nn::{
    ActionHead, Arch, Backbone, BackboneShape, Decoder, Mode, Parameters, Precision, Predictor,
    PredictorShape, Projector,
};
use crate::settings::check::{DEEPEST, InvalidSetting, WIDEST, at_least, at_most, refuse};
use crate::worlds::dots::data::Trajectories;

/// The networks of a joint embedding model.
pub struct Jepa {
    pub parameters: Parameters,
    backbone: Backbone,
    projector: Projector,
    predictor: Predictor,
    burn_in: usize,
    action_head: ActionHead,
    target: Option<Target>,
    decoder: Option<Decoder>,
    precision: Precision,
}

/// What a [`Jepa`] is built from; `section` is where its settings stand.
pub struct Architecture<'a> {
    pub section: &'static str,
    pub arch: Arch,
    pub channels: usize,
    pub width: usize,
    pub embedding_size: usize,
    pub backbone_mlp: Option<&'a str>,
    pub projector: &'a str,
    pub random_projector: bool,
    pub predictor: &'a str,
    pub rnn_layers: usize,
    pub rnn_burnin: usize,
    pub action_dim: usize,
    pub decoding_coeff: f64,
    pub ema: f64,
}

impl Jepa {
    /// # Errors
    /// Names the setting that asks for a part which is not built yet, cannot be read or does not fit the others.
    pub fn new(parameters: Parameters, shape: &Architecture, precision: Precision) -> Result<Self> {
        let key = |name: &str| format!("{}.{name}", shape.section);
        let root = parameters.root();
        let backbone =
            Backbone::new(&root.sub("backbone"), &shape.backbone()).with_context(|| key("arch"))?;
        let embedding = backbone.embedding();
        let projector = Projector::new(&root.sub("projector"), shape.projector, embedding)
            .with_context(|| key("projector"))?;
        let predictor = Predictor::new(&root.sub("predictor"), &shape.predictor(embedding))
            .with_context(|| key("predictor"))?;
        let action_head = ActionHead::new(&root.sub("action_predictor"), embedding, shape.action_dim as i64);
        let decoder = || Decoder::new(&root.sub("decoder"), &shape.backbone(), embedding, embedding);
        let decoder = (shape.decoding_coeff > 0.0).then(decoder).transpose();
        let decoder = decoder.with_context(|| key("decoding_coeff"))?;
        if shape.random_projector {
            parameters.freeze("projector.");
        }
        let (burn_in, target) = (shape.rnn_burnin, Target::new(&parameters, shape)?);
        Ok(Self {
            parameters,
            backbone,
            projector,
            predictor,
            burn_in,
            action_head,
            target,
            decoder,
            precision,
        })
    }

    /// K, the frames that the predictor sees before it predicts.
    pub fn burn_in(&self) -> usize {
        self.burn_in
    }

    pub fn embedding(&self) -> i64 {
        self.backbone.embedding()
    }

    /// images `[N, C, 28, 28]` -> encodings `[N, D]`
    pub fn encode(&self, images: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.backbone.forward(images, mode))
    }

    /// states `[T, B, C, 28, 28]` -> encodings `[T, B, D]`, with batch statistics over all of them
    pub fn encode_frames(&self, states: &Tensor, mode: Mode) -> Tensor {
        let size = states.size();
        self.encode(&states.flatten(0, 1), mode).view([size[0], size[1], -1])
    }

    /// encodings `[T, B, D]` -> projections `[T, B, P]`
    pub fn project(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.projector.forward(encodings, mode))
    }

    /// predictions `[T-1, B, D]` -> projections `[T-1, B, P]`, each step by itself
    pub fn project_predictions(&self, predictions: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.projector.forward_stepwise(predictions, mode))
    }

    /// encodings of the frames seen `[K, B, D]` and actions `[K+T-2, B, A]` -> predicted encodings `[T-1, B, D]`
    pub fn rollout(&self, seen: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.predictor.forward(seen, actions, mode))
    }

    /// Everything that the losses of this family compare; the predictions are projected where a loss asks for it.
    pub fn views(&self, batch: &Trajectories, project_predictions: bool) -> Views {
        let all = self.encode_frames(&batch.states, Mode::Train);
        let burn_in = self.burn_in as i64;
        let (encodings, actions) = (since(&all, burn_in - 1), since(&batch.actions, burn_in - 1));
        let projections = self.project(&encodings, Mode::Train);
        let predictions = self.rollout(&all.narrow(0, 0, burn_in), &batch.actions, Mode::Train);
        let guesses = project_predictions.then(|| self.project_predictions(&predictions, Mode::Train));
        let targets = self.target.as_ref().map(|target| {
            let (encodings, projections) = target.look(self, &batch.states);
            (since(&encodings, burn_in - 1), since(&projections, burn_in - 1))
        });
        Views { encodings, projections, predictions, guesses, targets, actions }
    }

    /// Lets the target encoder follow.
    pub fn after_step(&self) {
        if let Some(target) = &self.target {
            target.follow();
        }
    }

    /// What a network computes, in the precision asked for in training, in float32 in evaluation; float32 comes out.
    pub(super) fn computed(&self, mode: Mode, network: impl FnOnce() -> Tensor) -> Tensor {
        self.precision.compute(self.parameters.device(), mode, network)
    }

    /// encodings `[T, B, D]` -> the images `[T, B, C, 28, 28]` that the decoder makes of them, if there is one
    fn decode(&self, encodings: &Tensor, mode: Mode) -> Option<Tensor> {
        self.decoder.as_ref().map(|decoder| self.computed(mode, || decoder.forward(encodings, mode)))
    }

    /// The last frame seen and what the predictor makes of it, decoded, `[T, B, C, 28, 28]`.
    pub fn imagine(&self, seen: &Tensor, actions: &Tensor) -> Option<Tensor> {
        self.decoder.as_ref()?;
        let rolled_out = self.rollout(seen, actions, Mode::Evaluate);
        let encodings = Tensor::cat(&[since(seen, self.burn_in as i64 - 1), rolled_out], 0);
        self.decode(&encodings, Mode::Evaluate)
    }

    /// The squared error of the images decoded from the encodings `[T, B, D]` of the last T of `states`, if there is a
    /// decoder.
    pub fn reconstruction_error(&self, encodings: &Tensor, states: &Tensor) -> Option<Tensor> {
        let decoded = self.decode(encodings, Mode::Train)?;
        Some(decoded.mse_loss(&since(states, self.burn_in as i64 - 1), Reduction::Mean))
    }

    /// The squared error of the actions `[T-1, B, A]` read from `before` and `after` `[T-1, B, D]`.
    pub fn action_error(&self, before: &Tensor, after: &Tensor, actions: &Tensor) -> Tensor {
        self.action_head.forward(before, after).mse_loss(actions, Reduction::Mean)
    }
}

/// The frames of a batch as a joint embedding model sees and imagines them, from the last one that it is shown on.
pub struct Views {
    /// `[T, B, D]`
    pub encodings: Tensor,
    /// Of the encodings, `[T, B, P]`.
    pub projections: Tensor,
    /// `[T-1, B, D]`
    pub predictions: Tensor,
    /// Projections of the predictions, `[T-1, B, P]`.
    pub guesses: Option<Tensor>,
    /// Encodings `[T, B, D]` and projections `[T, B, P]` of the target encoder, where there is one.
    pub targets: Option<(Tensor, Tensor)>,
    /// Those taken in these frames, `[T-1, B, A]`.
    pub actions: Tensor,
}

impl Views {
    /// Where each predicted step sets out from: frame 0, then the predictions, `[T-1, B, D]`.
    pub fn departures(&self) -> Tensor {
        let steps = self.predictions.size()[0];
        Tensor::cat(&[self.encodings.narrow(0, 0, 1), self.predictions.narrow(0, 0, steps - 1)], 0)
    }

    pub fn activations(&self) -> Activations {
        let projections = self.guesses.as_ref().map(|guesses| (self.projections.detach(), guesses.detach()));
        Activations {
            encodings: self.encodings.detach(),
            predictions: self.predictions.detach(),
            projections,
        }
    }
}

impl<'a> Architecture<'a> {
    /// Refuses what no such model can be built from.
    pub(super) fn check(&self) -> Result<(), InvalidSetting> {
        at_least(1, &[("embedding_size", self.embedding_size), ("rnn_layers", self.rnn_layers)])?;
        at_least(1, &[("rnn_burnin", self.rnn_burnin), ("backbone_width_factor", self.width)])?;
        at_most(WIDEST, &[("embedding_size", self.embedding_size), ("rnn_burnin", self.rnn_burnin)])?;
        at_most(DEEPEST, &[("rnn_layers", self.rnn_layers)])?;
        at_most(Arch::MOST_WIDTH, &[("backbone_width_factor", self.width)])?;
        let burn_in = Predictor::check_burn_in(self.predictor, self.rnn_burnin);
        burn_in.or_else(|reason| refuse("rnn_burnin", reason))?;
        let size = self.arch.check_embedding_size(self.embedding_size);
        size.or_else(|reason| refuse("embedding_size", reason))
    }

    pub(super) fn backbone(&self) -> BackboneShape<'a> {
        BackboneShape {
            arch: self.arch,
            channels: self.channels as i64,
            side: IMAGE_SIZE as i64,
            width: self.width as i64,
            embedding_size: self.embedding_size as i64,
            mlp: self.backbone_mlp,
        }
    }

    fn predictor(&self, embedding: i64) -> PredictorShape<'a> {
        PredictorShape {
            arch: self.predictor,
            embedding,
            action_size: self.action_dim as i64,
            side: IMAGE_SIZE as i64,
            rnn_layers: self.rnn_layers as i64,
        }
    }
}

/// Each frame but the first: `[T, ..]` -> `[T-1, ..]`
pub fn later(frames: &Tensor) -> Tensor {
    since(frames, 1)
}

/// The frames from `first` on: `[T, ..]` -> `[T-first, ..]`
fn since(frames: &Tensor, first: i64) -> Tensor {
    match first {
        0 => frames.shallow_clone(),
        _ => frames.narrow(0, first, frames.size()[0] - first),
    }
}
