//! Predictors: models of how an encoding changes under a sequence of actions.

mod conv;
mod rnn_burnin;

use anyhow::{Result, anyhow};
use tch::Tensor;

use self::conv::ConvPredictor;
use self::rnn_burnin::RnnBurnin;
use super::{Gru, Mlp, Mode, Scope, layer_sizes};

const RNN_BURNIN: &str = "rnn_burnin";

/// A model of the world's dynamics in the space of encodings.
pub enum Predictor {
    /// A recurrent network on actions whose initial state is the encoding.
    Rnn(Gru),
    /// A recurrent network on encodings and actions that first reads all frames of the burn-in.
    RnnBurnin(RnnBurnin),
    /// `h + f([h, a])`, step by step.
    Residual(Mlp),
    /// Convolutions on encodings that are grey images, step by step.
    Conv(Box<ConvPredictor>),
    /// The encoding stays as it is.
    Identity,
}

/// The configuration of a predictor.
#[derive(Clone, Copy, Debug)]
pub struct PredictorShape<'a> {
    /// A name, or the layer sizes of a residual MLP.
    pub arch: &'a str,
    /// D, the features of an encoding.
    pub embedding: i64,
    /// A, the numbers of an action.
    pub action_size: i64,
    /// Pixels along each side of an image; only `conv` uses it.
    pub side: i64,
    /// Recurrent layers of `rnn` and `rnn_burnin`; others ignore it.
    pub rnn_layers: i64,
}

impl Predictor {
    /// # Errors
    /// When `arch` names no predictor nor layer sizes, or cannot predict encodings of this size.
    pub fn new(scope: &Scope, shape: &PredictorShape) -> Result<Self> {
        let PredictorShape { arch, embedding, action_size, rnn_layers, .. } = *shape;
        Ok(match arch {
            "rnn" => Self::Rnn(Gru::new(&scope.sub("rnn"), action_size, embedding, rnn_layers)),
            RNN_BURNIN => Self::RnnBurnin(RnnBurnin::new(scope, embedding, action_size, rnn_layers)),
            "id" => Self::Identity,
            "conv" => Self::Conv(Box::new(ConvPredictor::new(scope, shape)?)),
            sizes => Self::Residual(residual(scope, sizes, embedding, action_size)?),
        })
    }

    /// Checks that the predictor called `arch` can have a burn-in of `frames` frames; the error
    /// says what to do.
    pub fn check_burn_in(arch: &str, frames: usize) -> Result<(), String> {
        if frames == 1 || arch == RNN_BURNIN {
            return Ok(());
        }
        Err(format!(
            "must be 1 with predictor {arch}, but is {frames}; only predictor {RNN_BURNIN} sees more frames"
        ))
    }

    /// Encodings of the burn-in of K frames `[K, B, D]` and actions from its first frame on
    /// `[K+T-2, B, A]` -> predicted encodings of the later frames `[T-1, B, D]`
    ///
    /// K is 1 for all predictors but `rnn_burnin`.
    pub fn forward(&self, seen: &Tensor, actions: &Tensor, mode: Mode) -> Tensor {
        let start = seen.get(0);
        match self {
            Self::Rnn(gru) => gru.forward(actions, &start),
            Self::RnnBurnin(rnn) => rnn.forward(seen, actions),
            Self::Residual(mlp) => unrolled(&start, actions, |now, action| {
                now + mlp.forward(&Tensor::cat(&[now, action], -1), mode)
            }),
            Self::Conv(conv) => unrolled(&start, actions, |now, action| conv.forward(now, action, mode)),
            Self::Identity => start.unsqueeze(0).repeat([actions.size()[0], 1, 1]),
        }
    }
}

/// The MLP of a residual predictor, with hidden layers of these `sizes`.
fn residual(scope: &Scope, sizes: &str, embedding: i64, action_size: i64) -> Result<Mlp> {
    let hidden = layer_sizes(sizes).map_err(|reason| {
        anyhow!(
            "{reason}, nor a predictor's name; choose rnn, rnn_burnin, id, conv or sizes such as \
             515-512-512"
        )
    })?;
    let sizes = [vec![embedding + action_size], hidden, vec![embedding]].concat();
    Ok(Mlp::new(&scope.sub("model"), &sizes))
}

/// The encodings `[T-1, B, D]` that `step` gives one after the other from `start` `[B, D]` on, for
/// `actions` `[T-1, B, A]`.
fn unrolled(start: &Tensor, actions: &Tensor, step: impl Fn(&Tensor, &Tensor) -> Tensor) -> Tensor {
    let next = |now: &mut Tensor, action: Tensor| {
        *now = step(now, &action);
        Some(now.shallow_clone())
    };
    let predictions: Vec<Tensor> = actions.unbind(0).into_iter().scan(start.shallow_clone(), next).collect();
    Tensor::stack(&predictions, 0)
}
