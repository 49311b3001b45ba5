//! The settings of the workspace that name one of several choices.

use serde::{Deserialize, Serialize};

/// The rule by which rows of a batch are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchRule {
    /// Every batch has the same number of rows of each group.
    #[default]
    Groups,
    /// One shuffled list an epoch of repeated matched items and of the items of each domain.
    Published,
}

/// The schedule of the learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// One cycle of the rate and of Adam's first coefficient.
    #[default]
    OneCycle,
    /// The published schedule: constant, with a rare decay.
    Published,
}

/// The combination of the families of losses into the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The sum of coefficient times family.
    Sum,
    /// The mean of coefficient times family over families with a coefficient above 0.
    Mean,
}

/// The contrastive loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContrastiveKind {
    /// Symmetric cross-entropy between states, after tanh.
    #[default]
    State,
    /// Symmetric cross-entropy between encodings, before tanh.
    Encoding,
    /// The hinge loss of VSE++ (Faghri et al., arXiv 1707.05612) with the hardest negative.
    Vsepp,
}

/// The groups whose pairs of domains are contrasted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContrastiveGroups {
    /// All groups of two or more domains.
    #[default]
    Any,
    /// Groups of exactly two domains.
    Two,
}

/// The weights of the domains in a fused state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SelectionKind {
    /// One random domain in each row.
    Single,
    /// Equal weights.
    Shared,
    /// The softmax of uniform numbers in each row.
    #[default]
    Random,
    /// Weights from keys of the latents and queries of the state.
    Attention,
}
