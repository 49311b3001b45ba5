//! A schema for tests: a few keys of every type, named like settings of umwelt's runs.

use serde::{Deserialize, Serialize};

use crate::check::{InvalidSetting, at_least, not_negative, positive, refuse, within};
use crate::{Node, Schema, SettingsError, keys_of, read_keys};

/// The settings of an example run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "the keys are those of a run")]
pub struct RunSettings {
    pub model_type: ModelType,
    pub n_steps: usize,
    pub dataset_size: usize,
    pub dataset_noise: f64,
    pub wandb: bool,
    pub tensorboard: bool,
    pub run_name: Option<String>,
    pub run_group: Option<String>,
    pub output_path: Option<String>,
    pub safe_every_n_epochs: usize,
    pub seed: u64,
    pub load_checkpoint_path: Option<String>,
    pub eval_only: bool,
    pub dataset_static_noise: f64,
    pub dataset_structured_noise: bool,
    pub dataset_structured_noise_path: String,
    pub dataset_batch_size: usize,
    pub dataset_static_noise_speed: f64,
    pub dataset_type: DatasetType,
    pub device: String,
    pub precision: Precision,
    pub threads: usize,
    pub log_every: usize,
    pub probing_cfg: Probing,
    pub vicreg: Model,
    pub simclr: Model,
    pub rssm: Rssm,
    pub como: Como,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    #[default]
    VICReg,
    SimCLR,
    RSSM,
    CoMo,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetType {
    #[default]
    Single,
    Multiple,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    Fp32,
    Bf16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    #[default]
    Menet5,
    Id,
    #[serde(rename = "resnet18ID")]
    Resnet18Id,
}

/// The settings under `probing_cfg`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probing {
    pub epochs: usize,
    pub bias: bool,
    pub batch_size: Option<usize>,
}

/// The settings under `vicreg` and `simclr`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    pub projector: String,
    pub backbone_mlp: Option<String>,
    pub sim_coeff: f64,
    pub action_coeff: f64,
    pub arch: Arch,
    pub epochs: usize,
    pub base_lr: f64,
    pub embedding_size: usize,
    pub rnn_layers: usize,
    pub loss_temp: f64,
    pub adamw: AdamW,
}

/// The settings under `adamw`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    pub weight_decay: f64,
}

/// The settings under `rssm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rssm {
    pub arch: Arch,
    pub epochs: usize,
    pub learning_rate: f64,
    pub lr_decay_epoch: Option<usize>,
}

/// The settings under `como`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Como {
    pub data_path: String,
    pub epochs: usize,
    pub message_bits: Option<usize>,
    pub drop_message: f64,
    pub single_agent_path: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            projector: "512-512-512".into(),
            backbone_mlp: None,
            sim_coeff: 25.0,
            action_coeff: 0.0,
            arch: Arch::Menet5,
            epochs: 100,
            base_lr: 0.2,
            embedding_size: 512,
            rnn_layers: 1,
            loss_temp: 0.1,
            adamw: AdamW::default(),
        }
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            model_type: ModelType::VICReg,
            n_steps: 17,
            dataset_size: 10_000,
            dataset_noise: 0.0,
            wandb: false,
            tensorboard: false,
            run_name: None,
            run_group: None,
            output_path: None,
            safe_every_n_epochs: 10,
            seed: 42,
            load_checkpoint_path: None,
            eval_only: false,
            dataset_static_noise: 0.0,
            dataset_structured_noise: false,
            dataset_structured_noise_path: "data/cifar10".into(),
            dataset_batch_size: 128,
            dataset_static_noise_speed: 0.0,
            dataset_type: DatasetType::Single,
            device: "auto".into(),
            precision: Precision::Fp32,
            threads: 0,
            log_every: 10,
            probing_cfg: Probing { epochs: 3, ..Probing::default() },
            vicreg: Model::default(),
            simclr: Model::default(),
            rssm: Rssm { epochs: 100, learning_rate: 1e-3, ..Rssm::default() },
            como: Como::default(),
        }
    }
}

/// Keys that change no result: labels, folders, trackers and similar.
const NO_RESULT: [&str; 7] =
    ["output_path", "run_name", "run_group", "wandb", "tensorboard", "threads", "safe_every_n_epochs"];
/// Each model with the section of its settings.
const MODELS: [(ModelType, &str); 4] = [
    (ModelType::VICReg, "vicreg"),
    (ModelType::SimCLR, "simclr"),
    (ModelType::RSSM, "rssm"),
    (ModelType::CoMo, "como"),
];

impl Schema for RunSettings {
    const REQUIRED: &'static [(&'static str, &'static [&'static str])] =
        &[("model_type", &["VICReg", "SimCLR", "RSSM", "CoMo"])];

    fn read(tree: &Node) -> Result<Self, SettingsError> {
        read_keys(tree, &keys_of(&Self::default()))
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        at_least(2, &[("n_steps", self.n_steps)])?;
        not_negative(&[("dataset_noise", self.dataset_noise)])?;
        let (size, batch) = (self.dataset_size, self.dataset_batch_size);
        if size < batch {
            let reason = format!("must be at least dataset_batch_size, {batch}, but is {size}");
            return refuse("dataset_size", reason);
        }
        within("vicreg", positive(&[("base_lr", self.vicreg.base_lr)]))
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.split_once('.').map(|(section, _)| section);
        let model = section.and_then(|section| MODELS.iter().find(|(_, own)| *own == section));
        !NO_RESULT.contains(&key) && model.is_none_or(|(model, _)| *model == self.model_type)
    }
}
