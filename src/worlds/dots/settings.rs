//! The settings of the moving dots.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::WorldModelTask;
use super::data::DatasetType;
use super::evaluation::ProbingSettings;
use super::models::{Negatives, RssmSettings, SimclrSettings, VicregSettings};
use crate::optim::Recipe;
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, finite, not_negative, refuse, within};
use crate::training::{Job, RunKeys, Work, World};

/// The keys of the moving dots. Names and defaults are the published code's, but for
/// `dataset_structured_noise_path` (there a temporary folder) and the keys marked *ours*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "the keys are those of the published code")]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// Frames of a training sequence.
    pub n_steps: usize,
    /// Frames of a validation sequence.
    pub val_n_steps: usize,
    /// Training sequences in an epoch.
    pub dataset_size: usize,
    /// Strength of the changing distractor.
    pub dataset_noise: f64,
    /// Validation sequences in an epoch.
    pub val_dataset_size: usize,
    /// Planning problems that `probe_mpc` solves.
    pub eval_mpcs: usize,
    /// Evaluates planning as well.
    pub probe_mpc: bool,
    /// Strength of the fixed distractor.
    pub dataset_static_noise: f64,
    /// Uses natural images as distractors instead of uniform noise.
    pub dataset_structured_noise: bool,
    /// Folder of the natural images (CIFAR-10 in its binary version, or any PNG and JPEG pictures),
    /// or `dead_leaves` for generated ones.
    pub dataset_structured_noise_path: String,
    /// Sequences in a batch.
    pub dataset_batch_size: usize,
    /// Speed of the fixed distractor along x, in pixels per frame.
    pub dataset_static_noise_speed: f64,
    /// Standard deviation of a dot in pixels.
    pub dataset_dot_std: f64,
    /// Ours: the model sees x_t - x_(t-1) in place of each frame x_t, where x_(-1) is an extra
    /// frame before the sequence. Locations and actions are unchanged. A fixed distractor cancels,
    /// a moving dot becomes a bright spot next to a dark one, and a standing dot is invisible.
    pub dataset_frame_difference: bool,
    /// Normalises images, locations and actions.
    pub dataset_normalize: bool,
    /// The number of dots.
    pub dataset_type: DatasetType,
    /// Ours: logs spread, agreement, ranks and slowness of encodings and predictions with the loss
    /// terms.
    pub diagnostics: bool,
    /// Settings of the probes.
    pub probing_cfg: ProbingSettings,
    /// Settings of `model_type: VICReg`.
    pub vicreg: VicregSettings,
    /// Settings of `model_type: SimCLR`.
    pub simclr: SimclrSettings,
    /// Settings of `model_type: RSSM`.
    pub rssm: RssmSettings,
}

/// The world models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// VICReg; IDM is VICReg with `sim_coeff`, `std_coeff` and `cov_coeff` 0.
    #[default]
    VICReg,
    /// SimCLR; with `eval_only`, the random and supervised baselines too.
    SimCLR,
    /// The recurrent state space model.
    RSSM,
}

/// Parts of a model's settings that the world has to know.
struct ModelFacts {
    name: &'static str,
    /// The section of its settings.
    section: &'static str,
    channels: usize,
    action_dim: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model_type: ModelType::default(),
            n_steps: 17,
            val_n_steps: 17,
            dataset_size: 10_000,
            dataset_noise: 0.0,
            val_dataset_size: 10_000,
            eval_mpcs: 20,
            probe_mpc: false,
            dataset_static_noise: 0.0,
            dataset_structured_noise: false,
            dataset_structured_noise_path: "data/cifar10".into(),
            dataset_batch_size: 128,
            dataset_static_noise_speed: 0.0,
            dataset_dot_std: 1.3,
            dataset_frame_difference: false,
            dataset_normalize: false,
            dataset_type: DatasetType::default(),
            diagnostics: true,
            probing_cfg: ProbingSettings::default(),
            vicreg: VicregSettings::default(),
            simclr: SimclrSettings::default(),
            rssm: RssmSettings::default(),
        }
    }
}

/// The largest number of one-channel images in a batch: one copy of them takes 50 GB.
const MOST_IMAGES: usize = 1 << 24;
/// The largest number of planning problems in an evaluation.
const MOST_PLANS: usize = 100_000;
/// Above this the margin of two standard deviations on each side leaves a dot no room in 28 pixels.
const LARGEST_DOT_STD: f64 = 6.75;
/// The sections of models.
const SECTIONS: [&str; 3] = ["vicreg", "simclr", "rssm"];

impl World for Settings {
    const NAME: &'static str = "the moving dots";
    const MODELS: &'static [&'static str] = &["VICReg", "SimCLR", "RSSM"];

    fn model(&self) -> &'static str {
        self.facts().name
    }

    fn check(&self, _run: &RunKeys) -> std::result::Result<(), InvalidSetting> {
        self.check_dataset()?;
        self.check_planning()?;
        self.check_model()?;
        within("probing_cfg", self.probing_cfg.check())?;
        within("vicreg", self.vicreg.check())?;
        within("simclr", self.simclr.check())?;
        within("rssm", self.rssm.check())
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.split_once('.').map_or("", |(section, _)| section);
        !SECTIONS.contains(&section) || section == self.facts().section
    }

    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        work.on(WorldModelTask::new(self, run, device)?, inputs)
    }

    fn metric_names(&self) -> Vec<&'static str> {
        let own = match self.model_type {
            ModelType::VICReg => VICREG_METRICS,
            ModelType::SimCLR if self.simclr.negatives == Negatives::Split => SPLIT_METRICS,
            ModelType::SimCLR => SIMCLR_METRICS,
            ModelType::RSSM => RSSM_METRICS,
        };
        [METRICS, own].concat()
    }
}

