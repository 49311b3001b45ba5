//! Recipes: the optimiser, its learning-rate schedule and the length of a training run.

/// The optimiser, schedule and length of a training run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    pub epochs: usize,
    pub optimizer: OptimizerKind,
    pub lr: LrSchedule,
    /// The largest norm of all gradients together; larger ones are scaled down to it.
    pub clip_norm: Option<f64>,
}

/// The kind of optimiser, with its own settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerKind {
    Lars,
    /// Adam with decoupled weight decay.
    AdamW {
        epsilon: f64,
        weight_decay: f64,
    },
    /// AdamW with decay rates of the moments of its own.
    AdamWWith {
        betas: (f64, f64),
        epsilon: f64,
        weight_decay: f64,
    },
    /// Adam with `l2` times each weight added to its gradient.
    Adam {
        epsilon: f64,
        l2: f64,
    },
}

/// The learning rate over a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LrSchedule {
    /// `base_lr` for a batch of 256: a linear warm-up, then a cosine.
    Cosine { base_lr: f64 },
    /// Rises to `peak` in the first three tenths of the run, then falls to almost nothing.
    OneCycle { peak: f64 },
    /// A one-cycle schedule with a shape of its own.
    Cycle(Cycle),
    /// `lr`, multiplied by `factor` every `epochs` epochs.
    Stepwise { lr: f64, factor: f64, epochs: usize },
    /// `lr`, and a tenth of it from `decay_epoch` on.
    Constant { lr: f64, decay_epoch: Option<usize> },
}

/// The shape of a one-cycle schedule (Smith and Topin, arXiv 1708.07120), counted as PyTorch's
/// `OneCycleLR` counts: half a cosine up from the first step on, and another down to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycle {
    pub peak: f64,
    /// The learning rate of the first step.
    pub first: f64,
    /// The learning rate of the last step.
    pub last: f64,
    /// The share of the steps in which the rate rises.
    pub rise: f64,
    /// Adam's `beta1` at the peak, and at both ends.
    pub beta1: (f64, f64),
}

impl Cycle {
    /// A cycle from `peak / 10` in a fifth of the steps up to `peak`, and down to `peak / 100`, with
    /// `beta1` from 0.95 to 0.85 and back.
    pub fn new(peak: f64) -> Self {
        Self { peak, first: peak / 10.0, last: peak / 100.0, rise: 0.2, beta1: (0.85, 0.95) }
    }
}
