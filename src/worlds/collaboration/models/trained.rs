//! All that one run trains: agents, and beside them what they are judged by.

use anyhow::{Context, Result};
use std::collections::HashMap;
use tch::{Device, Tensor};

use super::{Como, ComoSettings, Heard, MessengerKind, strips, targets};
use crate::nn::{Parameters, Precision};
use crate::objectives::LossReport;
use crate::worlds::collaboration::{DigitDraw, DigitViews};

/// Digits as agents see them.
pub struct DigitStrips {
    /// What each agent sees, `[B, A, P]`.
    pub seen: Tensor,
    /// What each agent is to draw, `[B, A, Q]`.
    pub targets: Tensor,
    /// All pixels, `[B, 1, 784]`.
    pub whole: Tensor,
    /// Which messages arrive, `[B, A]`; none where all do.
    pub kept: Option<Tensor>,
}

/// Agents that talk, and what their drawings are compared with.
pub struct ComoModel {
    pub parameters: Parameters,
    pub agents: Como,
    pub baselines: Option<LearnedBaselines>,
}

/// Networks of the same sizes that learn from the same batches. Each has parameters of its own, so that training all in
/// one step is training each alone.
pub struct LearnedBaselines {
    /// The same agents without messages; none where the agents send none.
    pub silent: Option<Como>,
    /// One that sees all it is to draw.
    pub autoencoder: Como,
}

impl DigitStrips {
    /// Images `[B, 28, 28]` cut up for `agents` agents, none of them swapped.
    pub fn new(images: &Tensor, count: i64, agents: i64) -> Self {
        Self::cut(images, &strips(images, count), agents)
    }

    /// Images beside their strips.
    fn cut(images: &Tensor, strips: &Tensor, agents: i64) -> Self {
        Self {
            seen: strips.narrow(1, 0, agents),
            targets: targets(strips, agents),
            whole: images.flatten(1, 2).unsqueeze(1),
            kept: None,
        }
    }

    /// The training batch that was drawn.
    pub fn drawn(digits: &DigitViews, draw: &DigitDraw, count: i64, agents: i64) -> Self {
        let images = digits.views(draw);
        let (upright, device) = (strips(&images, count), images.device());
        let swapped = Tensor::from_slice(&draw.swapped).to_device(device).view([-1, 1, 1]);
        let seen = upright.flip([1]).where_self(&swapped, &upright).narrow(1, 0, agents);
        let kept =
            draw.kept.as_ref().map(|kept| Tensor::from_slice(kept).to_device(device).view([-1, agents]));
        Self { seen, kept, ..Self::cut(&images, &upright, agents) }
    }
}

impl ComoModel {
    /// What `settings` ask for, with initial parameters that follow from `seed`.
    pub fn new(settings: &ComoSettings, seed: u64, precision: Precision, device: Device) -> Self {
        let parameters = Parameters::new(device, seed);
        let agents = Como::new(&parameters.root(), settings, precision);
        let baselines = (settings.baselines && settings.collab_n_agents > 1)
            .then(|| LearnedBaselines::new(&parameters, settings, precision));
        Self { parameters, agents, baselines }
    }

    /// Leaves the gradient of all agents' errors with the parameters, and those of the baselines, which share nothing with them.
    pub fn learn(&self, batch: &DigitStrips) -> LossReport {
        let DigitStrips { seen, targets, whole, kept } = batch;
        let heard = kept.as_ref().map_or(Heard::Written, Heard::Kept);
        let mut terms = vec![("drawing", 1.0, self.agents.learn(seen, targets, heard))];
        if let Some(LearnedBaselines { silent, autoencoder }) = &self.baselines {
            let silent = silent.as_ref().map(|model| model.learn(seen, targets, Heard::Written));
            terms.extend(silent.map(|error| ("silent", 1.0, error)));
            terms.push(("autoencoder", 1.0, autoencoder.learn(whole, whole, Heard::Written)));
        }
        LossReport::weighted(terms)
    }

    /// Lets every agent start as the first agent among `tensors`.
    ///
    /// # Errors
    /// Names the tensor that is missing or has another shape.
    pub fn start_all_from(&self, tensors: &HashMap<String, Tensor>) -> Result<()> {
        let start = |(name, own): (String, Tensor)| {
            let Some((_, part)) = name.strip_prefix("agents.").and_then(|name| name.split_once('.')) else {
                return Ok((name, own));
            };
            let single = format!("agents.0.{part}");
            let value = tensors.get(&single).with_context(|| format!("tensor {single} is missing"))?;
            Ok((name, value.shallow_clone()))
        };
        self.parameters.assign(&self.parameters.named().into_iter().map(start).collect::<Result<_>>()?)
    }
}

impl LearnedBaselines {
    fn new(parameters: &Parameters, settings: &ComoSettings, precision: Precision) -> Self {
        let scope = parameters.root().sub("floors");
        let mute = ComoSettings { collab_messenger: MessengerKind::None, ..settings.clone() };
        let silent = settings.communicates().then(|| Como::new(&scope.sub("silent"), &mute, precision));
        Self { silent, autoencoder: Como::autoencoder(&scope.sub("autoencoder"), settings, precision) }
    }
}