const METRICS: &[&str] = &[
    "prediction.rmse_px",
    "encoding.rmse_px",
    "prediction.*_px",
    "planning.*.rmse_px",
    "planning.*.within_1px",
    "planning.*.within_2px",
    "planning.*.believed_rmse_px",
    "diagnostics.slow_feature_ratio",
    "diagnostics.rankme",
    "diagnostics.lidar",
    "noise_probe.r2",
    "encodings/*",
    "slow_feature_ratio",
    "rankme",
    "lidar",
    "action",
    "reconstruction",
];
const VICREG_METRICS: &[&str] = &[
    "repr",
    "std",
    "cov",
    "enc_std",
    "enc_cov",
    "time_std",
    "time_cov",
    "sigreg",
    "barlow",
    "projections/*",
];
const SIMCLR_METRICS: &[&str] = &["contrast", "time_contrast", "projections/*"];
const SPLIT_METRICS: &[&str] = &[
    "contrast",
    "time_contrast",
    "constant_contrast",
    "invariance",
    "projections/*",
    "parts.*.slow_feature_ratio",
    "parts.*_r2",
];
const RSSM_METRICS: &[&str] = &["kl", "kl_without_free_nats"];

impl Settings {
    /// The recipe of the model that is trained.
    pub fn recipe(&self) -> Recipe {
        match self.model_type {
            ModelType::VICReg => self.vicreg.recipe(),
            ModelType::SimCLR => self.simclr.recipe(),
            ModelType::RSSM => self.rssm.recipe(),
        }
    }

    /// Channels of the images that the model sees.
    pub fn channels(&self) -> usize {
        self.facts().channels
    }

    fn facts(&self) -> ModelFacts {
        let facts = |name, section, channels, action_dim| ModelFacts { name, section, channels, action_dim };
        match self.model_type {
            ModelType::VICReg => facts("VICReg", "vicreg", self.vicreg.channels, self.vicreg.action_dim),
            ModelType::SimCLR => facts("SimCLR", "simclr", self.simclr.channels, self.simclr.action_dim),
            ModelType::RSSM => facts("RSSM", "rssm", self.rssm.channels, self.rssm.action_dim),
        }
    }

    fn check_dataset(&self) -> std::result::Result<(), InvalidSetting> {
        let batch = self.dataset_batch_size;
        at_least(2, &[("n_steps", self.n_steps), ("val_n_steps", self.val_n_steps)])?;
        at_least(2, &[("dataset_batch_size", batch)])?;
        for (key, size) in [("dataset_size", self.dataset_size), ("val_dataset_size", self.val_dataset_size)]
        {
            if size < batch {
                return refuse(key, format!("must be at least dataset_batch_size, {batch}, but is {size}"));
            }
            at_most(MOST, &[(key, size)])?;
        }
        self.check_batch()?;
        not_negative(&[
            ("dataset_noise", self.dataset_noise),
            ("dataset_static_noise", self.dataset_static_noise),
        ])?;
        finite(&[("dataset_static_noise_speed", self.dataset_static_noise_speed)])?;
        let std = self.dataset_dot_std;
        if !(std > 0.0 && std < LARGEST_DOT_STD) {
            let allowed = format!("must be above 0 and below {LARGEST_DOT_STD}, but is {std}");
            return refuse("dataset_dot_std", allowed);
        }
        Ok(())
    }

    /// Refuses batches that no memory holds.
    fn check_batch(&self) -> std::result::Result<(), InvalidSetting> {
        let (batch, channels) = (self.dataset_batch_size, self.channels());
        let frames = [("n_steps", self.n_steps), ("val_n_steps", self.val_n_steps)];
        let (key, frames) = frames.into_iter().max_by_key(|(_, frames)| *frames).unwrap_or(("n_steps", 1));
        let images = batch.saturating_mul(frames).saturating_mul(channels);
        if images <= MOST_IMAGES {
            return Ok(());
        }
        let (key, value) = if frames > batch { (key, frames) } else { ("dataset_batch_size", batch) };
        let sizes = format!("{batch} sequences of {frames} frames and {channels} channels");
        refuse(
            key,
            format!("must be less than {value}: a batch has at most {MOST_IMAGES} images, not {sizes}"),
        )
    }

    fn check_planning(&self) -> std::result::Result<(), InvalidSetting> {
        at_least(usize::from(self.probe_mpc), &[("eval_mpcs", self.eval_mpcs)])?;
        at_most(MOST_PLANS, &[("eval_mpcs", self.eval_mpcs)])
    }

    fn check_model(&self) -> std::result::Result<(), InvalidSetting> {
        let ModelFacts { section, channels, action_dim, .. } = self.facts();
        if action_dim != 2 {
            return refuse(&format!("{section}.action_dim"), format!("must be 2, but is {action_dim}"));
        }
        let (allowed, most) = match self.dataset_type {
            DatasetType::Single => ("1 with dataset_type Single", 1),
            DatasetType::Multiple => ("1 or 3 with dataset_type Multiple", 3),
        };
        if channels != 1 && channels != most {
            return refuse(&format!("{section}.channels"), format!("must be {allowed}, but is {channels}"));
        }
        Ok(())
    }
}
