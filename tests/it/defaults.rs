//! The keys and defaults of the published code, compared with ours.

use std::fs;

use crate::common::dots;
use umwelt::{
    schema::RunSettings,
    settings::{Schema, load, to_yaml},
};

/// The published keys and defaults. The test reports missing, renamed and changed ones.
const LISTED: &str = r#"
model_type: VICReg
n_steps: 17
val_n_steps: 17
dataset_size: 10000
dataset_noise: 0.0
val_dataset_size: 10000
wandb: false
run_name: null
run_group: null
output_path: null
safe_every_n_epochs: 10
eval_mpcs: 20
quick_debug: false
seed: 42
load_checkpoint_path: null
eval_only: false
probe_mpc: false
dataset_static_noise: 0.0
dataset_structured_noise: false
dataset_structured_noise_path: data/cifar10
dataset_batch_size: 128
dataset_static_noise_speed: 0.0
dataset_dot_std: 1.3
dataset_normalize: false
eval_at_the_end_only: false
dataset_type: Single
device: auto
precision: fp32
threads: 0
log_every: 10
probing_cfg:
  full_finetune: false
  lr: 0.001
  epochs: 3
  epochs_enc: 3
  schedule: null
  prober_arch: ""
  solver: ridge
  bias: false
  ridge_sequences: 20000
  batch_size: null
vicreg:
  projector: 512-512-512
  random_projector: false
  predictor: 515-512-512
  backbone_mlp: null
  sim_coeff: 25.0
  std_coeff: 25.0
  cov_coeff: 1.0
  encoding_std_coeff: 0.0
  encoding_cov_coeff: 0.0
  decoding_coeff: 0.0
  action_coeff: 0.0
  action_pairs: predictions
  prediction_diff_coeff: 0.0
  arch: resnet18
  epochs: 100
  base_lr: 0.2
  repr_loss_after_projector: true
  skip_first_step_vc: false
  embedding_size: 64
  action_dim: 2
  rnn_layers: 1
  backbone_width_factor: 1
  rnn_burnin: 1
  channels: 1
simclr:
  projector: 512-512-512
  random_projector: false
  predictor: rnn
  backbone_mlp: null
  epochs: 100
  base_lr: 0.2
  decoding_coeff: 0.0
  action_coeff: 0.0
  arch: menet5
  embedding_size: 64
  action_dim: 2
  rnn_layers: 1
  rnn_burnin: 1
  backbone_width_factor: 1
  normalize_z: false
  loss_temp: 1.0
  channels: 1
rssm:
  backbone_width_factor: 1
  action_coeff: 0.0
  arch: resnet18
  epochs: 100
  learning_rate: 0.001
  lr_decay_epoch: null
  embedding_size: 64
  action_dim: 2
  min_var: 0.1
  rssm_adam_epsilon: 1e-8
  log_recontructed_image: true
  channels: 1
  rnn_burnin: 1
"#;

/// Compares lines together with their sections. Later options may add lines but remove none.
#[test]
fn the_listed_keys_have_the_listed_defaults() {
    let ours = with_sections(&to_yaml(&RunSettings::default()));
    for line in with_sections(LISTED.trim_start()) {
        assert!(ours.contains(&line), "{line:?} is missing or has another default");
    }
}

fn with_sections(yaml: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let line = |line: &str| {
        if !line.starts_with(' ') {
            section = line.to_owned();
        }
        (section.clone(), line.to_owned())
    };
    yaml.lines().map(line).collect()
}

#[test]
fn the_listed_defaults_load_as_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listed.yaml");
    fs::write(&path, LISTED).unwrap();
    assert_eq!(load::<RunSettings>(&[path], &[]).unwrap().settings, RunSettings::default());
}

#[test]
fn the_choices_that_a_missing_model_is_answered_with_are_all_there_are() {
    let (key, choices) = RunSettings::REQUIRED[0];
    for choice in choices {
        assert!(load::<RunSettings>(&[], &[format!("{key}={choice}")]).is_ok());
    }
    let others = load::<RunSettings>(&[], &[format!("{key}=none")]).unwrap_err().to_string();
    assert!(others.contains(&format!("expected one of {}, found", choices.join(", "))), "{others}");
}

#[test]
fn each_backbone_loads_by_its_name() {
    for arch in ["menet5", "lenet5", "mlp", "id", "pixel", "canonical", "resnet18", "resnet18ID"] {
        let values = ["model_type=RSSM".to_owned(), format!("rssm.arch={arch}")];
        let loaded = load::<RunSettings>(&[], &values).unwrap();
        assert!(to_yaml(&dots(&loaded.settings).rssm).contains(&format!("arch: {arch}\n")));
    }
}
