//! Predictors: what the encoding becomes under a sequence of actions.

use anyhow::{Result, anyhow, bail};
use tch::Tensor;

use super::{Gru, Mlp, Mode, Scope, layer_sizes};

/// A model of the world's dynamics in the space of encodings.
pub enum Predictor {
    /// A recurrent network fed with actions, whose first state is the encoding.
    Rnn(Gru),
    /// `h + f([h, a])`, step by step.
    Residual(Mlp),
    /// Nothing changes.
    Identity,
}

impl Predictor {
    /// # Errors
    /// When `arch` names no predictor that is built, nor layer sizes.
    pub fn new(scope: &Scope, arch: &str, embedding: i64, action_size: i64, rnn_layers: i64) -> Result<Self> {
        Ok(match arch {
            "rnn" => Self::Rnn(Gru::new(&scope.sub("rnn"), action_size, embedding, rnn_layers)),
            "id" => Self::Identity,
            "rnn_burnin" | "conv" => {
                bail!("predictor {arch} is not built yet; choose rnn, id or sizes such as 515-512-512")
            }
            sizes => {
                let hidden = layer_sizes(sizes).map_err(|reason| {
                    anyhow!("{reason}, nor a predictor's name; choose rnn, id or sizes such as 515-512-512")
                })?;
                let sizes = [vec![embedding + action_size], hidden, vec![embedding]].concat();
                Self::Residual(Mlp::new(&scope.sub("model"), &sizes))
            }
        })
    }

    /// Encoding `[B, D]` and actions `[T-1, B, A]` -> predicted encodings `[T-1, B, D]`
    pub fn forward(&self, start: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        match self {
            Self::Rnn(gru) => gru.forward(actions, start),
            Self::Residual(mlp) => residual_rollout(mlp, start, actions, mode),
            Self::Identity => start.unsqueeze(0).repeat([actions.size()[0], 1, 1]),
        }
    }
}

fn residual_rollout(mlp: &Mlp, start: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
    let step = |now: &mut Tensor, action: Tensor| {
        *now = &*now + mlp.forward(&Tensor::cat(&[&*now, &action], -1), mode);
        Some(now.shallow_clone())
    };
    let predictions: Vec<Tensor> = actions.unbind(0).into_iter().scan(start.shallow_clone(), step).collect();
    Tensor::stack(&predictions, 0)
}
