//! The recurrent state space model, a world model trained by reconstruction.
//!
//! Hafner et al., *Learning Latent Dynamics for Planning from Pixels* (arXiv 1811.04551), as in the
//! comparison of Sobal et al. (arXiv 2211.10831). No gradient flows through samples. So all samples
//! are drawn first, step by step and without a graph; the differentiated computation then treats
//! all frames at once.

mod dynamics;
mod noise;
mod settings;

use anyhow::{Context, Result, bail};
use tch::{Reduction, Tensor, no_grad};

pub use noise::Noise;
pub use settings::RssmSettings;

use self::dynamics::{Dynamics, normal};
use super::views::later;
use super::{LossOutput, WorldModel};
use crate::datasets::IMAGE_SIZE;
use crate::diagnostics::Activations;
use crate::nn::{ActionHead, Backbone, BackboneShape, Decoder, Mode, Parameters, Precision};
use crate::objectives::LossReport;
use crate::objectives::divergence::free_divergence;
use crate::worlds::dots::data::Trajectories;

/// Divergences below this many nats are not minimised.
const FREE_NATS: f64 = 3.0;

/// The recurrent state space model.
pub struct Rssm {
    settings: RssmSettings,
    parameters: Parameters,
    precision: Precision,
    backbone: Backbone,
    dynamics: Dynamics,
    decoder: Decoder,
    action_head: Option<ActionHead>,
}

impl Rssm {
    /// The model of these settings.
    ///
    /// # Errors
    /// Names the setting that no model can be built with.
    pub fn new(parameters: Parameters, settings: &RssmSettings, precision: Precision) -> Result<Self> {
        if settings.rnn_burnin != 1 {
            bail!("rssm.rnn_burnin: must be 1, since an RSSM predicts from the first frame");
        }
        let root = parameters.root();
        let shape = settings.backbone();
        let backbone = Backbone::new(&root.sub("backbone"), &shape).context("rssm.arch")?;
        let (features, actions) = (backbone.embedding(), settings.action_dim as i64);
        let dynamics = Dynamics::new(&root, features, actions);
        let decoder =
            Decoder::new(&root.sub("decoder"), &shape, features, 2 * features).context("rssm.arch")?;
        let head = || ActionHead::new(&root.sub("action_predictor"), features, actions);
        let action_head = (settings.action_coeff > 0.0).then(head);
        Ok(Self {
            settings: settings.clone(),
            parameters,
            precision,
            backbone,
            dynamics,
            decoder,
            action_head,
        })
    }

    /// The loss on a batch for given draws.
    pub fn loss_given(&self, batch: &Trajectories, noise: &Noise) -> LossOutput {
        let encodings = self.encode(&batch.states.flatten(0, 1), Mode::Train);
        let encodings = encodings.view([batch.states.size()[0], -1, self.embedding()]);
        let beliefs = self.beliefs(&encodings, &batch.actions, noise);
        let priors = self.computed(Mode::Train, || self.dynamics.prior(&beliefs));
        let posteriors = || self.dynamics.posterior(&later(&encodings), &later(&beliefs));
        let posterior = normal(&self.computed(Mode::Train, posteriors), self.settings.min_var);
        let (start, prior) =
            (normal(&priors.narrow(0, 0, 1), 0.0), normal(&later(&priors), self.settings.min_var));
        let divergence = free_divergence(&prior, &posterior, FREE_NATS);

        let drawn = [start.sample(&noise.prior.narrow(0, 0, 1)), prior.sample(&later(&noise.prior))];
        let images = self.decode(&Tensor::cat(&drawn, 0), &beliefs, Mode::Train);
        let steps = batch.actions.size()[0] as f64;
        let mut parts = vec![
            ("reconstruction", (steps + 1.0) / steps, images.mse_loss(&batch.states, Reduction::Mean)),
            ("kl", 1.0, divergence.counted),
            ("kl_without_free_nats", 0.0, divergence.plain),
        ];
        if let Some(head) = &self.action_head {
            let before = beliefs.narrow(0, 0, batch.actions.size()[0]);
            let error = head.forward(&before, &later(&beliefs)).mse_loss(&batch.actions, Reduction::Mean);
            parts.push(("action", self.settings.action_coeff, error));
        }
        let activations = Activations {
            encodings: encodings.detach(),
            predictions: later(&beliefs).detach(),
            projections: None,
        };
        LossOutput { report: LossReport::weighted(parts), activations }
    }

    /// encodings `[T, B, D]`, actions `[T-1, B, A]` -> beliefs of all frames `[T, B, D]`, of which
    /// the first is the encoding
    fn beliefs(&self, encodings: &Tensor, actions: &Tensor, noise: &Noise) -> Tensor {
        let path = || self.dynamics.filtered(encodings, actions, noise, self.settings.min_var);
        let samples = no_grad(|| self.computed(Mode::Train, path));
        let start = encodings.get(0);
        let after = self.computed(Mode::Train, || self.dynamics.beliefs(&start, &samples, actions));
        Tensor::cat(&[start.unsqueeze(0), after], 0)
    }

