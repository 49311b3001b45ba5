//! A run's settings, put together from what each room brings.

mod check;

use serde::{Deserialize, Serialize};

use crate::nn::Precision;
use crate::worlds::collaboration::models::ComoSettings;
use crate::worlds::dots::data::DatasetType;
use crate::worlds::dots::evaluation::ProbingSettings;
use crate::worlds::dots::models::{RssmSettings, SimclrSettings, VicregSettings};

/// Everything that `train` can be told. The names and defaults are the published code's, but for `wandb`
/// (there true), `dataset_structured_noise_path` (there a temporary folder) and the keys marked *ours*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "the keys are those of the published code")]
pub struct RunSettings {
    /// Which model to train; a file or `--values` must say so, the default stands only until then.
    pub model_type: ModelType,
    /// Frames of a training sequence.
    pub n_steps: usize,
    /// Frames of a validation sequence.
    pub val_n_steps: usize,
    /// Training sequences in an epoch.
    pub dataset_size: usize,
    /// Strength of the changing overlay.
    pub dataset_noise: f64,
    /// Validation sequences in an epoch.
    pub val_dataset_size: usize,
    /// Mirrors the run to W&B.
    pub wandb: bool,
    /// Ours: writes TensorBoard event files into the run folder.
    pub tensorboard: bool,
    /// Name of the run.
    pub run_name: Option<String>,
    /// Group of the run.
    pub run_group: Option<String>,
    /// Folder of the run.
    pub output_path: Option<String>,
    /// Epochs between checkpoints.
    pub safe_every_n_epochs: usize,
    /// Planning problems that `probe_mpc` solves.
    pub eval_mpcs: usize,
    /// One training step and one probing step.
    pub quick_debug: bool,
    /// What every random number of the run is derived from.
    pub seed: u64,
    /// Checkpoint to start from.
    pub load_checkpoint_path: Option<String>,
    /// Evaluates without training.
    pub eval_only: bool,
    /// Evaluates planning too.
    pub probe_mpc: bool,
    /// Strength of the fixed overlay.
    pub dataset_static_noise: f64,
    /// Overlays natural images instead of uniform noise.
    pub dataset_structured_noise: bool,
    /// Folder of the natural images (CIFAR-10 in its binary version, or any PNG and JPEG pictures), or `dead_leaves` for
    /// generated ones.
    pub dataset_structured_noise_path: String,
    /// Sequences in a batch.
    pub dataset_batch_size: usize,
    /// Pixels that the fixed overlay rolls along x in a frame.
    pub dataset_static_noise_speed: f64,
    /// Standard deviation of a dot in pixels.
    pub dataset_dot_std: f64,
    /// Ours: the model sees x_t - x_(t-1) in place of each frame x_t, where x_(-1) is one more frame in front of the
    /// sequence. Locations and actions stay as they are, a fixed overlay vanishes, and a dot becomes a bright spot beside
    /// a dark one; one that stands still cannot be seen.
    pub dataset_frame_difference: bool,
    /// Normalises images, locations and actions.
    pub dataset_normalize: bool,
    /// Evaluates after training only.
    pub eval_at_the_end_only: bool,
    /// Ours: epochs between evaluations, the first before training.
    pub eval_every_n_epochs: usize,
    /// How many dots there are.
    pub dataset_type: DatasetType,
    /// Ours: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
    pub device: String,
    /// Ours: the number format of the network's products.
    pub precision: Precision,
    /// Ours: CPU threads; 0 takes `OMP_NUM_THREADS`, or all where that is not set.
    pub threads: usize,
    /// Ours: training steps between two logged ones.
    pub log_every: usize,
    /// Ours: logs what encodings and predictions are like (spread, agreement, ranks, slowness) with the loss terms.
    pub diagnostics: bool,
    /// Settings of the probes.
    pub probing_cfg: ProbingSettings,
    /// Settings of `model_type: VICReg`.
    pub vicreg: VicregSettings,
    /// Settings of `model_type: SimCLR`.
    pub simclr: SimclrSettings,
    /// Settings of `model_type: RSSM`.
    pub rssm: RssmSettings,
    /// Settings of `model_type: CoMo`.
    pub como: ComoSettings,
}

/// Which model to train.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// VICReg; IDM is VICReg with `sim_coeff`, `std_coeff` and `cov_coeff` 0.
    #[default]
    VICReg,
    /// SimCLR; with `eval_only`, the random and supervised baselines too.
    SimCLR,
    /// The recurrent state space model.
    RSSM,
    /// Agents that talk to draw what they do not see; no world model, and no moving dots.
    CoMo,
}

impl ModelType {
    /// Every model.
    pub const ALL: [Self; 4] = [Self::VICReg, Self::SimCLR, Self::RSSM, Self::CoMo];
}

impl RunSettings {
    /// Where the world model's settings are, the channels of its images and the numbers of its actions; none where
    /// the model is none of a world.
    pub fn world_model(&self) -> Option<(&'static str, usize, usize)> {
        match self.model_type {
            ModelType::VICReg => Some(("vicreg", self.vicreg.channels, self.vicreg.action_dim)),
            ModelType::SimCLR => Some(("simclr", self.simclr.channels, self.simclr.action_dim)),
            ModelType::RSSM => Some(("rssm", self.rssm.channels, self.rssm.action_dim)),
            ModelType::CoMo => None,
        }
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            model_type: ModelType::default(),
            n_steps: 17,
            val_n_steps: 17,
            dataset_size: 10_000,
            dataset_noise: 0.0,
            val_dataset_size: 10_000,
            wandb: false,
            tensorboard: false,
            run_name: None,
            run_group: None,
            output_path: None,
            safe_every_n_epochs: 10,
            eval_mpcs: 20,
            quick_debug: false,
            seed: 42,
            load_checkpoint_path: None,
            eval_only: false,
            probe_mpc: false,
            dataset_static_noise: 0.0,
            dataset_structured_noise: false,
            dataset_structured_noise_path: "data/cifar10".into(),
            dataset_batch_size: 128,
            dataset_static_noise_speed: 0.0,
            dataset_dot_std: 1.3,
            dataset_frame_difference: false,
            dataset_normalize: false,
            eval_at_the_end_only: false,
            eval_every_n_epochs: 20,
            dataset_type: DatasetType::default(),
            device: "auto".into(),
            precision: Precision::default(),
            threads: 0,
            log_every: 10,
            diagnostics: true,
            probing_cfg: ProbingSettings::default(),
            vicreg: VicregSettings::default(),
            simclr: SimclrSettings::default(),
            rssm: RssmSettings::default(),
            como: ComoSettings::default(),
        }
    }
}
