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
}

/// The learning rate over a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LrSchedule {
    /// `base_lr` for a batch of 256: a linear warm-up, then a cosine.
    Cosine { base_lr: f64 },
    /// Rises to `peak` in the first three tenths of the run, then falls to almost nothing.
    OneCycle { peak: f64 },
    /// `lr`, and a tenth of it from `decay_epoch` on.
    Constant { lr: f64, decay_epoch: Option<usize> },
}