    /// encoding `[B, D]`, actions `[T-1, B, A]`, standard normal noise of at least T-1 steps
    /// `[.., B, D]` -> predicted beliefs `[T-1, B, D]`
    pub fn rollout_given(&self, start: &Tensor, actions: &Tensor, noise: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.dynamics.imagined(start, actions, noise))
    }

    /// The noise of a rollout over T frames, `[T, B, D]`.
    fn rollout_noise(&self, actions: &Tensor, draw: u64) -> Tensor {
        let shape = [actions.size()[0] + 1, actions.size()[1], self.embedding()];
        noise::drawn(self.parameters.seed(), "imagined samples", draw, &shape, self.parameters.device())
    }

    /// samples and beliefs `[T, B, D]` -> images `[T, B, C, 28, 28]`
    fn decode(&self, samples: &Tensor, beliefs: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.decoder.forward(&Tensor::cat(&[samples, beliefs], -1), mode))
    }

    fn computed(&self, mode: Mode, network: impl FnOnce() -> Tensor) -> Tensor {
        self.precision.compute(self.parameters.device(), mode, network)
    }
}

impl WorldModel for Rssm {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn embedding(&self) -> i64 {
        self.backbone.embedding()
    }

    fn encode(&self, images: &Tensor, mode: Mode) -> Tensor {
        self.computed(mode, || self.backbone.forward(images, mode))
    }

    fn rollout(&self, seen: &Tensor, actions: &Tensor, draw: u64, mode: Mode) -> Tensor {
        self.rollout_given(&seen.get(0), actions, &self.rollout_noise(actions, draw), mode)
    }

    fn imagine(&self, seen: &Tensor, actions: &Tensor, draw: u64) -> Option<Tensor> {
        self.settings.log_recontructed_image.then(|| {
            let noise = self.rollout_noise(actions, draw);
            let after = self.rollout_given(&seen.get(0), actions, &noise, Mode::Evaluate);
            let beliefs = Tensor::cat(&[&seen.narrow(0, 0, 1), &after], 0);
            let samples = normal(&self.dynamics.prior(&beliefs), 0.0).sample(&noise);
            self.decode(&samples, &beliefs, Mode::Evaluate)
        })
    }

    fn loss(&self, batch: &Trajectories) -> LossOutput {
        let shape = [batch.states.size()[0], batch.states.size()[1], self.embedding()];
        let noise = Noise::of_step(self.parameters.seed(), batch.index, shape, self.parameters.device());
        self.loss_given(batch, &noise)
    }
}

impl RssmSettings {
    fn backbone(&self) -> BackboneShape<'_> {
        BackboneShape {
            arch: self.arch,
            channels: self.channels as i64,
            side: IMAGE_SIZE as i64,
            width: self.backbone_width_factor as i64,
            embedding_size: self.embedding_size as i64,
            mlp: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Arch;
    use tch::{Device, Kind};

    fn model(precision: Precision) -> Rssm {
        let settings = RssmSettings {
            arch: Arch::Menet5,
            embedding_size: 12,
            action_coeff: 0.5,
            min_var: 0.05,
            ..RssmSettings::default()
        };
        Rssm::new(Parameters::new(Device::Cpu, 3), &settings, precision).expect("it is built")
    }

    fn batch(index: u64) -> Trajectories {
        let draw = |shape: &[i64], seed| crate::native::normals(shape, Device::Cpu, seed);
        let locations = Tensor::zeros([4, 16, 1, 2], (Kind::Float, Device::Cpu));
        Trajectories { index, states: draw(&[4, 16, 1, 28, 28], 1), actions: draw(&[3, 16, 2], 2), locations }
    }

    #[test]
    fn what_is_drawn_follows_from_the_step_and_from_the_draw() {
        let model = model(Precision::Fp32);
        let error = |index| model.loss(&batch(index)).report.terms[0].1.double_value(&[]);
        assert_eq!(error(5), error(5));
        assert_ne!(error(5), error(6));
        let seen = model.encode(&batch(0).states.get(0), Mode::Evaluate).unsqueeze(0);
        let rollout = |draw| model.rollout(&seen, &batch(0).actions, draw, Mode::Evaluate);
        assert_eq!(rollout(1), rollout(1));
        assert_ne!(rollout(1), rollout(2));
        let images = model.imagine(&seen, &batch(0).actions, 1).expect("it decodes");
        assert_eq!(images.size(), [4, 16, 1, 28, 28]);
    }

    #[test]
    fn its_terms_sum_to_its_loss_and_bfloat16_is_close_to_float32() {
        let [narrow, wide] = [Precision::Bf16, Precision::Fp32].map(|precision| {
            let model = model(precision);
            let report = model.loss(&batch(0)).report;
            report.total.backward();
            let trained = model.parameters.trainable();
            let gradients: Vec<Tensor> =
                trained.iter().map(|(_, tensor)| tensor.grad().flatten(0, -1)).collect();
            (Vec::<f64>::try_from(report.values()).expect("numbers"), Tensor::cat(&gradients, 0))
        });
        let [total, reconstruction, kl, _, action] = wide.0[..] else { panic!("{:?}", wide.0) };
        assert!((total - (4.0 / 3.0 * reconstruction + kl + 0.5 * action)).abs() < 1e-5);
        for (ours, expected) in narrow.0.iter().zip(&wide.0) {
            assert!((ours - expected).abs() < 0.02 * expected.abs(), "{ours} is not {expected}");
        }
        let error = (&narrow.1 - &wide.1).norm() / wide.1.norm();
        assert!(error.double_value(&[]) < 0.05, "{error:?}");
    }
}
