//! The settings of every run, in all worlds.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use umwelt_base::threads;

use crate::nn::Precision;
use crate::settings::check::{InvalidSetting, at_least, refuse};
use crate::settings::keys_of;

/// The keys of every run. Names and defaults are those of the published PyTorch code, except for
/// `wandb` (true there) and the keys marked *ours*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "the keys are those of the published code")]
pub struct RunKeys {
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
    /// One training step and one probing step.
    pub quick_debug: bool,
    /// The seed of every random number of the run.
    pub seed: u64,
    /// Checkpoint to start from: a file, or a run folder with checkpoints.
    pub load_checkpoint_path: Option<String>,
    /// Evaluates without training.
    pub eval_only: bool,
    /// Evaluates after training only.
    pub eval_at_the_end_only: bool,
    /// Ours: epochs between evaluations, the first before training.
    pub eval_every_n_epochs: usize,
    /// Ours: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
    pub device: String,
    /// Ours: the number format of the network's products.
    pub precision: Precision,
    /// Ours: CPU threads; 0 takes `OMP_NUM_THREADS`, or all where that is not set.
    pub threads: usize,
    /// Ours: training steps between two logged ones.
    pub log_every: usize,
}

impl Default for RunKeys {
    fn default() -> Self {
        Self {
            wandb: false,
            tensorboard: false,
            run_name: None,
            run_group: None,
            output_path: None,
            safe_every_n_epochs: 10,
            quick_debug: false,
            seed: 42,
            load_checkpoint_path: None,
            eval_only: false,
            eval_at_the_end_only: false,
            eval_every_n_epochs: 20,
            device: "auto".into(),
            precision: Precision::default(),
            threads: 0,
            log_every: 10,
        }
    }
}

/// Keys that change no result: labels, folders, trackers and threads.
const NO_RESULT: [&str; 7] =
    ["output_path", "run_name", "run_group", "wandb", "tensorboard", "threads", "safe_every_n_epochs"];

impl RunKeys {
    /// Refuses values that no run can be made with.
    ///
    /// # Errors
    /// The key and what is allowed there.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(
            1,
            &[
                ("safe_every_n_epochs", self.safe_every_n_epochs),
                ("eval_every_n_epochs", self.eval_every_n_epochs),
                ("log_every", self.log_every),
            ],
        )?;
        threads::check(0, self.threads).or_else(|reason| refuse("threads", reason))?;
        if is_device(&self.device) {
            return Ok(());
        }
        let allowed = "auto, cpu, cuda, cuda:N (cuda:0, ...) or mps";
        refuse("device", format!("must be {allowed}, but is `{}`", self.device))
    }

    /// The keys of a stage of this run: the same seed, device and threads.
    ///
    /// A stage is not mirrored to W&B: `WANDB_RUN_ID`, which an agent of W&B sets, is the run's.
    pub fn of_stage(&self) -> Self {
        Self {
            tensorboard: self.tensorboard,
            run_group: self.run_group.clone(),
            safe_every_n_epochs: self.safe_every_n_epochs,
            quick_debug: self.quick_debug,
            seed: self.seed,
            device: self.device.clone(),
            precision: self.precision,
            threads: self.threads,
            ..Self::default()
        }
    }

    /// The keys of every run.
    pub fn keys() -> &'static [String] {
        static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| keys_of(&RunKeys::default()));
        &KEYS
    }

    /// True if the value of this key can change a result.
    pub fn affects_results(key: &str) -> bool {
        !NO_RESULT.contains(&key)
    }
}

fn is_device(name: &str) -> bool {
    let index =
        name.strip_prefix("cuda:").map(|index| index.parse::<u8>().is_ok_and(|n| n.to_string() == index));
    index.unwrap_or_else(|| ["auto", "cpu", "cuda", "mps"].contains(&name))
}
