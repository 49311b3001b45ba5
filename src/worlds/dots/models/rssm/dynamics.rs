//! The networks that carry an RSSM's state through time (Hafner et al., arXiv 1811.04551, section
//! 3).

use tch::Tensor;

use super::noise::Noise;
use crate::nn::{GruCell, Linear, Scope};
use crate::objectives::divergence::Normal;

/// The transition of a belief under a sample and an action, and the prior and posterior given a
/// belief.
///
/// Networks output the parameters of a normal distribution as means and raw scales, `[.., 2D]`; see
/// [`normal`].
pub struct Dynamics {
    features: i64,
    input: Linear,
    cell: GruCell,
    prior: [Linear; 2],
    posterior: [[Linear; 2]; 2],
}

impl Dynamics {
    /// The networks for encodings with `features` features and actions with `action_size` numbers.
    pub fn new(root: &Scope, features: i64, action_size: i64) -> Self {
        let linear = |place: &str, inputs| Linear::new(&root.sub(place), inputs, features);
        let posterior = |layer: usize, inputs| {
            ["mu", "var"].map(|net| linear(&format!("posterior.posterior_{net}_net.{layer}"), inputs))
        };
        Self {
            features,
            input: linear("predictor.rnn_input_net.0", features + action_size),
            cell: GruCell::new(&root.sub("predictor.rnn"), features, features),
            prior: ["mu", "var"].map(|net| linear(&format!("predictor.prior_{net}_net.0"), features)),
            posterior: [posterior(0, 2 * features), posterior(2, features)],
        }
    }

    /// first belief `[B, D]`, samples of all frames but the last `[T-1, B, D]`, actions
    /// `[T-1, B, A]` -> beliefs of the later frames `[T-1, B, D]`
    pub fn beliefs(&self, start: &Tensor, samples: &Tensor, actions: &Tensor) -> Tensor {
        let inputs = self.input.forward(&Tensor::cat(&[samples, actions], -1)).relu();
        self.cell.unroll(&inputs, start)
    }

    /// beliefs `[.., D]` -> parameters of the prior `[.., 2D]`
    pub fn prior(&self, beliefs: &Tensor) -> Tensor {
        mean_and_scale(&self.prior).forward(beliefs).relu()
    }

    /// encodings and beliefs of the same frames `[.., D]` -> parameters of the posterior `[.., 2D]`
    pub fn posterior(&self, encodings: &Tensor, beliefs: &Tensor) -> Tensor {
        let hidden = mean_and_scale(&self.posterior[0]).forward(&Tensor::cat(&[encodings, beliefs], -1));
        self.posterior_of_hidden(&hidden)
    }

    fn posterior_of_hidden(&self, hidden: &Tensor) -> Tensor {
        let halves = hidden.relu().chunk(2, -1);
        let [mean, scale] = [0, 1].map(|i| self.posterior[1][i].forward(&halves[i]));
        Tensor::cat(&[mean, scale], -1).relu()
    }

    /// first belief `[B, D]`, actions `[T-1, B, A]`, standard normal noise of at least T-1 steps
    /// `[.., B, D]` -> predicted beliefs `[T-1, B, D]`
    ///
    /// No frame after the first is seen: samples come from the prior.
    pub fn imagined(&self, start: &Tensor, actions: &Tensor, noise: &Tensor) -> Tensor {
        let prior = mean_and_scale(&self.prior);
        let draw = |t, belief: &Tensor| normal(&prior.forward(belief).relu(), 0.0).sample(&noise.get(t));
        let (beliefs, _) = self.step_by_step(start, actions, draw);
        Tensor::stack(&beliefs, 0)
    }

    /// encodings `[T, B, D]`, actions `[T-1, B, A]`, noise -> samples `[T-1, B, D]` of all frames
    /// but the last
    ///
    /// The first sample is from the prior, later ones from the posterior, whose scale is at least
    /// `least`.
    pub fn filtered(&self, encodings: &Tensor, actions: &Tensor, noise: &Noise, least: f64) -> Tensor {
        let (of_encoding, of_belief) = mean_and_scale(&self.posterior[0]).split(self.features);
        let seen = of_encoding.forward(encodings);
        let draw = |t, belief: &Tensor| match t {
            0 => normal(&self.prior(belief), 0.0).sample(&noise.prior.get(0)),
            _ => {
                let posterior = self.posterior_of_hidden(&(of_belief.forward(belief) + seen.get(t)));
                normal(&posterior, least).sample(&noise.posterior.get(t - 1))
            }
        };
        let (_, samples) = self.step_by_step(&encodings.get(0), actions, draw);
        Tensor::stack(&samples, 0)
    }

    /// The beliefs after each of T-1 actions, and the samples that entered them, given by
    /// `draw(t, belief)`.
    fn step_by_step(
        &self,
        start: &Tensor,
        actions: &Tensor,
        draw: impl Fn(i64, &Tensor) -> Tensor,
    ) -> (Vec<Tensor>, Vec<Tensor>) {
        let (of_sample, of_action) = self.input.split(self.features);
        let of_actions = of_action.forward(actions);
        let step = |belief: &mut Tensor, (t, of_action): (i64, &Tensor)| {
            let sample = draw(t, belief);
            *belief = self.cell.step(&(of_sample.forward(&sample) + of_action).relu(), belief);
            Some((belief.shallow_clone(), sample))
        };
        (0..).zip(&of_actions.unbind(0)).scan(start.shallow_clone(), step).unzip()
    }
}

/// means and raw scales `[.., 2D]` -> the normal distribution with scale softplus(raw) + `least`
pub fn normal(parameters: &Tensor, least: f64) -> Normal {
    let [mean, raw] = <[Tensor; 2]>::try_from(parameters.to_kind(tch::Kind::Float).chunk(2, -1))
        .expect("means and raw scales are two halves");
    Normal { mean, scale: raw.softplus() + least }
}

/// The layers of means and of raw scales as one layer.
fn mean_and_scale([mean, scale]: &[Linear; 2]) -> Linear {
    mean.concat_outputs(scale)
}
