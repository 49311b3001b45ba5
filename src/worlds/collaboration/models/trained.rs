//! The trained model: the agents and their learned baselines.

use anyhow::{Context, Result};
use std::collections::HashMap;
use tch::{Device, Tensor};

use super::{Como, ComoSettings, MessageCondition, MessengerKind, strips, targets};
use crate::nn::{Parameters, Precision};
use crate::objectives::LossReport;
use crate::worlds::collaboration::{DigitDraw, DigitViews};

/// A batch of digits, cut into strips.
pub struct DigitStrips {
    /// The pixels that each agent sees, `[B, A, P]`.
    pub seen: Tensor,
    /// The pixels that each agent reconstructs, `[B, A, Q]`.
    pub targets: Tensor,
    /// All pixels of the images, `[B, 1, 784]`.
    pub whole: Tensor,
    /// The mask of delivered messages, `[B, A]`: 1 keeps, 0 drops; `None` keeps all.
    pub kept: Option<Tensor>,
}

/// Agents that communicate, and the baselines that learn in the same run.
pub struct ComoModel {
    pub parameters: Parameters,
    pub agents: Como,
    pub baselines: Option<LearnedBaselines>,
}

/// Networks of the same sizes that learn from the same batches. They share no parameters with the
/// agents or each other, so that each trains as it would alone.
pub struct LearnedBaselines {
    /// Agents without messages; `None` if the trained agents send none either.
    pub silent: Option<Como>,
    /// An agent that sees and reconstructs whole images.
    pub autoencoder: Como,
}

impl DigitStrips {
    /// Images `[B, 28, 28]` cut into `count` strips for `agents` agents, unswapped and with all
    /// messages kept.
    pub fn new(images: &Tensor, count: i64, agents: i64) -> Self {
        Self::cut(images, &strips(images, count), agents)
    }

    fn cut(images: &Tensor, strips: &Tensor, agents: i64) -> Self {
        Self {
            seen: strips.narrow(1, 0, agents),
            targets: targets(strips, agents),
            whole: images.flatten(1, 2).unsqueeze(1),
            kept: None,
        }
    }

    /// The training batch of a draw.
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
    /// The model of `settings`, with initial parameters that follow from `seed`.
    pub fn new(settings: &ComoSettings, seed: u64, precision: Precision, device: Device) -> Self {
        let parameters = Parameters::new(device, seed);
        let agents = Como::new(&parameters.root(), settings, precision);
        let baselines = (settings.baselines && settings.collab_n_agents > 1)
            .then(|| LearnedBaselines::new(&parameters, settings, precision));
        Self { parameters, agents, baselines }
    }

    /// Adds the gradients of the agents' and the baselines' losses to their parameters.
    pub fn learn(&self, batch: &DigitStrips) -> LossReport {
        let DigitStrips { seen, targets, whole, kept } = batch;
        let condition = kept.as_ref().map_or(MessageCondition::Intact, MessageCondition::Dropped);
        let mut terms = vec![("drawing", 1.0, self.agents.learn(seen, targets, condition))];
        if let Some(LearnedBaselines { silent, autoencoder }) = &self.baselines {
            let silent = silent.as_ref().map(|model| model.learn(seen, targets, MessageCondition::Intact));
            terms.extend(silent.map(|error| ("silent", 1.0, error)));
            terms.push(("autoencoder", 1.0, autoencoder.learn(whole, whole, MessageCondition::Intact)));
        }
        LossReport::weighted(terms)
    }

    /// Copies the first agent among `tensors` into every agent.
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
        // The scope is a name in checkpoints.
        let scope = parameters.root().sub("floors");
        let no_messages = ComoSettings { collab_messenger: MessengerKind::None, ..settings.clone() };
        let silent =
            settings.communicates().then(|| Como::new(&scope.sub("silent"), &no_messages, precision));
        Self { silent, autoencoder: Como::autoencoder(&scope.sub("autoencoder"), settings, precision) }
    }
}
