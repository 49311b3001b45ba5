//! Predictors: what the encoding becomes under a sequence of actions.

mod conv;
mod rnn_burnin;

use anyhow::{Result, anyhow, ensure};
use tch::Tensor;

use self::conv::ConvPredictor;
use self::rnn_burnin::RnnBurnin;
use super::{Gru, Mlp, Mode, Scope, layer_sizes};

const RNN_BURNIN: &str = "rnn_burnin";

/// A model of the world's dynamics in the space of encodings.
pub enum Predictor {
    /// A recurrent network fed with actions, whose first state is the encoding.
    Rnn(Gru),
    /// A recurrent network fed with encodings and actions, whose state grows from the frames seen.
    RnnBurnin(RnnBurnin),
    /// `h + f([h, a])`, step by step.
    Residual(Mlp),
    /// Convolutions on encodings that are images, step by step.
    Conv(Box<ConvPredictor>),
    /// Nothing changes.
    Identity,
}

/// What a predictor is built from.
#[derive(Clone, Copy, Debug)]
pub struct PredictorShape<'a> {
    /// A name, or the layer sizes of a residual MLP.
    pub arch: &'a str,
    pub embedding: i64,
    pub action_size: i64,
    /// Of `rnn` and `rnn_burnin`; others have none.
    pub rnn_layers: i64,
}

impl Predictor {
    /// # Errors
    /// When `arch` names no predictor nor layer sizes, or cannot predict encodings of this size.
    pub fn new(scope: &Scope, shape: &PredictorShape) -> Result<Self> {
        let PredictorShape { arch, embedding, action_size, rnn_layers } = *shape;
        Ok(match arch {
            "rnn" => Self::Rnn(Gru::new(&scope.sub("rnn"), action_size, embedding, rnn_layers)),
            RNN_BURNIN => Self::RnnBurnin(RnnBurnin::new(scope, embedding, action_size, rnn_layers)),
            "id" => Self::Identity,
            "conv" => {
                ensure!(
                    embedding == conv::PIXELS,
                    "conv predicts encodings of {} features, 28x28 images such as arch id makes of one channel, \
                     but here they have {embedding}",
                    conv::PIXELS
                );
                Self::Conv(Box::new(ConvPredictor::new(scope, action_size)))
            }
            sizes => {
                let hidden = layer_sizes(sizes).map_err(|reason| {
                    anyhow!(
                        "{reason}, nor a predictor's name; choose rnn, rnn_burnin, id, conv or sizes such as \
                         515-512-512"
                    )
                })?;
                let sizes = [vec![embedding + action_size], hidden, vec![embedding]].concat();
                Self::Residual(Mlp::new(&scope.sub("model"), &sizes))
            }
        })
    }

    /// Whether the predictor called `arch` can have seen `frames` frames; the error says what to do.
    pub fn check_burn_in(arch: &str, frames: usize) -> Result<(), String> {
        if frames == 1 || arch == RNN_BURNIN {
            return Ok(());
        }
        Err(format!(
            "must be 1 with predictor {arch}, but is {frames}; only predictor {RNN_BURNIN} sees more frames"
        ))
    }

    /// Encodings of the K frames seen `[K, B, D]` and actions `[K+T-2, B, A]`, from the first of them on -> predicted
    /// encodings of the frames after them `[T-1, B, D]`
    ///
    /// K is 1 for all but `rnn_burnin`.
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

/// The encodings that follow from `start` `[B, D]` when `step` takes each of `actions` `[T-1, B, A]`: `[T-1, B, D]`
fn unrolled(start: &Tensor, actions: &Tensor, step: impl Fn(&Tensor, &Tensor) -> Tensor) -> Tensor {
    let next = |now: &mut Tensor, action: Tensor| {
        *now = step(now, &action);
        Some(now.shallow_clone())
    };
    let predictions: Vec<Tensor> = actions.unbind(0).into_iter().scan(start.shallow_clone(), next).collect();
    Tensor::stack(&predictions, 0)
}
