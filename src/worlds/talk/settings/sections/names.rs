//! The stages, the tasks and the number formats.

use serde::{Deserialize, Serialize};
use tch::Kind;

/// A stage. Each is a run of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    #[default]
    All,
    /// One model learns to write plans and to follow them.
    Pretrain,
    /// The sender's plans are written down with its hidden states.
    Collect,
    /// Collected plans are matched with reference solutions.
    Convert,
    /// The receiver learns to read hidden states.
    Actor,
    /// A student learns to send fewer latents.
    Compress,
    /// The sender's keys and values learn to change the receiver's.
    Fuse,
    /// The receiver is tested with every channel.
    Evaluate,
    /// A part of an evaluation, which the evaluation makes and joins with the others.
    Part,
    /// Messages are measured.
    Analyse,
}

/// A kind of problems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskName {
    #[default]
    ChainMath,
    MiniHouse,
    /// The data set MATH.
    Math,
    /// ALFWorld, through a child process.
    AlfWorld,
}

/// The readers of several senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topology {
    /// The receiver reads the messages of all senders.
    #[default]
    Tree,
    /// Each sender reads the hidden states of the one before it, and the receiver those of the last.
    Chain,
}

/// The number format of language models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    #[default]
    F32,
    /// Weights that are trained stay in float32, and adapters always are.
    Bf16,
}

impl NumberFormat {
    pub fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}
