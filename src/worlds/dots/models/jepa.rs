//! The networks of joint embedding predictive architectures: encoder, predictor and their heads.

use anyhow::{Context, Result};
use tch::{Reduction, Tensor};

use super::architecture::Architecture;
use super::split::Parts;
use super::target::Target;
use super::views::{Views, since};
use crate::nn::{ActionHead, Backbone, Decoder, Mode, Parameters, Precision, Predictor, Projector};
use crate::worlds::dots::data::Trajectories;

/// The networks of a joint embedding model.
pub struct Jepa {
    pub parameters: Parameters,
    backbone: Backbone,
    projector: Projector,
    predictor: Predictor,
    /// The parts of a split code; `None` for a code in one piece.
    parts: Option<Parts>,
    burn_in: usize,
    action_head: ActionHead,
    target: Option<Target>,
    decoder: Option<Decoder>,
    precision: Precision,
}

impl Jepa {
    /// The networks of `shape`, with initial parameters from the seed of `parameters`.
    ///
    /// # Errors
    /// Names the setting that cannot be read or does not fit the others.
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
        let (burn_in, target) = (shape.rnn_burnin, Target::new(&parameters, shape, precision)?);
        Ok(Self {
            parameters,
            backbone,
            projector,
            predictor,
            parts: shape.split.map(|split| Parts::new(split, embedding)).transpose()?,
            burn_in,
            action_head,
            target,
            decoder,
            precision,
        })
    }

    /// The number of burn-in frames, K.
    pub fn burn_in(&self) -> usize {
        self.burn_in
    }

    /// The number of features of an encoding, D.
    pub fn embedding(&self) -> i64 {
        self.backbone.embedding()
    }

    /// The parts of a split code, if the code is one.
    pub fn parts(&self) -> Option<&Parts> {
        self.parts.as_ref()
    }

    /// images `[N, C, 28, 28]` -> encodings `[N, D]`
    pub fn encode(&self, images: &Tensor, mode: Mode) -> Tensor {
        let encodings = self.computed(mode, || self.backbone.forward(images, mode));
        match &self.parts {
            None => encodings,
            Some(parts) => parts.scaled(&encodings),
        }
    }

    /// states `[T, B, C, 28, 28]` -> encodings `[T, B, D]`, batch statistics over all T * B images
    pub fn encode_frames(&self, states: &Tensor, mode: Mode) -> Tensor {
        let size = states.size();
        self.encode(&states.flatten(0, 1), mode).view([size[0], size[1], -1])
    }

    /// encodings `[T, B, D]` -> projections `[T, B, P]`
    pub fn project(&self, encodings: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.projector.forward(encodings, mode))
    }

    /// predictions `[T-1, B, D]` -> projections `[T-1, B, P]`, batch statistics of each step alone
    pub fn project_predictions(&self, predictions: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.projector.forward_stepwise(predictions, mode))
    }

    /// burn-in encodings `[K, B, D]`, actions `[K+T-2, B, A]` -> predicted encodings `[T-1, B, D]`
    pub fn rollout(&self, seen: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        let predicted = self.computed(mode, || self.predictor.forward(seen, actions, mode));
        match &self.parts {
            None => predicted,
            Some(parts) => parts.with_constant_of(&predicted, &seen.select(0, -1)),
        }
    }

    /// The tensors that a loss compares; with `project_predictions`, projections of the predictions
    /// too.
    pub fn views(&self, batch: &Trajectories, project_predictions: bool) -> Views {
        let all = self.encode_frames(&batch.states, Mode::Train);
        let burn_in = self.burn_in as i64;
        let (encodings, actions) = (since(&all, burn_in - 1), since(&batch.actions, burn_in - 1));
        let projections = self.project(&encodings, Mode::Train);
        let predictions = self.rollout(&all.narrow(0, 0, burn_in), &batch.actions, Mode::Train);
        let projected = || self.project_predictions(&predictions, Mode::Train);
        let projected_predictions = project_predictions.then(projected);
        let targets = self.target.as_ref().map(|target| {
            let (encodings, projections) = target.encode(&batch.states);
            (since(&encodings, burn_in - 1), since(&projections, burn_in - 1))
        });
        Views { encodings, projections, predictions, projected_predictions, targets, actions }
    }

    /// Moves the target encoder, if any, towards the encoder.
    pub fn after_step(&self) {
        if let Some(target) = &self.target {
            target.follow();
        }
    }

    /// Runs `network` in the settings' precision when training and in float32 in evaluation;
    /// returns float32.
    fn computed(&self, mode: Mode, network: impl FnOnce() -> Tensor) -> Tensor {
        self.precision.compute(self.parameters.device(), mode, network)
    }

    /// encodings `[T, B, D]` -> decoded images `[T, B, C, 28, 28]`, if there is a decoder
    fn decode(&self, encodings: &Tensor, mode: Mode) -> Option<Tensor> {
        self.decoder.as_ref().map(|decoder| self.computed(mode, || decoder.forward(encodings, mode)))
    }

    /// burn-in encodings `[K, B, D]`, actions `[K+T-2, B, A]` -> decoded images `[T, B, C, 28, 28]`
    /// of the last burn-in frame and the predictions, if there is a decoder
    pub fn imagine(&self, seen: &Tensor, actions: &Tensor) -> Option<Tensor> {
        self.decoder.as_ref()?;
        let rolled_out = self.rollout(seen, actions, Mode::Evaluate);
        let encodings = Tensor::cat(&[since(seen, self.burn_in as i64 - 1), rolled_out], 0);
        self.decode(&encodings, Mode::Evaluate)
    }

    /// The mean squared error of images decoded from `encodings` `[T, B, D]` against the last T
    /// frames of `states` `[K+T-1, B, C, 28, 28]`, if there is a decoder.
    pub fn reconstruction_error(&self, encodings: &Tensor, states: &Tensor) -> Option<Tensor> {
        let decoded = self.decode(encodings, Mode::Train)?;
        Some(decoded.mse_loss(&since(states, self.burn_in as i64 - 1), Reduction::Mean))
    }

    /// The mean squared error of actions `[T-1, B, A]` read from `before` and `after`
    /// `[T-1, B, D]`.
    pub fn action_error(&self, before: &Tensor, after: &Tensor, actions: &Tensor) -> Tensor {
        self.action_head.forward(before, after).mse_loss(actions, Reduction::Mean)
    }
}
